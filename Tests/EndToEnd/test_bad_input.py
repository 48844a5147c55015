"""What a client may send and should not: always a problem that says what is wrong, never a server
error, nothing stored, and the node goes on."""

from __future__ import annotations

import datetime
import gzip
import http.client
import json
import time
import urllib.parse

import pytest

from client import Client, Refused
from crash import asked
from support import DISTRICT, STREET, eventually, report, stamp

GAUGE = f"dev_{STREET.id}-road-1"


@pytest.fixture(scope="module")
def city(make_shared_city):
    city = make_shared_city(DISTRICT.id, STREET.id)
    yield city
    for node in (DISTRICT, STREET):
        assert city.servers[node.id].is_running, f"{node.id} did not survive"


def send(client: Client, method: str, path: str, body: bytes | None = None,
         **headers: str) -> tuple[int, dict]:
    """As it stands, byte for byte. Status and problem."""
    fields = {"Accept": "application/json", "Content-Type": "application/json"}
    if client.cookie:
        fields |= {"Cookie": client.cookie, "X-CSRF-Token": client.csrf or ""}
    if client.token:
        fields["Authorization"] = f"Bearer {client.token}"
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(client.host, client.port, timeout=20)
    try:
        connection.request(method, path, body=body, headers=fields)
        answer = connection.getresponse()
        data = answer.read()
    except (BrokenPipeError, ConnectionResetError):
        # It hung up on what was too much before it was all sent: as good as a refusal.
        return 413, {"code": "too-large"}
    finally:
        connection.close()
    try:
        return answer.status, json.loads(data or b"{}")
    except ValueError:
        return answer.status, {"page": data.decode("utf-8", "replace")}


def refused(answer: tuple[int, dict], *codes: str) -> None:
    status, problem = answer
    assert 400 <= status < 500, answer
    assert problem["code"] in codes, answer
    assert problem.get("detail") or problem.get("title"), answer


CASE = json.dumps(report(1, "bad"), ensure_ascii=False)

BODIES = {
    "nothing": (b"", ["malformed", "invalid"]),
    "no JSON": (b"hello", ["malformed"]),
    "cut off": (CASE.encode()[:-5], ["malformed"]),
    "two values": (CASE.encode() * 2, ["malformed"]),
    "a comma too many": (CASE.encode()[:-1] + b",}", ["malformed"]),
    "a key twice": (CASE.encode()[:-1] + b',"title":"x"}', ["malformed", "invalid"]),
    "an array": (b"[]", ["malformed", "invalid"]),
    "a number": (b"42", ["malformed", "invalid"]),
    "null": (b"null", ["malformed", "invalid"]),
    "a hundred thousand brackets": (b"[" * 100_000, ["malformed"]),
    "deep within a member": (
        CASE.encode()[:-1] + b',"description":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        ["malformed", "invalid"]),
    "a title of two megabytes": (
        json.dumps({**report(1, "bad"), "title": "x" * 2_000_000}).encode(),
        ["too-large", "invalid"]),
    "a title that is a number": (
        json.dumps({**report(1, "bad"), "title": 5}).encode(), ["invalid", "malformed"]),
    "a title of control characters": (
        json.dumps({**report(1, "bad"), "title": "a\u0000b"}).encode(), ["invalid", "malformed"]),
    "UTF-16": (CASE.encode("utf-16"), ["malformed"]),
    "GB18030": (CASE.encode("gb18030"), ["malformed"]),
    "broken UTF-8": (CASE.encode().replace("路".encode(), b"\xe8\xb7"), ["malformed"]),
    "overlong UTF-8": (b'{"title":"\xc0\xaf"}', ["malformed"]),
    "a lone surrogate": (b'{"title":"\\ud800"}', ["malformed", "invalid"]),
    "NaN": (CASE.encode()[:-1] + b',"place":{"longitude":NaN,"latitude":30,"datum":"WGS84"}}',
            ["malformed"]),
    "Infinity": (
        CASE.encode()[:-1] + b',"place":{"longitude":Infinity,"latitude":30,"datum":"WGS84"}}',
        ["malformed"]),
    "a number beyond doubles": (
        CASE.encode()[:-1] + b',"place":{"longitude":1e999,"latitude":30,"datum":"WGS84"}}',
        ["malformed", "invalid"]),
    "a place off the globe": (
        CASE.encode()[:-1] + b',"place":{"longitude":1e300,"latitude":30,"datum":"WGS84"}}',
        ["invalid"]),
    "a place without a datum": (
        CASE.encode()[:-1] + b',"place":{"longitude":119.7,"latitude":30.05}}',
        ["invalid", "malformed"]),
    "a day that is none": (
        CASE.encode()[:-1] + b',"occurred":"2026-02-30T00:00:00Z"}', ["invalid", "malformed"]),
    "a time beyond time": (
        CASE.encode()[:-1] + b',"occurred":"999999-01-01T00:00:00Z"}', ["invalid", "malformed"]),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_not_as_documented_is_refused(city, name):
    body, codes = BODIES[name]
    street = city.servers[STREET.id]
    before = asked(street, "SELECT count(*) FROM thing WHERE kind = 'inc'")
    answer = send(city.who(STREET, "duty-officer"), "POST", "/api/v1/incidents", body,
                  Idempotency_Key=f"bad-{list(BODIES).index(name)}")
    refused(answer, *codes)
    assert asked(street, "SELECT count(*) FROM thing WHERE kind = 'inc'") == before


ENCODINGS = {
    "not what it says": ({"Content_Encoding": "gzip"}, CASE.encode(), ["malformed"]),
    "cut off": ({"Content_Encoding": "gzip"}, gzip.compress(CASE.encode())[:-6], ["malformed"]),
    "with rubbish behind": (
        {"Content_Encoding": "gzip"}, gzip.compress(CASE.encode()) + b"rubbish", ["malformed"]),
    "a bomb": ({"Content_Encoding": "gzip"}, gzip.compress(b" " * 300_000_000), ["too-large"]),
    "of an unknown kind": (
        {"Content_Encoding": "rot13"}, CASE.encode(), ["unsupported-media-type", "invalid"]),
    "of another type": ({"Content_Type": "text/xml"}, b"<case/>", ["unsupported-media-type"]),
    "in another charset": (
        {"Content_Type": "application/json; charset=gb18030"}, CASE.encode("gb18030"),
        ["unsupported-media-type", "malformed"]),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_body_that_is_wrongly_encoded_is_refused(city, name):
    headers, body, codes = ENCODINGS[name]
    refused(send(city.who(STREET, "duty-officer"), "POST", "/api/v1/incidents", body,
                 Idempotency_Key=f"coded-{list(ENCODINGS).index(name)}", **headers), *codes)
    gateway = city.gateway(STREET)
    refused(send(gateway, "POST", "/api/v1/readings", body, **headers), *codes)


def rows(*values: str) -> bytes:
    return ("[" + ",".join(values) + "]").encode()


def row(value: str = "0.01", when: str | None = None, device: str = GAUGE,
        name: str = "waterDepth") -> str:
    at = f'"{when}"' if when is not None else f'"{stamp(int(time.time() * 1000) - 1000)}"'
    return f'{{"device":{json.dumps(device)},"property":"{name}","value":{value},"time":{at}}}'


def year(years: float) -> str:
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=365.25 * years)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


ROWS = {
    "a value beyond doubles": row("1e999"),
    "a value out of range": row("1e308"),
    "a value that is a text": row('"0.01"'),
    "a value that is missing": f'{{"device":"{GAUGE}","property":"waterDepth"}}',
    "an hour ahead": row(when=year(1 / 8766)),
    "a century ahead": row(when=year(100)),
    "eleven years ago": row(when=year(-11)),
    "the year 1": row(when="0001-01-01T00:00:00Z"),
    "the year 9999": row(when="9999-12-31T23:59:59.999999Z"),
    "no time at all": row(when="yesterday"),
    "a device that is unknown": row(device="dev_nobody-1"),
    "a device of another street": row(device="dev_hekou-road-1"),
    "a device that is a path": row(device="../../etc/passwd"),
    "a device with a NUL": row(device="dev_\u0000"),
    "a device that is empty": row(device=""),
    "a property that is unknown": row(name="colour"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_row_is_refused_with_its_place_and_harms_no_other(city, name):
    gateway = city.gateway(STREET)
    good = row(when=stamp(int(time.time() * 1000) - 60_000 - list(ROWS).index(name)))
    status, answer = send(gateway, "POST", "/api/v1/readings", rows(good, ROWS[name]))
    assert status in (200, 201, 207), answer
    assert answer["accepted"] == 1 and len(answer["rejected"]) == 1, answer
    assert answer["rejected"][0]["row"] == 1 and answer["rejected"][0]["reason"], answer


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "nan", "+1", "0x10", "1e"])
def test_what_is_no_number_in_JSON_is_no_reading(city, value):
    refused(send(city.gateway(STREET), "POST", "/api/v1/readings", rows(row(value))), "malformed")


IDS = ["..", "../../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2fnode.sqlite",
       "inc_%00", "inc_../../keys/master.key", "%5c..%5c", "inc_%E2%80%AE", "inc_" + "a" * 5_000,
       "%ff%fe", "inc_a;ls", "'%20OR%201=1--", "inc_%0d%0aSet-Cookie:x=1"]


@pytest.mark.parametrize("path", [
    "/api/v1/incidents/{}", "/api/v1/incidents/{}/evidence/" + "0" * 64,
    "/api/v1/incidents/inc_01HZZZZZZZZZZZZZZZZZZZZZZZ/evidence/{}", "/api/v1/devices/{}/latest",
    "/api/v1/links/{}", "/{}", "/assets/{}"])
def test_an_id_with_characters_of_paths_leads_nowhere(city, path):
    officer = city.who(STREET, "duty-officer")
    for name in IDS:
        status, problem = send(officer, "GET", path.format(name))
        assert 300 <= status < 500, (name, status, problem)
        text = json.dumps(problem)
        assert "root:" not in text and "SQLite" not in text


def test_a_credential_that_is_expired_revoked_or_of_another_node_is_refused(city):
    admin = city.session(STREET, "guanliyuan")
    own = admin.get("/me")["organisation"]

    def token(**more) -> dict:
        return admin.post("/tokens", {
            "kind": "dev", "principal": "gateway-test", "name": "Test",
            "scopes": ["write-readings"], "jurisdiction": STREET.code, "organisation": own,
            "grants": [{"role": "device", "organisation": own, "jurisdiction": STREET.code,
                        "maximumDataClass": "work"}], **more})

    def status(port: int, text: str) -> int:
        return send(Client(port, token=text), "POST", "/api/v1/readings", rows(row()))[0]

    here, there = city.port(STREET), city.port(DISTRICT)
    good = token()
    assert status(here, good["text"]) == 200
    assert status(there, good["text"]) == 401, "another node's token"
    for spoilt in (good["text"][:-1], good["text"] + "x", good["text"][::-1], "", "null",
                   "x" * 100_000, good["text"].swapcase()):
        assert status(here, spoilt) in (401, 431), spoilt[:40]
    admin.request("DELETE", f"/tokens/{urllib.parse.quote(good.get('id') or good['token']['id'])}")
    assert status(here, good["text"]) == 401, "a revoked token"
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    short = token(expires=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    eventually(lambda: status(here, short["text"]) == 401, "the end of the token", 15)
    # A session of one node is none at another, and none once it was ended.
    officer = Client(here)
    officer.log_in("jie-zhiban",
                   city.secrets["nodes"][STREET.id]["people"]["jie-zhiban"]["password"])
    cookie = officer.cookie
    foreign = Client(there)
    foreign.cookie = cookie
    assert send(foreign, "GET", "/api/v1/incidents")[0] == 401
    officer.request("DELETE", "/session")
    officer.cookie = cookie
    with pytest.raises(Refused) as ended:
        officer.get("/incidents")
    assert ended.value.status == 401
