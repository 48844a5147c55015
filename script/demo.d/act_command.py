"""Second act: people decide. The case climbs, orders go out, and what comes back is seen."""

from __future__ import annotations

import datetime
import hashlib
import time

import storm
from client import Client
from layout import BY_ID, Node
from play import Play, hidden
from png import picture


def confirm(play: Play) -> None:
    street = play.street
    for case in (play.case, play.river_case):
        stage = play.incident(street, "duty-officer", case)["stage"]
        if stage == "intake":
            play.do("duty officer confirms the case", street, "duty-officer",
                    f"/incidents/{case}/confirm", {"onSite": False, "text": "视频核实 seen on video"})
        play.steps.see("case is confirmed", street.title, lambda case=case: play.incident(
            street, "viewer", case)["stage"] == "file")


def hand_over(play: Play, case: str, giver: Node, taker: Node, witnesses: list[Node]) -> None:
    """An offer, its acceptance, and who the owner is then, wherever the case is known."""
    upwards = giver.parent == taker.id
    verb = "escalate" if upwards else "delegate"
    body = {"reason": "超出本级处置能力 beyond our means" if upwards else "属地处置 to be handled on site"}
    if not upwards:
        body["to"] = taker.id
    begun = time.monotonic()
    play.do(f"{verb} the case to {taker.zh}", giver, "duty-officer",
            f"/incidents/{case}/{verb}", body)
    officer = play.who(taker, "duty-officer")
    play.steps.see(f"offer of {giver.zh} ({verb})", taker.title, lambda: any(
        offer["id"] == case for offer in officer.get("/offers")["items"]), begun)
    begun = time.monotonic()
    play.do("accept the offered case", taker, "duty-officer",
            f"/incidents/{case}/accept-offer")
    for node in [taker, giver, *witnesses]:
        play.steps.see(f"{taker.zh} owns the case", node.title, lambda node=node: (
            lambda record: record["owner"] == taker.id and "offeredTo" not in record)(
                play.incident(node, "duty-officer", case)), begun)


def climb(play: Play) -> None:
    confirm(play)
    hand_over(play, play.case, play.street, play.district, [play.top])
    # The river goes up to the city, which gives it back to the district.
    hand_over(play, play.river_case, play.street, play.district, [])
    hand_over(play, play.river_case, play.district, play.top, [])
    hand_over(play, play.river_case, play.top, play.district, [])


def targets(play: Play, wanted: list[tuple[str, str | None]]) -> list[dict]:
    offered = play.steps.act("whom orders may go to", play.top.title, lambda: play.who(
        play.top, "commander").get("/orders/targets")["items"])
    found = [target for pair in wanted for target in offered
             if (target["node"], target.get("organisation")) == pair]
    play.steps.see("all recipients are among the targets of an order", play.top.title,
                   lambda: len(found) == len(wanted), patience=0.1)
    return found


def issue(play: Play, title: str, recipients: list[dict], **more) -> dict:
    return play.do(title, play.top, "commander", "/orders", {
        "title": title, "text": "按预案执行，限时反馈 act by the plan and report",
        "grade": "orange", "recipients": recipients, **more})


def later(seconds: float) -> str:
    return storm.stamp(storm.now() + datetime.timedelta(seconds=seconds))


def task_of(play: Play, client: Client, order: str, unit: str | None = None) -> str | None:
    for task in client.get("/tasks", parent=order)["items"]:
        if (task.get("assignee") or None) == unit or unit is None:
            return task["id"]
    return None


def orders(play: Play) -> None:
    top, steps = play.top, play.steps
    districts = ["jiangbei", "jiangnan"]
    recipients = targets(play, [(d, None) for d in districts] + [("shuiwu", None),
                                                                 ("linjiang", "shizheng")])
    play.rng.shuffle(recipients)
    begun = time.monotonic()
    order = issue(play, "启动防汛应急响应 Start the flood response", recipients,
                  incident=play.case, due=later(7200), expires=later(3600),
                  requiresEvidence=True)
    play.order = order["id"]
    people = {
        play.district.id: (play.district, "duty-officer", None),
        other_district(play).id: (other_district(play), "duty-officer", None),
        "shuiwu": (play.bureau, "duty-officer", None),
        "linjiang": (top, "handler", "shizheng"),
    }
    tasks: dict[str, str] = {}
    for name, (node, role, unit) in people.items():
        tasks[name] = steps.see(
            f"task of the order for {unit or node.zh}", node.title,
            lambda node=node, role=role, unit=unit: task_of(
                play, play.who(node, role), play.order, unit), begun)
    play.tasks = tasks
    state_at_issuer(play, tasks, {name: {"delivered", "acknowledged", "offered"}
                                  for name in tasks}, "delivery")
    work = [(name, *people[name]) for name in people]
    play.rng.shuffle(work)
    for name, node, role, unit in work:
        if name == other_district(play).id:
            refuse(play, name, node, role)
        else:
            complete(play, name, node, role)
    secrecy(play)


def other_district(play: Play) -> Node:
    return BY_ID["jiangnan" if play.district.id == "jiangbei" else "jiangbei"]


def mirror(play: Play, task: str) -> dict:
    state = play.who(play.top, "commander").get(f"/orders/{play.order}")["state"]
    return next(m for m in state["recipients"] if m["recipient"]["task"] == task)


def state_at_issuer(play: Play, tasks: dict[str, str], wanted: dict[str, set[str]],
                    what: str) -> None:
    begun = time.monotonic()
    play.steps.see(f"{what} of every recipient", play.top.title, lambda: all(
        mirror(play, tasks[name])["state"] in states for name, states in wanted.items()), begun)


def act(play: Play, name: str, node: Node, role: str, verb: str, body: dict, state: str,
        look=lambda mirror: True) -> None:
    """Something with a task, and that the issuer sees it."""
    task = play.tasks[name]
    begun = time.monotonic()
    play.do(f"{verb} the task", node, role, f"/tasks/{task}/{verb}", body)
    play.steps.see(
        f"{node.zh if role != 'handler' else '市政抢修队'}: {state}", play.top.title,
        lambda: (lambda found: found["state"] == state and look(found))(mirror(play, task)),
        begun)


def refuse(play: Play, name: str, node: Node, role: str) -> None:
    act(play, name, node, role, "acknowledge", {}, "acknowledged")
    reason = f"抢险队已全部派出 all teams are out ({play.rng.randrange(1000)})"
    act(play, name, node, role, "refuse", {"reason": reason}, "refused",
        lambda found: found.get("text") == reason)


def complete(play: Play, name: str, node: Node, role: str) -> None:
    task = play.tasks[name]
    act(play, name, node, role, "acknowledge", {}, "acknowledged")
    act(play, name, node, role, "accept", {}, "accepted")
    percent = play.rng.randrange(10, 90)
    act(play, name, node, role, "progress", {"text": "泵车已到位 pumps in place",
                                             "percent": percent}, "progress",
        lambda found: found.get("percent") == percent)
    photo = picture(play.rng)
    begun = time.monotonic()
    record = play.upload("attach a photo to the task", node, role, "tasks", task, "现场.png", photo)
    act(play, name, node, role, "complete", {"text": "积水已排除 the water is gone"}, "completed")
    commander = play.who(play.top, "commander")
    digest = hashlib.sha256(photo).hexdigest()
    play.steps.see(
        f"photo of {node.zh}, byte for byte", play.top.title,
        lambda: record["sha256"] == digest and commander.get(
            f"/tasks/{task}/evidence/{digest}") == photo, begun)


def secrecy(play: Play) -> None:
    """Another street learns nothing of case, order and tasks: not at its own node, and not at the
    city's, where a person is let in for that street's ground only."""
    other, top = play.other, play.top
    viewer = play.who(other, "duty-officer")
    admin = play.city.session(top, "guanliyuan")
    login = f"guancha-{other.id}"
    own = play.city.secrets["nodes"][top.id]["organisation"]
    known = play.city.secrets["nodes"][top.id]["people"]
    if login not in known:
        made = play.steps.act("let in an observer of another street", top.title, lambda: admin.post(
            "/users", {
                "login": login, "displayName": f"{other.zh}观察员", "language": "zh-CN",
                "organisation": own, "jurisdiction": other.code, "grants": [
                    {"role": "viewer", "organisation": own, "jurisdiction": other.code,
                     "maximumDataClass": "work"}]}))
        play.steps.act("first login of the observer", top.title, lambda: play.city.enter(
            top, login, made["password"], "observer", f"{other.zh}观察员"))
    observer = play.city.session(top, login)
    paths = [f"/incidents/{play.case}", f"/incidents/{play.case}/timeline",
             f"/orders/{play.order}", f"/warnings/{play.warnings[play.flooded.device]}"]
    paths += [f"/tasks/{task}" for task in play.tasks.values()]
    secret = {play.case, play.river_case, play.order, *play.tasks.values(),
              *(play.warnings[g.device] for g in play.gauges[play.street.id] if g.rule)}
    for client, node in ((viewer, other), (observer, top)):
        play.steps.see(
            f"{other.zh} learns nothing of the case, its order and tasks", node.title,
            lambda client=client: all(hidden(client, path) for path in paths) and not any(
                item["id"] in secret for path in ("/incidents", "/warnings", "/orders", "/tasks")
                for item in client.items(path)), patience=1)


def ended_orders(play: Play) -> None:
    """One order is recalled, one expires; both ends see it."""
    top, district, bureau = play.top, play.district, play.bureau
    commander = play.who(top, "commander")
    [recipient] = targets(play, [(district.id, None)])
    recalled = issue(play, "转移沿河居民 Evacuate the river bank", [recipient])["id"]
    task = play.steps.see("task of the order that will be recalled", district.title, lambda: task_of(
        play, play.who(district, "duty-officer"), recalled))
    begun = time.monotonic()
    play.do("recall the order", top, "commander", f"/orders/{recalled}/recall",
            {"reason": "水位回落 the river falls"})
    play.steps.see("the order is recalled", district.title, lambda: play.who(
        district, "duty-officer").get(f"/tasks/{task}")["stage"] == "recalled", begun)
    play.steps.see("the recall has reached the recipient", top.title, lambda: commander.get(
        f"/orders/{recalled}")["state"]["recipients"][0]["state"] == "recalled", begun)
    [recipient] = targets(play, [(bureau.id, None)])
    begun = time.monotonic()
    expired = issue(play, "加开泵站 Start more pumps", [recipient], expires=later(4))["id"]
    task = play.steps.see("task of the order that will expire", bureau.title, lambda: task_of(
        play, play.who(bureau, "duty-officer"), expired), begun)
    play.steps.see("the order expired without acceptance", top.title, lambda: commander.get(
        f"/orders/{expired}")["stage"] == "expired", begun)
    play.steps.see("the task expired", bureau.title, lambda: play.who(
        bureau, "duty-officer").get(f"/tasks/{task}")["stage"] == "expired", begun)
