"""A disk that is full: a clear refusal, reading goes on, nothing half-written, and it recovers."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time

import pytest

from client import Refused
from support import STREET, report, verified


def mounted(path: pathlib.Path) -> bool:
    if os.geteuid() != 0:
        return False
    path.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(path)],
                          capture_output=True)
    return done.returncode == 0


def test_a_full_disk_refuses_and_recovers(make_city):
    city = make_city(STREET.id, set_up=False)
    data = city.servers[STREET.id].data
    if not mounted(data):
        pytest.skip("mounting a tmpfs takes root")
    try:
        city.set_up()
        officer, viewer = city.who(STREET, "duty-officer"), city.who(STREET, "viewer")
        first = officer.post("/incidents", report(1, "full"))
        ballast = data / "ballast"
        with ballast.open("wb") as file:
            room = os.statvfs(data)
            free = room.f_bavail * room.f_frsize
            file.write(b"\0" * max(0, free - (1 << 20)))
        accepted: list[str] = []
        refusal: Refused | None = None
        for number in range(2, 4000):
            try:
                body = report(number, "full")
                body["description"] = "水" * 4000
                accepted.append(officer.post("/incidents", body)["id"])
            except Refused as error:
                refusal = error
                break
        assert refusal is not None, "the disk never was full"
        assert refusal.status in (503, 507), refusal
        assert refusal.problem["code"] == "storage-full", refusal
        assert viewer.get(f"/incidents/{first['id']}")["id"] == first["id"], "reading stopped"
        ballast.unlink()
        limit = time.monotonic() + 30
        while True:
            try:
                officer.post("/incidents", report(9_999, "full"))
                break
            except Refused as error:
                assert time.monotonic() < limit, f"it does not recover: {error}"
                time.sleep(0.5)
        for thing in accepted:
            assert viewer.get(f"/incidents/{thing}")["id"] == thing
        assert verified(city, STREET) > len(accepted)
    finally:
        city.stop()
        subprocess.run(["umount", str(data)], check=False)
