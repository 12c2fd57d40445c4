"""Certificates of our own services on both databases: renewed in time, by one process."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import text

from idservice.errors import (
    CertificateExpired,
    KeyStoreInvalid,
    KeyStoreUnavailable,
    StorageUnavailable,
)
from idservice.keystore.software import KeyFiles
from idservice.services.assembly import Services, open_services
from idservice.services.certificate_authority import CertificateAuthority
from idservice.services.service_certificates import ServiceCertificates
from idservice.store import certificates
from support import pdfs
from support.homes import settings_of
from support.status import HOUR

DAY = dt.timedelta(days=1)
NAMES = ["ocsp", "tsa", "tsa_archive"]


class Moved:
    """The clock of this machine, moved by a test."""

    def __init__(self) -> None:
        """Begin a second after now, so that nothing made before is in the future."""
        self.time = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)

    def __call__(self) -> dt.datetime:
        """Return the time."""
        return self.time


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


def held(services: Services, name: str) -> list[str]:
    """The states of all certificates that a service ever had."""
    purpose = services.profiles.profile(name).role.value
    with services.database.read() as connection:
        return [item.status for item in certificates.of_service(connection, name, purpose)]


def forget(services: Services, name: str) -> None:
    """Make the home one that never had this key."""
    services.key_files.key_path(name).unlink()
    services.key_files.certificate_path(name).unlink()
    with services.database.begin() as connection:
        connection.execute(text("DELETE FROM certificates WHERE profile = :name"), {"name": name})


def test_a_new_certificate_is_used_as_it_is(any_services: Services) -> None:
    """What is not due stays: key and certificate of the files, which belong together."""
    service = any_services.service_certificates
    for name in NAMES:
        found = service.current(name)
        assert found.certificate_der == any_services.key_files.load_certificate(name)
        certificate = x509.load_der_x509_certificate(found.certificate_der)
        assert (
            certificate.public_key()
            == x509.load_der_x509_certificate(service.load_certificate(name)).public_key()
        )
        assert service.load_signer(name) is found.signer
        assert held(any_services, name) == ["valid"]
    assert service.renew() == []


@pytest.mark.parametrize(("days", "renewed"), [(19, False), (21, True), (31, True), (365, True)])
def test_what_is_due_is_renewed_when_used(
    moved: Services,
    clock: Moved,
    days: int,
    renewed: bool,  # noqa: FBT001 - a case
) -> None:
    """After two thirds of its life, and after its end, the same key has a new certificate."""
    before = moved.service_certificates.current("ocsp")
    clock.time += days * DAY
    after = moved.service_certificates.current("ocsp")
    assert (after.certificate_der != before.certificate_der) is renewed
    assert after.signer is before.signer
    if renewed:
        assert after.not_before == clock.time.replace(microsecond=0)
        assert after.not_after - after.not_before == 30 * DAY
        assert held(moved, "ocsp") == ["valid", "valid"]
        assert moved.key_files.load_certificate("ocsp") == after.certificate_der
        issuer = x509.load_der_x509_certificate(moved.certificate_authority.chain_der[0])
        made = x509.load_der_x509_certificate(after.certificate_der)
        made.verify_directly_issued_by(issuer)


def test_every_worker_changes_without_a_restart(home: Path, clock: Moved) -> None:
    """A certificate that another process renewed is in use within ten seconds."""
    here = open_services(settings_of(home), clock=clock)
    there = open_services(settings_of(home), clock=clock)
    before = here.service_certificates.current("ocsp").certificate_der
    assert there.service_certificates.renew(every=True) == NAMES
    assert here.service_certificates.current("ocsp").certificate_der == before
    clock.time += dt.timedelta(seconds=10)
    after = here.service_certificates.current("ocsp").certificate_der
    assert after == there.service_certificates.current("ocsp").certificate_der != before
    here.close()
    there.close()


def test_one_process_renews(any_services: Services) -> None:
    """Of many that find a certificate due at once, one makes the next, and all use it."""
    settings = any_services.settings
    later = any_services.clock() + 40 * DAY
    opened = [open_services(settings, clock=lambda: later) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda item: item.service_certificates.current("ocsp"), opened * 4))
    for services in opened:
        services.close()
    assert len({item.certificate_der for item in found}) == 1
    assert held(any_services, "ocsp") == ["valid", "valid"]


def test_a_key_that_a_home_never_had_is_made(any_services: Services) -> None:
    """A home of an earlier version gets the key of the archive unit by use, once."""
    forget(any_services, "tsa_archive")
    assert any_services.service_certificates.newest_or_none("tsa_archive") is None
    opened = [open_services(any_services.settings) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda item: item.service_certificates.current("tsa_archive"), opened * 2)
        )
    assert len({item.certificate_der for item in found}) == 1
    assert held(any_services, "tsa_archive") == ["valid"]
    assert any_services.key_files.load_certificate("tsa_archive") == found[0].certificate_der
    for services in opened:
        services.close()


def test_the_command_makes_what_is_missing_and_renews_what_is_due(
    moved: Services, clock: Moved
) -> None:
    """`renew` names what is new, and does nothing twice."""
    forget(moved, "tsa_archive")
    clock.time += 21 * DAY
    assert moved.service_certificates.renew() == ["ocsp", "tsa_archive"]
    assert moved.service_certificates.renew() == []
    assert moved.service_certificates.renew(every=True) == NAMES


def test_a_key_that_was_lost_is_not_made_again(services: Services) -> None:
    """A key that had a certificate and is gone is a fault to be mended, not a new key."""
    services.key_files.key_path("ocsp").unlink()
    with pytest.raises(KeyStoreInvalid):
        services.service_certificates.current("ocsp")
    with pytest.raises(KeyStoreInvalid):
        services.service_certificates.renew()


def test_a_process_that_died_is_waited_for(moved: Services, clock: Moved) -> None:
    """While another process may be at it nobody renews; a minute later somebody does."""
    clock.time += 31 * DAY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CertificateAuthority, "record", _die)
        with pytest.raises(_Died):
            moved.service_certificates.current("ocsp")
    assert sorted(held(moved, "ocsp")) == ["pending", "valid"]
    waited: list[float] = []
    impatient = ServiceCertificates(
        moved.database,
        moved.key_files,
        moved.certificate_authority,
        moved.profiles,
        {"ocsp": 30 * DAY},
        clock=clock,
        sleep=waited.append,
    )
    with pytest.raises(KeyStoreUnavailable):
        impatient.current("ocsp")
    assert 4 < sum(waited) <= 5
    clock.time += dt.timedelta(seconds=61)
    assert impatient.current("ocsp").is_valid(clock.time)
    assert moved.certificate_authority.reconcile() == 1
    assert sorted(held(moved, "ocsp")) == ["abandoned", "valid", "valid"]


def test_a_process_that_died_with_a_new_key(services: Services) -> None:
    """A key that was kept and whose certificate was not recorded gets another certificate."""
    forget(services, "tsa_archive")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CertificateAuthority, "record", _die)
        with pytest.raises(_Died):
            services.service_certificates.current("tsa_archive")
    key = services.key_files.key_path("tsa_archive").read_bytes()
    later = open_services(
        services.settings, clock=lambda: services.clock() + dt.timedelta(seconds=61)
    )
    assert later.service_certificates.renew() == ["tsa_archive"]
    assert services.key_files.key_path("tsa_archive").read_bytes() == key
    later.close()


def test_a_failed_renewal_leaves_the_old_certificate(moved: Services, clock: Moved) -> None:
    """Before the end a fault of the authority is no fault of the service; after it is."""
    before = moved.service_certificates.current("ocsp")
    moved.key_files.key_path("esteid2025").rename(moved.settings.home / "away")
    clock.time += 25 * DAY
    assert moved.service_certificates.current("ocsp") is not None
    assert moved.service_certificates.current("ocsp").certificate_der == before.certificate_der
    clock.time += 10 * DAY
    for _ in range(3):
        with pytest.raises(KeyStoreInvalid):
            moved.service_certificates.current("ocsp")
    assert sorted(held(moved, "ocsp")) == ["abandoned", "abandoned", "valid"]
    clock.time += dt.timedelta(seconds=5)
    (moved.settings.home / "away").rename(moved.key_files.key_path("esteid2025"))
    assert moved.service_certificates.current("ocsp").is_valid(clock.time)


def test_a_read_only_folder_is_no_obstacle(
    moved: Services, clock: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database knows the new certificate, also when its file cannot be replaced."""

    def refuse(_self: KeyFiles, _name: str, _certificate_der: bytes) -> None:
        raise StorageUnavailable("The folder is read-only.", "Make it writable.")

    monkeypatch.setattr(KeyFiles, "replace_certificate", refuse)
    clock.time += 31 * DAY
    renewed = moved.service_certificates.current("ocsp")
    assert renewed.certificate_der != moved.key_files.load_certificate("ocsp")
    again = open_services(moved.settings, clock=clock)
    assert again.service_certificates.current("ocsp").certificate_der == renewed.certificate_der
    again.close()


def test_the_end_of_the_authority_ends_renewal(moved: Services, clock: Moved) -> None:
    """Near the end of the authority certificates end with it, and are not renewed for nothing."""
    end = moved.certificate_authority.not_after
    clock.time = end - 5 * DAY
    last = moved.service_certificates.current("ocsp")
    assert last.not_after == end
    clock.time = end - HOUR
    assert moved.service_certificates.current("ocsp").certificate_der == last.certificate_der
    assert moved.service_certificates.renew() == ["tsa", "tsa_archive"]
    assert held(moved, "ocsp") == ["valid", "valid"]
    clock.time = end + DAY
    with pytest.raises(CertificateExpired):
        moved.service_certificates.current("ocsp")


def test_an_authority_that_ended_stops_no_service(moved: Services, clock: Moved) -> None:
    """Starting, it is told once, and documents are validated on."""
    assert moved.require_keys() == []
    clock.time = moved.certificate_authority.not_after + DAY
    [told] = moved.require_keys()
    assert isinstance(told, CertificateExpired)
    moved.reconcile()
    assert moved.validation.validate(pdfs.baseline(), "unsigned.pdf").signatures == ()


def test_a_clock_set_back_uses_the_certificate_of_then(moved: Services, clock: Moved) -> None:
    """Back from the future, the certificate that is valid now is used, not the newest."""
    before = moved.service_certificates.current("ocsp")
    clock.time += 40 * DAY
    moved.service_certificates.current("ocsp")
    clock.time -= 39 * DAY
    assert moved.service_certificates.current("ocsp").certificate_der == before.certificate_der


def test_what_is_due_is_seen_without_renewing(moved: Services, clock: Moved) -> None:
    """Looking at a certificate changes nothing."""
    clock.time += 31 * DAY
    found = moved.service_certificates.newest("ocsp")
    assert found
    assert moved.service_certificates.is_due(found)
    assert not moved.service_certificates.is_due(replace(found, not_after=clock.time + 365 * DAY))
    assert held(moved, "ocsp") == ["valid"]


class _Died(Exception):
    """The process ended here."""


def _die(*_arguments: object, **_more: object) -> None:
    raise _Died
