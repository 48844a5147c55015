"""What several tests need: waiting, filing, loading, looking into journals."""

from __future__ import annotations

import threading
import time
import typing

from city import City
from client import Client, Refused, Unreachable
from layout import BY_ID, Node

T = typing.TypeVar("T")

CITY, DISTRICT, STREET = BY_ID["linjiang"], BY_ID["jiangbei"], BY_ID["qingtan"]


def eventually(look: typing.Callable[[], T | None], what: str, timeout: float = 30) -> T:
    """Asks until something is there. Fails naming `what`."""
    limit = time.monotonic() + timeout
    last: object = "it never showed"
    while time.monotonic() < limit:
        try:
            found = look()
            if found is not None and found is not False:
                return found
        except (Refused, Unreachable, KeyError, StopIteration) as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"{what}: {last} after {timeout} s")


def report(number: int, source: str = "e2e", grade: str = "yellow") -> dict:
    """A case that is known by its external id, so that a repetition is told from a second one."""
    return {"title": f"路面积水 {number}", "classCode": "E0403", "grade": grade,
            "jurisdiction": STREET.code, "source": source, "externalId": str(number)}


def link_state(city: City, at: Node, to: Node) -> str:
    links = city.session(at, "guanliyuan").items("/links")
    return next(link["state"] for link in links if link["node"] == to.id)


def connected(city: City, at: Node, to: Node, timeout: float = 30) -> None:
    eventually(lambda: link_state(city, at, to) == "connected", f"link {at.id}-{to.id}", timeout)


def verified(city: City, node: Node) -> int:
    """Verifies a running node's journal by API."""
    answer = city.session(node, "guanliyuan").post("/journal/verify")
    assert answer["findings"] == [], answer["findings"][:5]
    return answer["events"]


def filed_by_external_id(client: Client, source: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for item in client.items("/incidents", source=source, limit=200):
        out.setdefault(item["externalId"], []).append(item["id"])
    return out


def stamp(milliseconds: int) -> str:
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{when}.{milliseconds % 1000:03d}Z"


def normal(when: str) -> str:
    """Times are compared to the millisecond, however many zeros are written."""
    body, _, part = when.rstrip("Z").partition(".")
    return f"{body}.{(part + '000')[:3]}"


def readings_of(viewer: Client, device: str, first: str, last: str) -> dict[str, float]:
    """What a node holds of a gauge between two times, both inclusive: time → value."""
    items = viewer.items(f"/devices/{device}/history", property="waterDepth", limit=500,
                         **{"from": f"{normal(first)}Z", "to": f"{normal(last)}9Z"})
    return {normal(item["time"]): item["value"] for item in items}


class Load(threading.Thread):
    """Files cases and sends readings as fast as it is answered, and remembers what was
    acknowledged. Keeps on through refusals and through a node that is away."""

    def __init__(self, city: City, node: Node, source: str):
        super().__init__(daemon=True)
        self.people = Client(city.port(node), timeout=5)
        person = city.secrets["nodes"][node.id]["people"]["jie-zhiban"]
        self.people.log_in("jie-zhiban", person["password"])
        self.gateway = city.gateway(node)
        self.gateway.timeout = 5
        self.source, self.device = source, f"dev_{node.id}-road-1"
        self.cases: dict[str, str] = {}  # acknowledged: external id → id
        self.readings: dict[str, float] = {}  # acknowledged: time → value
        self.number = 0
        self.ending = threading.Event()

    def run(self) -> None:
        base = int(time.time() * 1000) - 3_600_000
        while not self.ending.is_set():
            self.number += 1
            try:
                made = self.people.post("/incidents", report(self.number, self.source))
                self.cases[str(self.number)] = made["id"]
                when = stamp(base + self.number)
                value = (self.number % 10) / 1000
                answer = self.gateway.send_readings([{
                    "device": self.device, "property": "waterDepth", "value": value,
                    "time": when}])
                if answer["accepted"] == 1:
                    self.readings[when] = value
            except (Refused, Unreachable):
                self.people.close()
                self.gateway.close()
                time.sleep(0.02)

    def finish(self) -> None:
        self.ending.set()
        self.join(timeout=30)
        assert not self.is_alive()
