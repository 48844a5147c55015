"""A hundred children on one parent: real processes, real connections."""

from __future__ import annotations

import concurrent.futures
import time

from client import Client
from rig import (ADMINISTRATOR, DISTRICT, Node, Outcome, Rig, compare, pss_megabytes,
                 processor_seconds, until)


def street(number: int) -> Node:
    return Node(f"street-{number:03d}", f"street-{number:03d}", "street", f"339102{number:03d}",
                f"街道{number}", f"Street {number}", DISTRICT.id)


def run(rig: Rig) -> Outcome:
    count, each = (8, 5) if rig.quick else (100, 20)
    streets = [street(number) for number in range(1, count + 1)]
    rig.say(f"{count} children are initialised, joined and started")
    begun = time.monotonic()
    city = rig.city([DISTRICT, *streets])
    parent = city.servers[DISTRICT.id]

    def live() -> int:
        return sum(1 for link in city.session(DISTRICT, ADMINISTRATOR).items("/links")
                   if link["state"] == "connected")

    until(lambda: live() == count, f"{count} links", 120)
    rig.say(f"{count} links stand after {time.monotonic() - begun:.0f} s")
    idle = 5 if rig.quick else 20
    used, children = processor_seconds(parent), children_seconds(city, streets)
    time.sleep(idle)
    quiet = (processor_seconds(parent) - used) / idle * 100
    child_quiet = (children_seconds(city, streets) - children) / idle / count * 100
    used, begun = processor_seconds(parent), time.monotonic()

    def work(node: Node) -> list[str]:
        officer: Client = city.officer(node)
        return [officer.post("/incidents", {
            "title": f"积水 {number}", "classCode": "E0403", "grade": "yellow",
            "jurisdiction": node.code, "source": "bench", "externalId": f"{node.id}-{number}",
        })["id"] for number in range(each)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        wanted = [thing for made in pool.map(work, streets) for thing in made]
    filed = time.monotonic() - begun
    officer = city.officer(DISTRICT)

    def arrived() -> set[str]:
        return {item["id"] for item in officer.items("/incidents", source="bench", limit=200)}

    until(lambda: arrived() >= set(wanted), "every case at the parent", 120, pause=0.5)
    seconds = time.monotonic() - begun
    busy = (processor_seconds(parent) - used) / seconds * 100
    compared = [compare(city.servers[node.id], parent, "inc")
                for node in streets]
    outcome = Outcome()
    outcome.at_least(count, "links", "children connected to one parent", live())
    outcome.at_least(len(wanted), "cases", "cases of all of them at the parent",
                     len(arrived() & set(wanted)))
    outcome.at_most(0, "events", "lost, twice or out of order",
                    sum(found.lost + found.twice + found.disordered for found in compared))
    outcome.note("parent's memory (Pss)", pss_megabytes(parent), "MB")
    outcome.note("parent's processor, nothing happening", quiet, "%")
    outcome.note("a child's processor, nothing happening", child_quiet, "%")
    outcome.note("parent's processor, cases coming in", busy, "%")
    outcome.note("cases filed at the children", len(wanted) / filed, "cases/s")
    outcome.note("first case filed to the last at the parent", seconds, "s")
    return outcome


def children_seconds(city, streets: list[Node]) -> float:
    return sum(processor_seconds(city.servers[node.id]) for node in streets)
