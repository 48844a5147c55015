"""script/demo --check, as a newcomer runs it, on the binary under test."""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

import storm
from city import City
from layout import NODES
from pack import Pack, registration
from play import prepare
from processes import Program
from steps import Steps


def check(binary: str, root: pathlib.Path, *options: str, timeout: float = 400):
    return subprocess.run(
        [sys.executable, "-B", str(root / "script/demo.d/main.py"), "--binary", binary, "--check",
         "--json", *options],
        capture_output=True, text=True, timeout=timeout)


# A series of a traffic counter, in the shape of public sensor archives: it replaces the shipped one.
SERIES = ["--series", str(pathlib.Path(__file__).parent / "fixtures" / "traffic.csv")]


@pytest.mark.parametrize("seed, options", [(7, []), (2026, SERIES)])
def test_every_step_of_the_storm_is_seen(binary, root, seed, options):
    done = check(binary, root, "--seed", str(seed), *options)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert report["passed"] and report["seed"] == seed
    assert len(report["steps"]) > 80
    assert all(step["latencyMilliseconds"] >= 0 for step in report["steps"])


@pytest.mark.parametrize("content, complaint", [
    ("time,reading\n1,2\n", "timestamp"), ("timestamp,value\n2025-01-01 00:00:00,wet\n", ":2:"),
    ("timestamp,value\n2025-01-01 00:00:00,1\n", "8 values"),
    ("timestamp,value\n" + "".join(f"2025-01-0{day} 00:00:00,{value}\n" for day, value in
                                   enumerate(["1", "2", "nan", "4", "5", "6", "7", "8"], 1)), ":4:"),
    (None, "No such file")])
def test_a_series_that_is_none_is_named(binary, root, tmp_path, content, complaint):
    path = tmp_path / "series.csv"
    if content is not None:
        path.write_text(content)
    done = check(binary, root, "--seed", "1", "--series", str(path), timeout=30)
    assert done.returncode != 0 and complaint in done.stderr, done.stderr


def cast_of(root, folder, seed: int, series: pathlib.Path | None = None) -> dict:
    """What a seed makes of the storm, without a node: who plays, where, and what is measured."""
    pack = Pack(root / "packs/storm")
    city = City(Program("/bin/true"), folder, [(1, 2)] * len(NODES), pack, print,
                rng=random.Random(seed))
    shape = storm.shape(storm.read_series(series or root / "packs/storm/series/synthetic.csv"))
    play = prepare(city, Steps(True, 1), seed, shape)
    worst = play.gauges[play.street.id]
    return {
        "street": play.street.id, "devices": sorted(g.device for g in worst if g.grade),
        "places": [registration(d, city.rng)["place"] for d in pack.street_devices(play.street.code)],
        "values": [round(g.high, 4) for g in worst], "order": [g.device for g in worst],
        "course": [round(value, 6) for value in shape.rising]}


def test_a_seed_chooses_devices_places_values_and_order(root, tmp_path):
    casts = {seed: cast_of(root, tmp_path, seed) for seed in range(8)}
    assert casts[3] == cast_of(root, tmp_path, 3), "one seed gives one storm"
    assert len({cast["street"] for cast in casts.values()}) >= 2
    for what in ("devices", "places", "values", "order"):
        kinds = {json.dumps(cast[what]) for cast in casts.values()}
        assert len(kinds) >= 6, f"the seed hardly changes the {what}"
    other = cast_of(root, tmp_path, 3, pathlib.Path(SERIES[1]))
    assert other["course"] != casts[3]["course"] and other["values"] == casts[3]["values"]


@pytest.mark.parametrize("node, title", [
    ("street-2", "河口街道"), ("district-2", "江南区"), ("department", "市水务局"), ("city", "临江市")])
def test_a_killed_node_is_named(binary, root, node, title):
    done = check(binary, root, "--seed", "5", "--kill", node, "--patience", "8")
    assert done.returncode == 1
    failure = json.loads(done.stdout)["failure"]
    assert title in failure["step"] + failure["node"], failure


@pytest.mark.parametrize("rule", ["road-flooding", "post-silent"])
def test_a_missing_rule_is_named(binary, root, rule):
    done = check(binary, root, "--seed", "6", "--drop-rule", rule, "--patience", "8")
    assert done.returncode == 1
    assert rule in json.loads(done.stdout)["failure"]["step"]


def children(pid: int) -> list[int]:
    found = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


def alive(pid: int) -> bool:
    """Running, not a zombie, and not another process that got the number."""
    try:
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return words[0] != "Z" and b"citybeacon" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_the_demo_ends_its_nodes(binary, root, number, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-B", str(root / "script/demo.d/main.py"), "--binary", binary, "--check",
         "--seed", "1"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 60
        nodes: list[int] = []
        while len(nodes) < 2 and time.monotonic() < limit:
            time.sleep(0.2)
            assert process.poll() is None, "it ended by itself"
            nodes = [pid for pid in children(process.pid) if alive(pid)]
        assert len(nodes) >= 2
        process.send_signal(number)
        process.wait(timeout=30)
        limit = time.monotonic() + 5
        while any(alive(pid) for pid in nodes) and time.monotonic() < limit:
            time.sleep(0.1)
        assert not any(alive(pid) for pid in nodes)
        if number != signal.SIGKILL:
            assert process.returncode == 128 + number
            assert list(tmp_path.iterdir()) == []
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
