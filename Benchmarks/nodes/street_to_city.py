"""A reading on a street until its warning and its case are on the city's event stream."""

from __future__ import annotations

import random
import threading
import time

import readings
from client import EventStream
from rig import CITY, DISTRICT, STREET, Outcome, Rig, gauge, quantile, until

RATE = 2_000
TICK = 0.005


def run(rig: Rig) -> Outcome:
    warnings, seconds = (60, 8) if rig.quick else (600, 40)
    city = rig.city([CITY, DISTRICT, STREET], gauges=1_000)
    city.connected(CITY, DISTRICT)
    city.connected(DISTRICT, STREET)
    listener = Listener(EventStream(city.officer(CITY)))
    listener.start()
    rng = random.Random(20261121)
    count = RATE * seconds
    # Gauges speak in turn. Those that were drawn rise at one of their turns, spread over the whole
    # run but its very beginning, and stay up.
    turns = count // 1_000
    chosen = {device: rng.randrange(max(1, turns // 20), turns) * 1_000 + device
              for device in rng.sample(range(1_000), warnings)}
    begin, wall = time.monotonic() + 3, time.time() + 3
    due = {device: begin + number / RATE for device, number in chosen.items()}
    plan, rows = [], []
    per_tick = int(RATE * TICK)
    for number in range(count):
        device = number % 1_000
        value = 2.5 if number >= chosen.get(device, count) else 0.1
        rows.append(f'{{"device":"{gauge(device)}","property":"waterLevel","value":{value},'
                    f'"time":"{readings.stamp(wall + number / RATE)}"}}')
        if len(rows) == per_tick:
            plan.append((begin + number / RATE, f"[{','.join(rows)}]".encode()))
            rows = []
    sender = readings.Sender(city.servers[STREET.id].http, city.secrets["nodes"][STREET.id]["token"])
    rig.say(f"{RATE} readings/s for {seconds} s, {len(chosen)} warnings, open loop")
    sender.run(plan)
    until(lambda: listener.cases >= len(chosen), "every case on the city's stream", 60)
    listener.stream.close()
    officer = city.officer(STREET)
    raised = {item["subject"]: item for item in officer.items(
        "/warnings", rule="bench-level", limit=200)}
    both, first, case = [], [], []
    for device, when in due.items():
        warning = raised[gauge(device)]["id"]
        filed = officer.get(f"/warnings/{warning}")["state"]["incident"]
        first.append((listener.seen[warning] - when) * 1000)
        case.append((listener.seen[filed] - when) * 1000)
        both.append(max(first[-1], case[-1]))
    durable = [(answered - when) * 1000 for when, answered in sender.answers]
    outcome = Outcome()
    outcome.at_least(warnings if rig.quick else 500, "warnings", "warnings with a case", len(both))
    outcome.at_most(60, "ms", "reading due to warning and case on the city's stream, median",
                    quantile(both, 0.5))
    outcome.at_most(250, "ms", "the same, 99th percentile", quantile(both, 0.99))
    outcome.note("rate", len(sender.answers) * per_tick / seconds, "readings/s")
    outcome.note("warning alone, median", quantile(first, 0.5), "ms")
    outcome.note("warning alone, p99", quantile(first, 0.99), "ms")
    outcome.note("case alone, median", quantile(case, 0.5), "ms")
    outcome.note("largest", max(both), "ms")
    outcome.note("request due to durable answer, median", quantile(durable, 0.5), "ms")
    outcome.note("request due to durable answer, p99", quantile(durable, 0.99), "ms")
    return outcome


class Listener(threading.Thread):
    """When each thing was first on the stream."""

    def __init__(self, stream: EventStream):
        super().__init__(daemon=True)
        self.stream, self.seen, self.cases = stream, {}, 0

    def run(self) -> None:
        try:
            while True:
                kind, data = self.stream.next(120)
                now = time.monotonic()
                if kind not in ("warning.raised", "incident.filed"):
                    continue
                thing = data.split('"thing":"', 1)[1].split('"', 1)[0]
                if self.seen.setdefault(thing, now) == now and kind == "incident.filed":
                    self.cases += 1
        except (TimeoutError, ValueError, OSError, AttributeError):
            pass
