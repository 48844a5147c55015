"""Coming in: passwords, guessing, the authenticator app and losing it, languages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

from playwright.sync_api import expect

from desk import DISTRICT, OTHER_STREET, STREET


def test_a_wrong_password_says_so_and_keeps_the_name(desk):
    desk.expected = {401}
    page = desk.blank(STREET)
    page.goto("/orders")
    page.wait_for_url("**/login?next=/orders")
    desk.enter(page, "jie-zhiban", "not-the-password")
    expect(page.get_by_role("alert")).to_contain_text("不正确")
    expect(page.locator("input[name=login]")).to_have_value("jie-zhiban")
    desk.enter(page, "jie-zhiban", desk.password(STREET, "jie-zhiban"))
    # Where the visitor wanted to go, not the start.
    page.wait_for_url("**/orders")


def test_guessing_is_slowed_down_on_the_form_itself(desk):
    desk.expected = {401, 429}
    page = desk.blank(OTHER_STREET)
    page.goto("/login")
    for _ in range(6):
        desk.enter(page, "jie-jiandu", "a-guess-of-a-password")
        expect(page.get_by_role("alert")).to_be_visible()
    desk.enter(page, "jie-jiandu", desk.password(OTHER_STREET, "jie-jiandu"))
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"请 \d+ 秒后再试"))
    expect(page.locator("input[name=login]")).to_have_value("jie-jiandu")
    # The wait ends, and the right password is let in.
    page.wait_for_timeout(1_500)
    desk.enter(page, "jie-jiandu", desk.password(OTHER_STREET, "jie-jiandu"))
    page.wait_for_url(lambda url: "/login" not in url)


def code(secret: str, step: int) -> str:
    """RFC 6238."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def test_an_authenticator_app_is_set_up_asked_for_and_recovered_from(desk):
    desk.expected = {401, 422}
    login = "jie-guancha"
    page = desk.sit(OTHER_STREET, "viewer", "/account")
    page.locator("#authenticator button.primary").click()
    expect(page.locator("svg.qr path")).to_have_attribute("d", re.compile("^M4 4h7"))
    secret = page.locator(".secret-text").inner_text()
    link = page.get_by_role("link", name="在本机的验证器应用中打开").get_attribute("href") or ""
    assert link.startswith("otpauth://totp/") and secret.replace(" ", "") in link
    now = int(time.time()) // 30
    wrong = f"{(int(code(secret, now)) + 1) % 1_000_000:06d}"
    page.locator("input[name=code]").fill(wrong)
    page.locator("main form button.primary").click()
    expect(page.get_by_role("alert").first).to_contain_text("动态码不对")
    # The same secret is still there: the app has it already.
    expect(page.locator(".secret-text")).to_have_text(secret)
    # Codes one step off are taken, so that a test on the edge of two steps is safe.
    now = int(time.time()) // 30
    page.locator("input[name=code]").fill(code(secret, now))
    page.locator("main form button.primary").click()
    expect(page.locator("main").get_by_role("status")).to_contain_text("动态口令已启用")
    page.locator('form[action="/logout"] button').click()
    password = desk.password(OTHER_STREET, login)
    desk.enter(page, login, password)
    expect(page.get_by_role("alert")).to_contain_text("动态")
    desk.enter(page, login, password, code(secret, now))
    # A code is good once.
    expect(page.get_by_role("alert")).to_be_visible()
    desk.enter(page, login, password, code(secret, int(time.time()) // 30 + 1))
    page.wait_for_url(lambda url: "/login" not in url)

    # The phone is lost: the administrator resets, and neither app nor old password are asked for.
    chief = desk.blank(OTHER_STREET)
    chief.goto("/login?next=/users")
    desk.enter(chief, "guanliyuan", desk.password(OTHER_STREET, "guanliyuan"))
    chief.wait_for_url("**/users")
    chief.locator("tr", has_text=login).get_by_role("button", name="重置").click()
    one_time = chief.locator(".secret code").inner_text()
    again = desk.blank(OTHER_STREET)
    again.goto("/login")
    desk.enter(again, login, one_time)
    again.wait_for_url("**/password")
    again.locator("input[name=old]").fill(one_time)
    again.locator("input[name=new]").fill("a-new-password-of-the-viewer")
    again.locator("input[name=again]").fill("a-new-password-of-the-viewer")
    again.locator("main button.primary").click()
    again.wait_for_url(lambda url: "/password" not in url)
    desk.city.secrets["nodes"][OTHER_STREET.id]["people"][login]["password"] = (
        "a-new-password-of-the-viewer")


def test_the_language_is_chosen_and_stays(desk):
    page = desk.sit(DISTRICT, "commander", "/incidents")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator("button[name=language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("Incidents")
    page.goto("/orders")
    expect(page.locator("h1")).to_have_text("Orders")
    page.locator("button[name=language]").click()
    expect(page.locator("h1")).to_have_text("指令")
