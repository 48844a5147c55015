"""What the acts of the scenario share: who plays where, and how things are found."""

from __future__ import annotations

import dataclasses
import random
import typing

import storm
from city import City
from client import Client, Refused
from layout import BY_ID, NODES, Node
from steps import Steps


@dataclasses.dataclass
class Play:
    """One performance. The seed has chosen its places, devices, values and order."""

    city: City
    steps: Steps
    rng: random.Random
    shape: storm.Shape
    street: Node  # where the storm is worst
    district: Node  # of that street
    other: Node  # a street that must learn nothing of it
    gauges: dict[str, list[storm.Gauge]]  # by street
    flooded: storm.Gauge  # road under water: orange, files a case
    river: storm.Gauge  # red, files a case
    first: typing.Any = None  # time of the first reading
    warnings: dict[str, str] = dataclasses.field(default_factory=dict)
    case: str = ""
    river_case: str = ""
    order: str = ""
    tasks: dict[str, str] = dataclasses.field(default_factory=dict)  # of the order, by node

    @property
    def top(self) -> Node:
        return BY_ID["linjiang"]

    @property
    def bureau(self) -> Node:
        return BY_ID["shuiwu"]

    @property
    def streets(self) -> list[Node]:
        return [node for node in NODES if node.level == "street"]

    def who(self, node: Node, role: str) -> Client:
        return self.city.who(node, role)

    def incident(self, node: Node, role: str, thing: str) -> dict:
        return self.who(node, role).get(f"/incidents/{thing}")

    def do(self, step: str, node: Node, role: str, path: str, body: dict | None = None) -> dict:
        return self.steps.act(
            step, node.title, lambda: self.who(node, role).post(path, body or {}))

    def upload(self, step: str, node: Node, role: str, kind: str, thing: str, name: str,
               data: bytes) -> dict:
        return self.steps.act(step, node.title, lambda: self.who(node, role).request(
            "PUT", f"/{kind}/{thing}/evidence", raw=data, media="image/png",
            query={"name": name, "phase": "after"}))


def hidden(client: Client, path: str) -> bool:
    """True when what lies there does not exist for the asker."""
    try:
        client.get(path)
    except Refused as refusal:
        return refusal.status in (403, 404)
    return False


def prepare(city: City, steps: Steps, seed: int, shape: storm.Shape) -> Play:
    """Casts the parts. The same seed gives the same cast."""
    rng = random.Random(seed)
    streets = [node for node in NODES if node.level == "street"]
    street = rng.choice(streets)
    other = rng.choice([node for node in streets if node.id != street.id])
    gauges: dict[str, list[storm.Gauge]] = {}
    for node in streets:
        mine: list[storm.Gauge] = []
        by_kind: dict[str, list[dict]] = {}
        for device in city.pack.street_devices(node.code):
            by_kind.setdefault(device["kind"], []).append(device)
        for kind in sorted(storm.PEAKS):
            devices = by_kind.get(kind, [])
            rng.shuffle(devices)
            grades = grades_of(kind, node.id == street.id, rng)
            for device, grade in zip(devices, grades + [None] * len(devices)):
                mine.append(storm.gauge(device, grade, rng))
        rng.shuffle(mine)
        gauges[node.id] = mine
    worst = gauges[street.id]
    flooded = next(g for g in worst if g.rule == "road-flooding" and g.grade == "orange")
    river = next(g for g in worst if g.rule == "river-level")
    return Play(city, steps, rng, shape, street, BY_ID[street.parent or ""], other, gauges,
                flooded, river)


def grades_of(kind: str, is_worst: bool, rng: random.Random) -> list[str | None]:
    """How bad it gets at the gauges of one kind: everywhere it rains, in one street it floods."""
    if is_worst:
        return {"road-gauge": ["orange"] + ["yellow"] * rng.randint(1, 3),
                "river-gauge": ["red"], "rain-gauge": ["yellow"] * rng.randint(1, 3),
                "flow-meter": ["yellow"]}[kind]
    return ["yellow"] if kind == "rain-gauge" else []
