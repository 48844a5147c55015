"""From a warning to a case, by keyboard alone; false alarms; a flood of warnings."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from desk import OTHER_STREET, STREET, Street, live, row, stamp


def choose(page: Page, selector: str, tries: int = 60) -> None:
    """Moves down with j until the wanted row is chosen."""
    for _ in range(tries):
        page.keyboard.press("j")
        if page.locator(f"{selector}.is-selected").count():
            return
    raise AssertionError(f"{selector} is not reached by keyboard")


def test_a_case_is_confirmed_with_one_key(desk, city):
    street = Street(city)
    device = street.flood(2)
    case = street.case(device)
    page = desk.sit(STREET, "duty-officer")
    live(page)
    line = f'#incidents tr[data-href="/incidents/{case}"]'
    expect(page.locator(line)).to_contain_text("信息收集")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("确认")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    choose(page, line)
    page.keyboard.press("c")
    expect(page.locator(line)).to_contain_text("案卷建立")
    live(page)
    # The page that follows offers no second confirmation.
    expect(page.locator(f"{line} [data-key=c]")).to_have_count(0)
    choose(page, line)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{case}")
    expect(page.locator("#timeline")).to_contain_text("核实")


def test_a_false_alarm_needs_a_reason(desk, city):
    street = Street(city)
    device = street.flood(4)
    case = street.case(device)
    page = desk.sit(STREET, "duty-officer", f"/incidents/{case}")
    # Keys are heard before the stream is.
    live(page)
    page.keyboard.press("f")
    reason = page.locator('form[action$="/mark-false"] textarea')
    expect(reason).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    # The browser asks for the reason before anything is sent.
    assert reason.evaluate("field => field.matches(':invalid')")
    reason.fill("道路冲洗作业")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#head .stage")).to_have_text("误报")
    expect(page.locator("#timeline")).to_contain_text("道路冲洗作业")


def test_a_warning_is_dismissed_by_keyboard_with_a_reason(desk, city):
    street = Street(city)
    device = street.flood(6, depth=0.18)
    warning = street.warning(device)
    page = desk.sit(STREET, "duty-officer", "/warnings")
    live(page)
    page.locator(f"#{warning['id']}").wait_for(state="attached")
    fold = page.locator(".fold", has=page.locator(f"#{warning['id']}"))
    for _ in range(40):
        page.keyboard.press("j")
        if "is-selected" in (fold.get_attribute("class") or ""):
            break
    if not fold.evaluate("line => line.open"):
        page.keyboard.press("Enter")
    choose(page, f"#{warning['id']}")
    page.keyboard.press("f")
    page.keyboard.type("传感器检修")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{warning['id']}")).to_have_count(0)
    assert street.officer().get(f"/warnings/{warning['id']}")["stage"] == "dismissed"


def test_five_hundred_warnings_fold_into_few_lines_and_none_is_lost(desk, city):
    street = Street(city, OTHER_STREET)
    admin = city.session(OTHER_STREET, "guanliyuan")
    names = [f"flood-{number}" for number in range(500)]
    place = {"longitude": 119.79, "latitude": 30.03, "datum": "WGS84"}

    def register(name: str) -> None:
        admin.post("/devices", {
            "id": name, "kind": "rain-gauge", "name": {"zh": name, "en": name}, "place": place,
            "properties": [{"name": "rainIntensity", "unit": "mm/h"}], "staleAfter": 3600,
            "source": "console-test", "externalId": name})

    for name in names:
        register(name)
    page = desk.sit(OTHER_STREET, "duty-officer", "/warnings")
    live(page)
    now = time.time()
    answer = street.gateway().send_readings([
        {"device": f"dev_{name}", "property": "rainIntensity", "value": 45,
         "time": stamp(now, 0)} for name in names])
    assert answer["accepted"] == 500
    # They arrive on the open page.
    expect(page.locator(".fold .count", has_text="500")).to_be_visible()
    assert 1 <= page.locator(".fold").count() <= 20
    fold = page.locator(".fold", has=page.locator(".count", has_text="500"))
    fold.locator("> summary").click()
    expect(fold.locator(".warning").first).to_be_visible()
    assert fold.locator(".warning").count() == 20
    fold.locator(".more a").click()
    seen: set[str] = set()
    while True:
        seen |= set(page.locator(".warning").evaluate_all("all => all.map((one) => one.id)"))
        further = page.locator("a[rel=next]")
        if not further.count():
            break
        further.click()
        page.wait_for_load_state()
    raised = {each["id"] for each in street.officer().items("/warnings", limit=500)}
    assert len(seen) == 500 and seen <= raised | seen
    # And all of them go with one confirmation.
    page.goto("/warnings/acknowledge")
    number = page.locator("main ol li").count()
    assert number >= 500
    page.locator("main form button.danger").click()
    page.wait_for_url("**/warnings?**", timeout=60_000)
    page.goto("/warnings/acknowledge")
    assert page.locator("main ol li").count() < 20
