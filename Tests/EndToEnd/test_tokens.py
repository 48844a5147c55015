"""Tokens of devices at a running node: what they are good for, and that they end at once."""

from __future__ import annotations

import datetime

import pytest

from client import Client, Refused
from support import STREET


def reading(device: str, second: int) -> dict:
    time = datetime.datetime(2026, 3, 1, 12, 0, second, tzinfo=datetime.timezone.utc)
    return {"device": device, "property": "waterDepth", "value": 0.01, "time": time.isoformat()}


def token(admin: Client, name: str, devices: list[str] | None = None) -> dict:
    own = admin.get("/me")["organisation"]
    body = {"kind": "dev", "principal": name, "name": name, "scopes": ["write-readings"],
            "jurisdiction": STREET.code, "organisation": own,
            "grants": [{"role": "device", "organisation": own, "jurisdiction": STREET.code,
                        "maximumDataClass": "work"}]}
    return admin.post("/tokens", {**body, "devices": devices} if devices else body)


def test_a_revoked_token_is_refused_by_the_next_request_and_no_other_is(make_city):
    city = make_city("qingtan")
    admin = city.session(STREET, "guanliyuan")
    first, second = token(admin, "gateway-a"), token(admin, "gateway-b")
    a, b = (Client(city.port(STREET), token=made["text"]) for made in (first, second))
    # Twice each: the second time the node knows the token already.
    for at in range(2):
        assert a.post("/readings", [reading("qingtan-road-1", at)])["accepted"] == 1
        assert b.post("/readings", [reading("qingtan-road-2", at)])["accepted"] == 1
    admin.request("DELETE", f"/tokens/{first['token']['id']}")
    with pytest.raises(Refused) as refused:
        a.post("/readings", [reading("qingtan-road-1", 30)])
    assert refused.value.status == 401
    assert b.post("/readings", [reading("qingtan-road-2", 30)])["accepted"] == 1
    forged = Client(city.port(STREET), token=second["text"][:-4] + "0000")
    with pytest.raises(Refused) as refused:
        forged.post("/readings", [reading("qingtan-road-2", 31)])
    assert refused.value.status == 401


def test_a_token_bound_to_devices_sends_for_them_alone(make_city):
    city = make_city("qingtan")
    admin = city.session(STREET, "guanliyuan")
    bound = token(admin, "logger", ["dev_qingtan-road-1", "dev_qingtan-road-2"])
    client = Client(city.port(STREET), token=bound["text"])
    rows = [reading(f"qingtan-road-{number}", second)
            for second in range(3) for number in (1, 2, 3)]
    answer = client.post("/readings", rows)
    assert answer["accepted"] == 6
    assert [(row["row"], row["code"]) for row in answer["rejected"]] == [
        (row, "not-permitted") for row in (2, 5, 8)]
