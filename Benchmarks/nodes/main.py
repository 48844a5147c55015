"""Runs one row over several nodes: main.py ROW --citybeacon PATH --folder PATH [--quick].

Prints what came of it as one JSON document; says on standard error what it is doing."""

from __future__ import annotations

import argparse
import importlib
import os
import pathlib
import signal
import sys

ROWS = {"street-to-city": "street_to_city", "link": "link", "children": "children", "kill": "kill"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("row", choices=ROWS)
    parser.add_argument("--citybeacon", required=True)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    # Asked to end, it ends its nodes first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    from rig import Rig
    rig = Rig(os.path.abspath(options.citybeacon), options.folder, options.quick)
    try:
        outcome = importlib.import_module(ROWS[options.row]).run(rig)
    finally:
        rig.close()
    print(outcome.json())


if __name__ == "__main__":
    main()
