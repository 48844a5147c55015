"""Nodes that die at a named crash point, and what their clients hold against them afterwards.

Debug builds alone have the points; docs/failures.md#crash-points says what each of them promises.
"""

from __future__ import annotations

import random
import secrets
import shutil
import signal
import sqlite3
import tempfile
import time
import typing

from city import City
from client import Client, Refused, Unreachable
from layout import Node
from processes import Server
from support import eventually, filed_by_external_id, normal, readings_of, report, stamp

# Kills of this run so far, in whatever test. test_kill.py makes up the number.
made: list[str] = []


def passage(point: str, seed: int, low: int, high: int) -> int:
    """Which time it dies there. The same seed gives the same number."""
    return random.Random(f"{point} {seed}").randint(low, high)


def arm(server: Server, point: str, number: int = 1, listening: bool = True) -> None:
    """Starts a node anew that dies when it comes by `point` for that time."""
    server.stop()
    server.spawn(extra={"CITYBEACON_CRASH_AT": f"{point}:{number}"})
    if listening:
        server.wait_until_listening()


def dies(server: Server, point: str, drive: typing.Callable[[], object] | None = None,
         timeout: float = 40) -> None:
    """Drives until the process is dead, and makes sure that it died at the point."""
    limit = time.monotonic() + timeout
    last: object = None
    assert server.process is not None
    while server.process.poll() is None:
        assert time.monotonic() < limit, f"{server.name} never came by {point}; last: {last}"
        try:
            if drive is None:
                time.sleep(0.02)
            else:
                last = drive()
        except (Refused, Unreachable) as error:
            last = error
    # Where faketime stands between, it alone hears of the signal.
    assert server.process.returncode == -signal.SIGKILL or is_wrapped(server), server.tail()
    assert f"crash point {point}" in server.tail(30), server.tail()
    made.append(point)


def is_wrapped(server: Server) -> bool:
    return server.process is not None and server.process.args[0] == "faketime"


def command_dies(city: City, point: str, number: int, *arguments: str, stdin: str = "") -> None:
    """Runs a command of the program that dies at the point."""
    done = city.program.try_to_run(
        *arguments, stdin=stdin, extra={"CITYBEACON_CRASH_AT": f"{point}:{number}"})
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert f"crash point {point}" in done.stderr, done.stderr
    made.append(point)


def verified_as_left(city: City) -> None:
    """`citybeacon journal verify` on every folder, once the nodes are stopped."""
    city.stop()
    for node in city.nodes:
        city.program.run("journal", "verify", "--config", str(city.servers[node.id].config))


def journal(server: Server) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{server.data}/node.sqlite?mode=ro", uri=True)


def asked(server: Server, sql: str, *values: object) -> list[tuple]:
    connection = journal(server)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def is_whole(server: Server) -> None:
    """The chain has no gap, nothing stands twice, and everything is signed, as the process left it.

    Verifying all hashes and signatures takes a debug build seconds; that is done once per city.
    Looks at a copy, for whoever opens a store that was left like this tidies it up.
    """
    with tempfile.TemporaryDirectory(prefix="citybeacon-e2e-copy-") as copy:
        for name in ("node.sqlite", "node.sqlite-wal"):
            if (server.data / name).exists():
                shutil.copy(server.data / name, copy)
        _is_whole(sqlite3.connect(f"{copy}/node.sqlite"))


def _is_whole(connection: sqlite3.Connection) -> None:
    try:
        life, head_seq, head = connection.execute(
            "SELECT life.id, seq, hash FROM head JOIN life USING (node, epoch)").fetchone()
        chain = connection.execute(
            "SELECT seq, previous, hash FROM event WHERE life = ? ORDER BY seq", (life,)).fetchall()
        last = bytes(32)
        for number, (seq, previous, digest) in enumerate(chain, 1):
            assert seq == number and previous == last, f"the chain breaks at {seq}"
            last = digest
        assert (head_seq, head) == (len(chain), last), "the journal does not end at its head"
        signed = connection.execute(
            "SELECT max(last_seq), sum(last_seq - first_seq + 1) FROM commit_mark WHERE life = ?",
            (life,)).fetchone()
        assert signed == (head_seq, head_seq), "not every event is signed, once"
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    finally:
        connection.close()


class Ledger:
    """What clients of one node were told, and what they asked without an answer."""

    def __init__(self, city: City, node: Node, source: str, device: str | None = None):
        self.city, self.node, self.source = city, node, source
        self.people = city.who(node, "duty-officer")
        self.device = device or f"dev_{node.id}-road-1"
        self.cases: dict[str, str] = {}  # acknowledged: external id → id
        self.readings: dict[str, float] = {}  # acknowledged: time → value
        self.open_cases: dict[str, tuple[dict, str]] = {}
        self.open_readings: dict[str, float] = {}
        self.number = 0
        self.base = int(time.time() * 1000) - 1_800_000

    def file(self) -> None:
        self.number += 1
        body = {**report(self.number, self.source), "jurisdiction": self.node.code}
        self._file(str(self.number), body, secrets.token_hex(16))

    def _file(self, number: str, body: dict, key: str) -> None:
        self.open_cases[number] = (body, key)
        answer = self.people.request("POST", "/incidents", body, headers={"Idempotency-Key": key})
        self.cases[number] = answer["id"]
        del self.open_cases[number]

    def read(self) -> None:
        self.number += 1
        self._read({stamp(self.base + self.number): (self.number % 10) / 1000})

    def _read(self, values: dict[str, float]) -> None:
        self.open_readings.update(values)
        gateway = self.city.gateway(self.node)
        try:
            answer = gateway.send_readings([
                {"device": self.device, "property": "waterDepth", "value": value, "time": when}
                for when, value in values.items()])
        finally:
            gateway.close()
        assert answer["rejected"] == [], answer
        for when in values:
            self.readings[when] = self.open_readings.pop(when)

    def step(self) -> None:
        self.file()
        self.read()

    def settle(self) -> None:
        """What got no answer is asked again, with the same key: it may have been done, or not."""
        for number, (body, key) in list(self.open_cases.items()):
            self._file(number, body, key)
        if self.open_readings:
            self._read(dict(self.open_readings))

    def compare(self, *nodes: Node) -> None:
        """Every id that a client holds is there, once, and nothing twice; here and at others."""
        for node in nodes:
            reader = self.city.who(node, "duty-officer")

            def look(reader: Client = reader) -> dict[str, list[str]] | None:
                known = filed_by_external_id(reader, self.source)
                return known if set(self.cases) <= set(known) else None

            found = eventually(look, f"every acknowledged case at {node.id}", 60)
            assert found == {number: [thing] for number, thing in self.cases.items()}, node.id
            events = dict(asked(
                self.city.servers[node.id],
                "SELECT thing, count(*) FROM event WHERE kind = 'incident.filed' GROUP BY thing"))
            assert {events.get(thing) for thing in self.cases.values()} <= {1}, node.id
        torn = asked(
            self.city.servers[self.node.id],
            "SELECT thing FROM event GROUP BY thing HAVING count(*) != max(version)")
        assert torn == [], "versions of a thing are missing or stand twice"
        if self.readings:
            stored = readings_of(self.city.who(self.node, "viewer"), self.device,
                                 min(self.readings), max(self.readings))
            wanted = {normal(when): value for when, value in self.readings.items()}
            lost = [when for when, value in wanted.items() if stored.get(when) != value]
            assert lost == [], f"{len(lost)} of {len(wanted)} acknowledged readings are lost"

