"""Who may see and do what: users, roles, neighbours' things, the handover of a shift."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from desk import DISTRICT, OTHER_STREET, STREET, Street, live, row, unique
from support import connected


def administrator(desk, node) -> Page:
    page = desk.blank(node)
    page.goto("/login?next=/users")
    desk.enter(page, "guanliyuan", desk.password(node, "guanliyuan"))
    page.wait_for_url("**/users")
    return page


def test_a_person_is_added_given_a_role_reset_and_disabled(desk):
    desk.expected = {401, 422}
    chief = administrator(desk, STREET)
    login = f"xin-{unique('x').split('-')[-1]}"
    chief.locator("summary", has_text="新增用户").click()
    form = chief.locator('form[action="/users"]')
    form.locator("input[name=login]").fill(login)
    form.locator("input[name=name]").fill("新值班员")
    form.locator("select[name=organisation]").select_option(index=1)
    form.locator("select[name=role]").select_option("duty-officer")
    form.locator("button").click()
    one_time = chief.locator(".secret code").inner_text()
    # It is shown once: the next page does not have it.
    chief.goto("/users")
    expect(chief.locator(".secret")).to_have_count(0)
    expect(chief.locator("tr", has_text=login)).to_contain_text("值班员")

    person = desk.blank(STREET)
    person.goto("/login")
    desk.enter(person, login, one_time)
    person.wait_for_url("**/password")
    # Nothing else until the password is one's own.
    person.goto("/warnings")
    person.wait_for_url("**/password")
    person.locator("input[name=old]").fill(one_time)
    person.locator("input[name=new]").fill("mine-and-nobody-elses")
    person.locator("input[name=again]").fill("something-different")
    person.locator("main button.primary").click()
    expect(person.get_by_role("alert").first).to_contain_text("不一致")
    person.locator("input[name=old]").fill(one_time)
    person.locator("input[name=new]").fill("mine-and-nobody-elses")
    person.locator("input[name=again]").fill("mine-and-nobody-elses")
    person.locator("main button.primary").click()
    person.wait_for_url(lambda url: "/password" not in url)
    expect(person.locator("h1")).to_have_text("值班台")

    chief.locator("tr", has_text=login).get_by_role("button", name="停用").click()
    expect(chief.locator("tr", has_text=login).locator(".stage")).to_have_text("已停用")
    # Whoever is disabled is out at once.
    person.goto("/")
    person.wait_for_url("**/login**")
    desk.enter(person, login, "mine-and-nobody-elses")
    expect(person.get_by_role("alert")).to_contain_text("不正确")
    chief.locator("tr", has_text=login).get_by_role("button", name="启用").click()
    expect(chief.locator("tr", has_text=login).locator(".stage")).not_to_have_text("已停用")
    desk.enter(person, login, "mine-and-nobody-elses")
    person.wait_for_url(lambda url: "/login" not in url)


def test_a_viewer_sees_and_has_no_buttons(desk, city):
    street = Street(city)
    warning = street.warning(street.rain(3))
    case = street.officer().post("/incidents", {
        "title": unique("旁观"), "classCode": "E0403", "grade": "blue",
        "jurisdiction": STREET.code})["id"]
    desk.expected = {403}
    page = desk.sit(STREET, "viewer", "/warnings")
    expect(page.locator(f"#{warning['id']}")).to_be_attached()
    for path in ("/", "/warnings", f"/incidents/{case}", "/orders", "/shift", "/devices"):
        page.goto(path)
        expect(page.locator("main")).not_to_be_empty()
        assert page.locator("main form[method=post], main [data-key]").count() == 0, path
        assert page.locator("main a[href='/incidents/new'], main a[href='/orders/new']").count() == 0
    expect(page.locator("[data-alarm]")).to_have_count(0)
    # Nor does it help to know the addresses.
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    for path in (f"/warnings/{warning['id']}/acknowledge", f"/incidents/{case}/confirm",
                 "/warnings/acknowledge", "/orders", "/incidents", "/users"):
        answer = page.request.post(path, form={"_csrf": token, "ids": f"{warning['id']}/1"})
        assert answer.status == 403, path
    assert page.goto("/orders/new").status == 403
    assert street.officer().get(f"/warnings/{warning['id']}")["version"] == warning["version"]


def test_a_street_sees_nothing_of_another_street(desk, city):
    connected(city, DISTRICT, STREET)
    connected(city, DISTRICT, OTHER_STREET)
    other = Street(city, OTHER_STREET)
    title = unique("邻街的事")
    case = other.officer().post("/incidents", {
        "title": title, "classCode": "E0403", "grade": "yellow",
        "jurisdiction": OTHER_STREET.code})["id"]
    chief = desk.sit(DISTRICT, "commander", "/incidents?open=all")
    live(chief)
    expect(row(chief, title)).to_be_visible()
    desk.expected = {404, 403}
    page = desk.sit(STREET, "duty-officer")
    for path in ("/", "/warnings", "/incidents?open=all", f"/incidents?open=all&text={title}",
                 "/orders", "/devices", "/shift", "/users"):
        page.goto(path)
        text = page.locator("main").inner_text()
        assert title not in text and OTHER_STREET.zh not in text, path
    for path in (f"/incidents/{case}", f"/orders/new?incident={case}",
                 "/devices/dev_hekou-road-1"):
        assert page.goto(path).status in (403, 404), path
        assert title not in page.content()


def test_a_shift_is_handed_over_with_its_open_items(desk, city):
    street = Street(city)
    title = unique("未了之事")
    case = street.officer().post("/incidents", {
        "title": title, "classCode": "E0403", "grade": "yellow",
        "jurisdiction": STREET.code})["id"]
    admin = city.session(STREET, "guanliyuan")
    own = admin.get("/me")["organisation"]
    login = f"jieban-{unique('x').split('-')[-1]}"
    made = admin.post("/users", {
        "login": login, "displayName": "接班员", "language": "zh-CN", "organisation": own,
        "jurisdiction": STREET.code, "grants": [{
            "role": "duty-officer", "organisation": own, "jurisdiction": STREET.code,
            "maximumDataClass": "personal"}]})
    city.enter(STREET, login, made["password"], "second-officer", "接班员")

    outgoing = desk.sit(STREET, "duty-officer", "/shift")
    expect(outgoing.locator("#open-items")).to_contain_text(title)
    field = outgoing.locator("[name=incoming]")
    if field.evaluate("field => field.tagName") == "SELECT":
        field.select_option(made["person"])
    else:
        field.fill(made["person"])
    outgoing.locator("textarea[name=notes]").fill("清潭路积水未退，已派网格队。")
    outgoing.locator("main form button.primary").click()
    sheet = outgoing.locator("#sheets section", has_text="清潭路积水未退")
    expect(sheet).to_contain_text("待接班")
    # Who hands over cannot sign for the other.
    expect(sheet.locator("form")).to_have_count(0)

    incoming = desk.blank(STREET)
    incoming.goto("/login?next=/shift")
    desk.enter(incoming, login, desk.password(STREET, login))
    incoming.wait_for_url("**/shift")
    taken = incoming.locator("#sheets section", has_text="清潭路积水未退")
    taken.locator("summary", has_text="接班").click()
    taken.locator('form[action$="/sign"] button').click()
    expect(incoming.locator("#sheets section", has_text="清潭路积水未退")).to_contain_text("已签字")
    expect(sheet).to_contain_text("已签字")
    expect(incoming.locator("#open-items")).to_contain_text(title)
    assert street.officer().get(f"/incidents/{case}")["isOpen"]
