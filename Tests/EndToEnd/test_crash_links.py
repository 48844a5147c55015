"""Crash points between nodes: hand-over, joining, renewal, and what leaves by webhook."""

from __future__ import annotations

import dataclasses
import http.server
import json
import shutil
import threading

import pytest

from crash import Ledger, arm, asked, command_dies, dies, is_whole, verified_as_left
from layout import BY_ID
from processes import ProgramError, free_ports
from support import DISTRICT, STREET, connected, eventually


@pytest.fixture(scope="module")
def city(make_shared_city):
    city = make_shared_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    yield city
    verified_as_left(city)


def owners(city, case: str) -> tuple[str, str]:
    """Who owns a case, as street and district see it. Never nobody, never both at one term."""
    rows = [asked(city.servers[node.id], "SELECT owner, term FROM thing WHERE id = ?", case)
            for node in (STREET, DISTRICT)]
    return rows[0][0][0], rows[1][0][0]


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("point", [
    "offer-before-commit", "offer-committed", "offer-received", "accept-before-commit",
    "accept-committed", "accept-received"])
def test_a_death_in_a_hand_over_leaves_one_owner(city, point, seed):
    at_street = point in ("offer-before-commit", "offer-committed", "accept-received")
    node = STREET if at_street else DISTRICT
    ledger = Ledger(city, STREET, f"{point}-{seed}")
    for _ in range(3 * seed):
        ledger.file()
    ledger.compare(STREET, DISTRICT)
    case = ledger.cases[str(seed)]
    arm(city.servers[node.id], point)
    connected(city, DISTRICT, STREET)

    def escalate() -> None:
        record = city.who(STREET, "duty-officer").get(f"/incidents/{case}")
        if record["owner"] == STREET.id and "offeredTo" not in record:
            city.who(STREET, "duty-officer").post(
                f"/incidents/{case}/escalate", {"reason": "超出本级处置能力 beyond our means"})

    def accept() -> None:
        offers = city.who(DISTRICT, "duty-officer").get("/offers")["items"]
        if any(offer["id"] == case for offer in offers):
            city.who(DISTRICT, "duty-officer").post(f"/incidents/{case}/accept-offer")

    def drive() -> None:
        escalate()
        accept()

    dies(city.servers[node.id], point, drive)
    is_whole(city.servers[node.id])
    city.servers[node.id].start()
    connected(city, DISTRICT, STREET)

    def moved() -> bool:
        drive()
        return owners(city, case) == (DISTRICT.id, DISTRICT.id)

    eventually(moved, "the district owns the case, and the street knows")
    for each in (STREET, DISTRICT):
        kinds = [kind for kind, in asked(
            city.servers[each.id], "SELECT kind FROM event WHERE thing = ? ORDER BY version", case)]
        assert kinds.count("handover.accepted") == 1, f"it was accepted twice: {kinds}"
        assert kinds.count("handover.offered") == 1, f"it was offered twice: {kinds}"
    versions = asked(city.servers[DISTRICT.id],
                     "SELECT count(*), count(DISTINCT version), max(version) FROM event "
                     "WHERE thing = ?", case)[0]
    assert versions[0] == versions[1] == versions[2]
    ledger.compare(STREET, DISTRICT)


def further_street(city, number: int):
    """One more street of the district, set up and not joined."""
    node = dataclasses.replace(
        BY_ID["hekou"], id=f"further-{number}", code=f"33910290{number}", alias=f"further-{number}")
    http, link = free_ports(2)
    city.nodes.append(node)
    city.configure(node, http, link)
    city.initialise(node)
    return node


@pytest.mark.parametrize("point, number", [
    ("join-issued", 1), ("join-received", 2), ("join-saved", 3)])
def test_a_join_that_was_cut_off_is_gone_on_with(city, point, number):
    node = further_street(city, number)
    server, district = city.servers[node.id], city.servers[DISTRICT.id]
    invitation = city.session(DISTRICT, "guanliyuan").post("/links/invitations", {
        "node": node.id, "relation": "child", "level": "street", "jurisdiction": node.code,
        "name": {"zh": node.zh, "en": node.en}})["invitation"]
    command = ["node", "join", "--config", str(server.config)]
    if point == "join-issued":
        arm(district, point)
        with pytest.raises(ProgramError):
            city.program.run(*command, stdin=f"{invitation}\n")
        dies(district, point)
        is_whole(district)
        district.start()
    else:
        command_dies(city, point, 1, *command, stdin=f"{invitation}\n")
    # The same invitation, by the same node: the parent gives the same answer again.
    city.program.run(*command, stdin=f"{invitation}\n")
    server.start()
    eventually(lambda: any(
        link["node"] == node.id and link["state"] == "connected"
        for link in city.session(DISTRICT, "guanliyuan").items("/links")), "the new link")
    neighbours = asked(district, "SELECT count(*) FROM neighbour WHERE node = ?", node.id)
    assert neighbours == [(1,)]
    joined = asked(district, "SELECT body FROM event WHERE kind = 'audit.link.joined'")
    assert sum(node.id in bytes(body).decode() for body, in joined) == 1, "it joined twice"
    server.stop()


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("point", ["renewal-issued", "renewal-received"])
def test_a_renewal_that_was_cut_off_locks_nobody_out(make_city, point):
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    street, district = city.servers[STREET.id], city.servers[DISTRICT.id]

    def certificates() -> dict:
        body = asked(district, "SELECT body FROM neighbour WHERE node = ?", STREET.id)[0][0]
        return json.loads(body)

    first = certificates()["certificate"]
    # Sixty-one days later, as the street sees it: its certificate is due.
    later = {"prefix": ["faketime", "-f", "+61d"], "extra": {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}}
    street.stop()
    if point == "renewal-issued":
        arm(district, point)
        street.spawn(**later)
        dies(district, point)
        is_whole(district)
        street.kill()
        district.start()
    else:
        street.spawn(prefix=later["prefix"],
                     extra={**later["extra"], "CITYBEACON_CRASH_AT": point})
        dies(street, point)
        is_whole(street)
    assert certificates()["certificate"] != first and certificates()["previousCertificate"] == first
    # It has its old certificate alone, and is let in with it; then it renews, and the old one falls.
    street.start()
    connected(city, DISTRICT, STREET)
    assert certificates()["previousCertificate"] == first
    street.stop()
    stored = street.data / "keys" / f"to-{DISTRICT.id}.pem.sealed"
    before = stored.stat().st_mtime_ns
    street.start(**later)
    eventually(lambda: stored.stat().st_mtime_ns != before, "the renewal")
    second = certificates()["certificate"]
    street.stop()
    street.start()
    connected(city, DISTRICT, STREET)
    eventually(lambda: certificates().get("previousCertificate") is None, "the end of the old one")
    assert certificates()["certificate"] == second != first
    city.sessions.clear()
    ledger = Ledger(city, STREET, point)
    ledger.step()
    ledger.compare(STREET, DISTRICT)
    verified_as_left(city)


class Receiver(http.server.BaseHTTPRequestHandler):
    got: list[dict] = []

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Receiver.got.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("point", ["outbound-before-send", "outbound-sent"])
def test_a_message_that_was_on_its_way_arrives_in_order(make_city, point, seed):
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    Receiver.got = []
    try:
        city = make_city(STREET.id, settings={STREET.id: [
            "outbound:", f'  allow: ["127.0.0.1:{web.server_port}"]']})
        city.session(STREET, "guanliyuan").post("/webhooks", {
            "url": f"http://127.0.0.1:{web.server_port}/hook", "kinds": ["incident.filed"],
            "jurisdiction": STREET.code})
        street = city.servers[STREET.id]
        ledger = Ledger(city, STREET, f"{point}-{seed}")
        arm(street, point, 2 + seed)
        dies(street, point, ledger.file)
        is_whole(street)
        street.start()
        ledger.settle()
        ledger.file()
        wanted = [thing for _, thing in sorted(ledger.cases.items(), key=lambda item: int(item[0]))]

        def things() -> list[str]:
            return [each["subject"] for each in list(Receiver.got)]

        eventually(lambda: set(wanted) <= set(things()), "every event at the receiver", 40)
        # What was sent and not settled comes twice, with the id by which it is told: not more.
        once = list(dict.fromkeys(things()))
        assert once == wanted, "the events came in another order"
        assert len(things()) <= len(wanted) + 1
        assert len({each["id"] for each in Receiver.got}) == len(wanted)
    finally:
        web.shutdown()
        web.server_close()

