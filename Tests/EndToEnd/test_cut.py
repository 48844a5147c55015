"""A link that is cut, a parent that is away, two twins, and clocks that are wrong."""

from __future__ import annotations

import shutil
import time

import pytest

from processes import Server, free_ports
from proxy import Proxy
from support import (CITY, DISTRICT, STREET, connected, eventually, filed_by_external_id,
                     link_state, report, verified)


@pytest.fixture
def cut_city(make_city):
    """Two nodes whose link leads through a proxy."""
    city = make_city(DISTRICT.id, STREET.id, set_up=False)
    link = int(next(line.split(":")[1] for line in
                    city.servers[DISTRICT.id].config.read_text().split("link:")[1].splitlines()
                    if "port:" in line))
    proxy = Proxy(link)
    city.advertised = {DISTRICT.id: proxy.port}
    http = int(city.servers[DISTRICT.id].config.read_text().split("port:")[1].split()[0])
    city.configure(DISTRICT, http, link)
    # The district is the top here.
    city.set_up()
    yield city, proxy
    proxy.close()


def test_a_cut_shows_at_both_ends_and_nothing_is_lost(cut_city):
    city, proxy = cut_city
    connected(city, DISTRICT, STREET)
    street = city.who(STREET, "duty-officer")
    district = city.who(DISTRICT, "duty-officer")
    first = street.post("/incidents", report(0, "cut"))
    eventually(lambda: district.get(f"/incidents/{first['id']}"), "the case before the cut")
    proxy.cut()
    begun = time.monotonic()
    for here, there in ((DISTRICT, STREET), (STREET, DISTRICT)):
        eventually(lambda here=here, there=there: link_state(city, here, there) != "connected",
                   f"the cut at {here.id}", 10)
    assert time.monotonic() - begun < 10
    eventually(lambda: district.get(f"/incidents/{first['id']}")["origin"]["isStale"],
               "what is replicated says that it is stale", 10)
    wanted = {str(number): street.post("/incidents", report(number, "cut"))["id"]
              for number in range(1, 201)}
    assert len(filed_by_external_id(district, "cut")) == 1
    proxy.mend()
    found = eventually(lambda: (lambda known: known if set(wanted) <= set(known) else None)(
        filed_by_external_id(district, "cut")), "all cases after the cut", 60)
    assert all(found[number] == [thing] for number, thing in wanted.items())
    eventually(lambda: not district.get(f"/incidents/{first['id']}")["origin"]["isStale"],
               "it is fresh again")
    verified(city, DISTRICT)
    verified(city, STREET)


def test_a_flapping_line_applies_nothing_twice(cut_city):
    city, proxy = cut_city
    connected(city, DISTRICT, STREET)
    street = city.who(STREET, "duty-officer")
    wanted = {}
    for number in range(1, 61):
        wanted[str(number)] = street.post("/incidents", report(number, "flap"))["id"]
        if number % 6 == 0:
            proxy.cut()
            time.sleep(0.05)
            proxy.mend()
    district = city.who(DISTRICT, "duty-officer")
    found = eventually(lambda: (lambda known: known if set(wanted) <= set(known) else None)(
        filed_by_external_id(district, "flap")), "all cases", 90)
    assert found == {number: [thing] for number, thing in wanted.items()}
    for thing in list(wanted.values())[::10]:
        events = [entry["event"] for entry in
                  district.get(f"/incidents/{thing}/timeline")["items"]]
        assert len(events) == len(set(events))


def test_a_parent_that_was_away_catches_up(make_city):
    city = make_city(CITY.id, DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    city.servers[DISTRICT.id].stop()
    street = city.who(STREET, "duty-officer")
    wanted = {str(number): street.post("/incidents", report(number, "away"))["id"]
              for number in range(1, 51)}
    # The street goes on alone: it commands its own ground.
    thing = wanted["1"]
    record = street.get(f"/incidents/{thing}")
    if record["stage"] == "intake":
        street.post(f"/incidents/{thing}/confirm", {"onSite": True})
    city.who(STREET, "dispatcher").post(
        f"/incidents/{thing}/dispatch", {"organisation": "wangge"})
    city.servers[DISTRICT.id].start()
    officer = city.who(CITY, "duty-officer")
    eventually(lambda: set(wanted) <= set(filed_by_external_id(officer, "away")),
               "all cases at the city, through the district that was away", 60)
    eventually(lambda: officer.get(f"/incidents/{thing}")["stage"] == "dispatch",
               "the stage that it reached meanwhile")


def test_of_two_twins_one_is_let_in(make_city):
    """A copied data folder is two nodes with one certificate."""
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    original = city.servers[STREET.id]
    original.stop()
    http, link = free_ports(2)
    folder = city.folder / "twin"
    shutil.copytree(original.data, folder)
    config = city.folder / "twin.yaml"
    old = original.config.read_text()
    config.write_text(old.replace(f"data: {original.data}", f"data: {folder}").replace(
        f"port: {original.http}", f"port: {http}").replace(f"{original.link}", f"{link}"))
    twin = Server(original.program, config, folder, "twin")
    try:
        original.start()
        connected(city, DISTRICT, STREET)
        twin.start()
        from client import Client
        beside = Client(twin.http)
        password = city.secrets["nodes"][STREET.id]["people"]["guanliyuan"]["password"]
        beside.log_in("guanliyuan", password)
        both = 0
        limit = time.monotonic() + 12
        while time.monotonic() < limit:
            a = link_state(city, STREET, DISTRICT) == "connected"
            b = any(link["node"] == DISTRICT.id and link["state"] == "connected"
                    for link in beside.items("/links"))
            # Two looks at two nodes are not one look: only what lasts counts.
            both = both + 1 if a and b else 0
            assert both < 15, "both twins are connected"
            time.sleep(0.2)
        links = city.session(DISTRICT, "guanliyuan").items("/links")
        alarm = next(link for link in links if link["node"] == STREET.id)["alarm"]
        assert alarm["kind"] == "twin"
        warning = city.who(DISTRICT, "duty-officer").get(f"/warnings/{alarm['warning']}")
        assert warning["stage"] == "raised" and warning["grade"] == "orange"
        turned_away = [link.get("trouble", {}).get("code") for client in (
            city.session(STREET, "guanliyuan"), beside) for link in client.items("/links")]
        assert "twin" in turned_away
    finally:
        twin.stop()
    connected(city, DISTRICT, STREET, 60)


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("offset", ["+3600s", "-3600s"])
def test_a_clock_an_hour_off_does_not_spread(make_city, offset):
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    server = city.servers[STREET.id]
    server.stop()
    city.sessions.pop((STREET.id, "jie-zhiban"), None)
    server.start(prefix=["faketime", "-f", offset],
                 extra={"FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    connected(city, DISTRICT, STREET, 60)
    street = city.who(STREET, "duty-officer")
    made = street.post("/incidents", report(1, "skew"))
    district = city.who(DISTRICT, "duty-officer")
    eventually(lambda: district.get(f"/incidents/{made['id']}"), "the case with the wrong clock")
    own = district.post("/incidents", {**report(2, "skew"), "jurisdiction": DISTRICT.code})
    here = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 120))
    past = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 120))
    assert past <= own["updated"][:16] <= here, "our stamps followed the wrong clock"
    hops = [hop for entry in district.get(f"/incidents/{made['id']}/timeline")["items"]
            for hop in entry["hops"]]
    measured = [hop["delay"] for hop in hops if "delay" in hop]
    assert all(abs(delay) < 60_000_000 for delay in measured), "the offset counts as delay"
    verified(city, DISTRICT)
