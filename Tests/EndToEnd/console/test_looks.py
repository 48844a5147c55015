"""Every page at three sizes and in two languages: nothing cut off, nothing too small, nothing run."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from desk import DISTRICT, SIZES, STREET, Street, row, unique

PATHS = ["/", "/warnings", "/warnings/acknowledge", "/incidents", "/incidents/new", "/orders",
         "/devices", "/devices/dev_qingtan-road-1", "/links", "/users", "/shift", "/account",
         "/password"]

# What sticks out of the window, and is in no box that scrolls by itself.
STICKS_OUT = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect()
  if (box.width === 0 || box.right <= innerWidth + 1 && box.left >= -1) return false
  return !one.closest(".skip, .visually-hidden, thead, .scroll, svg, dialog")
}).map((one) => one.outerHTML.slice(0, 120))"""

# What a finger is to hit and cannot.
TOO_SMALL = """() => [...document.querySelectorAll("button, .button, summary, .tabs a, select, input")]
.filter((one) => one.checkVisibility() && !one.closest("label.check, .visually-hidden"))
.filter((one) => one.type !== "hidden" && one.getBoundingClientRect().height < 40)
.map((one) => one.outerHTML.slice(0, 120))"""


def look(page: Page, path: str, size: str) -> None:
    answer = page.goto(path)
    assert answer.status == 200, path
    assert "⟦" not in page.content(), path
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size][0], f"{path} is {width} wide"
    assert page.evaluate(STICKS_OUT) == [], path
    if size == "phone":
        assert page.evaluate(TOO_SMALL) == [], path


@pytest.fixture(scope="module")
def things(city) -> dict[str, str]:
    """A case, an order and a task to look at."""
    street = Street(city)
    street.flood(1)
    case = street.officer().post("/incidents", {
        "title": unique("外观"), "classCode": "E0403", "grade": "red",
        "jurisdiction": STREET.code})["id"]
    order = city.who(DISTRICT, "commander").post("/orders", {
        "title": unique("外观"), "text": "长" * 400, "grade": "red",
        "jurisdiction": DISTRICT.code,
        "recipients": [{"node": STREET.id, "name": {"zh": STREET.zh, "en": STREET.en}}]})["id"]
    return {"case": f"/incidents/{case}", "order": f"/orders/{order}"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_fits(desk, things, size, language):
    page = desk.sit(STREET, "duty-officer", size=size)
    if language == "en":
        page.locator("button[name=language]").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
    task = page.locator("#tasks a").first.get_attribute("href")
    for path in [*PATHS, things["case"], task]:
        look(page, path, size)
    chief = desk.sit(DISTRICT, "commander", size=size)
    if language == "en":
        chief.locator("button[name=language]").click()
    for path in ("/orders/new", things["order"]):
        look(chief, path, size)
    desk.expected = {404}
    page.goto("/nowhere")
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") != "0px"


def test_a_grade_is_told_by_shape_colour_and_word(desk, things):
    page = desk.sit(STREET, "duty-officer", things["case"])
    grade = page.locator("#head .grade")
    expect(grade).to_have_text("红")
    shape = grade.evaluate("one => getComputedStyle(one, '::before').clipPath")
    assert shape.startswith("polygon")
    assert grade.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 16


def test_the_focus_of_the_keyboard_is_seen(desk):
    page = desk.sit(STREET, "duty-officer", "/incidents")
    page.keyboard.press("Tab")
    # The first stop leads past the navigation.
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(6):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2


def test_dark_is_dark(desk):
    page = desk.blank(STREET, color_scheme="dark")
    page.goto("/login")
    red, green, blue = page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(red, green, blue) < 60


HOSTILE = {
    "script": "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">",
    "right to left": "تحذير مقلوب <b>שלום</b> 清潭",
    "long": "漫a" * 150,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_people_typed_is_shown_as_text(desk, kind):
    """In a list, on its page, in the timeline, on the desk; at the smallest size."""
    title = HOSTILE[kind]
    page = desk.sit(STREET, "duty-officer", "/incidents/new", size="phone")
    page.locator("input[name=title]").fill(title)
    page.locator("textarea[name=description]").fill(title)
    page.locator("input[name=address]").fill(title[:100])
    page.locator("select[name=classCode]").select_option("E0403")
    page.locator("main button.primary").click()
    page.wait_for_url("**/incidents/inc_*")
    case = page.url.split("?")[0]
    assert title in page.locator("h1").inner_text()
    assert page.evaluate("document.querySelectorAll('main script, main img, main b').length") == 0
    assert "run" != page.title()
    look(page, case, "phone")
    for path in ("/", "/incidents"):
        look(page, path, "phone")
        expect(row(page, title[:40]).first).to_be_visible()
    # What looks like another direction or like markup does not reach its surroundings.
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"


def test_pages_say_a_policy_that_allows_nothing_inline(desk):
    page = desk.blank(STREET)
    policy = page.goto("/login").headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    page.evaluate("""() => {
      const script = document.createElement("script")
      script.textContent = "document.title = 'run'"
      document.body.append(script)
    }""")
    assert page.title() != "run"
    # That one is reported, as it should be; it is the only one.
    assert len(desk.complaints) == 1 and "inline script" in desk.complaints.pop()
