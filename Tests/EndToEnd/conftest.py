"""Real processes for the tests, made with what script/demo is made of."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script" / "demo.d"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from city import City  # noqa: E402
from layout import BY_ID  # noqa: E402
from pack import Pack  # noqa: E402
from processes import Program, free_ports  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    # A hanging process must fail one test, not the run.
    if config.pluginmanager.hasplugin("timeout") and not config.getoption("timeout", None):
        config.option.timeout = 420


@pytest.fixture(scope="session")
def binary() -> str:
    path = (os.environ.get("CITYBEACON_BIN") or os.environ.get("CITYBEACON")
            or str(ROOT / ".build/debug/citybeacon"))
    assert os.access(path, os.X_OK), f"{path} is not there; build it first"
    return path


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@contextlib.contextmanager
def cities(binary: str):
    """Makes cities of some of the demo's nodes; ends their processes and folders afterwards."""
    made: list[City] = []
    folders: list[tempfile.TemporaryDirectory] = []

    def make(*ids: str, set_up: bool = True, **options) -> City:
        folder = tempfile.TemporaryDirectory(prefix="citybeacon-e2e-")
        folders.append(folder)
        ports = free_ports(2 * len(ids))
        city = City(Program(binary), pathlib.Path(folder.name), list(zip(ports[::2], ports[1::2])),
                    Pack(ROOT / "packs/storm"), print, password_cost=10,
                    nodes=[BY_ID[each] for each in ids], **options)
        made.append(city)
        if set_up:
            city.set_up()
        return city

    yield make
    for city in made:
        failed = [name for name, server in city.servers.items() if server.process is not None]
        city.stop()
        for name in failed:
            print(f"--- {name}\n{city.servers[name].tail(20)}")
    for folder in folders:
        folder.cleanup()


@pytest.fixture
def make_city(binary: str):
    with cities(binary) as make:
        yield make


@pytest.fixture(scope="module")
def make_shared_city(binary: str):
    """For cities that all tests of a file use, one after the other."""
    with cities(binary) as make:
        yield make
