"""A child that was taken over: its store and settings are changed behind its back, and it sends what
it should not, over its own link and with its own keys. Refused, audited, and the link goes on."""

from __future__ import annotations

import shutil
import sqlite3
import time

import pytest

from crash import Ledger, asked, is_whole
from support import DISTRICT, STREET, connected, eventually, report

OTHER = "339102002"  # the street beside it


@pytest.fixture
def city(make_city):
    city = make_city(DISTRICT.id, STREET.id)
    connected(city, DISTRICT, STREET)
    return city


def refusals(city) -> list[str]:
    return [bytes(body).decode() for body, in asked(
        city.servers[DISTRICT.id],
        "SELECT body FROM event WHERE kind = 'audit.link.refusedEvent' ORDER BY position")]


def changed(city, *statements: tuple) -> None:
    """Changes the store of the street, which must not run."""
    connection = sqlite3.connect(city.servers[STREET.id].data / "node.sqlite")
    with connection:
        for sql, *values in statements:
            connection.execute(sql, values)
    connection.close()


def goes_on(city, source: str) -> None:
    """The link carries what is honest, and the district's journal is whole."""
    connected(city, DISTRICT, STREET)
    city.sessions.clear()
    ledger = Ledger(city, STREET, source)
    ledger.file()
    ledger.compare(DISTRICT)
    is_whole(city.servers[DISTRICT.id])


@pytest.mark.parametrize("forged", ["body", "header", "hash", "previous"])
def test_an_event_with_a_forged_hash_is_refused_and_audited(city, forged):
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, "honest")
    ledger.file()
    ledger.compare(DISTRICT)
    city.servers[DISTRICT.id].stop()
    case = city.who(STREET, "duty-officer").post("/incidents", report(1, "forged"))["id"]
    street.stop()
    if forged in ("body", "header"):
        change = (f"UPDATE event SET {forged} = CAST(replace(CAST({forged} AS TEXT), ?, ?) AS BLOB) "
                  "WHERE thing = ? AND version = 1",
                  *{"body": ("路面积水", "路面塌陷"), "header": ('"yellow"', '"blue"')}[forged], case)
    else:
        change = (f"UPDATE event SET {forged} = randomblob(32) WHERE thing = ? AND version = 1", case)
    before = asked(street, "SELECT header, body, hash, previous FROM event WHERE thing = ?", case)
    changed(city, change)
    assert before != asked(
        street, "SELECT header, body, hash, previous FROM event WHERE thing = ?", case)
    city.servers[DISTRICT.id].start()
    street.start()
    eventually(lambda: refusals(city), "the refusal in the district's journal")
    assert asked(city.servers[DISTRICT.id], "SELECT 1 FROM thing WHERE id = ?", case) == []
    goes_on(city, "after")


def test_old_events_that_are_sent_again_change_nothing(city):
    ledger = Ledger(city, STREET, "replayed")
    for _ in range(10):
        ledger.file()
    ledger.compare(STREET, DISTRICT)
    district, street = city.servers[DISTRICT.id], city.servers[STREET.id]
    held = asked(district, "SELECT hash FROM event WHERE thing LIKE 'inc_%' ORDER BY position")
    street.stop()
    epoch, released = asked(street, "SELECT epoch, released FROM outbox WHERE link = ?",
                            DISTRICT.id)[0]
    life = asked(street, "SELECT id FROM life WHERE node = ? AND epoch = ?",
                 DISTRICT.id, epoch)[0][0]
    changed(city,
            ("INSERT INTO release SELECT life, link_seq + ?, position, policy, with_sealed "
             "FROM release WHERE life = ? ORDER BY link_seq", released, life),
            ("UPDATE outbox SET released = 2 * released WHERE link = ?", DISTRICT.id))
    street.start()
    connected(city, DISTRICT, STREET)
    eventually(lambda: asked(
        district, "SELECT max(through) FROM inbox WHERE link = ?", STREET.id)[0][0] >= 2 * released,
        "everything that was sent again")
    assert asked(
        district, "SELECT hash FROM event WHERE thing LIKE 'inc_%' ORDER BY position") == held
    goes_on(city, "after")


def test_events_of_anothers_jurisdiction_are_refused_and_audited(city):
    street = city.servers[STREET.id]
    street.stop()
    street.config.write_text(street.config.read_text().replace(
        f'jurisdiction: "{STREET.code}"', f'jurisdiction: "{OTHER}"'))
    tables = ("person", "organisation", "credential", "session")
    changed(city, *((f"UPDATE {table} SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB)",
                     STREET.code, OTHER) for table in tables))
    street.start()
    city.sessions.clear()
    connected(city, DISTRICT, STREET)
    made = city.who(STREET, "duty-officer").post(
        "/incidents", {**report(1, "abroad"), "jurisdiction": OTHER})
    eventually(lambda: refusals(city), "the refusal on record")
    assert asked(city.servers[DISTRICT.id], "SELECT 1 FROM thing WHERE id = ?", made["id"]) == []


def test_a_child_that_was_rolled_back_unknowingly_is_quarantined(city):
    """An old copy of its folder, put back by hand: it would use its numbers a second time."""
    street = city.servers[STREET.id]
    ledger = Ledger(city, STREET, "before")
    ledger.file()
    ledger.compare(DISTRICT)
    street.stop()
    copy = city.folder / "old copy"
    shutil.copytree(street.data, copy)
    street.start()
    lost = Ledger(city, STREET, "lost")
    for _ in range(3):
        lost.file()
    lost.compare(STREET, DISTRICT)
    epoch = asked(street, "SELECT epoch FROM head")
    street.stop()
    shutil.rmtree(street.data)
    shutil.copytree(copy, street.data)
    street.start()
    eventually(lambda: asked(street, "SELECT epoch FROM head") != epoch, "a new epoch", 40)
    eventually(lambda: not asked(street, "SELECT 1 FROM quarantine"), "the end of the quarantine", 40)
    city.sessions.clear()
    lost.people = ledger.people = city.who(STREET, "duty-officer")
    lost.compare(STREET, DISTRICT)
    ledger.compare(STREET, DISTRICT)
    goes_on(city, "after")


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
def test_a_parent_that_was_gone_for_days_catches_up(city):
    """Three days without the district, as every clock sees it."""
    street = city.servers[STREET.id]
    city.servers[DISTRICT.id].stop()
    wanted: dict[str, str] = {}
    for day in (1, 2, 3):
        street.stop()
        start_later(street, day)
        city.sessions.clear()
        officer = city.who(STREET, "duty-officer")
        for number in range(20):
            name = str(100 * day + number)
            wanted[name] = officer.post("/incidents", report(int(name), "days"))["id"]
    street.stop()
    start_later(city.servers[DISTRICT.id], 3)
    # A sleep under faketime may not end: the street dials at its start, and need not wait.
    start_later(street, 3)
    city.sessions.clear()
    connected(city, DISTRICT, STREET, 60)
    ledger = Ledger(city, STREET, "days")
    ledger.cases = wanted
    ledger.compare(STREET, DISTRICT)
    first, last = (asked(city.servers[DISTRICT.id], "SELECT wall FROM event WHERE thing = ?",
                         wanted[name])[0][0] for name in ("100", "319"))
    assert last - first > 40 * 3600 * 1000, "the days are in the stamps"
    assert last / 1000 > time.time() + 2 * 86_400
    is_whole(city.servers[DISTRICT.id])


def start_later(server, days: int) -> None:
    server.start(prefix=["faketime", "-f", f"+{days}d"],
                 extra={"FAKETIME_DONT_FAKE_MONOTONIC": "1"})
