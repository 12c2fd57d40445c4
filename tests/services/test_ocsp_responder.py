"""The OCSP responder on both databases: what is answered, what is kept, and for how long."""

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from sqlalchemy import text

from idservice.crypto import der
from idservice.crypto.keys import SoftwareSigner
from idservice.errors import KeyStoreInvalid, KeyStoreUnavailable
from idservice.pki.ocsp_building import Responder, error_answer, sign_answer
from idservice.pki.ocsp_cert_id import make_cert_id
from idservice.pki.ocsp_request import MAX_CERT_IDS, build_request
from idservice.pki.ocsp_response import OcspStatus, read_answer, require_status
from idservice.services import ocsp_responder
from idservice.services.assembly import Services, open_services
from idservice.services.ocsp_responder import OcspAnswer
from idservice.services.service_certificates import ServiceCertificates
from idservice.store import certificates
from support.homes import settings_of
from support.people import ACTOR, CODE, person_request
from support.pki import chain, new_key

NONCE = bytes(32)
SECOND = dt.timedelta(seconds=1)


class Moved:
    """The clock of this machine, moved by a test."""

    def __init__(self) -> None:
        """Begin at the true time, at the start of a second."""
        self.time = dt.datetime.now(dt.UTC).replace(microsecond=0) + SECOND

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


def issuer(services: Services) -> x509.Certificate:
    """The issuing authority."""
    return x509.load_der_x509_certificate(services.certificate_authority.chain_der[0])


def issue(services: Services) -> x509.Certificate:
    """Issue a person and return one of the certificates."""
    services.persons.issue(person_request())
    return issued(services)


def issued(services: Services, code: str = CODE) -> x509.Certificate:
    """One of the certificates of a person."""
    found = services.persons.show(code).certificates[0].certificate_der
    assert found
    return x509.load_der_x509_certificate(found)


def request(services: Services, certificate: x509.Certificate, nonce: bytes | None = None) -> bytes:
    """Ask about a certificate of the issuing authority."""
    return build_request(certificate, issuer(services), nonce=nonce)


def ask(
    services: Services, certificate: x509.Certificate, nonce: bytes | None = None
) -> tuple[OcspStatus, OcspAnswer]:
    """Return the status that an answer proves, and the answer."""
    answer = services.ocsp_responder.respond(request(services, certificate, nonce))
    facts = read_answer(answer.der)
    at = services.clock()
    return require_status(facts, certificate, issuer(services), at=at, nonce=nonce), answer


@pytest.mark.parametrize("nonce", [None, NONCE], ids=["kept", "live"])
def test_the_life_of_a_certificate(any_services: Services, nonce: bytes | None) -> None:
    """Good, on hold, good again and revoked: every answer tells the state of that moment."""
    services = any_services
    certificate = issue(services)
    assert ask(services, certificate, nonce)[0].state == "good"
    services.persons.suspend(CODE, actor=ACTOR)
    held = ask(services, certificate, nonce)[0]
    assert (held.state, held.reason) == ("revoked", "certificateHold")
    services.persons.resume(CODE, actor=ACTOR)
    assert ask(services, certificate, nonce)[0].state == "good"
    services.persons.revoke(CODE, "keyCompromise", actor=ACTOR)
    revoked = ask(services, certificate, nonce)[0]
    assert (revoked.state, revoked.reason) == ("revoked", "keyCompromise")
    at = services.persons.show(CODE).certificates[0].revoked_at
    assert at
    assert revoked.revoked_at == at.replace(microsecond=0)


def test_another_process_revokes(home: Path) -> None:
    """An answer kept here ends with a revocation that another process made."""
    here, there = open_services(settings_of(home)), open_services(settings_of(home))
    certificate = issue(here)
    kept = ask(here, certificate)[1]
    assert ask(here, certificate)[1].der == kept.der
    there.persons.revoke(CODE, actor=ACTOR)
    assert ask(here, certificate)[0].state == "revoked"
    here.close()
    there.close()


def test_a_thousand_serials_that_were_never_issued(services: Services) -> None:
    """No random serial number is ever good, and no such answer is kept."""
    template = request(services, issued(services, "38001085718"))
    own = make_cert_id(issued(services, "38001085718"), issuer(services))
    for _ in range(1000):
        serial = secrets.randbits(126) | 1 << 126
        encoded = der.sequence(own.encoded[2 : -len(der.integer(own.serial))], der.integer(serial))
        asked = template.replace(own.encoded, encoded)
        answer = services.ocsp_responder.respond(asked)
        assert ocsp.load_der_ocsp_response(answer.der).certificate_status is (
            ocsp.OCSPCertStatus.UNKNOWN
        )
        assert answer.max_age is None


@pytest.mark.parametrize("status", [certificates.PENDING, certificates.ABANDONED])
def test_what_was_never_finished_is_unknown(services: Services, status: str) -> None:
    """A serial that was reserved, and never got a certificate, is unknown."""
    certificate = issue(services)
    with services.database.begin() as connection:
        connection.execute(
            text("UPDATE certificates SET status = :status WHERE person_code = :code"),
            {"status": status, "code": CODE},
        )
    assert ask(services, certificate, NONCE)[0].state == "unknown"


def test_a_certificate_is_good_once_it_is_issued(services: Services) -> None:
    """Unknown is not kept: what was asked about too early is good a moment later."""
    certificate = issue(services)
    change = text("UPDATE certificates SET status = :status WHERE person_code = :code")
    for status, state in (("pending", "unknown"), ("valid", "good")):
        with services.database.begin() as connection:
            connection.execute(change, {"status": status, "code": CODE})
        assert ask(services, certificate)[0].state == state


def test_certificates_of_others_are_unknown(services: Services) -> None:
    """A certificate of another authority is unknown, also with a serial number of ours."""
    ours = issued(services, "38001085718")
    theirs, authority = chain().leaf.certificate, chain().intermediate.certificate
    foreign = build_request(theirs, authority, nonce=None)
    own_serial = build_request(ours, authority, nonce=None)
    root = x509.load_der_x509_certificate(services.certificate_authority.chain_der[1])
    other_issuer = build_request(issuer(services), root, nonce=None)
    for asked in (foreign, own_serial, other_issuer):
        read = ocsp.load_der_ocsp_response(services.ocsp_responder.respond(asked).der)
        assert read.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_expired_certificates_keep_their_status(moved: Services, clock: Moved) -> None:
    """Years after its end a certificate is still good or revoked, as the archive cutoff says."""
    good, revoked = issued(moved, "38001085718"), issue(moved)
    moved.persons.revoke(CODE, actor=ACTOR)
    clock.time += dt.timedelta(days=365 * 8)
    for certificate, state in ((good, "good"), (revoked, "revoked")):
        assert certificate.not_valid_after_utc < clock.time
        found, _ = ask(moved, certificate)
        assert found.state == state
        assert found.archive_cutoff == issuer(moved).not_valid_before_utc


def test_every_certificate_asked_about_is_answered(services: Services) -> None:
    """Each CertID gets exactly one status, in the order of the request, its bytes unchanged."""
    codes = [view.person.code for view in services.persons.list(limit=3)]
    ids = [
        make_cert_id(issued(services, code), issuer(services), name).encoded
        for code, name in zip(codes, ("sha1", "sha256", "sha512"), strict=True)
    ]
    unknown = make_cert_id(chain().leaf.certificate, chain().intermediate.certificate).encoded
    asked = [*ids, unknown, *ids]
    answer = services.ocsp_responder.respond(
        der.sequence(der.sequence(der.sequence(*(der.sequence(item) for item in asked))))
    )
    basic = read_answer(answer.der).basic
    assert basic is not None
    assert [item.cert_id.encoded for item in basic.singles] == asked
    assert [item.state for item in basic.singles] == ["good"] * 3 + ["unknown"] + ["good"] * 3


def test_too_many_certificates_are_no_request(services: Services) -> None:
    """One more than ten is answered with malformedRequest."""
    own = make_cert_id(issued(services, "38001085718"), issuer(services)).encoded
    for count, refused in ((MAX_CERT_IDS, False), (MAX_CERT_IDS + 1, True)):
        singles = der.sequence(*[der.sequence(own)] * count)
        answer = services.ocsp_responder.respond(der.sequence(der.sequence(singles)))
        assert (answer.der == error_answer("malformedRequest")) is refused


@pytest.mark.parametrize("body", [b"", b"abc", b"\x30\x00", bytes(5000)])
def test_what_is_no_request_is_malformed(services: Services, body: bytes) -> None:
    """Garbage is answered in DER, never with an exception, and never kept."""
    answer = services.ocsp_responder.respond(body)
    assert answer.der == error_answer("malformedRequest")
    assert answer.max_age is None
    assert answer.failure is not None


def test_an_answer_is_kept_for_a_minute_at_most(moved: Services, clock: Moved) -> None:
    """Whatever second is asked in, thisUpdate is never more than 60 s old, nor max-age past it."""
    certificate, answers = issue(moved), set()
    begin = clock.time
    for tenth in range(0, 2000, 3):
        clock.time = begin + dt.timedelta(milliseconds=100 * tenth)
        found, answer = ask(moved, certificate)
        answers.add(answer.der)
        age = clock.time - found.this_update
        assert dt.timedelta() <= age < 60 * SECOND
        assert answer.max_age is not None
        assert answer.max_age >= 1
        assert age + answer.max_age * SECOND <= 60 * SECOND
    assert 7 <= len(answers) <= 8


def test_a_clock_set_back_ends_what_is_kept(moved: Services, clock: Moved) -> None:
    """An answer from what is now the future is not given again."""
    certificate = issue(moved)
    clock.time += 30 * SECOND
    ask(moved, certificate)
    clock.time -= 20 * SECOND
    assert ask(moved, certificate)[0].this_update <= clock.time


def test_all_processes_give_the_same_answer(home: Path, clock: Moved) -> None:
    """Asked at other moments, two processes give the same bytes and ETag until both change."""
    one, two = (open_services(settings_of(home), clock=clock) for _ in range(2))
    certificate, seen = issue(one), []
    clock.time += 60 * SECOND
    clock.time = dt.datetime.fromtimestamp(int(clock.time.timestamp()) // 30 * 30, dt.UTC)
    for _ in range(20):
        for services in (one, two, two, one):
            found, answer = ask(services, certificate)
            seen.append((found.this_update, answer.etag, answer.der))
            clock.time += 2 * SECOND
    assert [item[0] for item in seen] == sorted(item[0] for item in seen)
    assert len(set(seen)) == len({item[0] for item in seen}) == 6
    for services in (one, two):
        services.close()


def test_no_answer_is_older_than_what_it_tells(moved: Services, clock: Moved) -> None:
    """After a change, or a new certificate of the responder, thisUpdate is not before it."""
    clock.time = dt.datetime.fromtimestamp(int(clock.time.timestamp()) // 30 * 30 + 31, dt.UTC)
    certificate = issue(moved)
    for change in (
        lambda: moved.service_certificates.renew(every=True),
        lambda: moved.persons.suspend(CODE, actor=ACTOR),
        lambda: moved.persons.resume(CODE, actor=ACTOR),
        lambda: moved.persons.revoke(CODE, actor=ACTOR),
    ):
        clock.time += 5 * SECOND
        change()
        clock.time += SECOND
        found, _ = ask(moved, certificate)
        assert found.this_update == clock.time - SECOND
        assert found.responder_certificate.not_valid_before_utc <= found.produced_at


def test_a_key_with_randomness_has_a_weak_etag(
    home: Path, clock: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same said by two processes has one ETag, although the bytes differ."""
    monkeypatch.setattr(ocsp_responder, "repeating", lambda _signer: None)
    answers = []
    for _ in range(2):
        services = open_services(settings_of(home), clock=clock)
        asked = request(services, issued(services, "38001085718"))
        answers.append(services.ocsp_responder.respond(asked))
        services.close()
    assert [item.weak for item in answers] == [True, True]
    assert answers[0].der != answers[1].der
    assert answers[0].etag == answers[1].etag


def test_a_nonce_is_answered_live(moved: Services, clock: Moved) -> None:
    """With a nonce every answer is made anew, is of this second, and is never kept."""
    certificate = issue(moved)
    for value in (b"\x01", bytes(32), bytes(128)):
        clock.time += SECOND
        found, answer = ask(moved, certificate, value)
        assert found.this_update == found.produced_at == clock.time
        assert answer.max_age is None


def counted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Count the answers that are signed."""
    made = []

    def sign(responder: Responder, said: bytes) -> bytes:
        made.append(sign_answer(responder, said))
        return made[-1]

    monkeypatch.setattr(ocsp_responder, "sign_answer", sign)
    return made


def test_few_answers_are_kept(home: Path, clock: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for two answers, the one used longest ago is made anew."""
    services = open_services(settings_of(home, IDSERVICE_OCSP__CACHED_ANSWERS="2"), clock=clock)
    codes = [view.person.code for view in services.persons.list(limit=3)]
    first, second, third = (request(services, issued(services, code)) for code in codes)
    made = counted(monkeypatch)
    for asked, so_far in (
        (first, 1), (second, 2), (first, 2), (third, 3), (first, 3), (second, 4), (third, 5),
        (first, 6),
    ):  # fmt: skip
        services.ocsp_responder.respond(asked)
        assert len(made) == so_far
    services.close()


def test_without_keeping_every_answer_is_new(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a minute of nothing, no answer is given twice."""
    services = open_services(settings_of(home, IDSERVICE_OCSP__CACHE_SECONDS="0"))
    asked = request(services, issued(services, "38001085718"))
    made = counted(monkeypatch)
    answers = [services.ocsp_responder.respond(asked) for _ in range(2)]
    assert len(made) == 2
    assert answers[0].max_age == 0
    services.close()


def test_without_the_database_the_client_tries_later(services: Services) -> None:
    """A database that is gone is tryLater, and the log learns why."""
    asked = request(services, issued(services, "38001085718"))
    services.ocsp_responder.respond(asked)
    path = services.database.sqlite_path
    assert path
    services.database.close()
    path.rename(path.with_suffix(".away"))
    answer = services.ocsp_responder.respond(asked)
    assert answer.der in {error_answer("tryLater"), error_answer("internalError")}
    assert answer.failure is not None
    path.with_suffix(".away").rename(path)
    assert services.ocsp_responder.respond(asked).failure is None


class BrokenSigner(SoftwareSigner):
    """A key that does not sign."""

    def __init__(self, error: Exception) -> None:
        """Fail with this error."""
        super().__init__(new_key())
        self._error = error

    def sign(self, data: bytes) -> bytes:  # noqa: ARG002 - the interface of a signer
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyStoreUnavailable("The token is gone.", "Wait."), "tryLater"),
        (KeyStoreInvalid("The key is damaged.", "Restore it."), "internalError"),
    ],
)
def test_without_the_key_there_is_an_error_in_der(
    services: Services, monkeypatch: pytest.MonkeyPatch, error: Exception, status: str
) -> None:
    """A token that is gone may come back; a key that is damaged will not."""
    used = services.service_certificates.current("ocsp")
    broken = replace(used, signer=BrokenSigner(error))
    monkeypatch.setattr(ServiceCertificates, "current", lambda _self, _name: broken)
    asked = request(services, issued(services, "38001085718"), NONCE)
    answer = services.ocsp_responder.respond(asked)
    assert answer.der == error_answer(status)
    assert answer.failure is error
