"""First act: it rains. Readings become values, warnings and cases, and the city hears of them."""

from __future__ import annotations

import datetime
import time

import storm
from layout import BY_ID, NODES, Node
from play import Play


def open_post(play: Play) -> str:
    return f"dev_{play.street.id}-alarm-1"


def heartbeat(play: Play) -> None:
    play.city.gateway(play.street).send_readings([
        {"device": open_post(play), "property": "heartbeat", "value": 1}])


def links_up(play: Play) -> None:
    """Before anything: every link is connected, seen at its parent."""
    for node in NODES:
        if node.parent is None:
            continue
        parent = BY_ID[node.parent]
        play.steps.see(
            f"link of {node.title} is connected", parent.title,
            lambda node=node, parent=parent: any(
                link["node"] == node.id and link["state"] == "connected"
                for link in play.city.session(parent, "guanliyuan").items("/links")))


def send(play: Play, node: Node, values: list[float], first: datetime.datetime,
         step: str) -> float:
    """Sends all gauges of a street in the three forms that the API takes, interleaved by time."""
    rows = [row for gauge in play.gauges[node.id] for row in gauge.rows(values, first)]
    # Gauges speak in any order, each in the order of time.
    order = [gauge.device for gauge in play.gauges[node.id]]
    play.rng.shuffle(order)
    rows.sort(key=lambda row: (row["time"], order.index(row["device"])))
    forms = ["array", "ndjson", "gzip"]
    play.rng.shuffle(forms)
    gateway = play.city.gateway(node)
    share = len(rows) // 3 + 1
    begun = time.monotonic()
    for index, form in enumerate(forms):
        part = rows[index * share:(index + 1) * share]
        begun = time.monotonic()
        answer = play.steps.act(
            step, node.title, lambda part=part, form=form: gateway.send_readings(part, form))
        play.steps.see(
            f"{step} ({form}, {len(part)} rows) are durable", node.title,
            lambda answer=answer, part=part: answer["accepted"] == len(part)
            and not answer["rejected"], begun, patience=0.1)
    gateway.close()
    return begun


def rain(play: Play) -> None:
    steps, street = play.steps, play.street
    play.first = storm.now() - datetime.timedelta(seconds=storm.SPACING * storm.STEPS + 5)
    steps.act("heartbeat of the alarm post", street.title, lambda: heartbeat(play))
    nodes = list(play.streets)
    play.rng.shuffle(nodes)
    sent: dict[str, float] = {}
    for node in nodes:
        sent[node.id] = send(play, node, play.shape.rising, play.first, "readings of the storm")
    for node in nodes:
        gauge = play.rng.choice(play.gauges[node.id])
        viewer = play.who(node, "viewer")
        wanted = gauge.rows(play.shape.rising, play.first)[-1]
        steps.see(
            f"latest value of {gauge.device}", node.title,
            lambda gauge=gauge, viewer=viewer, wanted=wanted: any(
                item["property"] == gauge.property and abs(item["value"] - wanted["value"]) < 1e-6
                for item in viewer.get(f"/devices/{gauge.device}/latest")["items"]),
            sent[node.id])
    warnings(play, nodes, sent)
    cases(play, sent[street.id])


def find_warning(play: Play, node: Node, role: str, rule: str, subject: str) -> dict | None:
    found = play.who(node, role).get("/warnings", rule=rule, subject=subject, limit=50)["items"]
    return next((item for item in found if item["isOpen"]), None)


def warnings(play: Play, nodes: list[Node], sent: dict[str, float]) -> None:
    steps, street = play.steps, play.street
    for node in nodes:
        for gauge in play.gauges[node.id]:
            if gauge.rule is None:
                continue
            warning = steps.see(
                f"warning {gauge.rule} ({gauge.grade}) of {gauge.device}", node.title,
                lambda node=node, gauge=gauge: of_grade(
                    find_warning(play, node, "duty-officer", gauge.rule, gauge.device), gauge.grade),
                sent[node.id])
            play.warnings[gauge.device] = warning["id"]
    play.warnings["rise"] = steps.see(
        f"warning river-rise of {play.river.device}", street.title,
        lambda: find_warning(play, street, "duty-officer", "river-rise", play.river.device),
        sent[street.id])["id"]
    officer = play.who(street, "duty-officer")

    def folded() -> dict | None:
        page = officer.get("/warnings/folded")
        known = {thing for line in page["items"] for thing in line["warnings"]}
        mine = {play.warnings[g.device] for g in play.gauges[street.id] if g.rule}
        return page if mine <= known and len(page["items"]) <= 20 else None

    steps.see("folded list holds every warning in at most 20 lines", street.title, folded)
    # Yellow and above climbs, from every street.
    for node in nodes:
        gauge = next(g for g in play.gauges[node.id] if g.rule == "heavy-rain")
        for above in (node_parent(node), play.top):
            steps.see(
                f"warning heavy-rain from {node.zh}", above.title,
                lambda above=above, gauge=gauge: from_elsewhere(
                    play, above, play.warnings[gauge.device]), sent[node.id])


def node_parent(node: Node) -> Node:
    return BY_ID[node.parent or ""]


def of_grade(warning: dict | None, grade: str | None) -> dict | None:
    return warning if warning is not None and warning.get("grade") == grade else None


def from_elsewhere(play: Play, node: Node, warning: str) -> bool:
    """A replica says where it comes from and how old it is."""
    found = play.who(node, "duty-officer").get(f"/warnings/{warning}")
    return found["origin"]["node"] == found["owner"] and "age" in found["origin"]


def cases(play: Play, sent: float) -> None:
    """The warnings of the flooded road and of the river filed a case each, by themselves."""
    steps, street = play.steps, play.street
    officer = play.who(street, "duty-officer")

    def filed(gauge: storm.Gauge) -> str | None:
        state = officer.get(f"/warnings/{play.warnings[gauge.device]}")["state"]
        return state.get("incident")

    play.case = steps.see("case of the flooded road filed by itself", street.title,
                          lambda: filed(play.flooded), sent)
    play.river_case = steps.see("case of the river filed by itself", street.title,
                                lambda: filed(play.river), sent)
    steps.see("case has place, jurisdiction, class and grade", street.title, lambda: complete(
        officer.get(f"/incidents/{play.case}"), street.code), patience=2)
    for above in (play.district, play.top):
        steps.see("case of the flooded road", above.title, lambda above=above: play.incident(
            above, "duty-officer", play.case)["owner"] == street.id, sent)


def complete(case: dict, code: str) -> bool:
    return bool(case["place"]) and case["jurisdiction"].startswith(code) and (
        case["classCode"] == "E0403" and case["grade"] == "orange")
