"""script/demo --check, as a newcomer runs it, on the binary under test."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest


def check(binary: str, root: pathlib.Path, *options: str, timeout: float = 400):
    return subprocess.run(
        [sys.executable, "-B", str(root / "script/demo.d/main.py"), "--binary", binary, "--check",
         "--json", *options],
        capture_output=True, text=True, timeout=timeout)


@pytest.mark.parametrize("seed", [7, 2026])
def test_every_step_of_the_storm_is_seen(binary, root, seed):
    done = check(binary, root, "--seed", str(seed))
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert report["passed"] and report["seed"] == seed
    assert len(report["steps"]) > 80
    assert all(step["latencyMilliseconds"] >= 0 for step in report["steps"])


def test_a_killed_street_is_named(binary, root):
    done = check(binary, root, "--seed", "5", "--kill", "street-2", "--patience", "8")
    assert done.returncode == 1
    failure = json.loads(done.stdout)["failure"]
    assert "河口街道" in failure["step"] + failure["node"]


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
