"""script/demo: a city of seven processes that plays a storm, to look at or to check."""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

import act_close
import act_command
import act_sense
import play as cast
import storm
from city import ADMINISTRATOR, City
from client import Refused, Unreachable
from layout import NODES, find
from pack import Pack
from processes import Program, ProgramError, free_ports
from steps import NotSeen, Steps

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Stopped(BaseException):
    """A signal asked for the end."""


def on_signal(number: int, _frame: object) -> None:
    # A second Ctrl-C must not interrupt the stopping.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--check", action="store_true",
                        help="play headless in fresh folders; exit 0 only if every step was seen")
    parser.add_argument("--seed", type=int, help="of --check: devices, places, values and order")
    parser.add_argument("--json", action="store_true", help="of --check: a report as JSON")
    parser.add_argument("--series", type=pathlib.Path, metavar="FILE.csv",
                        help="replay a series `timestamp,value` instead of the synthetic one")
    parser.add_argument("--kill", metavar="NODE", action="append", default=[],
                        help="of --check: kill -9 this node before the storm, such as street-1")
    parser.add_argument("--drop-rule", metavar="ID", help="of --check: take a rule out of the pack")
    parser.add_argument("--base-port", type=int, default=7400,
                        help="of the city; the next nodes follow in tens (7400)")
    parser.add_argument("--keep", action="store_true",
                        help="keep the city in .demo/ for the next start, with its passwords")
    parser.add_argument("--fresh", action="store_true", help="forget the city that was kept")
    parser.add_argument("--patience", type=float, default=30, metavar="SECONDS",
                        help="of --check: how long a step may take to show (30)")
    parser.add_argument("--binary", default=os.environ.get("CITYBEACON_BIN")
                        or os.environ.get("CITYBEACON"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.binary is None:
        options.binary = str(ROOT / ".build/release/citybeacon")
    if not os.access(options.binary, os.X_OK):
        parser.error(f"{options.binary} is not there; run script/demo without --binary")
    if not 1024 <= options.base_port <= 65_000:
        parser.error("--base-port must be 1024...65000")
    if not options.check and (options.kill or options.drop_rule or options.json):
        parser.error("--kill, --drop-rule and --json go with --check")
    if options.check and (options.keep or options.fresh):
        parser.error("--keep and --fresh do not go with --check: its city is new and goes")
    return options


def the_shape(options: argparse.Namespace) -> storm.Shape:
    return storm.shape(storm.read_series(
        options.series or ROOT / "packs/storm/series/synthetic.csv"))


def perform(play: cast.Play) -> None:
    """The whole scenario."""
    act_sense.links_up(play)
    act_sense.rain(play)
    act_command.climb(play)
    act_command.orders(play)
    act_command.ended_orders(play)
    act_close.handle(play)
    act_close.timeline(play)
    act_close.silent_post(play)
    act_close.fall(play)
    act_close.links(play)
    act_close.journals(play)


def check(options: argparse.Namespace) -> int:
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
    steps = Steps(options.json, options.patience)
    pack = Pack(ROOT / "packs/storm", options.drop_rule)
    doomed = [find(name) for name in options.kill]
    shape = the_shape(options)
    failure: NotSeen | None = None
    city: City | None = None
    folder: pathlib.Path | None = None
    try:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="citybeacon-check-"))
        ports = free_ports(2 * len(NODES))
        city = City(Program(options.binary), folder, list(zip(ports[::2], ports[1::2])), pack,
                    steps.say, rng=random.Random(seed), password_cost=10)
        steps.say(f"Setting up {len(NODES)} nodes (seed {seed})")
        try:
            city.set_up()
        except (Refused, Unreachable, ProgramError) as error:
            raise NotSeen("set-up", "city", str(error)) from error
        for node in doomed:
            steps.say(f"Killing {node.title}")
            city.servers[node.id].kill()
        perform(cast.prepare(city, steps, seed, shape))
        for node in NODES:
            if not city.servers[node.id].is_running:
                raise NotSeen("the node is still running", node.title, "its process has ended")
    except NotSeen as error:
        failure = error
    except Exception as error:  # noqa: BLE001
        # Whatever goes wrong, such as an answer of another shape than documented: a step that was
        # not seen.
        failure = NotSeen(f"{steps.step} (or the one after it)", steps.node, repr(error))
    finally:
        if city is not None:
            city.stop()
        if failure is not None and os.environ.get("DEMO_KEEP"):
            steps.say(f"Kept {folder}")
        elif folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
    steps.report(seed, failure)
    return 1 if failure else 0


def show(options: argparse.Namespace) -> int:
    folder = ROOT / ".demo"
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    base = options.base_port
    ports = [(base + 10 * index, base + 10 * index + 1) for index in range(len(NODES))]
    # An interrupted set-up cannot be gone on with; nothing in it is worth keeping.
    if folder.exists() and not (folder / "secrets.json").exists():
        shutil.rmtree(folder)
    steps = Steps(False, options.patience)
    city = City(Program(options.binary), folder, ports, Pack(ROOT / "packs/storm"), steps.say,
                password_cost=12)
    is_kept = city.is_set_up or options.keep
    try:
        begun = time.monotonic()
        if city.is_set_up:
            city.load()
            city.start()
        else:
            steps.say("Setting up seven nodes")
            city.set_up()
        steps.say(f"The city runs after {time.monotonic() - begun:.1f} s")
        tell(city)
        play = cast.prepare(city, steps, random.SystemRandom().randrange(1 << 31),
                            the_shape(options))
        steps.say(f"A storm comes over {play.street.title}. Ctrl-C ends it all.")
        act_sense.links_up(play)
        act_sense.rain(play)
        steps.say("Confirm, escalate and order now, in the console. Gauges go on; Ctrl-C ends.")
        while all(server.is_running for server in city.servers.values()):
            for node in play.streets:
                calm(play, node)
            time.sleep(5)
        ended = [s.name for s in city.servers.values() if not s.is_running]
        is_kept = True
        print(f"error: ended by itself: {', '.join(ended)}; see .demo/*.log", file=sys.stderr)
        return 1
    except (NotSeen, ProgramError, Refused, Unreachable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        city.stop()
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)
        steps.say("All processes are stopped" + ("; the city is kept in .demo/." if is_kept
                                                 else " and their data is gone."))


def calm(play: cast.Play, node) -> None:
    """Keeps the water at its peak, with the little noise that gauges have."""
    gateway = play.city.gateway(node)
    now = storm.stamp(storm.now())
    rows = [{"device": gauge.device, "property": gauge.property, "unit": gauge.unit, "time": now,
             "value": round(gauge.high * (1 + 0.004 * play.rng.random()), 4)}
            for gauge in play.gauges[node.id]]
    rows.append({"device": f"dev_{node.id}-alarm-1", "property": "heartbeat", "value": 1})
    gateway.send_readings(rows)
    gateway.close()


def tell(city: City) -> None:
    """Addresses and people. Passwords are this city's own, and go with it."""
    for node in NODES:
        print(f"\n{node.title}  http://127.0.0.1:{city.port(node)}/")
        for login, person in city.secrets["nodes"][node.id]["people"].items():
            mark = "*" if login == ADMINISTRATOR else " "
            print(f"  {mark} {login:18} {person['password']}  {person['name']}")
    print(flush=True)


def main() -> int:
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    os.umask(0o077)
    try:
        return check(options) if options.check else show(options)
    except Stopped as stopped:
        return 128 + int(stopped.args[0])


if __name__ == "__main__":
    sys.exit(main())
