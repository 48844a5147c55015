"""Crash points around files: evidence, backups, restores, migrations, set-up, and erasure."""

from __future__ import annotations

import hashlib
import random
import sqlite3

import pytest

from crash import (Ledger, arm, asked, command_dies, dies, is_whole, passage, verified_as_left)
from processes import ProgramError, Server, free_ports
from support import DISTRICT, STREET, connected, eventually


@pytest.fixture(scope="module")
def city(make_shared_city):
    city = make_shared_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    yield city
    verified_as_left(city)


def whole_files(server: Server) -> set[str]:
    """The evidence folder: every file that has a name has the bytes of that name."""
    found = set()
    for path in (server.data / "evidence").iterdir():
        if path.name.startswith("."):
            continue
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        found.add(path.name)
    return found


@pytest.mark.parametrize("point", ["evidence-written", "evidence-renamed", "evidence-recorded"])
def test_a_file_that_was_cut_off_is_there_whole_or_not_at_all(city, point):
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, point)
    ledger.file()
    case = ledger.cases["1"]
    data = random.Random(point).randbytes(700_000)
    digest = hashlib.sha256(data).hexdigest()

    def upload() -> dict:
        return city.who(STREET, "duty-officer").request(
            "PUT", f"/incidents/{case}/evidence", raw=data, media="image/jpeg",
            query={"name": "现场.jpg", "phase": "before"})

    arm(street, point)
    dies(street, point, upload)
    is_whole(street)
    street.start()
    assert not list((street.data / "evidence").glob(".*.part")), "a part was left"
    files = whole_files(street)
    officer = city.who(STREET, "duty-officer")
    known = [each["sha256"] for each in officer.get(f"/incidents/{case}/evidence")["items"]]
    # What a row promises is there; what nobody was told of may lie there without a row.
    assert set(known) <= files
    assert known == ([digest] if point == "evidence-recorded" else [])
    if not known:
        upload()
    assert [each["sha256"] for each in officer.get(
        f"/incidents/{case}/evidence")["items"]] == [digest]
    assert officer.get(f"/incidents/{case}/evidence/{digest}") == data
    ledger.compare(STREET, DISTRICT)


@pytest.mark.parametrize("point, seed", [
    ("evidence-chunk", 1), ("evidence-chunk", 2), ("evidence-fetched", 1)])
def test_a_file_that_was_being_fetched_is_fetched_to_its_end(city, point, seed):
    district = city.servers[DISTRICT.id]
    ledger = Ledger(city, STREET, f"{point}-{seed}")
    ledger.file()
    case = ledger.cases["1"]
    data = random.Random(f"{point} {seed}").randbytes(1_500_000)
    digest = hashlib.sha256(data).hexdigest()
    number = passage(point, seed, 2, 5) if point == "evidence-chunk" else 1
    arm(district, point, number)
    connected(city, DISTRICT, STREET)
    street = city.who(STREET, "duty-officer")
    street.request("PUT", f"/incidents/{case}/evidence", raw=data, media="image/jpeg",
                   query={"name": "现场.jpg", "phase": "before"})
    # Only who takes part fetches it: the district is offered the case, photo and all.
    street.post(f"/incidents/{case}/escalate", {"reason": "超出本级处置能力 beyond our means"})
    dies(district, point)
    is_whole(district)
    parts = list((district.data / "evidence").glob(".fetch-*.part"))
    if point == "evidence-chunk":
        assert [part.stat().st_size for part in parts] == [number * 256 * 1024]
    district.start()
    officer = city.who(DISTRICT, "duty-officer")
    assert eventually(lambda: officer.get(f"/incidents/{case}/evidence/{digest}"),
                      "the file at the district", 40) == data
    assert not list((district.data / "evidence").glob(".fetch-*.part"))
    assert digest in whole_files(district)
    ledger.compare(STREET, DISTRICT)


@pytest.mark.parametrize("point", ["backup-copied", "backup-before-rename"])
def test_a_backup_that_was_cut_off_leaves_no_half_of_one_and_nothing_in_clear(city, point):
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, point)
    ledger.step()
    folder = street.data / "backups"
    before = set(folder.glob("*")) if folder.exists() else set()
    arm(street, point)
    dies(street, point, lambda: city.session(STREET, "guanliyuan").post("/backup"))
    assert set(folder.iterdir()) > before, "it died before it wrote anything"
    is_whole(street)
    street.start()
    assert set(folder.iterdir()) == before
    made = city.session(STREET, "guanliyuan").post("/backup")
    assert (street.data / made["file"]).read_bytes()[:4] == b"CBB2"
    ledger.compare(STREET, DISTRICT)


@pytest.mark.parametrize("point", ["restore-laid-out", "restore-prepared", "restore-halfway"])
def test_a_restore_that_was_cut_off_leaves_the_old_store_or_a_quarantined_one(city, point):
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, point)
    ledger.step()
    backup = street.data / city.session(STREET, "guanliyuan").post("/backup")["file"]
    measured = dict(ledger.readings)
    ledger.step()
    ledger.compare(STREET, DISTRICT)
    epoch = asked(street, "SELECT epoch FROM head")
    street.stop()
    command_dies(city, point, 1, "restore", "--config", str(street.config), str(backup))
    if point == "restore-laid-out":
        is_whole(street)
    street.start()
    connected(city, DISTRICT, STREET)
    # Either nothing has happened; or it began a new life, and its neighbour gave back what the
    # backup did not hold. Never the old life with a part of its events.
    changed = asked(street, "SELECT epoch FROM head") != epoch
    assert changed == (point != "restore-laid-out")
    if changed:
        # Readings reach no neighbour: those of after the backup went with what was replaced.
        ledger.readings = measured
    eventually(lambda: not asked(street, "SELECT 1 FROM quarantine"), "the end of the quarantine")
    ledger.compare(STREET, DISTRICT)
    ledger.step()
    ledger.compare(STREET, DISTRICT)
    is_whole(street)
    assert not [path for path in street.data.iterdir() if "resto" in path.name]


def set_up_alone(city, name: str) -> Server:
    """The settings of a street that does not exist yet, beside the city."""
    http, link = free_ports(2)
    old = city.servers[STREET.id]
    folder = city.folder / name
    config = city.folder / f"{name}.yaml"
    config.write_text(old.config.read_text().replace(f"data: {old.data}", f"data: {folder}")
                      .replace(f"port: {old.http}", f"port: {http}")
                      .replace(str(old.link), str(link)))
    return Server(old.program, config, folder, name)


@pytest.mark.parametrize("point, number", [
    ("init-keys-made", 1), ("init-store-made", 1), *(("migration-mid", n) for n in range(1, 7))])
def test_a_set_up_that_was_cut_off_can_be_begun_anew(city, point, number):
    server = set_up_alone(city, f"{point}-{number}")
    command = ["node", "init", "--config", str(server.config), "--json"]
    command_dies(city, point, number, *command)
    with pytest.raises(ProgramError, match="no node"):
        city.program.run("serve", "--config", str(server.config))
    city.program.run(*command)
    with pytest.raises(ProgramError, match="already"):
        city.program.run(*command)
    try:
        server.start()
        is_whole(server)
    finally:
        server.stop()
    city.program.run("journal", "verify", "--config", str(server.config))
    names = asked(server, "SELECT count(*), count(DISTINCT identifier) FROM grdb_migrations")
    assert names[0][0] == names[0][1] >= number


def test_a_migration_that_was_cut_off_is_done_at_the_next_start(city):
    """A store as the release before left it: without its newest table or index."""
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, "migration")
    ledger.step()
    street.stop()
    store = sqlite3.connect(street.data / "node.sqlite")
    with store:
        store.execute("DROP INDEX evidence_missing")
        store.execute("DELETE FROM grdb_migrations WHERE identifier = 'evidence-missing-1'")
    store.close()
    street.spawn(extra={"CITYBEACON_CRASH_AT": "migration-mid"})
    dies(street, "migration-mid")
    is_whole(street)
    assert asked(street, "SELECT 1 FROM sqlite_master WHERE name = 'evidence_missing'") == []
    street.start()
    assert asked(street, "SELECT 1 FROM sqlite_master WHERE name = 'evidence_missing'") == [(1,)]
    connected(city, DISTRICT, STREET)
    ledger.step()
    ledger.compare(STREET, DISTRICT)


@pytest.mark.parametrize("point", ["erasure-deleted", "erasure-committed"])
def test_an_erasure_is_done_wholly_or_not_at_all(city, point):
    street = city.servers[STREET.id]
    officer = city.who(STREET, "duty-officer")
    ledger = Ledger(city, STREET, point)
    ledger.step()
    case = officer.post("/incidents", {
        "title": "井盖缺失", "classCode": "E0403", "grade": "yellow", "jurisdiction": STREET.code,
        "reporter": {"name": "王小明", "phone": "13900001111"}})["id"]
    secrets = [value for row in asked(
        street, "SELECT ciphertext, salt, wrapped FROM vault JOIN subject_key USING (subject) "
        "WHERE thing = ?", case) for value in row]
    assert len(secrets) >= 3

    def traces() -> list[str]:
        """Files that hold any of it still."""
        return [path.name for path in street.data.glob("node.sqlite*")
                if any(secret in path.read_bytes() for secret in secrets)]

    def erase() -> dict:
        return city.session(STREET, "guanliyuan").post(
            f"/incidents/{case}/erase-personal-data", {"reason": "依法删除 lawful request"})

    assert traces(), "the test looks for the wrong bytes"
    arm(street, point)
    dies(street, point, erase)
    is_whole(street)
    street.start()
    held = asked(street, "SELECT count(*) FROM vault WHERE thing = ?", case)[0][0]
    said = asked(street, "SELECT count(*) FROM event WHERE thing = ? AND kind = 'vault.redacted'",
                 case)[0][0]
    if point == "erasure-deleted":
        assert held >= 2 and said == 0, "half an erasure"
        values = city.who(STREET, "duty-officer").post(
            f"/incidents/{case}/unmask", {"reason": "回访 calling back"})["items"]
        assert "王小明" in [each["value"]["text"] for each in values]
        assert case in erase()["redacted"]
    else:
        assert held == 0 and said == 1, "half an erasure"
    assert asked(street, "SELECT count(*) FROM vault WHERE thing = ?", case) == [(0,)]
    eventually(lambda: not traces(), "no trace of what was erased", 10)
    connected(city, DISTRICT, STREET)
    ledger.compare(STREET, DISTRICT)
