"""Crash points of the writers: the node's store, the files of readings, the rules, the end."""

from __future__ import annotations

import datetime
import pathlib
import signal
import sqlite3
import time

import pytest

from crash import Ledger, arm, asked, dies, is_whole, passage, verified_as_left
from support import DISTRICT, STREET, connected, eventually, normal, readings_of, stamp

DAY = 86_400_000


@pytest.fixture(scope="module")
def city(make_shared_city):
    city = make_shared_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    yield city
    verified_as_left(city)


def recovers(city, *ledgers: Ledger, nodes=(STREET, DISTRICT)) -> None:
    """The street starts again, its link resumes, and nothing that was acknowledged is missing."""
    is_whole(city.servers[STREET.id])
    city.servers[STREET.id].start()
    for ledger in ledgers:
        ledger.settle()
        ledger.step()
    connected(city, DISTRICT, STREET)
    for ledger in ledgers:
        ledger.compare(*nodes)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("point", [
    "group-began", "group-piece-written", "group-before-commit", "group-committed",
    "group-effects-done", "group-answered"])
def test_a_death_around_a_commit_loses_nothing_acknowledged(city, point, seed):
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, f"{point}-{seed}")
    # Fewer groups than a start needs, and it would die before anybody can ask.
    arm(street, point, passage(point, seed, 25, 60))
    dies(street, point, ledger.step)
    assert ledger.cases, "it died before the load came through"
    recovers(city, ledger)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("point", ["link-before-ack", "link-after-ack"])
def test_a_death_around_an_acknowledgement_applies_nothing_twice(city, point, seed):
    district = city.servers[DISTRICT.id]
    ledger = Ledger(city, STREET, f"{point}-{seed}")
    arm(district, point, passage(point, seed, 2, 12))
    dies(district, point, ledger.file)
    # The street goes on alone meanwhile.
    for _ in range(5):
        ledger.file()
    is_whole(district)
    district.start()
    connected(city, DISTRICT, STREET)
    ledger.settle()
    ledger.compare(STREET, DISTRICT)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("point", ["readings-inserted", "readings-committed"])
def test_a_death_around_a_commit_of_readings_loses_none_acknowledged(city, point, seed):
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, f"{point}-{seed}", f"dev_{STREET.id}-road-{seed + 1}")
    arm(street, point, passage(point, seed, 3, 30))
    dies(street, point, ledger.step)
    assert ledger.readings
    recovers(city, ledger)


def test_a_batch_over_two_files_that_was_cut_is_whole_when_it_comes_again(city):
    street = city.servers[STREET.id]
    gauge = f"dev_{STREET.id}-road-5"
    midnight = int(time.time() * 1000) // DAY * DAY - DAY
    values = {stamp(midnight + 1000 * each): 0.01 for each in range(-10, 10)}
    ledger = Ledger(city, STREET, "two-files", gauge)
    arm(street, "readings-partly-committed")
    dies(street, "readings-partly-committed", lambda: ledger._read(values))
    recovers(city, ledger)
    stored = readings_of(city.who(STREET, "viewer"), gauge, min(values), max(values))
    assert stored == {normal(when): value for when, value in values.items()}


def flood(gauge: str, value: float = 0.2) -> list[dict]:
    """Ten minutes of water on a road, which end now: a yellow warning."""
    now = int(time.time() * 1000)
    return [{"device": gauge, "property": "waterDepth", "value": value,
             "time": stamp(now - 600_000 + 30_000 * each)} for each in range(20)]


@pytest.mark.parametrize("point", ["warnings-found", "rules-before-record", "rules-recorded"])
def test_a_death_between_a_reading_and_its_record_gives_one_warning(city, point):
    number = ["warnings-found", "rules-before-record", "rules-recorded"].index(point)
    gauge = f"dev_{STREET.id}-road-{number + 2}"
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, point)
    arm(street, point)
    rows = flood(gauge)
    sent: list[bool] = []

    def drive() -> None:
        if not sent:
            sent.append(True)
            gateway = city.gateway(STREET)
            try:
                gateway.send_readings(rows)
            finally:
                gateway.close()
        ledger.file()
        time.sleep(0.05)

    dies(street, point, drive)
    recovers(city, ledger)
    viewer = city.who(STREET, "viewer")

    def warnings() -> list[dict]:
        return [each for each in viewer.items("/warnings", limit=200)
                if each.get("device") == gauge or gauge in str(each)]

    eventually(warnings, f"the warning of {gauge}")
    # A second start evaluates again what came after the last record.
    street.stop()
    street.start()
    connected(city, DISTRICT, STREET)
    ledger.step()
    opened = asked(
        street, "SELECT id FROM thing WHERE kind = 'wrn' AND subject = ? AND rule = ?",
        gauge, "road-flooding")
    assert len(opened) == 1, opened
    officer = city.who(DISTRICT, "duty-officer")
    eventually(lambda: officer.get(f"/warnings/{opened[0][0]}"), "the warning at the district")


def old_readings(city, gauge: str, days: int, count: int = 200) -> dict[str, float]:
    begin = int(time.time() * 1000) // DAY * DAY - days * DAY + 3_600_000
    values = {stamp(begin + 1000 * each): each / 1000 for each in range(count)}
    gateway = city.gateway(STREET)
    answer = gateway.send_readings([
        {"device": gauge, "property": "waterDepth", "value": value, "time": when}
        for when, value in values.items()])
    gateway.close()
    assert answer["accepted"] == count, answer
    return {normal(when): value for when, value in values.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_readings_that_are_being_sealed_are_there_once(city, seed):
    street = city.servers[STREET.id]
    gauge = f"dev_{STREET.id}-road-6"
    # Its own days: what was sealed once is not sealed again.
    values = old_readings(city, gauge, 3 + seed)
    ledger = Ledger(city, STREET, f"sealing-{seed}")
    ledger.step()
    arm(street, "sealing-before-commit", listening=False)
    dies(street, "sealing-before-commit")
    recovers(city, ledger)
    viewer = city.who(STREET, "viewer")
    assert readings_of(viewer, gauge, min(values), max(values)) == values
    again = old_readings(city, gauge, 3 + seed)
    assert again == values
    eventually(lambda: sealed(street.data, values), "the readings in their order for reading")
    assert readings_of(viewer, gauge, min(values), max(values)) == values


def sealed(data: pathlib.Path, values: dict[str, float]) -> bool:
    """Each reading lies in one of the two tables of its file, and all in the second one."""
    day = min(values)[:10].replace("-", "")
    file = next((data / "telemetry").glob(f"readings-{day}*.sqlite"))
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        fresh, = connection.execute("SELECT count(*) FROM reading").fetchone()
        old, = connection.execute("SELECT count(*) FROM clustered").fetchone()
    finally:
        connection.close()
    assert fresh + old >= len(values)
    return fresh == 0


@pytest.mark.parametrize("point, number", [
    ("retention-decided", 1), ("retention-partly-removed", 1), ("retention-partly-removed", 2)])
def test_a_death_in_retention_leaves_no_part_of_an_old_file(city, point, number):
    street = city.servers[STREET.id]
    gauge = f"dev_{STREET.id}-road-6"
    ledger = Ledger(city, STREET, f"{point}-{number}")
    ledger.step()
    # Each time a day less is kept, so that there is something to remove.
    kept = {("retention-decided", 1): 40, ("retention-partly-removed", 1): 30,
            ("retention-partly-removed", 2): 20}[point, number]
    values = old_readings(city, gauge, kept + 5)
    day = min(values)[:10].replace("-", "")
    folder = street.data / "telemetry"
    assert list(folder.glob(f"readings-{day}*.sqlite"))
    text = street.config.read_text().split("telemetry:\n")[0]
    street.config.write_text(text + f"telemetry:\n  retentionDays: {kept}\n")
    arm(street, point, number, listening=False)
    dies(street, point)
    recovers(city, ledger)
    eventually(lambda: not list(folder.glob(f"readings-{day}*")), "nothing of the old file")
    viewer = city.who(STREET, "viewer")
    assert readings_of(viewer, gauge, min(values), max(values)) == {}
    gateway = city.gateway(STREET)
    answer = gateway.send_readings([{"device": gauge, "property": "waterDepth", "value": 1,
                                     "time": f"{min(values)}Z"}])
    gateway.close()
    assert answer["accepted"] == 0 and answer["rejected"], "what is gone came back"


@pytest.mark.parametrize("point", ["shutdown-services-stopped", "shutdown-before-close"])
def test_a_death_while_stopping_loses_nothing_acknowledged(city, point):
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, point)
    arm(street, point)
    until = datetime.datetime.now() + datetime.timedelta(seconds=0.5)
    while datetime.datetime.now() < until:
        ledger.step()
    street.signal_group(signal.SIGTERM)
    dies(street, point, timeout=20)
    recovers(city, ledger)
