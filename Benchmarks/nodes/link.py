"""The journal over one link: steady, catching up after a real cut, and what the cut did to it."""

from __future__ import annotations

import threading
import time

import readings
from client import Client
from proxy import Proxy
from rig import (ADMINISTRATOR, DISTRICT, STREET, BenchCity, Outcome, Rig, compare, free_ports, gauge,
                 processor_seconds, until)

GAUGES = 1_000
BATCH = 500
# What a warning goes through: it is raised, steps up, steps down, ends.
LIFE = [1.2, 2.5, 1.2, 0.1]


class Load:
    """Readings each of which makes one event: every gauge goes through the life of a warning."""

    def __init__(self, city: BenchCity):
        self.city, self.round = city, 0
        self.base = time.time() - 20_000

    def bodies(self, events: int) -> list[bytes]:
        out = []
        for _ in range(events // GAUGES):
            value, when = LIFE[self.round % len(LIFE)], readings.stamp(self.base + self.round)
            self.round += 1
            rows = [f'{{"device":"{gauge(number)}","property":"flow","value":{value},'
                    f'"time":"{when}"}}' for number in range(GAUGES)]
            out += [f"[{','.join(rows[at:at + BATCH])}]".encode() for at in range(0, GAUGES, BATCH)]
        return out

    def send(self, events: int, rate: float) -> None:
        """Open loop at `rate` events/s. One connection: gauges speak in the order of time."""
        begin = time.monotonic() + 0.5
        plan = [(begin + index * BATCH / rate, body)
                for index, body in enumerate(self.bodies(events))]
        readings.Sender(self.city.servers[STREET.id].http,
                        self.city.secrets["nodes"][STREET.id]["token"], connections=1).run(plan)


class Watch(threading.Thread):
    """How far each end says that it is, several times a second."""

    def __init__(self, city: BenchCity):
        super().__init__(daemon=True)
        self.ending = threading.Event()
        # A session of its own: a client serves one thread.
        self.client = Client(city.port(STREET), timeout=120)
        people = city.secrets["nodes"][STREET.id]["people"]
        self.client.log_in(ADMINISTRATOR, people[ADMINISTRATOR]["password"])
        self.samples: list[tuple[float, int, int]] = []  # when, released, acknowledged

    def run(self) -> None:
        while not self.ending.is_set():
            link = next(link for link in self.client.items("/links")
                        if link["node"] == DISTRICT.id)
            self.samples.append((time.monotonic(), link["released"], link["acknowledged"]))
            time.sleep(0.2)

    def finish(self) -> list[tuple[float, int, int]]:
        self.ending.set()
        self.join(60)
        return self.samples


def drained(city: BenchCity, events: int, timeout: float) -> None:
    until(lambda: (lambda link: link["released"] >= events
                   and link["acknowledged"] == link["released"])(city.link(STREET, DISTRICT)),
          "everything acknowledged", timeout)


def rate_between(samples: list[tuple[float, int, int]], low: float, high: float) -> float:
    """Events acknowledged a second, from the first sample above `low` of the whole way to the first
    above `high`: neither the start nor the tail."""
    first, last = samples[0][2], samples[-1][2]
    way = last - first
    begin = next(each for each in samples if each[2] - first > low * way)
    end = next(each for each in samples if each[2] - first >= high * way)
    return (end[2] - begin[2]) / max(1e-9, end[0] - begin[0])


def run(rig: Rig) -> Outcome:
    quick = rig.quick
    ports = free_ports(4)
    proxy = Proxy(ports[1])
    try:
        city = rig.city([DISTRICT, STREET], GAUGES, {DISTRICT.id: proxy.port}, ports)
        city.connected(DISTRICT, STREET)
        outcome = Outcome()
        load = Load(city)
        parent, child = city.servers[DISTRICT.id], city.servers[STREET.id]
        # Warm-up: every gauge once through the life of a warning.
        load.send(4 * GAUGES, 4_000)
        drained(city, 4 * GAUGES, 120)
        steady(city, load, outcome, rig, 8_000 if quick else 120_000)
        cut(city, load, outcome, rig, proxy, 4_000 if quick else 20_000, 2 if quick else 30)
        catching_up(city, load, outcome, rig, 8_000 if quick else 80_000)
        found = compare(child, parent)
        rig.say(f"{found.events} events compared")
        outcome.at_most(0, "events", "lost, cut included", found.lost + found.changed)
        outcome.at_most(0, "events", "applied twice", found.twice)
        outcome.at_most(0, "events", "out of order in their thing", found.disordered)
        outcome.note("events compared, end with end", found.events, "events")
        outcome.note("own chain of the parent, verified", city.verified(DISTRICT), "events")
        outcome.note("own chain of the child, verified", city.verified(STREET), "events")
        return outcome
    finally:
        proxy.close()


def steady(city: BenchCity, load: Load, outcome: Outcome, rig: Rig, events: int) -> None:
    offered = 6_000
    rig.say(f"steady: {events} events offered at {offered}/s")
    parent, child = city.servers[DISTRICT.id], city.servers[STREET.id]
    before = city.link(STREET, DISTRICT)["acknowledged"]
    used = processor_seconds(parent), processor_seconds(child)
    begun = time.monotonic()
    load.send(events, offered)
    sent = time.monotonic() - begun
    waiting = (lambda link: before + events - link["acknowledged"])(city.link(STREET, DISTRICT))
    drained(city, before + events, 300)
    took = time.monotonic() - begun
    # From the first reading until the parent had acknowledged the last event.
    outcome.at_least(5_000, "events/s", "journal over one link, steady", events / took)
    outcome.note("steady: readings answered after", sent, "s")
    outcome.note("steady: events not acknowledged then", waiting, "events")
    outcome.note("steady: parent's processor time",
                 (processor_seconds(parent) - used[0]) / events * 1e6, "µs/event")
    outcome.note("steady: child's processor time",
                 (processor_seconds(child) - used[1]) / events * 1e6, "µs/event")


def fill(city: BenchCity, load: Load, events: int, rate: float) -> int:
    """Makes events while nobody takes them. How many wait then."""
    before = city.link(STREET, DISTRICT)
    load.send(events, rate)
    until(lambda: city.link(STREET, DISTRICT)["released"] >= before["released"] + events,
          "events released", 300)
    link = city.link(STREET, DISTRICT)
    return link["released"] - link["acknowledged"]


def cut(city: BenchCity, load: Load, outcome: Outcome, rig: Rig, proxy: Proxy, events: int,
        seconds: float) -> None:
    rig.say(f"the line is cut for {seconds} s; {events} events wait")
    proxy.cut()
    begun = time.monotonic()
    waiting = fill(city, load, events, 4_000)
    # The last of a cut is spent waiting, so that it lasts what it should.
    time.sleep(max(0, seconds - (time.monotonic() - begun)))
    lasted = time.monotonic() - begun
    proxy.mend()
    mended = time.monotonic()
    drained(city, 0, 300)
    outcome.at_least(events, "events", "waited at the end of the cut", waiting)
    outcome.note("the cut lasted", lasted, "s")
    outcome.note("mended to everything acknowledged, reconnecting included",
                 time.monotonic() - mended, "s")


def catching_up(city: BenchCity, load: Load, outcome: Outcome, rig: Rig, events: int) -> None:
    rig.say(f"catching up: {events} events wait for a parent that is down")
    parent, child = city.servers[DISTRICT.id], city.servers[STREET.id]
    parent.stop()
    fill(city, load, events, 4_000)
    parent.start()
    watch = Watch(city)
    watch.start()
    used = processor_seconds(parent), processor_seconds(child)
    drained(city, 0, 300)
    samples = watch.finish()
    spent = processor_seconds(parent) - used[0], processor_seconds(child) - used[1]
    outcome.at_least(10_000, "events/s", "journal over one link, catching up",
                     rate_between(samples, 0.02, 1))
    outcome.note("catching up: parent's processor time", spent[0] / events * 1e6, "µs/event")
    outcome.note("catching up: child's processor time", spent[1] / events * 1e6, "µs/event")
    city.connected(DISTRICT, STREET)
    city.sessions.pop((DISTRICT.id, "zhiban"), None)
