"""What both ends of a link show and do: revocation, certificates that end, what is remembered, and
vital signs."""

from __future__ import annotations

import pathlib
import subprocess
import time

import pytest

from city import City
from layout import Node
from support import CITY, DISTRICT, STREET, connected, eventually, link_state


def link(city: City, at: Node, to: Node) -> dict:
    links = city.session(at, "guanliyuan").items("/links")
    return next(link for link in links if link["node"] == to.id)


def forget_sessions(city: City) -> None:
    for client in city.sessions.values():
        client.close()
    city.sessions = {}


def trouble(city: City, at: Node, to: Node) -> str | None:
    return link(city, at, to).get("trouble", {}).get("code")


def test_a_revocation_drops_the_link_within_a_second_and_both_ends_show_it(make_city):
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    connected(city, STREET, DISTRICT)
    admin = city.session(DISTRICT, "guanliyuan")
    admin.post(f"/links/{STREET.id}/revoke", {"reason": "the machine was stolen"})
    begun = time.monotonic()
    eventually(lambda: link_state(city, STREET, DISTRICT) != "connected", "the street is cut off", 1)
    assert time.monotonic() - begun < 1
    assert link_state(city, DISTRICT, STREET) == "revoked"
    eventually(lambda: trouble(city, STREET, DISTRICT) == "revoked", "the street knows why", 10)
    # It is shut out until it joins again, with a new invitation.
    city.servers[STREET.id].stop()
    forget_sessions(city)
    city.join(STREET)
    city.servers[STREET.id].start()
    connected(city, DISTRICT, STREET)
    connected(city, STREET, DISTRICT)


def test_a_lost_neighbour_rings_and_may_join_again(make_city):
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    city.session(DISTRICT, "guanliyuan").post(
        f"/links/{STREET.id}/declare-lost", {"reason": "flooded"})
    shown = link(city, DISTRICT, STREET)
    assert shown["state"] == "lost" and shown["alarm"]["kind"] == "lost"
    officer = city.who(DISTRICT, "duty-officer")
    warning = officer.get(f"/warnings/{shown['alarm']['warning']}")
    assert warning["stage"] == "raised" and warning["grade"] == "orange"
    eventually(lambda: trouble(city, STREET, DISTRICT) == "lost", "the street knows why", 20)
    city.servers[STREET.id].stop()
    forget_sessions(city)
    city.join(STREET)
    city.servers[STREET.id].start()
    connected(city, DISTRICT, STREET)
    assert "alarm" not in link(city, DISTRICT, STREET)


def test_when_a_link_was_last_heard_from_outlives_restarts(make_city):
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    eventually(lambda: link(city, DISTRICT, STREET).get("lastHeard"), "it was heard from")
    city.servers[STREET.id].stop()
    eventually(lambda: link_state(city, DISTRICT, STREET) == "broken", "it shows within 10 s", 10)
    before = link(city, DISTRICT, STREET)
    assert before["age"] < 15 and before["eventAgeIn"] < 600
    for stop in ("stop", "kill"):
        getattr(city.servers[DISTRICT.id], stop)()
        forget_sessions(city)
        city.servers[DISTRICT.id].start()
        after = link(city, DISTRICT, STREET)
        assert after["state"] == "broken"
        assert after["lastHeard"] == before["lastHeard"], stop
        assert after["lastEventIn"] == before["lastEventIn"], stop


def test_vital_signs_reach_the_city_with_origin_and_age(make_city):
    city = make_city(CITY.id, DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    connected(city, CITY, DISTRICT)
    admin = city.session(CITY, "guanliyuan")

    def signs(node: Node) -> dict:
        return next(item for item in admin.items("/vitals") if item["node"] == node.id)

    own = eventually(lambda: signs(CITY), "the city's own")
    assert own["isOwn"] and not own["isStale"]
    street = eventually(lambda: signs(STREET), "the street's, by way of the district", 40)
    assert not street["isOwn"] and street["age"] < 30 and not street["isStale"]
    assert street["jurisdiction"] == STREET.code and street["name"]["zh"] == STREET.zh
    assert street["values"]["devices.total"] > 0
    city.who(STREET, "duty-officer").post("/incidents", {
        "title": "路面积水", "classCode": "E0403", "grade": "blue", "jurisdiction": STREET.code})
    eventually(lambda: signs(STREET)["values"]["incidents.open"] >= 1,
               "a case that itself is not reported up", 40)
    city.servers[STREET.id].stop()
    eventually(lambda: signs(STREET)["isStale"], "it is stale", 60)
    assert signs(STREET)["age"] >= 10


@pytest.fixture
def at_day(make_city, monkeypatch, tmp_path):
    """A district and a street, and how to put the wall clocks of both forward."""
    library = tmp_path / "skew.so"
    source = pathlib.Path(__file__).with_name("skew.c")
    # Swift brings its clang along.
    subprocess.run(["clang", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"],
                   check=True)
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)

    def turn(days: int) -> None:
        for server in city.servers.values():
            server.stop()
        forget_sessions(city)
        city.program.prefix = ["env", f"LD_PRELOAD={library}", f"SKEW_SECONDS={days * 86_400}"]
        for server in city.servers.values():
            server.start()

    return city, turn


def test_certificates_renew_themselves_and_an_expired_one_has_a_way_back(at_day):
    city, turn = at_day
    first = link(city, DISTRICT, STREET)
    turn(61)
    renewed = eventually(
        lambda: (lambda now: now if now["certificate"] != first["certificate"] else None)(
            link(city, DISTRICT, STREET)), "a new certificate at 60 days", 60)
    assert renewed["certificateEnds"] > first["certificateEnds"]
    connected(city, DISTRICT, STREET, 60)
    connected(city, STREET, DISTRICT, 60)
    eventually(lambda: link(city, STREET, DISTRICT)["certificate"] == renewed["certificate"],
               "both ends show the same")
    # Off for more than ninety days: the link port has a good certificate, the street has none.
    turn(160)
    eventually(lambda: trouble(city, STREET, DISTRICT) == "certificate-expired",
               "the street says that its certificate has ended")
    eventually(lambda: trouble(city, DISTRICT, STREET) == "certificate-expired",
               "so does the district")
    city.servers[STREET.id].stop()
    city.join(STREET)
    city.servers[STREET.id].start()
    forget_sessions(city)
    connected(city, DISTRICT, STREET, 60)
    connected(city, STREET, DISTRICT, 60)
