"""kill -9 of parent and child under load, in seeded rounds."""

from __future__ import annotations

import random
import threading
import time

from client import Client, Refused, Unreachable
from rig import CITY, DISTRICT, STREET, Outcome, Rig, compare, until


class Filing(threading.Thread):
    """Files cases as fast as it is answered, and keeps the ids that were acknowledged. Goes on
    through a node that is away."""

    def __init__(self, city):
        super().__init__(daemon=True)
        self.city, self.acknowledged, self.number = city, {}, 0
        self.client = city.officer(STREET)
        self.client.timeout = 5
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.is_set():
            self.number += 1
            try:
                made = self.client.post("/incidents", {
                    "title": f"积水 {self.number}", "classCode": "E0403", "grade": "orange",
                    "jurisdiction": STREET.code, "source": "kill",
                    "externalId": str(self.number)})
                self.acknowledged[str(self.number)] = made["id"]
            except (Refused, Unreachable):
                self.client.close()
                time.sleep(0.02)

    def finish(self) -> None:
        self.ending.set()
        self.join(30)


def run(rig: Rig) -> Outcome:
    kills = 6 if rig.quick else 60
    city = rig.city([CITY, DISTRICT, STREET])
    city.connected(CITY, DISTRICT)
    city.connected(DISTRICT, STREET)
    rng = random.Random(20261122)
    filing = Filing(city)
    filing.start()
    rig.say(f"{kills} kills over three nodes, cases being filed meanwhile")
    for _ in range(kills):
        node = rng.choices([STREET, DISTRICT, CITY], [4, 4, 2])[0]
        time.sleep(rng.uniform(0.02, 0.5))
        city.servers[node.id].kill()
        city.servers[node.id].start()
    filing.finish()
    city.sessions.clear()
    lost = twice = 0
    wanted = filing.acknowledged
    for node in (STREET, DISTRICT, CITY):
        officer = city.officer(node)

        def known(officer: Client = officer) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for item in officer.items("/incidents", source="kill", limit=200):
                found.setdefault(item["externalId"], []).append(item["id"])
            return found

        # A case that was filed but not acknowledged may be there as well; none may be twice.
        try:
            until(lambda known=known: set(wanted) <= set(known()), "acknowledged cases", 60, 0.5)
        except RuntimeError:
            pass
        found = known()
        lost += sum(1 for number, thing in wanted.items() if thing not in found.get(number, []))
        twice += sum(len(things) - 1 for things in found.values())
    until(lambda: all(link["backlogOut"] == 0 for at in (STREET, DISTRICT)
                      for link in city.session(at, "guanliyuan").items("/links")), "no backlog", 60)
    ends = [compare(city.servers[low.id], city.servers[high.id], "inc", STREET.id)
            for low, high in ((STREET, DISTRICT), (DISTRICT, CITY))]
    for node in (STREET, DISTRICT, CITY):
        city.verified(node)
    outcome = Outcome()
    outcome.at_least(kills, "kills", "kill -9 of three nodes, at seeded moments", kills)
    outcome.at_most(0, "cases", "acknowledged and lost, anywhere", lost)
    outcome.at_most(0, "cases", "there twice", twice)
    outcome.at_most(0, "events", "lost or applied twice between the journals",
                    sum(found.lost + found.twice + found.changed for found in ends))
    outcome.at_most(0, "events", "out of order in their thing",
                    sum(found.disordered for found in ends))
    outcome.note("cases acknowledged", len(wanted), "cases")
    outcome.note("events compared", sum(found.events for found in ends), "events")
    return outcome
