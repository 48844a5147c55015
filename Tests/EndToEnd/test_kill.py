"""kill -9 under load: what was acknowledged is there, once, here and above."""

from __future__ import annotations

import os
import random
import time

import crash
from support import (CITY, DISTRICT, STREET, Load, connected, eventually, filed_by_external_id,
                     normal, readings_of, verified)

# Of the whole run, those at crash points among them. At least forty are made here.
KILLS = int(os.environ.get("E2E_KILLS", "100"))


def test_kills_lose_nothing_that_was_acknowledged(make_city):
    """Seeded kills over three nodes. The load runs on, whoever is away."""
    city = make_city(CITY.id, DISTRICT.id, STREET.id)
    connected(city, CITY, DISTRICT)
    connected(city, DISTRICT, STREET)
    rng = random.Random(20260618)
    load = Load(city, STREET, "kills")
    load.start()
    limit = time.monotonic() + 330
    wanted = max(min(KILLS, 40), KILLS - len(crash.made))
    kills = 0
    while kills < wanted and time.monotonic() < limit:
        # The street answers the load, so most kills are its.
        node = rng.choices([STREET, DISTRICT, CITY], [6, 3, 1])[0]
        time.sleep(rng.uniform(0.02, 0.5))
        server = city.servers[node.id]
        server.kill()
        kills += 1
        server.start()
    load.finish()
    assert kills == wanted, f"only {kills} of {wanted} kills fitted into the time"
    assert len(load.cases) > kills / 2, "the load hardly came through"
    city.sessions.clear()
    connected(city, CITY, DISTRICT, 60)
    connected(city, DISTRICT, STREET, 60)
    for node in (STREET, DISTRICT, CITY):
        officer = city.who(node, "duty-officer")
        found = eventually(
            lambda officer=officer: (lambda known: known if set(load.cases) <= set(known)
                                     else None)(filed_by_external_id(officer, "kills")),
            f"every acknowledged case at {node.id}", 90)
        for external, thing in load.cases.items():
            assert found[external] == [thing], f"case {external} at {node.id}: {found[external]}"
    stored = readings_of(
        city.who(STREET, "viewer"), load.device, min(load.readings), max(load.readings))
    lost = [when for when, value in load.readings.items() if stored.get(normal(when)) != value]
    assert lost == [], f"{len(lost)} of {len(load.readings)} acknowledged readings are lost"
    for node in (STREET, DISTRICT, CITY):
        assert verified(city, node) > 0
    print(f"{kills} kills, {len(load.cases)} cases, {len(load.readings)} readings: all there")

