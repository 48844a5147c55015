"""A small real city and a real browser, shared by the tests of the console.

Starting three nodes for each duty would cost more than the duties; every test makes what it needs
under a name of its own, and nothing relies on the state that another one left.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from city import City  # noqa: E402
from layout import BY_ID  # noqa: E402
from pack import Pack  # noqa: E402
from processes import Program, free_ports  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from desk import Desk  # noqa: E402

NODES = [BY_ID["jiangbei"], BY_ID["qingtan"], BY_ID["hekou"]]


@pytest.fixture(scope="session")
def city(binary: str, root: pathlib.Path):
    """A district with two streets, linked."""
    with tempfile.TemporaryDirectory(prefix="citybeacon-console-") as folder:
        ports = free_ports(2 * len(NODES))
        made = City(Program(binary), pathlib.Path(folder), list(zip(ports[::2], ports[1::2])),
                    Pack(root / "packs/storm"), print, password_cost=10, nodes=NODES)
        try:
            made.set_up()
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            # Sound as in people's browsers: not before somebody touched a page.
            args=["--no-sandbox", "--autoplay-policy=document-user-activation-required"])
        yield chromium
        chromium.close()


@pytest.fixture
def desk(city: City, browser: Browser):
    """Opens consoles. After the test none of them may have complained."""
    made = Desk(city, browser)
    yield made
    made.close()
