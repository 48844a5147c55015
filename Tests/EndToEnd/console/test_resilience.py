"""Nothing that was typed is lost, nothing is done twice, and a node that was away is noticed."""

from __future__ import annotations

from playwright.sync_api import expect

from desk import DISTRICT, OTHER_STREET, STREET, Street, live, unique
from support import connected


def end_session(page) -> None:
    """Ends the session at the node; the page does not know yet."""
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    answer = page.request.post("/logout", form={"_csrf": token}, max_redirects=0)
    assert answer.status == 303


def test_an_expired_session_loses_no_typed_text(desk):
    desk.expected = {401}
    page = desk.sit(STREET, "duty-officer", "/incidents/new")
    title = unique("断桥")
    page.locator("input[name=title]").fill(title)
    page.locator("textarea[name=description]").fill("桥面断裂，\n车辆绕行。")
    page.locator("select[name=grade]").select_option("yellow")
    end_session(page)
    page.locator("select[name=classCode]").select_option("E0403")
    page.locator("main button.primary").click()
    page.wait_for_url("**/login?next=/incidents/new")
    expect(page.get_by_role("alert")).to_contain_text("已输入的文字会恢复")
    desk.enter(page, "jie-zhiban", desk.password(STREET, "jie-zhiban"))
    page.wait_for_url("**/incidents/new")
    expect(page.locator("#restored")).to_be_visible()
    expect(page.locator("input[name=title]")).to_have_value(title)
    expect(page.locator("textarea[name=description]")).to_have_value("桥面断裂，\n车辆绕行。")
    expect(page.locator("select[name=grade]")).to_have_value("yellow")
    page.locator("main button.primary").click()
    page.wait_for_url("**/incidents/inc_*")
    expect(page.locator("h1")).to_contain_text(title)
    # What was sent is no draft any more.
    page.goto("/incidents/new")
    expect(page.locator("input[name=title]")).to_have_value("")
    expect(page.locator("#restored")).to_be_hidden()


def test_a_page_whose_session_ended_says_so_by_itself(desk):
    desk.expected = {401}
    page = desk.sit(STREET, "duty-officer", "/incidents")
    live(page)
    end_session(page)
    expect(page.locator("#ended")).to_be_visible()
    expect(page.locator("#ended a")).to_have_attribute("href", "/login?next=/incidents")


def test_a_draft_is_not_shown_to_the_next_person(desk):
    # The page that is left may still ask once when its session has ended.
    desk.expected = {0, 401}
    page = desk.sit(STREET, "duty-officer", "/incidents/new")
    page.locator("input[name=title]").fill("值班员的草稿")
    page.locator('form[action="/logout"] button').click()
    login = desk.login_of(STREET, "dispatcher")
    desk.enter(page, login, desk.password(STREET, login))
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/incidents/new")
    if page.locator("input[name=title]").count():
        expect(page.locator("input[name=title]")).to_have_value("")


def test_a_form_that_is_sent_twice_files_one_case(desk, city):
    title = unique("重复提交")
    # With scripts: the second click does nothing.
    page = desk.sit(STREET, "duty-officer", "/incidents/new")
    page.locator("input[name=title]").fill(title)
    page.locator("select[name=classCode]").select_option("E0403")
    page.locator("main button.primary").dblclick()
    page.wait_for_url("**/incidents/inc_*")
    # Without: the node knows the form again, also after others came between.
    plain = desk.blank(STREET, java_script_enabled=False)
    plain.goto("/login?next=/incidents/new")
    desk.enter(plain, "jie-zhiban", desk.password(STREET, "jie-zhiban"))
    plain.wait_for_url("**/incidents/new")
    fields = {name: plain.locator(f"[name={name}]").first.input_value()
              for name in ("source", "jurisdiction", "datum")}
    fields |= {"_csrf": plain.locator("main [name=_csrf]").get_attribute("value"),
               "_key": plain.locator("main [name=_key]").get_attribute("value"),
               "title": title, "classCode": "E0403", "grade": "blue"}
    first, second = (plain.request.post("/incidents", form=fields, max_redirects=0)
                     for _ in range(2))
    assert first.status == second.status == 303
    assert first.headers["location"] == second.headers["location"]
    found = [each for each in city.who(STREET, "duty-officer").items("/incidents", limit=500)
             if each["title"] == title]
    assert len(found) == 2


def test_what_changes_leaves_focus_and_half_typed_text_alone(desk, city):
    street = Street(city)
    case = street.officer().post("/incidents", {
        "title": unique("焦点"), "classCode": "E0403", "grade": "blue",
        "jurisdiction": STREET.code})["id"]
    page = desk.sit(STREET, "duty-officer", f"/incidents/{case}")
    live(page)
    page.locator("#actions summary", has_text="备注").click()
    text = page.locator('form[action$="/note"] textarea')
    text.press_sequentially("写到一半")
    text.evaluate("field => field.setSelectionRange(1, 2)")
    street.officer().post(f"/incidents/{case}/note", {"text": "别人的备注"})
    expect(page.locator("#timeline")).to_contain_text("别人的备注")
    expect(text).to_be_focused()
    expect(text).to_have_value("写到一半")
    assert text.evaluate("field => [field.selectionStart, field.selectionEnd]") == [1, 2]
    # The form is still good: it carries the version that is shown now.
    page.locator('form[action$="/note"] button').click()
    expect(page.locator("#timeline")).to_contain_text("写到一半")

    page.goto("/")
    live(page)
    link = page.locator(f'#incidents tr[data-href="/incidents/{case}"] a')
    link.focus()
    other = street.officer().post("/incidents", {
        "title": unique("插队"), "classCode": "E0403", "grade": "blue",
        "jurisdiction": STREET.code})
    expect(page.locator(f'tr[data-href="/incidents/{other["id"]}"]')).to_be_visible()
    expect(link).to_be_focused()


def test_a_reason_being_typed_stays_while_new_warnings_come(desk, city):
    street = Street(city)
    warning = street.warning(street.flood(5, depth=0.18))
    page = desk.sit(STREET, "duty-officer", "/warnings")
    live(page)
    item = page.locator(f"#{warning['id']}")
    item.evaluate("line => line.closest('details').open = true")
    item.locator("summary").click()
    item.locator("input[name=reason]").press_sequentially("正在核")
    total = page.locator("#queue .hint").first.inner_text()
    # Rivers that no other test lets rise: a warning that is open already would change nothing.
    street.rise(1)
    street.flood(5, depth=0.2, minutes=0)
    street.rise(2)
    expect(item.locator("input[name=reason]")).to_be_focused()
    page.wait_for_function(
        "before => document.querySelector('#queue .hint').innerText !== before", arg=total,
        timeout=30_000)
    expect(item.locator("input[name=reason]")).to_be_focused()
    expect(item.locator("input[name=reason]")).to_have_value("正在核")


def test_a_node_that_was_away_is_noticed_and_comes_back(desk, city):
    connected(city, DISTRICT, OTHER_STREET)
    desk.expected = {0, 401}
    page = desk.sit(OTHER_STREET, "duty-officer")
    live(page)
    chief = desk.sit(DISTRICT, "duty-officer")
    live(chief)
    server = city.servers[OTHER_STREET.id]
    server.stop()
    expect(page.locator("#stream.is-down")).to_be_visible()
    expect(chief.locator("#banners")).to_contain_text("河口街道")
    server.start()
    city.sessions.pop((OTHER_STREET.id, "jie-zhiban"), None)
    live(page)
    expect(chief.locator("#banners")).not_to_contain_text("河口街道", timeout=60_000)
    # And it hears again, without being loaded again.
    made = Street(city, OTHER_STREET).officer().post("/incidents", {
        "title": unique("重启之后"), "classCode": "E0403", "grade": "blue",
        "jurisdiction": OTHER_STREET.code})
    expect(page.locator(f'tr[data-href="/incidents/{made["id"]}"]')).to_be_visible()
