"""An order: one confirmation, every recipient's state live, recall, expiry, evidence."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from desk import DISTRICT, OTHER_STREET, STREET, live, row, unique
from support import connected, eventually


def draft(page: Page, title: str, *recipients: str, evidence: bool = False,
          expires: str = "") -> None:
    """Fills an order in and goes to its confirmation."""
    page.goto("/orders/new")
    for name in recipients:
        page.get_by_label(name).check()
    expect(page.locator("[data-count]")).to_have_text(str(len(recipients)))
    page.locator("input[name=title]").fill(title)
    page.locator("textarea[name=text]").fill("设置警戒，疏导车辆。")
    page.locator("select[name=grade]").select_option("orange")
    if evidence:
        page.locator("input[name=requiresEvidence]").check()
    if expires:
        page.locator("input[name=expires]").fill(expires)
    page.locator("main button.primary").click()
    page.wait_for_url("**/orders/review")


def issue(page: Page, title: str, *recipients: str, **more) -> str:
    """Issues an order; its page is open then. The order's id."""
    draft(page, title, *recipients, **more)
    page.locator("main button.primary").click()
    page.wait_for_url("**/orders/ord_*")
    return page.url.split("/")[-1].split("?")[0]


def state(page: Page, name: str):
    return page.locator("#recipients tr", has_text=name).locator(".stage")


def test_an_order_to_streets_and_a_unit_is_followed_live(desk, city):
    connected(city, DISTRICT, STREET)
    connected(city, DISTRICT, OTHER_STREET)
    page = desk.sit(DISTRICT, "commander")
    title = unique("封闭清潭路")
    draft(page, title, "清潭街道", "河口街道", "排水管理处")
    names = page.locator("ol.recipients li strong").all_inner_texts()
    assert sorted(names) == sorted(["清潭街道", "河口街道", "排水管理处"])
    expect(page.locator("main")).to_contain_text("3")
    # Going back keeps what was chosen and typed.
    page.locator("button[formaction]").click()
    expect(page.locator("[data-count]")).to_have_text("3")
    expect(page.locator("input[name=title]")).to_have_value(title)
    page.locator("main button.primary").click()
    expect(page.locator("main button.primary.danger")).to_contain_text("3")
    page.locator("main button.primary.danger").click()
    page.wait_for_url("**/orders/ord_*")
    order = page.url.split("/")[-1].split("?")[0]
    live(page)
    for name in ("清潭街道", "河口街道"):
        expect(state(page, name)).to_have_text("已送达")

    street = desk.sit(STREET, "duty-officer")
    row(street, title).get_by_role("button", name="签收").click()
    expect(state(page, "清潭街道")).to_have_text("已签收")
    row(street, title).get_by_role("link").click()
    street.locator('form[action$="/accept"] button, summary:has-text("接受")').first.click()
    form = street.locator('form[action$="/accept"]')
    if form.locator("textarea").count():
        form.locator("button").click()
    expect(state(page, "清潭街道")).to_have_text("已接受")

    other = desk.sit(OTHER_STREET, "duty-officer")
    row(other, title).get_by_role("link").click()
    other.locator("summary", has_text="拒绝").click()
    other.locator('form[action$="/refuse"] textarea').first.fill("人手不足")
    other.locator('form[action$="/refuse"] button').click()
    expect(state(page, "河口街道")).to_have_text("已拒绝")
    expect(page.locator("#recipients")).to_contain_text("人手不足")

    page.locator("#actions summary", has_text="撤回").click()
    page.locator('form[action$="/recall"] textarea').first.fill("险情解除")
    page.locator('form[action$="/recall"] button').click()
    expect(page.locator("#head .stage")).to_have_text("已撤回")
    expect(state(page, "清潭街道")).to_have_text("已撤回")
    # Who had accepted sees it too, without loading again.
    expect(street.locator("#head .stage")).to_contain_text("撤回")
    assert city.who(DISTRICT, "commander").get(f"/orders/{order}")["stage"] == "recalled"


def test_an_order_that_nobody_takes_up_expires_before_ones_eyes(desk, city):
    connected(city, DISTRICT, STREET)
    page = desk.sit(DISTRICT, "commander")
    title = unique("限时指令")
    # The field takes minutes; the earliest whole one that is ahead of us by enough.
    at = (int(time.time()) + 72) // 60 * 60
    wanted = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(at + 8 * 3600))
    issue(page, title, "清潭街道", expires=wanted)
    live(page)
    expect(page.locator("#head .stage")).to_have_text("已下达")
    expect(page.locator("#head .stage")).to_have_text(
        "已失效", timeout=(at - time.time() + 30) * 1000)
    assert time.time() > at - 1
    expect(state(page, "清潭街道")).to_have_text("已失效")


def task_at(city, node, title: str) -> str:
    return eventually(lambda: next(
        (each["id"] for each in city.who(node, "duty-officer").items("/tasks", limit=500)
         if each["title"] == title), None), f"the task {title}")


def take_up(page: Page) -> None:
    for verb in ("acknowledge", "accept"):
        form = page.locator(f'#actions form[action$="/{verb}"]')
        if form.locator("textarea").count():
            form.locator("xpath=..").locator("summary").click()
        form.locator("button").click()
        expect(form).to_have_count(0)


def complete(page: Page, text: str) -> None:
    page.locator("#actions summary", has_text="办结").click()
    form = page.locator('form[action$="/complete"]')
    form.locator("textarea").first.fill(text)
    form.locator("button").click()


def test_a_task_is_completed_with_a_photo_and_the_issuer_sees_it(desk, city, tmp_path):
    connected(city, DISTRICT, STREET)
    chief = desk.sit(DISTRICT, "commander")
    title = unique("清淤并拍照")
    issue(chief, title, "清潭街道", evidence=True)
    live(chief)
    page = desk.sit(STREET, "duty-officer", f"/tasks/{task_at(city, STREET, title)}")
    take_up(page)
    expect(page.locator("#actions")).to_contain_text("须先上传")
    photo = tmp_path / "完工 照片.jpg"
    photo.write_bytes(b"\xff\xd8\xff" + bytes(range(256)) * 4_000)
    large = tmp_path / "large.bin"
    large.write_bytes(bytes((20 << 20) + 1))
    page.locator("#upload input[type=file]").set_input_files(large)
    page.locator("#upload button").click()
    expect(page.locator("[data-status]")).to_contain_text("20 MB")
    page.locator("#upload input[type=file]").set_input_files(photo)
    page.locator("#upload button").click()
    expect(page.locator("#evidence")).to_contain_text("完工 照片.jpg")
    with page.expect_download() as download:
        page.locator("#evidence a").click()
    assert download.value.path().read_bytes() == photo.read_bytes()
    complete(page, "已清淤")
    expect(page.locator("#head .stage")).to_have_text("已办结")
    expect(state(chief, "清潭街道")).to_have_text("已办结")
    expect(chief.locator("#recipients")).to_contain_text("已清淤")
    # The file comes to the issuer by itself.
    chief.locator("#recipients a").first.click()
    expect(chief.locator("#evidence a[download]")).to_have_text("完工 照片.jpg")


def test_a_file_that_has_arrived_in_part_says_so(desk, city, tmp_path):
    """The link is cut before the file has gone over: the street is stopped right after."""
    connected(city, DISTRICT, STREET)
    desk.expected = {0}
    chief = desk.sit(DISTRICT, "commander")
    title = unique("大文件")
    issue(chief, title, "清潭街道", evidence=True)
    page = desk.sit(STREET, "duty-officer", f"/tasks/{task_at(city, STREET, title)}")
    take_up(page)
    video = tmp_path / "video.mp4"
    video.write_bytes(bytes(range(256)) * (19 << 12))
    page.locator("#upload input[type=file]").set_input_files(video)
    page.locator("#upload button").click()
    expect(page.locator("#evidence")).to_contain_text("video.mp4", timeout=60_000)
    page.close()
    chief.locator("#recipients a").first.click()
    partial = chief.locator("#evidence .tag.partial")
    whole = chief.locator("#evidence a[download]")
    expect(partial.or_(whole)).to_be_visible()
    if partial.count():
        assert "%" in partial.inner_text() and not whole.count()
    expect(whole).to_be_visible(timeout=90_000)
    expect(partial).to_have_count(0)


def test_a_file_is_sent_without_scripts(desk, city, tmp_path):
    connected(city, DISTRICT, STREET)
    desk.expected = {413}
    title = unique("无脚本上传")
    city.who(DISTRICT, "commander").post("/orders", {
        "title": title, "text": "", "grade": "blue", "jurisdiction": DISTRICT.code,
        "requiresEvidence": True,
        "recipients": [{"node": STREET.id, "name": {"zh": STREET.zh, "en": STREET.en}}]})
    page = desk.blank(STREET, java_script_enabled=False)
    page.goto(f"/login?next=/tasks/{task_at(city, STREET, title)}")
    desk.enter(page, "jie-zhiban", desk.password(STREET, "jie-zhiban"))
    page.wait_for_url("**/tasks/**")
    task = page.url
    take_up(page)
    note = tmp_path / "说明 \"一\".txt"
    note.write_bytes(b"done\r\n--not a boundary\r\n")
    page.locator("#upload input[type=file]").set_input_files(note)
    page.locator("#upload select").select_option("after")
    page.locator("#upload button").click()
    page.wait_for_url("**/tasks/**#evidence")
    expect(page.locator("#evidence")).to_contain_text('说明 "一".txt')
    with page.expect_download() as download:
        page.locator("#evidence a").click()
    assert download.value.path().read_bytes() == note.read_bytes()
    large = tmp_path / "large.bin"
    large.write_bytes(bytes((20 << 20) + 100_000))
    page.locator("#upload input[type=file]").set_input_files(large)
    page.locator("#upload button").click()
    # The answer reaches the browser although it was still sending.
    expect(page.locator("main")).to_contain_text("过大")
    page.goto(task)
    assert page.locator("#evidence li").count() == 1
    complete(page, "完成")
    expect(page.locator("#head .stage")).to_have_text("已办结")
