"""The API from its own document: whatever is sent, it answers with something below 500."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from client import Client
from support import STREET

pytest.importorskip("schemathesis")


def token(city) -> str:
    """A program that may nearly everything at this node."""
    admin = city.session(STREET, "guanliyuan")
    own = city.secrets["nodes"][STREET.id]["organisation"]
    roles = ["administrator", "commander"]
    me = Client(city.port(STREET))
    me.log_in("guanliyuan",
              city.secrets["nodes"][STREET.id]["people"]["guanliyuan"]["password"])
    scopes = sorted(set(me.get("/me")["permissions"]) | {
        "read-incidents", "file-incident", "confirm-incident", "issue-order", "read-orders",
        "read-warnings", "dispatch-incident", "annotate", "accept-handover", "escalate",
        "read-evidence", "write-evidence", "handover-shift", "read-duty"})
    return admin.post("/tokens", {
        "kind": "app", "principal": "fuzzer", "name": "fuzzer", "scopes": scopes,
        "grants": [{"role": role, "organisation": own, "jurisdiction": STREET.code}
                   for role in roles],
        "jurisdiction": STREET.code, "organisation": own,
        "expires": "2027-01-01T00:00:00Z"})["text"]


def test_no_request_from_the_document_makes_a_server_error(make_city):
    city = make_city(STREET.id)
    base = f"http://127.0.0.1:{city.port(STREET)}"
    tool = pathlib.Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [str(tool), "run", f"{base}/api/v1/openapi.json", "--url", base,
         "--header", f"Authorization: Bearer {token(city)}",
         "--checks", "not_a_server_error", "--max-examples", "12", "--seed", "2026",
         "--exclude-path-regex", "/events$|/session$|/backup$|/tokens/", "--phases",
         "examples,coverage,fuzzing", "--request-timeout", "10"],
        capture_output=True, text=True, timeout=400, cwd=city.folder)
    assert city.servers[STREET.id].is_running, city.servers[STREET.id].tail(30)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
