"""A backup of a node under load, and what a restore makes of it."""

from __future__ import annotations

import json
import random

from client import Client, Refused
from support import (CITY, DISTRICT, STREET, Load, connected, eventually, filed_by_external_id,
                     normal, verified)


def after(when: str) -> str:
    """A moment within the same millisecond, behind it."""
    return normal(when) + "9Z"


def evidence_of(client: Client, thing: str, digest: str) -> bytes:
    answer = client.request("GET", f"/incidents/{thing}/evidence/{digest}")
    return answer if isinstance(answer, bytes) else bytes(answer)


def test_a_restore_brings_back_what_a_backup_under_load_holds(make_city):
    city = make_city(CITY.id, DISTRICT.id, STREET.id)
    connected(city, CITY, DISTRICT)
    connected(city, DISTRICT, STREET)
    server = city.servers[STREET.id]
    load = Load(city, STREET, "backup")
    load.start()
    eventually(lambda: len(load.cases) > 20, "some cases")

    # A file of evidence on a case of the street.
    officer = city.who(STREET, "duty-officer")
    thing = next(iter(load.cases.values()))
    photo = random.Random(7).randbytes(700_000)
    uploaded = officer.request("PUT", f"/incidents/{thing}/evidence", raw=photo, media="image/png",
                               query={"name": "photo.png", "phase": "before"})
    digest = uploaded["sha256"]

    before_cases, before_readings = dict(load.cases), dict(load.readings)
    made = city.session(STREET, "guanliyuan").post("/backup")
    assert made["skipped"] == [] and made["files"] >= 4, made
    known = len(load.cases)
    eventually(lambda: len(load.cases) > known + 20, "the load runs on after the backup")
    load.finish()

    backup = server.data / made["file"]
    assert backup.stat().st_size == made["bytes"]
    assert photo[:64] not in backup.read_bytes(), "evidence lies in clear in a backup"
    server.stop()

    # Everything but the keys and the backup is lost.
    kept = server.data.parent / backup.name
    backup.rename(kept)
    for path in [server.data / "node.sqlite", *(server.data / "telemetry").iterdir(),
                 *(server.data / "evidence").iterdir()]:
        path.unlink()
    for suffix in ("-wal", "-shm"):
        (server.data / f"node.sqlite{suffix}").unlink(missing_ok=True)
    restored = json.loads(city.program.run(
        "restore", "--config", str(server.config), "--json", str(kept)))
    assert restored["files"] == made["files"] and restored["bytes"] == made["content"]
    assert restored["waitingFor"] == 1, "the street waits for its district"
    report = json.loads(city.program.run(
        "journal", "verify", "--config", str(server.config), "--json"))
    assert report["findings"] == [], report["findings"][:3]

    server.start()
    city.sessions.clear()
    connected(city, DISTRICT, STREET, 60)
    officer = city.who(STREET, "duty-officer")

    def all_cases() -> dict | None:
        found = filed_by_external_id(officer, "backup")
        return found if set(before_cases) <= set(found) else None

    found = eventually(all_cases, "every case that was acknowledged before the backup", 60)
    for external, case in before_cases.items():
        assert found[external] == [case]

    # The district returns what came after the backup; then the street acts again.
    def writes() -> bool:
        try:
            officer.post("/incidents", {"title": "after", "classCode": "E0403", "grade": "yellow",
                                        "jurisdiction": STREET.code})
            return True
        except Refused as refusal:
            assert refusal.status == 503, refusal
            return False

    eventually(writes, "the quarantine ends when the neighbour has answered", 60)
    assert evidence_of(officer, thing, digest) == photo

    viewer = city.who(STREET, "viewer")
    first, last = min(before_readings), max(before_readings)
    history = {normal(item["time"]): item["value"] for item in viewer.items(
        f"/devices/{load.device}/history", property="waterDepth", limit=500,
        **{"from": first, "to": after(last)})}
    lost = [when for when, value in before_readings.items() if history.get(normal(when)) != value]
    assert lost == [], f"{len(lost)} of {len(before_readings)} readings are lost"
    for node in (STREET, DISTRICT, CITY):
        assert verified(city, node) > 0
