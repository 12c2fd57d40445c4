"""The time-stamping authority: recorded before signed, and never at a false time."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from asn1crypto import tsp
from sqlalchemy import text

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import read_response
from idservice.cms.time_stamp_token import TimeStampToken
from idservice.crypto.algorithms import HASHES, SHA256, HashAlgorithm, SignatureAlgorithm
from idservice.crypto.keys import Signer
from idservice.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    ClockDrifted,
    ClockWentBack,
    DatabaseUnavailable,
    IdServiceError,
    KeyStoreUnavailable,
)
from idservice.services.assembly import Services
from idservice.services.clock_watch import ClockWatch
from idservice.services.service_certificates import ServiceCertificate
from idservice.services.time_stamping_key import TimeStampingKey
from idservice.services.timestamp_authority import (
    TSA,
    TSA_ARCHIVE,
    TimeStampAnswer,
    TimestampAuthority,
    Unit,
)
from idservice.store import certificates, time_stamps
from idservice.store.time_stamps import TimeStampRecord
from support.parallel_time_stamps import recorded
from support.time_stamps import IMPRINT, NONCE, imprint, make_authority

POLICY, OTHER = "2.999.1", "2.999.2"
QUERY = build_request(IMPRINT, SHA256, nonce=NONCE)


@dataclass
class Bench:
    """A unit whose clocks and key are a test's to change, over a real database."""

    services: Services
    wall: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    monotonic: float = 0.0
    slept: list[float] = field(default_factory=list)
    key_error: IdServiceError | None = None
    sign_error: Exception | None = None
    unit: Any = field(default_factory=make_authority)
    when_key_is_taken: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        """Wire the authority."""
        watch = ClockWatch(
            lambda: self.wall, lambda: self.monotonic, max_drift=dt.timedelta(seconds=0.5)
        )
        key = TimeStampingKey(TSA, self, (), accuracy=dt.timedelta(seconds=1))
        self.authority = TimestampAuthority(
            Unit(TSA, (POLICY, OTHER)), self.services.database, key, watch, sleep=self.sleep
        )

    def current(self, name: str) -> ServiceCertificate:
        """Give the certificate of the unit, as services do."""
        assert name == TSA
        if self.key_error is not None:
            raise self.key_error
        self.when_key_is_taken()
        found = self.unit.certificate
        return ServiceCertificate(
            name,
            self.unit.der,
            found.not_valid_before_utc,
            found.not_valid_after_utc,
            FailingSigner(self, self.unit.signer()),
        )

    def sleep(self, seconds: float) -> None:
        """Let the time pass that the authority waits."""
        self.slept.append(seconds)
        self.pass_(seconds)

    def set_(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        self.wall += dt.timedelta(seconds=seconds)

    def pass_(self, seconds: float) -> None:
        """Let both clocks run."""
        self.wall += dt.timedelta(seconds=seconds)
        self.monotonic += seconds

    def stamp(self, query: bytes = QUERY) -> TimeStampToken:
        """Get a token for the standing request."""
        answer = self.authority.answer(query)
        assert answer.refusal is None, answer.refusal
        return read_response(answer.der, imprint=IMPRINT, hash=SHA256, nonce=NONCE)

    def recorded(self) -> int:
        """How many tokens the database knows."""
        with self.services.database.read() as connection:
            return len(recorded(connection))


@dataclass
class FailingSigner:
    """A real key that fails when a test says so, as one in hardware may."""

    bench: Bench
    signer: Signer

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm of the key."""
        return self.signer.algorithm

    @property
    def public_key_der(self) -> bytes:
        """The public key."""
        return self.signer.public_key_der

    def sign(self, data: bytes) -> bytes:
        """Sign, or fail."""
        if self.bench.sign_error is not None:
            raise self.bench.sign_error
        return self.signer.sign(data)


@pytest.fixture
def bench(any_services: Services) -> Bench:
    """Give a unit over each kind of database."""
    return Bench(any_services)


@pytest.fixture
def one(services: Services) -> Bench:
    """Give a unit over SQLite, where the database makes no difference."""
    return Bench(services)


def failure(answer: TimeStampAnswer) -> set[str]:
    """The failure bits of a rejection, as asn1crypto reads them."""
    assert answer.refusal is not None
    # asn1crypto knows no response without a token: the status is what is in it.
    status = tsp.PKIStatusInfo.load(answer.der[2 if answer.der[1] < 0x80 else 3 :], strict=True)
    assert status["status"].native == "rejection"
    assert status["status_string"].native
    found: set[str] = status["fail_info"].native
    return found


def test_a_token_is_recorded_as_it_is_issued(bench: Bench) -> None:
    """The row has serial, unit, time, policy and imprint of the token."""
    token = bench.stamp()
    with bench.services.database.read() as connection:
        found = recorded(connection)
        last = time_stamps.latest_gen_time(connection)
    expected = TimeStampRecord(f"{token.serial:x}", TSA, token.gen_time, POLICY, "sha256", IMPRINT)
    assert list(found.values()) == [expected]
    assert last == bench.wall
    assert token.findings == ()


def test_the_time_is_that_of_the_clock_in_seconds(bench: Bench) -> None:
    """The clock's time, cut to seconds, is genTime, and the accuracy is told."""
    later = bench.wall + dt.timedelta(minutes=1)
    bench = Bench(bench.services, wall=later.replace(microsecond=999_999))
    token = bench.stamp()
    assert token.gen_time == bench.wall.replace(microsecond=0)
    assert token.accuracy == dt.timedelta(seconds=1)


def test_the_order_within_a_second_is_kept(bench: Bench) -> None:
    """A clock that goes back by a moment is refused, also within the second of a genTime."""
    later = bench.wall + dt.timedelta(minutes=1)
    bench = Bench(bench.services, wall=later.replace(microsecond=600_000))
    first = bench.stamp()
    bench.set_(-0.2)
    assert failure(bench.authority.answer(QUERY)) == {"time_not_available"}
    bench.set_(0.2)
    assert bench.stamp().gen_time == first.gen_time


def test_serials_are_random_and_positive(one: Bench) -> None:
    """Sixteen octets with the top bit clear, never the same, in no order."""
    serials = [one.stamp().serial for _ in range(200)]
    assert len(set(serials)) == 200
    assert all(serial.bit_length() == 127 for serial in serials)
    assert serials != sorted(serials)


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda item: item.name)
def test_every_allowed_hash_is_stamped(one: Bench, algorithm: HashAlgorithm) -> None:
    """SHA-2 and SHA-3 of 256, 384 and 512 bits."""
    value = algorithm.digest(b"document")
    answer = one.authority.respond(build_request(value, algorithm, nonce=1))
    token = read_response(answer, imprint=value, hash=algorithm, nonce=1)
    assert token.integrity == "intact"


def test_certificates_come_only_when_asked_for(one: Bench) -> None:
    """Without certReq the token names its certificate and does not carry it."""
    answer = one.authority.respond(build_request(IMPRINT, SHA256, nonce=None, cert_req=False))
    token = read_response(
        answer, imprint=IMPRINT, hash=SHA256, nonce=None, certificates_der=(one.unit.der,)
    )
    assert (token.certificates_der, token.nonce) == ((), None)


def test_a_served_policy_may_be_asked_for(one: Bench) -> None:
    """The first policy is the default; others that the unit serves are granted."""
    assert one.stamp().policy == POLICY
    assert one.stamp(build_request(IMPRINT, SHA256, nonce=NONCE, policy=OTHER)).policy == OTHER


def _request(**changes: Any) -> bytes:
    fields = {"version": "v1", "message_imprint": imprint("sha256", IMPRINT), "nonce": 1}
    encoded: bytes = tsp.TimeStampReq({**fields, **changes}).dump()
    return encoded


@pytest.mark.parametrize(
    ("query", "bit"),
    [
        (_request(message_imprint=imprint("sha1", bytes(20))), "bad_alg"),
        (_request(message_imprint=imprint("md5", bytes(16))), "bad_alg"),
        (_request(version=2), "bad_request"),
        (_request() + b"\x00", "bad_request"),
        (b"", "bad_data_format"),
        (b"GET / HTTP/1.1", "bad_data_format"),
        (_request(message_imprint=imprint("sha256", bytes(31))), "bad_data_format"),
        (_request(req_policy="1.2.3"), "unaccepted_policy"),
        (
            _request(extensions=[{"extn_id": "2.999.7", "extn_value": b"\x05\x00"}]),
            "unaccepted_extensions",
        ),
    ],
)
def test_bad_requests_are_rejected_for_the_right_reason(one: Bench, query: bytes, bit: str) -> None:
    """Each fault has its PKIFailureInfo, and nothing is recorded."""
    assert failure(one.authority.answer(query)) == {bit}
    assert one.recorded() == 0


@pytest.mark.parametrize("seconds", [0.501, -0.501, 300, -300, 86_400, -86_400])
def test_a_clock_that_was_set_stops_the_unit(one: Bench, seconds: float) -> None:
    """More than half a second against the monotonic clock, forward or back."""
    one.stamp()
    one.wall += dt.timedelta(seconds=seconds)
    answer = one.authority.answer(QUERY)
    assert failure(answer) == {"time_not_available"}
    assert isinstance(answer.refusal, ClockDrifted)
    assert one.recorded() == 1
    one.wall -= dt.timedelta(seconds=seconds)
    one.stamp()


def test_a_clock_that_stands_still_stops_the_unit(one: Bench) -> None:
    """After half a second without progress the clock is no clock any more."""
    one.stamp()
    one.monotonic += 0.5
    one.stamp()
    one.monotonic += 0.1
    assert failure(one.authority.answer(QUERY)) == {"time_not_available"}


def test_a_clock_that_is_set_during_a_request_is_noticed(one: Bench) -> None:
    """The time in a token is read, and judged, when the unit is held: not before."""
    one.when_key_is_taken = lambda: one.set_(3600)
    answer = one.authority.answer(QUERY)
    assert failure(answer) == {"time_not_available"}
    assert isinstance(answer.refusal, ClockDrifted)
    assert one.recorded() == 0


def test_a_certificate_that_ends_during_a_request_signs_nothing(one: Bench) -> None:
    """The record is there already; the token is not made."""
    end = (one.wall + dt.timedelta(minutes=1)).replace(microsecond=0)
    one.unit = make_authority(not_before=one.wall - dt.timedelta(days=1), not_after=end)
    one.when_key_is_taken = lambda: one.pass_(61)
    answer = one.authority.answer(QUERY)
    assert isinstance(answer.refusal, CertificateExpired)
    assert one.recorded() == 1


def test_no_unit_stamps_before_its_last_time(bench: Bench) -> None:
    """A service that starts with a clock behind the last token waits for nobody and refuses."""
    first = bench.stamp()
    behind = Bench(bench.services, wall=bench.wall - dt.timedelta(seconds=0.2), unit=bench.unit)
    answer = behind.authority.answer(QUERY)
    assert failure(answer) == {"time_not_available"}
    assert isinstance(answer.refusal, ClockWentBack)
    assert behind.slept == []
    behind.pass_(0.2)
    assert behind.stamp().gen_time >= first.gen_time


def test_a_clock_of_another_machine_that_is_a_little_ahead_is_waited_for(bench: Bench) -> None:
    """Up to 50 ms are slept, so that the new time is true and not before the last one."""
    first = bench.stamp()
    behind = Bench(bench.services, wall=bench.wall - dt.timedelta(seconds=0.03))
    token = behind.stamp()
    assert behind.slept == [0.03]
    assert token.gen_time == first.gen_time


def test_no_unit_stamps_before_the_last_certificate(bench: Bench) -> None:
    """A clock behind the newest certificate is wrong, whoever issued it."""
    with bench.services.database.read() as connection:
        latest = certificates.latest_allocation(connection)
    assert latest is not None
    behind = Bench(bench.services, wall=latest - dt.timedelta(seconds=0.1))
    answer = behind.authority.answer(QUERY)
    assert failure(answer) == {"time_not_available"}
    assert isinstance(answer.refusal, ClockWentBack)
    assert behind.recorded() == 0


def test_units_have_clocks_of_their_own(services: Services) -> None:
    """The two units of a home keep their last times apart, and their policies."""
    ask = build_request(IMPRINT, SHA256, nonce=1)
    policies = {}
    for name in (TSA, TSA_ARCHIVE):
        answer = services.timestamp_authority(name).respond(ask)
        policies[name] = read_response(answer, imprint=IMPRINT, hash=SHA256, nonce=1).policy
    assert policies == {
        TSA: services.settings.tsa.policy,
        TSA_ARCHIVE: services.settings.tsa.archive_policy,
    }
    ours = build_request(IMPRINT, SHA256, nonce=1, policy=services.settings.tsa.policy)
    token = read_response(
        services.timestamp_authority(TSA_ARCHIVE).respond(ours),
        imprint=IMPRINT,
        hash=SHA256,
        nonce=1,
    )
    assert token.policy == services.settings.tsa.policy
    theirs = build_request(IMPRINT, SHA256, nonce=1, policy=services.settings.tsa.archive_policy)
    assert failure(services.timestamp_authority(TSA).answer(theirs)) == {"unaccepted_policy"}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_certificate_that_is_not_valid_now_stamps_nothing(one: Bench, moment: str) -> None:
    """Before and after its time the unit answers timeNotAvailable."""
    day = dt.timedelta(days=1)
    ahead = day if moment == "before" else -2 * day
    one.unit = make_authority(not_before=one.wall + ahead, not_after=one.wall + ahead + day)
    answer = one.authority.answer(QUERY)
    assert failure(answer) == {"time_not_available"}
    assert isinstance(answer.refusal, (CertificateNotYetValid, CertificateExpired))
    assert one.recorded() == 0


def test_a_renewed_certificate_is_used_at_once(one: Bench) -> None:
    """The next token is made with the certificate that its source then gives."""
    first = one.stamp()
    one.unit = make_authority()
    second = one.stamp()
    assert first.certificate_der != second.certificate_der == one.unit.der


def test_a_key_that_does_not_answer_is_a_system_failure(one: Bench) -> None:
    """What is wrong inside is not told; whatever was recorded stays unsigned."""
    secret = KeyStoreUnavailable("The token in slot 7 is gone.", "Plug it in.")
    one.key_error = secret
    answer = one.authority.answer(QUERY)
    assert failure(answer) == {"system_failure"}
    assert b"slot" not in answer.der
    assert one.recorded() == 0
    one.key_error, one.sign_error = None, secret
    answer = one.authority.answer(QUERY)
    assert (failure(answer), answer.refusal) == ({"system_failure"}, secret)
    assert one.recorded() == 1
    one.sign_error = None
    one.stamp()


def test_without_its_record_nothing_is_signed(one: Bench) -> None:
    """When the row cannot be written, the key is not used and the client is told."""
    one.sign_error = AssertionError("the key was used")
    with one.services.database.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER refuse BEFORE INSERT ON time_stamps "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        )
    answer = one.authority.answer(QUERY)
    assert failure(answer) == {"system_failure"}
    assert isinstance(answer.refusal, DatabaseUnavailable)
    assert b"disk" not in answer.der
    with one.services.database.read() as connection:
        assert time_stamps.latest_gen_time(connection) is None
