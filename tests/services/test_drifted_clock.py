"""While the clock cannot be relied on nothing is dated by it, and afterwards all is as before."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from idservice.errors import ClockDrifted
from idservice.pki.ocsp_building import error_answer
from idservice.pki.ocsp_request import build_request
from idservice.pki.ocsp_response import read_answer, require_status
from idservice.services.assembly import Services, open_services
from idservice.services.certificate_authority import CertificateAuthority
from idservice.store import certificates, crls
from support.homes import PERSON, settings_of
from support.people import ACTOR, CODE, person_request

DAY = dt.timedelta(days=1)
GLITCHES = [25 * DAY, dt.timedelta(seconds=0.6), dt.timedelta(seconds=-0.6), -DAY]
"""How far the clock is set: far enough ahead for a renewal, a little, and back."""


class Clocks:
    """A wall clock that a test sets, and a monotonic one that runs on."""

    def __init__(self) -> None:
        """Begin at the true time."""
        self.began = dt.datetime.now(dt.UTC)
        self.passed = 0.0
        self.glitch = dt.timedelta()

    def wall(self) -> dt.datetime:
        """The time of day, as it is set."""
        return self.began + dt.timedelta(seconds=self.passed) + self.glitch

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self.passed


@pytest.fixture
def clocks() -> Clocks:
    """Give a test both clocks."""
    return Clocks()


@pytest.fixture
def watched(home: Path, clocks: Clocks) -> Iterator[Services]:
    """Give services that live by these clocks."""
    opened = open_services(settings_of(home), clock=clocks.wall, monotonic=clocks.monotonic)
    yield opened
    opened.close()


def status(services: Services, nonce: bytes | None) -> str:
    """The status of the test person, or the error in its place."""
    found = services.persons.show(PERSON).certificates[0].certificate_der
    assert found
    certificate = x509.load_der_x509_certificate(found)
    issuer = x509.load_der_x509_certificate(services.certificate_authority.chain_der[0])
    answer = services.ocsp_responder.respond(build_request(certificate, issuer, nonce=nonce)).der
    facts = read_answer(answer)
    if facts.status != "successful":
        return facts.status
    return require_status(facts, certificate, issuer, at=services.clock(), nonce=nonce).state


def issued(services: Services) -> list[str]:
    """Every certificate and list that is recorded: what a wrong clock would leave behind."""
    with services.database.read() as connection:
        lists = [crls.latest(connection, name) for name in services.revocation_lists.names]
        found = [
            record
            for name in services.service_certificates.names
            for record in certificates.of_service(
                connection, name, services.profiles.profile(name).role.value
            )
        ]
        last = certificates.latest_allocation(connection)
    return [str(item) for item in (*lists, *found, last)]


@pytest.mark.parametrize("glitch", GLITCHES, ids=str)
def test_nothing_is_dated_by_a_wrong_clock(
    watched: Services, clocks: Clocks, glitch: dt.timedelta
) -> None:
    """OCSP, issuing and renewal stop at once, leave no trace, and go on when it is right."""
    assert [status(watched, None), status(watched, bytes(16))] == ["good", "good"]
    watched.revocation_lists.current("esteid2025")
    before = issued(watched)
    clocks.glitch = glitch
    for nonce in (None, bytes(16)):
        assert status(watched, nonce) == "tryLater"
    with pytest.raises(ClockDrifted):
        watched.persons.issue(person_request())
    with pytest.raises(ClockDrifted):
        watched.service_certificates.renew(every=True)
    assert issued(watched) == before
    clocks.glitch = dt.timedelta()
    clocks.passed += 1
    assert [status(watched, None), status(watched, bytes(16))] == ["good", "good"]
    assert watched.persons.issue(person_request()).personal_code == CODE
    assert watched.service_certificates.renew(every=True)


def test_the_last_list_is_given_while_it_is_current(watched: Services, clocks: Clocks) -> None:
    """A wrong clock makes no list; the last one is given if it tells everything and is current."""
    lists = watched.revocation_lists
    last = lists.current("esteid2025")
    clocks.passed += watched.settings.crl.period_seconds
    clocks.glitch = dt.timedelta(seconds=2)
    assert lists.current("esteid2025") == last
    for glitch in (30 * DAY, -30 * DAY):
        clocks.glitch = glitch
        with pytest.raises(ClockDrifted):
            lists.current("esteid2025")
    watched.persons.suspend(PERSON, actor=ACTOR)
    clocks.glitch = dt.timedelta(seconds=2)
    with pytest.raises(ClockDrifted):
        lists.current("esteid2025")
    clocks.glitch = dt.timedelta()
    assert lists.current("esteid2025").number > last.number
    assert lists.current("esteid2025").this_update <= clocks.wall()


def test_a_clock_that_is_set_amid_a_renewal(
    watched: Services, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was reserved before is given up, so that nobody waits once the clock is right."""
    sign = CertificateAuthority.sign

    def sign_and_step(self: CertificateAuthority, allocations: list[object]) -> object:
        clocks.glitch = DAY
        return sign(self, allocations)  # type: ignore[arg-type] # handed on as it came

    with monkeypatch.context() as patch:
        patch.setattr(CertificateAuthority, "sign", sign_and_step)
        with pytest.raises(ClockDrifted):
            watched.service_certificates.renew(every=True)
    clocks.glitch = dt.timedelta()
    assert "ocsp" in watched.service_certificates.renew(every=True)
    assert watched.certificate_authority.reconcile() == 0


def test_looking_goes_on(watched: Services, clocks: Clocks) -> None:
    """What only shows how things are needs no true time."""
    clocks.glitch = DAY
    assert len(watched.service_certificates.inventory()) == 3
    assert watched.ocsp_responder.respond(b"").der == error_answer("malformedRequest")


def test_a_service_that_starts_years_ahead_works(home: Path) -> None:
    """The reference is taken at the start: a clock that is wrong all along is not seen here."""
    clocks = Clocks()
    clocks.glitch = 3 * 365 * DAY
    services = open_services(settings_of(home), clock=clocks.wall, monotonic=clocks.monotonic)
    assert status(services, bytes(16)) == "good"
    assert services.persons.issue(person_request()).personal_code == CODE
    services.close()
