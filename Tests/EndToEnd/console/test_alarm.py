"""A grave warning or order sounds until it is acknowledged, on whatever page one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from desk import DISTRICT, STREET, Street, live, row, unique, untouched
from support import connected

SOUND = "document.body.dataset.sound"


@pytest.fixture
def street(city):
    street = Street(city)
    street.hush()
    return street


def sound(page: Page, state: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-sound", state)


def beeps(page: Page) -> int:
    return int(page.locator("body").get_attribute("data-beeps") or 0)


def goes_on(page: Page) -> None:
    """Another beep comes."""
    heard = beeps(page)
    page.wait_for_function("n => Number(document.body.dataset.beeps ?? 0) > n", arg=heard)


def test_a_red_warning_appears_and_sounds_until_it_is_acknowledged(desk, street):
    page = desk.sit(STREET, "duty-officer")
    live(page)
    sound(page, "quiet")
    page.evaluate("window.stayed = true")
    device = street.flood(1)
    warning = street.warning(device)
    fold = page.locator("#queue .fold", has_text="道路积水")
    expect(fold.locator(".grade.red").first).to_be_visible()
    assert page.evaluate("window.stayed"), "the page was loaded again"
    expect(page.locator("[data-alarm]")).to_be_visible()
    sound(page, "ringing")
    goes_on(page)

    # On another page, without a touch there, it goes on.
    page.locator(".tabs a", has_text="设备").click()
    untouched(page, "location.pathname", "/devices")
    untouched(page, SOUND, "ringing")
    goes_on(page)

    page.goto("/warnings")
    page.locator(f"#{warning['id']}").evaluate("line => line.closest('details').open = true")
    page.locator(f"#{warning['id']} button[data-key=a]").click()
    expect(page.locator("[data-alarm]")).to_have_count(0)
    sound(page, "quiet")
    page.goto("/")
    sound(page, "quiet")
    heard = beeps(page)
    page.wait_for_timeout(4_500)
    assert beeps(page) == heard


def test_a_browser_that_keeps_silent_asks_for_a_click(desk, street):
    street.rain(1)
    page = desk.blank(STREET)
    # A session that was opened before the browser: nobody has touched a page yet.
    page.context.add_cookies([{
        "name": "citybeacon", "url": desk.url(STREET),
        "value": street.officer().cookie.split("=", 1)[1]}])
    page.goto("/")
    untouched(page, SOUND, "blocked")
    untouched(page, "document.getElementById('sound').hidden", False)
    page.locator("#sound button").click()
    sound(page, "ringing")
    expect(page.locator("#sound")).to_be_hidden()


def test_an_order_sounds_until_it_is_acknowledged(desk, city, street):
    connected(city, DISTRICT, STREET)
    page = desk.sit(STREET, "duty-officer", "/devices")
    live(page)
    sound(page, "quiet")
    title = unique("封闭下穿通道")
    city.who(DISTRICT, "commander").post("/orders", {
        "title": title, "text": "", "grade": "red", "jurisdiction": DISTRICT.code,
        "recipients": [{"node": STREET.id, "name": {"zh": STREET.zh, "en": STREET.en}}]})
    sound(page, "ringing")
    page.goto("/")
    sound(page, "ringing")
    row(page, title).get_by_role("button", name="签收").click()
    expect(row(page, title)).to_contain_text("已签收")
    sound(page, "quiet")


def test_all_that_waits_is_acknowledged_with_one_confirmation(desk, street):
    for gauge in (2, 3):
        street.rain(gauge)
    page = desk.sit(STREET, "duty-officer", "/warnings")
    page.get_by_role("link", name="全部签收").click()
    listed = page.locator("main ol li")
    number = listed.count()
    assert number >= 2
    expect(page.locator("main")).to_contain_text(f"下列 {number} 条预警")
    # What comes after the list was made is not in it.
    late = street.warning(street.flood(3))
    page.get_by_role("button", name=f"签收这 {number} 条").click()
    page.wait_for_url("**/warnings**")
    waiting = [each["id"] for each in street.officer().items("/warnings", limit=500)
               if each["stage"] == "raised"]
    assert waiting == [late["id"]]
    sound(page, "ringing")
    street.hush()
