"""The time-stamping authority: a request in, a response out (RFC 3161, EN 319 422).

No token exists whose record is not durable. In this order:
 1. the request is read strictly and its policy looked at;
 2. in one transaction: the unit is locked, the clock is checked and read, the unit's last
    genTime moves forward by a compare-and-swap, and the token's row is inserted; commit;
 3. the token is signed and leaves.
genTime is the clock's time cut to whole seconds, as OCSP and CRLs tell it (RFC 6960
cl. 4.2.2.1): an answer that is made after a token is then never dated before it. The order of
tokens is kept by the microseconds of the unit's record.
A serial number is random, so that it repeats neither after a crash nor after a backup was
restored; a process that dies between 2 and 3 leaves a row whose token nobody has.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from idservice.cms.time_stamp_request import MAX_BYTES, TimeStampRequest, parse_request
from idservice.cms.time_stamp_response import Failure, granted, rejected
from idservice.crypto import der
from idservice.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    ClockDrifted,
    ClockWentBack,
    IdServiceError,
    MalformedRequest,
    MalformedTimeStamp,
    TimeStampPolicyUnacceptable,
    UnsupportedAlgorithm,
    UnsupportedTimeStampExtension,
)
from idservice.services.clock_watch import ClockWatch
from idservice.services.group_commit import GroupCommit
from idservice.services.time_stamping_key import CertificateSource, TimeStampingKey, UnitKey
from idservice.settings import TsaSettings
from idservice.store import certificates, time_stamps
from idservice.store.database import Connection, Database
from idservice.store.time_stamps import TimeStampRecord

TSA = "tsa"
TSA_ARCHIVE = "tsa_archive"

MAX_REQUEST_BYTES = MAX_BYTES
"""No request is longer: imprint, policy and nonce take a few hundred bytes."""

SERIAL_BITS = 127
"""128 bits with the top bit clear: sixteen octets in DER, and never negative."""

PATIENCE = timedelta(milliseconds=50)
"""By how much the clocks of several machines may differ: this long is waited for time to pass."""

_OF_REQUEST: tuple[tuple[type[IdServiceError], Failure], ...] = (
    (UnsupportedAlgorithm, Failure.BAD_ALG),
    (MalformedRequest, Failure.BAD_REQUEST),
    (MalformedTimeStamp, Failure.BAD_DATA_FORMAT),
    (TimeStampPolicyUnacceptable, Failure.UNACCEPTED_POLICY),
    (UnsupportedTimeStampExtension, Failure.UNACCEPTED_EXTENSION),
)
_OF_TIME = (ClockDrifted, ClockWentBack, CertificateExpired, CertificateNotYetValid)


@dataclass(frozen=True, slots=True)
class Unit:
    """A time-stamping unit: its name, and the policies that it serves, its own first."""

    name: str
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeStampAnswer:
    """The DER of a response; `refusal` is why there is no token in it."""

    der: bytes
    refusal: IdServiceError | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    serial: int
    policy: str
    request: TimeStampRequest

    def record(self, unit: str, gen_time: datetime) -> TimeStampRecord:
        """Return the row of the token that this becomes."""
        request = self.request
        return TimeStampRecord(
            f"{self.serial:x}", unit, gen_time, self.policy, request.hash.name, request.imprint
        )


class TimestampAuthority:
    """One time-stamping unit; there may be many of it, in processes and on machines."""

    def __init__(
        self,
        unit: Unit,
        database: Database,
        key: TimeStampingKey,
        watch: ClockWatch,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the collaborators; the key is opened when it is needed first."""
        self._unit = unit
        self._database = database
        self._key = key
        self._watch = watch
        self._sleep = sleep
        self._policies_der = {item: der.object_identifier(item) for item in unit.policies}
        self._records = GroupCommit(self._record)

    def respond(self, request_der: bytes) -> bytes:
        """Return the TimeStampResp in DER for a TimeStampReq; a refusal is one, too."""
        return self.answer(request_der).der

    def answer(self, request_der: bytes) -> TimeStampAnswer:
        """Return the response together with the reason for a refusal, for logs and counters.

        Never raises for what the request is, nor when the unit cannot answer.
        """
        try:
            request = parse_request(request_der)
            policy = self._policy(request)
        except IdServiceError as exc:
            return TimeStampAnswer(rejected(_fault_of(exc), exc.detail), exc)
        try:
            return TimeStampAnswer(granted(self._issue(request, policy)))
        except _OF_TIME as exc:
            return TimeStampAnswer(rejected(Failure.TIME_NOT_AVAILABLE, exc.detail), exc)
        except IdServiceError as exc:
            # What is wrong inside is for our log, not for the client.
            said = "The time-stamping unit cannot answer now; try again later."
            return TimeStampAnswer(rejected(Failure.SYSTEM_FAILURE, said), exc)

    def _policy(self, request: TimeStampRequest) -> str:
        policy = request.policy or self._unit.policies[0]
        if policy not in self._policies_der:
            raise TimeStampPolicyUnacceptable(
                f"This unit makes no time-stamps under the policy {policy}.",
                f"Ask for {' or '.join(self._unit.policies)}, or for no policy.",
            )
        return policy

    def _issue(self, request: TimeStampRequest, policy: str) -> bytes:
        # The clock first: by a wrong one, a certificate would be renewed that is not due.
        now = self._watch.now()
        key = self._key.current()
        key.require_valid(now)
        draft = _Draft(_random_serial(), policy, request)
        gen_time = self._records.submit(draft)
        key.require_valid(gen_time)
        return self._sign(key, draft, gen_time)

    def _sign(self, key: UnitKey, draft: _Draft, gen_time: datetime) -> bytes:
        template = key.template
        info_der = template.info(
            draft.request,
            policy_der=self._policies_der[draft.policy],
            serial=draft.serial,
            gen_time=gen_time,
        )
        attributes_der = template.signed_attributes(info_der)
        value = key.signer.sign(attributes_der)
        return template.attach(info_der, attributes_der, value, certificates=draft.request.cert_req)

    def _record(self, drafts: Sequence[_Draft]) -> datetime:
        """Make the records of tokens durable, under one genTime that is returned."""
        with self._database.begin() as connection:
            gen_time = self._next_time(connection).replace(microsecond=0)
            time_stamps.add(connection, [item.record(self._unit.name, gen_time) for item in drafts])
        return gen_time

    def _next_time(self, connection: Connection) -> datetime:
        """Read the clock while the unit is held, and move the unit's last time to it."""
        floor = time_stamps.lock_unit(connection, self._unit.name)
        latest = certificates.latest_allocation(connection)
        if latest is not None:
            floor = max(floor, latest)
        now = self._watch.now()
        if timedelta() < floor - now <= PATIENCE:
            self._sleep((floor - now).total_seconds())
            now = self._watch.now()
        if now < floor or not time_stamps.advance(connection, self._unit.name, now):
            raise ClockWentBack(
                f"The clock says {_shown(now)}, and the last certificate or time-stamp is of "
                f"{_shown(floor)}: a new one would bear a false date.",
                "Set the clock right and restart the service.",
            )
        return now


def open_units(
    settings: TsaSettings,
    database: Database,
    service_certificates: CertificateSource,
    watch: ClockWatch,
    *,
    chain_der: tuple[bytes, ...],
) -> dict[str, TimestampAuthority]:
    """Return both units by name; `chain_der` are the CA certificates that go with tokens.

    The archive unit, whose certificate lives longest, serves the policy of the other as well.
    """
    units = (
        Unit(TSA, (settings.policy,)),
        Unit(TSA_ARCHIVE, (settings.archive_policy, settings.policy)),
    )
    return {
        unit.name: TimestampAuthority(
            unit,
            database,
            TimeStampingKey(
                unit.name,
                service_certificates,
                chain_der,
                accuracy=timedelta(seconds=settings.accuracy_seconds),
            ),
            watch,
        )
        for unit in units
    }


def _fault_of(error: IdServiceError) -> Failure:
    """Return the PKIFailureInfo for what is wrong with a request."""
    return next(
        (failure for kind, failure in _OF_REQUEST if isinstance(error, kind)),
        Failure.SYSTEM_FAILURE,
    )


def _random_serial() -> int:
    """Draw a serial that fills sixteen octets, from the operating system's randomness."""
    highest = SERIAL_BITS - 1
    return 1 << highest | secrets.randbits(highest)


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S.%f} UTC"
