"""The command line, as an administrator uses it: from an empty folder to a linked pair of nodes."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import urllib.request

import pytest

from processes import free_ports
from support import eventually

BINARY = os.environ["CITYBEACON_BIN"]
PASSWORD = "lantern-orbit-76-willow"


def settings(folder: pathlib.Path, name: str, level: str, code: str, http: int, link: int,
             packs: str = "") -> pathlib.Path:
    file = folder / f"{name}.yaml"
    file.write_text(f"""node:
  id: {name}
  level: {level}
  jurisdiction: "{code}"
  name: {{zh: {name}, en: {name}}}
data: {folder / name}
http: {{port: {http}}}
link: {{port: {link}}}
access: {{passwordCost: 10}}
""" + packs)
    return file


def cli(*arguments: str, stdin: str = "", password: str | None = None,
        token: str | None = None) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CITYBEACON_")}
    if password:
        environment["CITYBEACON_PASSWORD"] = password
    if token:
        environment["CITYBEACON_TOKEN"] = token
    return subprocess.run([BINARY, *arguments], input=stdin, env=environment, text=True,
                          capture_output=True, timeout=60)


def ok(*arguments: str, **options) -> str:
    done = cli(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Running:
    """A node that was set up by commands alone."""

    def __init__(self, folder: pathlib.Path, name: str, level: str, code: str):
        self.http, self.link = free_ports(2)
        self.config = settings(folder, name, level, code, self.http, self.link)
        self.url = f"http://127.0.0.1:{self.http}"
        self.folder = folder / name
        made = json.loads(ok("node", "init", "--config", str(self.config), "--json"))
        self.one_time = made["password"]
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CITYBEACON_")}
        self.log = open(self.config.with_suffix(".log"), "w")
        self.process = subprocess.Popen([BINARY, "serve", "--config", str(self.config)],
                                        env=environment, stdout=self.log, stderr=self.log)
        eventually(lambda: cli("device", "list", "--url", self.url, token="x").stderr
                   .startswith("citybeacon: 401"), "the node answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(timeout=30) == 0
            self.process = None
            self.log.close()

    def remote(self, *arguments: str, **options) -> str:
        return ok(*arguments, "--url", self.url, "--login", "admin", password=PASSWORD, **options)


@pytest.fixture
def node(tmp_path):
    made = Running(tmp_path, "linjiang", "city", "3391")
    made.start()
    ok("user", "password", "admin", "--url", made.url, stdin=f"{made.one_time}\n{PASSWORD}\n")
    yield made
    made.stop()


def test_a_one_time_password_is_good_for_nothing_but_to_be_changed(tmp_path):
    node = Running(tmp_path, "linjiang", "city", "3391")
    node.start()
    try:
        refused = cli("device", "list", "--url", node.url, "--login", "admin",
                      password=node.one_time)
        assert refused.returncode == 1
        assert "citybeacon user password admin" in refused.stderr
        wrong = cli("user", "password", "admin", "--url", node.url, stdin=f"wrong\n{PASSWORD}\n")
        assert wrong.returncode == 1 and "401" in wrong.stderr
        ok("user", "password", "admin", "--url", node.url, stdin=f"{node.one_time}\n{PASSWORD}\n")
        assert node.remote("device", "list").startswith("ID")
    finally:
        node.stop()


def test_people_organisations_devices_and_tokens_are_managed(node, tmp_path):
    node.remote("org", "add", "org-repair", "--name-zh", "抢修队", "--name-en", "Repair team")
    assert "抢修队" in node.remote("org", "list")
    told = node.remote("user", "add", "zhang", "--name", "张三", "--role", "handler",
                       "--organisation", "org-repair")
    assert "one-time password" in told
    people = json.loads(node.remote("user", "list", "--json"))["items"]
    assert {grant["role"] for person in people for grant in person["grants"]} \
        == {"administrator", "handler"}

    file = tmp_path / "devices.json"
    good = {"id": "gauge-1", "name": {"zh": "水位", "en": "Gauge"}, "kind": "river-gauge",
            "place": {"longitude": 119.7, "latitude": 30.05, "datum": "WGS84"},
            "jurisdiction": "3391",
            "properties": [{"name": "waterLevel", "unit": "m"}]}
    file.write_text(json.dumps([good, {**good, "id": "gauge-2", "kind": "NO SUCH KIND"}]))
    partly = cli("device", "import", str(file), "--url", node.url, "--login", "admin", "--json",
                 password=PASSWORD)
    assert partly.returncode == 1
    assert json.loads(partly.stdout) == {"registered": 1, "refused": 1}
    assert "devices.json[1]" in partly.stderr

    token = node.remote("token", "issue", "gateway-1", "--kind", "dev", "--role", "device",
                        "--scope", "write-readings").strip()
    series = tmp_path / "series.csv"
    series.write_bytes(b"timestamp,value\r\n2015-09-01 13:45:00,3.06\r\n2015-09-01 13:50:00,6.44\r\n")
    sent = ok("replay", str(series), "--device", "dev_gauge-1", "--property", "waterLevel",
              "--speed", "0", "--json", "--url", node.url, token=token)
    assert json.loads(sent) == {"accepted": 2, "refused": 0}
    shown = json.loads(node.remote("device", "show", "dev_gauge-1", "--json"))
    assert shown["latest"][0]["value"] == 6.44

    issued = json.loads(node.remote("token", "list", "--json"))["items"]
    identity = next(row["id"] for row in issued if row["principal"] == "gateway-1")
    node.remote("token", "revoke", identity)
    again = cli("replay", str(series), "--device", "dev_gauge-1", "--property", "waterLevel",
                "--url", node.url, token=token)
    assert again.returncode == 1 and "401" in again.stderr


def test_a_pair_is_linked_shown_and_shut_out(node, tmp_path):
    child = Running(tmp_path, "jiangbei", "district", "339102")
    invitation = node.remote(
        "node", "invite", "--node", "jiangbei", "--level", "district", "--jurisdiction", "339102",
        "--name-zh", "江北区", "--name-en", "Jiangbei District")
    ok("node", "join", "--config", str(child.config), stdin=invitation)
    child.start()
    try:
        def state() -> str:
            token = node.remote("token", "issue", "watcher", "--role", "administrator",
                                "--scope", "read-links").strip()
            request = urllib.request.Request(node.url + "/api/v1/links",
                                             headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)["items"][0]["state"]
        eventually(lambda: state() == "connected", "the link is connected")
        node.remote("node", "revoke", "jiangbei", "--reason", "a test of shutting out")
        eventually(lambda: state() != "connected", "the link is cut")
    finally:
        child.stop()


def test_the_journal_is_shown_and_verified(node):
    lines = ok("journal", "show", "--config", str(node.config), "--json").splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["position"] for event in events] == sorted(e["position"] for e in events)
    some = events[1]["thing"]
    only = ok("journal", "show", "--config", str(node.config), "--thing", some, "--json")
    assert {json.loads(line)["thing"] for line in only.splitlines()} == {some}
    after = ok("journal", "show", "--config", str(node.config), "--after",
               str(events[0]["position"]), "--limit", "1", "--json")
    assert json.loads(after)["position"] == events[1]["position"]
    assert "events verified" in ok("journal", "verify", "--config", str(node.config))


@pytest.mark.parametrize("arguments, says", [
    (("device", "list", "--url", "ftp://x"), "no address"),
    (("device", "list", "--url", "http://127.0.0.1:9"), "does not answer"),
    (("device", "list", "--token-file", "/nonexistent"), "cannot be read"),
    (("journal", "show", "--set", "node.id=a", "--thing", "../x"), "no id of a thing"),
    (("replay", "/nonexistent", "--device", "d", "--property", "p"), "cannot be read"),
])
def test_a_mistake_gets_a_clear_word_and_no_trace(arguments, says):
    done = cli(*arguments, token="some-token")
    assert done.returncode != 0
    assert says in done.stderr or "must be set" in done.stderr
    assert "Fatal" not in done.stderr and len(done.stderr) < 1_000
