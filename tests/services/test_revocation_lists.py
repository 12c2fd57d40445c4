"""Revocation lists on both databases: when a new one is made, and by whom."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import text

from idservice.errors import ClockWentBack, KeyStoreInvalid, NotFound
from idservice.pki.crl import read_crl
from idservice.pki.crl_status import CrlStatus, require_status_from_crl
from idservice.services.assembly import Services, open_services
from idservice.services.revocation_lists import Crl
from idservice.store import crls
from support.homes import settings_of
from support.people import ACTOR, CODE, person_request

ISSUING, ROOT = "esteid2025", "root"


class Moved:
    """The clock of this machine, moved by a test."""

    def __init__(self) -> None:
        """Begin a second after now, so that nothing made before is in the future."""
        self.time = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)

    def __call__(self) -> dt.datetime:
        """Return the time."""
        return self.time

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.time += dt.timedelta(**span)


@pytest.fixture
def clock() -> Moved:
    """Give a test a clock to move."""
    return Moved()


@pytest.fixture
def moved(home: Path, clock: Moved) -> Iterator[Services]:
    """Give a test services on SQLite that read this clock."""
    opened = open_services(settings_of(home), clock=clock)
    yield opened
    opened.close()


def status(services: Services, crl: Crl, index: int = 0) -> CrlStatus:
    """What a list says about a certificate of the test's person."""
    certificate_der = services.persons.show(CODE).certificates[index].certificate_der
    assert certificate_der
    return require_status_from_crl(
        read_crl(crl.der),
        x509.load_der_x509_certificate(certificate_der),
        x509.load_der_x509_certificate(services.certificate_authority.chain_der[0]),
        at=services.clock(),
    )


def test_a_new_home_has_its_lists(any_services: Services) -> None:
    """Both lists are there from the start: verified, current, and nobody is on them."""
    for name, above in ((ISSUING, 0), (ROOT, 1)):
        stored = any_services.revocation_lists.stored(name)
        assert stored
        crl = any_services.revocation_lists.current(name)
        assert crl.number == stored.number
        parsed = x509.load_der_x509_crl(crl.der)
        chain = any_services.certificate_authority.chain_der
        issuer = x509.load_der_x509_certificate(chain[above])
        assert parsed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type] # P-384
        assert len(parsed) == 0
        assert crl.this_update <= any_services.clock() < crl.next_update


def test_a_change_makes_a_new_list(any_services: Services) -> None:
    """The first list after a suspension, its end and a revocation tells it; none in between."""
    services, lists = any_services, any_services.revocation_lists
    of_the_root = lists.current(ROOT)
    services.persons.issue(person_request())
    first = lists.current(ISSUING)
    assert status(services, first).state == "good"
    services.persons.suspend(CODE, actor=ACTOR)
    held = lists.current(ISSUING)
    assert (status(services, held).state, status(services, held).reason) == (
        "revoked",
        "certificateHold",
    )
    assert lists.current(ISSUING) == held
    services.persons.resume(CODE, actor=ACTOR)
    assert status(services, lists.current(ISSUING)).state == "good"
    services.persons.revoke(CODE, "superseded", actor=ACTOR)
    last = lists.current(ISSUING)
    for index in range(2):
        found = status(services, last, index)
        assert (found.state, found.reason) == ("revoked", "superseded")
    assert first.number < held.number < last.number
    assert lists.current(ROOT) == of_the_root


def test_another_process_revokes(home: Path) -> None:
    """A list kept here ends with a revocation that another process made."""
    here, there = open_services(settings_of(home)), open_services(settings_of(home))
    here.persons.issue(person_request())
    here.revocation_lists.current(ISSUING)
    there.persons.revoke(CODE, actor=ACTOR)
    assert status(here, here.revocation_lists.current(ISSUING)).state == "revoked"
    assert there.revocation_lists.current(ISSUING) == here.revocation_lists.current(ISSUING)
    here.close()
    there.close()


def test_lists_are_signed_on_schedule(moved: Services, clock: Moved) -> None:
    """A list is signed anew after its period, hourly for people and monthly for the root."""
    lists = moved.revocation_lists
    # The list that came with the home may be some minutes old.
    clock.forward(minutes=60)
    people, root = lists.current(ISSUING), lists.current(ROOT)
    clock.forward(minutes=59)
    assert [lists.current(name) for name in (ISSUING, ROOT)] == [people, root]
    clock.forward(minutes=1)
    assert lists.current(ISSUING).number > people.number
    assert lists.current(ROOT) == root
    clock.forward(days=30)
    newest = [lists.current(name) for name in (ISSUING, ROOT)]
    assert newest[1].number > root.number
    assert [item.next_update - item.this_update for item in newest] == [
        dt.timedelta(days=1),
        dt.timedelta(days=180),
    ]


def numbers(services: Services, issuer: str) -> list[int]:
    """The numbers of all lists that are kept."""
    with services.database.read() as connection:
        rows = connection.execute(
            text("SELECT number FROM crls WHERE issuer = :issuer ORDER BY number"),
            {"issuer": issuer},
        )
        return list(rows.scalars())


def test_lists_that_have_ended_are_not_kept(moved: Services, clock: Moved) -> None:
    """With each new list those go whose nextUpdate has passed, of its own authority alone."""
    lists = moved.revocation_lists
    of_the_root = lists.current(ROOT).number
    lists.current(ISSUING)
    made = []
    for _ in range(6):
        clock.forward(hours=10)
        made.append(lists.current(ISSUING).number)
    assert made == sorted(set(made))
    # A list is good for a day: that of twenty hours ago still is, that of thirty is not.
    assert numbers(moved, ISSUING) == made[-3:]
    clock.forward(days=400)
    assert numbers(moved, ISSUING) == made[-3:]
    last = lists.current(ISSUING).number
    assert last > made[-1]
    assert numbers(moved, ISSUING) == [last]
    assert numbers(moved, ROOT) == [of_the_root]


def test_the_newest_list_always_stays(any_services: Services) -> None:
    """On both databases the newest list stays, even when it has ended itself."""
    newest = any_services.revocation_lists.stored(ISSUING)
    assert newest
    with any_services.database.begin() as connection:
        assert crls.forget_ended(connection, newest, newest.next_update + dt.timedelta(1)) == 0
        older = dataclasses.replace(newest, number=1)
        assert crls.add(connection, older, b"an older list")
        assert crls.forget_ended(connection, newest, newest.next_update) == 0
        assert crls.forget_ended(connection, newest, newest.next_update + dt.timedelta(1)) == 1
        assert crls.latest(connection, ISSUING) == newest


def test_expired_certificates_stay_on_the_list(moved: Services, clock: Moved) -> None:
    """Years after its end a certificate is still told as revoked, and others as good."""
    moved.persons.issue(person_request())
    clock.forward(days=365 * 8)
    assert status(moved, moved.revocation_lists.current(ISSUING)).state == "good"
    moved.persons.revoke(CODE, actor=ACTOR)
    assert status(moved, moved.revocation_lists.current(ISSUING)).state == "revoked"


def test_many_at_once_make_one_list(any_services: Services) -> None:
    """Processes that all find the list old agree on one, under the next number."""
    settings = any_services.settings
    any_services.persons.issue(person_request())
    any_services.persons.revoke(CODE, actor=ACTOR)
    opened = [open_services(settings) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda item: item.revocation_lists.current(ISSUING), opened * 4))
    for services in opened:
        services.close()
    assert len({item.der for item in made}) == 1
    assert status(any_services, made[0]).state == "revoked"


def test_no_number_is_used_twice(any_services: Services) -> None:
    """A list whose number is taken is not stored, whoever signed it."""
    with any_services.database.begin() as connection:
        latest = crls.latest(connection, ISSUING)
        assert latest
        assert not crls.add(connection, latest, b"another list")


def test_a_restored_backup_repeats_no_number(moved: Services, clock: Moved) -> None:
    """Lists that a backup does not know have numbers that are not given again."""
    moved.persons.issue(person_request())
    clock.forward(hours=1)
    backup = moved.revocation_lists.current(ISSUING)
    lost = []
    for _ in range(3):
        clock.forward(hours=1)
        lost.append(moved.revocation_lists.current(ISSUING).number)
    with moved.database.begin() as connection:
        connection.execute(text("DELETE FROM crls WHERE number > :last"), {"last": backup.number})
    clock.forward(hours=1)
    restored = open_services(moved.settings, clock=clock)
    assert restored.revocation_lists.current(ISSUING).number > max(lost)
    restored.close()


def test_without_the_root_key_the_list_of_the_root_stays(moved: Services, clock: Moved) -> None:
    """With the root key locked away its last list is given until it ends, and then none is."""
    last = moved.revocation_lists.current(ROOT)
    moved.key_files.key_path(ROOT).rename(moved.settings.home / "root.key.away")
    clock.forward(days=100)
    assert moved.revocation_lists.current(ROOT) == last
    clock.forward(days=80)
    with pytest.raises(KeyStoreInvalid):
        moved.revocation_lists.current(ROOT)
    assert moved.revocation_lists.current(ISSUING).this_update > last.this_update


def test_a_list_without_a_revocation_is_never_given(moved: Services) -> None:
    """When the key of the authority does not open, a list that lacks a revocation is refused."""
    moved.persons.issue(person_request())
    moved.revocation_lists.current(ISSUING)
    moved.persons.revoke(CODE, actor=ACTOR)
    moved.key_files.key_path(ISSUING).rename(moved.settings.home / "issuing.key.away")
    with pytest.raises(KeyStoreInvalid):
        moved.revocation_lists.current(ISSUING)


def test_a_clock_set_back_makes_no_list(moved: Services, clock: Moved) -> None:
    """No list is dated before the one that it follows."""
    moved.persons.issue(person_request())
    clock.forward(hours=2)
    before = moved.revocation_lists.current(ISSUING)
    moved.persons.suspend(CODE, actor=ACTOR)
    clock.forward(minutes=-5)
    with pytest.raises(ClockWentBack):
        moved.revocation_lists.current(ISSUING)
    clock.forward(minutes=5)
    assert moved.revocation_lists.current(ISSUING).number > before.number


def test_lists_of_one_second_are_told_apart(moved: Services, clock: Moved) -> None:
    """Two lists of the same second have no time that HTTP could tell them apart by."""
    moved.persons.issue(person_request())
    clock.forward(hours=2)
    first = moved.revocation_lists.current(ISSUING)
    moved.persons.suspend(CODE, actor=ACTOR)
    second = moved.revocation_lists.current(ISSUING)
    assert first.this_update == second.this_update == first.last_modified
    assert second.last_modified is None
    again = open_services(moved.settings, clock=clock)
    assert again.revocation_lists.current(ISSUING) == second
    again.close()


def test_other_names_have_no_list(services: Services) -> None:
    """Only authorities have lists."""
    with pytest.raises(NotFound):
        services.revocation_lists.current("ocsp")
