"""Third act: the water falls. The case is handled, checked and closed by those who may."""

from __future__ import annotations

import datetime
import time

import act_sense
import storm
from layout import BY_ID, NODES
from play import Play
from png import picture


def handle(play: Play) -> None:
    """Dispatch, handling, report, check and closing, at the district that owns the case."""
    owner, case = play.district, play.case
    at = f"/incidents/{case}"

    def stage(wanted: str, since: float, node=owner) -> None:
        play.steps.see(f"case is in the stage {wanted}", node.title, lambda: play.incident(
            node, "duty-officer", case)["stage"] == wanted, since)

    begun = time.monotonic()
    play.do("dispatch the case to the drainage office", owner, "dispatcher", f"{at}/dispatch",
            {"organisation": "paishui", "text": "立即抽排 pump it out"})
    stage("dispatch", begun)
    begun = time.monotonic()
    play.do("handler accepts the case", owner, "handler", f"{at}/accept")
    stage("handle", begun)
    play.do("handler reports progress", owner, "handler", f"{at}/progress",
            {"text": "两台泵车作业 two pumps at work", "percent": 60})
    play.upload("photo after handling", owner, "handler", "incidents", case, "处置后.png",
                picture(play.rng))
    begun = time.monotonic()
    play.do("handler reports it done", owner, "handler", f"{at}/report",
            {"text": "路面积水已排除 the road is clear"})
    stage("feedback", begun)
    begun = time.monotonic()
    play.do("inspector passes the check", owner, "inspector", f"{at}/pass",
            {"text": "现场核查合格 checked on site"})
    stage("verify", begun)
    begun = time.monotonic()
    play.do("inspector closes the case", owner, "inspector", f"{at}/close", {"text": "结案"})
    for node in (owner, play.top, play.street):
        stage("closed", begun, node)


NEEDED = ["incident.filed", "incident.confirmed", "handover.offered", "handover.accepted",
          "incident.dispatched", "incident.closed"]


def timeline(play: Play) -> None:
    """The whole story at the owner: in causal order, with who, when and where, and the delay of
    what came over links."""
    inspector = play.who(play.district, "inspector")
    faults: list[str] = []

    def told() -> bool:
        entries = inspector.get(f"/incidents/{play.case}/timeline")["items"]
        faults[:] = story_faults(play, entries)
        return not faults

    try:
        play.steps.see("timeline in causal order, with who, when, where and delays",
                       play.district.title, told, patience=5)
    except Exception as error:
        if faults and hasattr(error, "why"):
            error.why = "; ".join(faults)
        raise


def story_faults(play: Play, entries: list[dict]) -> list[str]:
    faults = []
    kinds = {entry["kind"] for entry in entries}
    faults += [f"{kind} is missing" for kind in NEEDED if kind not in kinds
               and not (kind == "incident.confirmed")]
    position = {entry["event"]: index for index, entry in enumerate(entries)}
    versions: dict[str, int] = {}
    for index, entry in enumerate(entries):
        cause = entry.get("cause")
        if cause in position and position[cause] >= index:
            faults.append(f"{entry['kind']} stands before its cause")
        if entry["version"] <= versions.get(entry["thing"], 0):
            faults.append(f"{entry['thing']} goes back to version {entry['version']}")
        versions[entry["thing"]] = entry["version"]
        if not entry.get("actor") or not entry.get("time") or not entry.get("node"):
            faults.append(f"{entry['kind']} does not say who, when and where")
    nodes = {entry["node"] for entry in entries}
    faults += [f"nothing of {node}" for node in (play.street.id, play.district.id)
               if node not in nodes]
    foreign = [entry for entry in entries if entry["node"] != play.district.id]
    if not foreign or not all(entry.get("arrived") and entry["hops"] for entry in foreign):
        faults.append("an event from elsewhere does not tell its way")
    if not any("delay" in hop for entry in foreign for hop in entry["hops"]):
        faults.append("no hop tells its delay")
    return faults


def silent_post(play: Play) -> None:
    """The alarm post gave one sign at the beginning and none since."""
    street, device = play.street, act_sense.open_post(play)
    warning = play.steps.see(
        "warning post-silent of the alarm post", street.title,
        lambda: act_sense.find_warning(play, street, "duty-officer", "post-silent", device),
        patience=40)["id"]
    play.steps.act("the alarm post speaks again", street.title,
                   lambda: act_sense.heartbeat(play))
    ended(play, street, warning, "warning post-silent ends", time.monotonic())


def ended(play: Play, node, warning: str, what: str, since: float) -> None:
    play.steps.see(what, node.title, lambda: play.who(node, "duty-officer").get(
        f"/warnings/{warning}")["isOpen"] is False, since)


def fall(play: Play) -> None:
    """The water falls; every warning steps down and ends, where it was and where it was told."""
    first = play.first + datetime.timedelta(seconds=storm.SPACING * storm.STEPS / 2)
    nodes = list(play.streets)
    play.rng.shuffle(nodes)
    sent = {node.id: act_sense.send(play, node, play.shape.falling, first, "falling readings")
            for node in nodes}
    for node in nodes:
        for gauge in play.gauges[node.id]:
            if gauge.rule is not None:
                ended(play, node, play.warnings[gauge.device],
                      f"warning {gauge.rule} of {gauge.device} ends", sent[node.id])
    flooded = play.warnings[play.flooded.device]
    ended(play, play.street, play.warnings["rise"], "warning river-rise ends",
          sent[play.street.id])
    ended(play, play.district, flooded, "the end of the flooding", sent[play.street.id])
    ended(play, play.top, flooded, "the end of the flooding", sent[play.street.id])
    steps = play.who(play.street, "duty-officer").get(f"/warnings/{flooded}/timeline")["items"]
    play.steps.see("the flooding stepped up and down, one event each", play.street.title,
                   lambda: len(steps) >= 3, patience=0.1)


def links(play: Play) -> None:
    """Every link is connected at both ends, and nothing waits on it."""
    for node in NODES:
        for end, far in ((node.parent, node.id), (node.id, node.parent)):
            if end is None or far is None:
                continue
            client = play.city.session(BY_ID[end], "guanliyuan")
            play.steps.see(f"link to {BY_ID[far].zh} is connected and empty", BY_ID[end].title,
                           lambda client=client, far=far: any(
                               link["node"] == far and link["state"] == "connected"
                               and link["backlogOut"] == 0 and link["backlogIn"] == 0
                               for link in client.items("/links")))


def journals(play: Play) -> None:
    for node in NODES:
        client = play.city.session(node, "guanliyuan")
        report = play.steps.act("verify the journal", node.title,
                                lambda client=client: client.post("/journal/verify"))
        play.steps.see(f"journal verified, {report['events']} events", node.title,
                       lambda report=report: report["events"] > 0 and not report["findings"],
                       patience=0.1)
