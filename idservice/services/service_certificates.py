"""The certificates of our own services, renewed in time: OCSP responder, time-stamping units.

A service keeps its key and gets a new certificate for it once two thirds of the old one's
life are over: when the service starts, when the key is used, or by command. The database
says which certificate is the newest, so that every worker on every machine changes to it
without a restart. Renewal is write-ahead like any issuance, and done by one process: it
holds the record of the issuing authority while it looks and reserves. A home that was
made without one of the keys gets it the same way.

The certificate of an issuer that ends itself is cut off there: then nothing is gained by
renewing, and the old one stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from idservice.crypto.certificates import load_certificate
from idservice.crypto.keys import Signer
from idservice.errors import (
    ClockDrifted,
    IdServiceError,
    KeyStoreInvalid,
    KeyStoreUnavailable,
    StorageUnavailable,
)
from idservice.keystore.authority_keys import AuthorityKeys
from idservice.pki.profiles import Profiles
from idservice.services.certificate_authority import (
    ORPHAN_AFTER,
    SERVICE_CUSTODY,
    Allocation,
    CertificateAuthority,
    Order,
    SignedCertificate,
)
from idservice.store import certificates
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Connection, Database

LOOK_AGAIN = timedelta(seconds=10)
"""How soon a worker notices a certificate that was renewed before it was due."""

TRY_AGAIN = timedelta(seconds=60)
"""How long a renewal that failed is left alone, while the old certificate is still good."""

LEFT_ALONE = timedelta(seconds=5)
"""How long a renewal that failed is left alone when there is no good certificate."""

WORTH_IT = timedelta(hours=1)
"""A new certificate must be valid this much longer than the one before."""

WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.05
ACTOR = "renewal"


@dataclass(frozen=True, slots=True)
class ServiceCertificate:
    """A certificate of a service with the signer of its key; `renew_at` is when it is due."""

    name: str
    certificate_der: bytes
    not_before: datetime
    not_after: datetime
    signer: Signer

    @property
    def renew_at(self) -> datetime:
        """When two thirds of its life are over."""
        return self.not_before + (self.not_after - self.not_before) * 2 / 3

    def is_valid(self, at: datetime) -> bool:
        """Whether a time is within its validity."""
        return self.not_before <= at <= self.not_after


@dataclass(frozen=True, slots=True)
class _Held:
    """What this process uses until it looks again."""

    certificate: ServiceCertificate
    looked_at: datetime
    look_again_at: datetime

    def serves(self, at: datetime) -> bool:
        return self.looked_at <= at < self.look_again_at and self.certificate.is_valid(at)


class ServiceCertificates:
    """Keys and certificates of services by name; stands in for the key store they live in."""

    def __init__(
        self,
        database: Database,
        keys: AuthorityKeys,
        authority: CertificateAuthority,
        profiles: Profiles,
        lifetimes: Mapping[str, timedelta],
        *,
        clock: Callable[[], datetime],
        unchecked: Callable[[], datetime] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the collaborators; `lifetimes` are those of new certificates, by name.

        `clock` may refuse to tell the time, and then nothing is used or renewed; `unchecked`
        is for looking at what there is.
        """
        self._database = database
        self._keys = keys
        self._authority = authority
        self._profiles = profiles
        self._lifetimes = lifetimes
        self._clock = clock
        self._unchecked = unchecked or clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._signers: dict[str, Signer] = {}
        self._failures: dict[str, tuple[IdServiceError, datetime]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the services."""
        return tuple(self._lifetimes)

    def load_certificate(self, name: str) -> bytes:
        """Return the certificate of a service that is valid now, in DER; see `current`."""
        return self.current(name).certificate_der

    def load_signer(self, name: str) -> Signer:
        """Return the signer of a service's key; see `current`."""
        return self.current(name).signer

    def current(self, name: str) -> ServiceCertificate:
        """Return the certificate that a service uses now, renewed if it is due.

        Raises KeyStoreInvalid or KeyStoreUnavailable when the key does not open or the
        certificate ended and cannot be renewed, ClockDrifted, and what issuing raises.
        """
        held = self._held.get(name)
        if held is not None and held.serves(self._clock()):
            return held.certificate
        with self._lock:
            held = self._held.get(name)
            now = self._clock()
            if held is None or not held.serves(now):
                self._require_no_fresh_failure(name, now)
                held = self._held[name] = self._looked_up(name, now)
        return held.certificate

    def newest(self, name: str) -> ServiceCertificate | None:
        """Return the certificate of a service as it stands, renewing nothing; None without one.

        Raises KeyStoreInvalid or KeyStoreUnavailable when its key does not open.
        """
        with self._database.read() as connection:
            return self._newest(connection, name, self._signer(name), self._unchecked())

    def inventory(self) -> Sequence[ServiceCertificate]:
        """Return the certificates of all services whose keys were made, renewing nothing."""
        found = (self.newest_or_none(name) for name in self._lifetimes)
        return [item for item in found if item is not None]

    def renew(self, *, every: bool = False, actor: str = ACTOR) -> Sequence[str]:
        """Renew what is due or missing, or everything; return the names of what is new.

        Raises what `current` raises; what was renewed before that stays renewed.
        """
        renewed = []
        with self._lock:
            for name in self._lifetimes:
                before = self.newest_or_none(name)
                if every or before is None or self._is_due(before, self._clock()):
                    after = self._renewed(name, before, actor, forced=every)
                    self._held.pop(name, None)
                    if before is None or after.certificate_der != before.certificate_der:
                        renewed.append(name)
        return renewed

    def is_due(self, found: ServiceCertificate) -> bool:
        """Tell whether a certificate would be renewed if it was used now."""
        return self._is_due(found, self._unchecked())

    def newest_or_none(self, name: str) -> ServiceCertificate | None:
        """Return what `newest` returns; None, too, for a service whose key was never made."""
        try:
            return self.newest(name)
        except KeyStoreInvalid:
            if self._was_issued(name):
                raise
            return None

    def _looked_up(self, name: str, now: datetime) -> _Held:
        found = self.newest_or_none(name)
        look_again = LOOK_AGAIN
        if found is None or not found.is_valid(now) or self._is_due(found, now):
            try:
                found = self._renewed(name, found, ACTOR)
            except ClockDrifted:
                raise  # and nothing is remembered: once the clock is right all is well
            except IdServiceError as exc:
                if found is None or not found.is_valid(now):
                    self._failures[name] = (exc, now)
                    raise
                look_again = TRY_AGAIN
        return _Held(found, now, now + look_again)

    def _require_no_fresh_failure(self, name: str, now: datetime) -> None:
        """Let not every request try, and leave its trace, what failed a moment ago."""
        failure, at = self._failures.get(name, (None, now))
        if failure is not None and at <= now < at + LEFT_ALONE:
            raise type(failure)(failure.detail, failure.fix)

    def _is_due(self, found: ServiceCertificate, now: datetime) -> bool:
        """Whether it should be renewed, and a new one would be valid noticeably longer."""
        if now < found.renew_at:
            return False
        end = min(now + self._lifetimes[found.name], self._authority.not_after)
        return end >= found.not_after + WORTH_IT

    def _renewed(
        self,
        name: str,
        before: ServiceCertificate | None,
        actor: str,
        *,
        forced: bool = False,
    ) -> ServiceCertificate:
        """Renew a certificate, or return the one that another process made meanwhile."""
        if before is None and not self._opens(name):
            return self._made(name, actor)
        signer = self._signer(name)
        reserved = self._reserve(name, signer, before, actor, forced=forced)
        if reserved is None:
            return self._made_elsewhere(name, before)
        signed = self._signed(reserved, actor)
        self._record_or_give_up(signed, actor)
        # The database knows better than the file, which a read-only folder may keep.
        with contextlib.suppress(StorageUnavailable):
            self._keys.replace_certificate(name, signed.certificate_der)
        return _service_certificate(name, signed.certificate_der, signer)

    def _made(self, name: str, actor: str) -> ServiceCertificate:
        """Make a key that this home never had, and its first certificate."""
        key = self._keys.generate(name, self._profiles.profile(name).key_kinds[0])
        try:
            reserved = self._reserve(name, key.signer, None, actor, new_key=True)
            signed = self._signed(reserved, actor) if reserved else None
        except BaseException:
            key.discard()
            raise
        if signed is None:
            key.discard()
            return self._made_elsewhere(name, None)
        key.keep(signed.certificate_der)
        self._record_or_give_up(signed, actor)
        return _service_certificate(name, signed.certificate_der, key.signer)

    def _signed(self, reserved: Allocation, actor: str) -> SignedCertificate:
        """Sign what was reserved; a failure does not make others wait for this process."""
        try:
            [signed] = self._authority.sign([reserved])
        except IdServiceError:
            self._authority.give_up([reserved], actor=actor)
            raise
        return signed

    def _record_or_give_up(self, signed: SignedCertificate, actor: str) -> None:
        """Record a certificate; if the clock was set since, nobody waits for this process."""
        try:
            with self._database.begin() as connection:
                self._authority.record(connection, [signed], actor=actor)
        except ClockDrifted:
            self._authority.give_up([signed.allocation], actor=actor)
            raise

    def _reserve(
        self,
        name: str,
        signer: Signer,
        before: ServiceCertificate | None,
        actor: str,
        *,
        forced: bool = False,
        new_key: bool = False,
    ) -> Allocation | None:
        """Reserve a serial, unless another process was faster or is at it: then None."""
        now = self._clock()
        with self._database.begin() as connection:
            self._hold_issuer(connection)
            # In this order: recording needs no hold, so what is pending may be recorded by now.
            pending = self._has_pending(connection, name, now)
            newest = self._newest(connection, name, signer, now)
            overtaken = newest is not None and (
                before is None or newest.certificate_der != before.certificate_der
            )
            if new_key:  # then a certificate of any key means that somebody was faster
                overtaken = any(item.certificate_der for item in self._records(connection, name))
            if overtaken or (pending and not forced):
                return None
            order = Order(
                profile=name,
                holder=None,
                public_key_der=signer.public_key_der,
                custody=SERVICE_CUSTODY,
                owner=f"service:{name}",
                valid_for=self._lifetimes[name],
            )
            [allocation] = self._authority.allocate(connection, [order], approver=actor)
        return allocation

    def _made_elsewhere(self, name: str, before: ServiceCertificate | None) -> ServiceCertificate:
        """Wait for the certificate that another process is making, or go on with the old one."""
        if before is not None and before.is_valid(self._clock()):
            newest = self.newest(name)
            return newest or before
        for _ in range(int(WAIT_SECONDS / _POLL_SECONDS)):
            found = self.newest_or_none(name)
            if found is not None and found.is_valid(self._clock()):
                return found
            self._sleep(_POLL_SECONDS)
        raise KeyStoreUnavailable(
            f"The certificate of the service {name} is being renewed by another process.",
            f"Try again; if that process died, in {ORPHAN_AFTER.seconds} seconds.",
        )

    def _hold_issuer(self, connection: Connection) -> None:
        """Let one process at a time look whether anything is to be done, and reserve it."""
        issuing = certificates.find_by_certificate(connection, self._authority.chain_der[0])
        if issuing is not None:
            certificates.hold(connection, issuing.issuer, issuing.serial)

    def _newest(
        self, connection: Connection, name: str, signer: Signer, now: datetime
    ) -> ServiceCertificate | None:
        """The certificate of this key that is valid longest, those valid now first."""
        spki_sha256 = hashlib.sha256(signer.public_key_der).hexdigest()
        found = [
            _service_certificate(name, record.certificate_der, signer)
            for record in self._records(connection, name)
            if record.status == certificates.VALID
            and record.certificate_der is not None
            and record.spki_sha256 == spki_sha256
        ]
        found.sort(key=lambda item: (item.is_valid(now), item.not_after, item.not_before))
        return found[-1] if found else None

    def _has_pending(self, connection: Connection, name: str, now: datetime) -> bool:
        return any(
            record.status == certificates.PENDING and record.allocated_at > now - ORPHAN_AFTER
            for record in self._records(connection, name)
        )

    def _was_issued(self, name: str) -> bool:
        with self._database.read() as connection:
            return any(record.certificate_der for record in self._records(connection, name))

    def _records(self, connection: Connection, name: str) -> list[CertificateRecord]:
        purpose = self._profiles.profile(name).role.value
        return certificates.of_service(connection, name, purpose)

    def _opens(self, name: str) -> bool:
        """Whether there is a key, although no certificate of it was recorded: a process died."""
        try:
            self._signer(name)
        except KeyStoreInvalid:
            return False
        return True

    def _signer(self, name: str) -> Signer:
        signer = self._signers.get(name)
        if signer is None:
            signer = self._signers[name] = self._keys.load_signer(name)
        return signer


def _service_certificate(name: str, certificate_der: bytes, signer: Signer) -> ServiceCertificate:
    certificate = load_certificate(certificate_der)
    return ServiceCertificate(
        name,
        certificate_der,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        signer,
    )
