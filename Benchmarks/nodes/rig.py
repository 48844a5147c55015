"""Cities of real processes for the rows over several nodes, made with what script/demo is made of.

A row is a file beside this one with a function `run(rig) -> Outcome`. `main.py` runs one and prints
what came of it as JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sqlite3
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script" / "demo.d"))
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))
sys.dont_write_bytecode = True

import layout  # noqa: E402
from city import ADMINISTRATOR, City  # noqa: E402
from client import Client, Refused, Unreachable  # noqa: E402
from layout import Node  # noqa: E402
from pack import Pack  # noqa: E402
from processes import Program, Server, free_ports  # noqa: E402,F401

CITY = Node("linjiang", "city", "city", "3391", "临江市", "Linjiang City")
DISTRICT = Node("jiangbei", "district-1", "district", "339102", "江北区", "Jiangbei District",
                "linjiang")
STREET = Node("qingtan", "street-1", "street", "339102001", "清潭街道", "Qingtan Street", "jiangbei")

# Orange climbs to the city by the standard release policy, and files a case. What `flow` steps
# through raises no case: one reading over a step is one event.
RULES = """
rules:
  - id: bench-level
    name: {zh: 水位, en: Level}
    property: waterLevel
    devices: {kinds: [bench-gauge]}
    kind: threshold
    direction: above
    steps:
      - {grade: yellow, raise: 1, clear: 0.5}
      - {grade: orange, raise: 2, clear: 1.5}
    message: {zh: "{device}{value}", en: "{device} {value}"}
    incident: {from: orange, class: E0404, level: district}
  - id: bench-flow
    name: {zh: 流量, en: Flow}
    property: flow
    devices: {kinds: [bench-gauge]}
    kind: threshold
    direction: above
    steps:
      - {grade: yellow, raise: 1, clear: 0.5}
      - {grade: orange, raise: 2, clear: 1.5}
    message: {zh: "{device}{value}", en: "{device} {value}"}
"""


@dataclasses.dataclass
class Check:
    """A figure beside its limit."""
    what: str
    figure: float
    unit: str
    bound: str  # atLeast or atMost
    limit: float


@dataclasses.dataclass
class Outcome:
    """What came of a row: what is judged, and what explains it."""
    checks: list[Check] = dataclasses.field(default_factory=list)
    detail: list[tuple[str, float, str]] = dataclasses.field(default_factory=list)

    def at_least(self, limit: float, unit: str, what: str, figure: float) -> None:
        self.checks.append(Check(what, figure, unit, "atLeast", limit))

    def at_most(self, limit: float, unit: str, what: str, figure: float) -> None:
        self.checks.append(Check(what, figure, unit, "atMost", limit))

    def note(self, what: str, value: float, unit: str) -> None:
        self.detail.append((what, value, unit))

    def json(self) -> str:
        return json.dumps({
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "detail": [dict(zip(("what", "value", "unit"), each)) for each in self.detail]})


class BenchPack(Pack):
    """The demo's areas, classes and limits with rules of our own."""

    def __init__(self) -> None:
        super().__init__(ROOT / "packs/storm")
        self.texts["rules.yaml"] = RULES
        self.texts["pack.yaml"] = (
            "name: bench\nversion: 1\ntitle: {zh: 测量, en: Measurement}\n")


class BenchCity(City):
    """Nodes with an administrator, a duty officer and, at streets, gauges and a gateway."""

    gauges = 0

    def people(self, node: Node, one_time: str) -> None:
        entry = self.secrets["nodes"].setdefault(node.id, {"people": {}})
        admin = self.enter(node, ADMINISTRATOR, one_time, "administrator", "管理员")
        own = admin.get("/me")["organisation"]
        admin.post("/packs", self.pack.body())
        made = admin.post("/users", {
            "login": "zhiban", "displayName": "值班员", "language": "zh-CN", "organisation": own,
            "jurisdiction": node.code, "grants": [
                {"role": "duty-officer", "organisation": own, "jurisdiction": node.code,
                 "maximumDataClass": "personal"}]})
        self.enter(node, "zhiban", made["password"], "duty-officer", "值班员")
        if node.level != "street" or not self.gauges:
            return
        place = next(each["place"] for each in self.pack.devices if each["street"] == node.code)
        for number in range(self.gauges):
            admin.post("/devices", {
                "id": gauge(number).removeprefix("dev_"), "kind": "bench-gauge",
                "name": {"zh": f"水尺{number}", "en": f"Gauge {number}"}, "place": place,
                "properties": [{"name": name, "unit": "m", "minimum": 0, "maximum": 9}
                               for name in ("waterLevel", "flow")],
                "staleAfter": 3600, "source": "bench", "externalId": gauge(number)})
        entry["token"] = admin.post("/tokens", {
            "kind": "dev", "principal": f"gateway-{node.id}", "name": "网关",
            "scopes": ["write-readings"], "jurisdiction": node.code, "organisation": own,
            "grants": [{"role": "device", "organisation": own, "jurisdiction": node.code,
                        "maximumDataClass": "work"}]})["text"]

    def join(self, node: Node, *arguments, **options) -> None:
        # A port takes 30 joins a minute from one address.
        if len(self.nodes) > 25:
            time.sleep(2.05)
        super().join(node, *arguments, **options)

    def session(self, node: Node, login: str) -> Client:
        client = super().session(node, login)
        # A node under full load may take its time; a row is bounded by what it waits for.
        client.timeout = 120
        return client

    def officer(self, node: Node) -> Client:
        return self.session(node, "zhiban")

    def link(self, at: Node, to: Node) -> dict:
        return next(link for link in self.session(at, ADMINISTRATOR).items("/links")
                    if link["node"] == to.id)

    def connected(self, at: Node, to: Node, timeout: float = 60) -> None:
        until(lambda: self.link(at, to)["state"] == "connected", f"link {at.id}-{to.id}", timeout)

    def verified(self, node: Node) -> int:
        """Verifies a running node's journal by API. How many events it holds."""
        answer = self.session(node, ADMINISTRATOR).post("/journal/verify")
        if answer["findings"]:
            raise RuntimeError(f"journal of {node.id}: {answer['findings'][:3]}")
        return answer["events"]


def gauge(number: int) -> str:
    return f"dev_gauge-{number:05d}"


def until(look, what: str, timeout: float, pause: float = 0.1):
    """Asks until something is there."""
    limit = time.monotonic() + timeout
    last: object = "it never showed"
    while time.monotonic() < limit:
        try:
            found = look()
            if found is not None and found is not False:
                return found
        except (Refused, Unreachable, KeyError, StopIteration) as error:
            last = error
        time.sleep(pause)
    raise RuntimeError(f"{what}: {last} after {timeout:.0f} s")


class Rig:
    """What every row is given."""

    def __init__(self, binary: str, folder: pathlib.Path, quick: bool):
        self.program, self.folder, self.quick = Program(binary), folder, quick
        self.cities: list[BenchCity] = []

    def say(self, text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)

    def city(self, nodes: list[Node], gauges: int = 0,
             advertised: dict[str, int] | None = None, ports: list[int] | None = None,
             set_up: bool = True) -> BenchCity:
        """Real processes with these nodes, linked by invitations, in a folder of their own."""
        for node in nodes:
            layout.BY_ID[node.id] = node
        ports = ports or free_ports(2 * len(nodes))
        folder = self.folder / f"city-{len(self.cities)}"
        city = BenchCity(
            self.program, folder, list(zip(ports[::2], ports[1::2])), BenchPack(), self.say,
            password_cost=10, nodes=nodes, advertised=advertised)
        city.gauges = gauges
        self.cities.append(city)
        if set_up:
            city.set_up()
        return city

    def close(self) -> None:
        for city in self.cities:
            city.stop()


# MARK: - What a journal holds

@dataclasses.dataclass(frozen=True)
class Event:
    id: tuple[str, str, int]
    thing: str
    version: int
    hash: bytes


def journal(server: Server, kind: str, writer: str) -> list[Event]:
    """What `writer` wrote of things of a kind, in the local order of `server`, read from its file
    beside the running node."""
    with sqlite3.connect(f"file:{server.data}/node.sqlite?mode=ro", uri=True) as file:
        return [Event((node, epoch, seq), thing, version, bytes(digest))
                for node, epoch, seq, thing, version, digest in file.execute(
                    "SELECT l.node, l.epoch, e.seq, e.thing, e.version, e.hash FROM event e "
                    "JOIN life l ON l.id = e.life WHERE l.node = ? AND substr(e.thing, 1, 3) = ? "
                    "ORDER BY e.position", (writer, kind))]


def folded(server: Server, kind: str) -> dict[str, int]:
    """Up to which version each thing was applied."""
    with sqlite3.connect(f"file:{server.data}/node.sqlite?mode=ro", uri=True) as file:
        return dict(file.execute("SELECT id, version FROM thing WHERE kind = ?", (kind,)))


@dataclasses.dataclass
class Comparison:
    """Of what one end wrote with what the other end has of it."""
    events: int
    lost: int
    twice: int
    disordered: int
    changed: int


def compare(writer: Server, reader: Server, kind: str = "wrn", node: str | None = None
            ) -> Comparison:
    """What `node` (the writer itself unless named) wrote, at both ends."""
    node = node or writer.name
    sent, got = journal(writer, kind, node), journal(reader, kind, node)
    by_id = {event.id: event for event in sent}
    seen: set[tuple[str, str, int]] = set()
    versions: dict[str, int] = {}
    twice = disordered = changed = 0
    for event in got:
        twice += event.id in seen
        seen.add(event.id)
        # In the order of its versions, one after the other: neither a gap nor a step back.
        disordered += event.version != versions.get(event.thing, 0) + 1
        versions[event.thing] = event.version
        known = by_id.get(event.id)
        changed += known is not None and known.hash != event.hash
    applied = folded(reader, kind)
    twice += sum(1 for thing, version in versions.items() if applied.get(thing, 0) > version)
    lost = len(by_id.keys() - seen)
    lost += sum(1 for thing, version in versions.items() if applied.get(thing, 0) < version)
    return Comparison(len(sent), lost, twice, disordered, changed)


# MARK: - What a process costs

def processor_seconds(server: Server) -> float:
    text = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text()
    fields = text[text.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pss_megabytes(server: Server) -> float:
    text = pathlib.Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines()
                    if line.startswith("Pss:")).split()[1]) * 1024 / 1e6


def quantile(values: list[float], share: float) -> float:
    """The value below which that share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
