"""Write-ahead issuance: no signature exists whose certificate was not recorded before.

1. `allocate`, in a transaction: a serial, the to-be-signed bytes and the owner of the
   public key are stored with status "pending". Commit.
2. `sign`: the lint re-derives every field; its single-use token is signed.
3. `record`, in a transaction with whatever else belongs to the act: the certificate
   becomes "valid", with its audit row. Commit; only now may it leave the process.

A process that dies in between leaves a pending row; `reconcile` marks it abandoned.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import PrivateKey, Signer, key_kind
from idservice.errors import (
    CertificateExpired,
    ClockWentBack,
    IllegalTransition,
    PublicKeyInUse,
)
from idservice.keystore import software
from idservice.keystore.authority_keys import AuthorityKeys
from idservice.pki.issuance import ThrowAwayKey, build_lint_certificate, sign_linted
from idservice.pki.lint import MIN_SERIAL, SERIAL_BITS, lint, to_be_signed
from idservice.pki.profile import Profile
from idservice.pki.profiles import Profiles
from idservice.pki.request import IssuanceRequest, Issuer, issuer_from_certificate
from idservice.pki.subject import Holder
from idservice.store import audit, certificates
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Connection, Database

ISSUING_KEY = "esteid2025"
ROOT_KEY = "root"
ORPHAN_AFTER = timedelta(seconds=60)
"""A certificate that is pending this long belongs to a process that died."""

CLOCK_TOLERANCE = timedelta(seconds=1)
"""By how much the clocks of several machines may disagree."""

SERVICE_CUSTODY = "service"


@dataclass(frozen=True, slots=True)
class AuthorityKey:
    """The key of an authority: its name in files and records, who it is, how to open it."""

    name: str
    issuer: Issuer
    load_signer: Callable[[], Signer]
    chain_der: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One certificate that is wanted; `owner` is whose the public key is from now on."""

    profile: str
    holder: Holder | None
    public_key_der: bytes
    custody: str
    owner: str
    valid_for: timedelta


@dataclass(frozen=True, slots=True)
class Allocation:
    """An order that has its serial and its stored to-be-signed bytes."""

    request: IssuanceRequest
    lint_certificate_der: bytes
    record: CertificateRecord


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A certificate that is signed and not recorded yet."""

    allocation: Allocation
    certificate_der: bytes


class CertificateAuthority:
    """Issues certificates under one key, from checked profiles, in the order above."""

    def __init__(
        self,
        database: Database,
        profiles: Profiles,
        key: AuthorityKey,
        *,
        public_url: str,
        clock: Callable[[], datetime],
        unchecked: Callable[[], datetime] | None = None,
    ) -> None:
        """Take the collaborators; the key is opened when it is needed first.

        `clock` may refuse to tell the time; then `unchecked` dates the trace of what was given
        up, which must not wait.
        """
        self._database = database
        self._profiles = profiles
        self._key = key
        self._public_url = public_url
        self._clock = clock
        self._unchecked = unchecked or clock
        self._signer: Signer | None = None

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """The authority's own certificate and those above it, DER, root last."""
        return self._key.chain_der

    @property
    def not_after(self) -> datetime:
        """When the authority's own certificate ends, and with it all that it issues."""
        return self._key.issuer.not_after

    def allocate(
        self, connection: Connection, orders: Sequence[Order], *, approver: str
    ) -> list[Allocation]:
        """Store serials and to-be-signed bytes inside the caller's first transaction.

        Raises ClockDrifted, ClockWentBack, CertificateExpired when the issuer's certificate ended,
        PublicKeyInUse when somebody else had a key certified.
        """
        at = self._trusted_time(connection)
        throw_away = self._throw_away_key()
        return [self._allocate(connection, order, approver, at, throw_away) for order in orders]

    def sign(self, allocations: Sequence[Allocation]) -> list[SignedCertificate]:
        """Lint and sign what was allocated. Raises CertificateLintFailed."""
        if self._signer is None:
            self._signer = self._key.load_signer()
        return [
            SignedCertificate(
                item, sign_linted(lint(item.request, item.lint_certificate_der), self._signer)
            )
            for item in allocations
        ]

    def record(
        self, connection: Connection, signed: Sequence[SignedCertificate], *, actor: str
    ) -> None:
        """Store signed certificates and their audit rows inside the caller's second transaction.

        Raises IllegalTransition when the issuance was given up in the meantime, ClockDrifted.
        """
        at = self._clock()
        for item in signed:
            record = item.allocation.record
            if not certificates.complete(
                connection, record.issuer, record.serial, item.certificate_der, at
            ):
                raise IllegalTransition(
                    "The issuance took so long that it was given up; the certificate was "
                    "discarded.",
                    "Issue it again.",
                )
            audit.record(
                connection,
                at=at,
                action="certificate.issued",
                subject=_audit_subject(record.issuer, record.serial),
                actor=actor,
                details={
                    "approver": record.approver,
                    "profile": record.profile,
                    "profile_version": record.profile_version,
                    "sha256": hashlib.sha256(item.certificate_der).hexdigest(),
                },
            )

    def find(self, certificate_der: bytes) -> CertificateRecord | None:
        """Return the record of exactly this certificate, or None when it is not from here."""
        with self._database.read() as connection:
            return certificates.find_by_certificate(connection, certificate_der)

    def give_up(self, allocations: Sequence[Allocation], *, actor: str) -> None:
        """Mark allocations abandoned at once, after a failure that this process survived."""
        with self._database.begin() as connection:
            at = self._unchecked()
            for record in (item.record for item in allocations):
                if certificates.abandon_one(connection, record.issuer, record.serial):
                    _record_abandoned(connection, at, record.issuer, record.serial, actor)

    def reconcile(self, *, actor: str = "reconciliation") -> int:
        """Mark what dead processes left pending as abandoned; return how many there were."""
        with self._database.begin() as connection:
            return self.abandon(connection, before=self._clock() - ORPHAN_AFTER, actor=actor)

    def abandon(
        self,
        connection: Connection,
        *,
        before: datetime,
        actor: str,
        person_code: str | None = None,
    ) -> int:
        """Abandon pending certificates allocated before a time, with an audit row for each."""
        given_up = certificates.abandon(connection, before=before, person_code=person_code)
        at = self._clock()
        for issuer, serial, _ in given_up:
            _record_abandoned(connection, at, issuer, serial, actor)
        return len(given_up)

    def _allocate(
        self,
        connection: Connection,
        order: Order,
        approver: str,
        at: datetime,
        throw_away: ThrowAwayKey,
    ) -> Allocation:
        request = self._request(order, at)
        lint_certificate_der = build_lint_certificate(request, throw_away)
        record = self._record(order, request, approver, at)
        owner = certificates.claim_public_key(connection, record.spki_sha256, order.owner, at)
        if owner != order.owner:
            raise PublicKeyInUse(
                "The public key already belongs to somebody else: two people with one key could "
                "sign in each other's name.",
                "Make a new key pair.",
            )
        certificates.allocate(connection, record, to_be_signed(lint_certificate_der))
        return Allocation(request, lint_certificate_der, record)

    def _request(self, order: Order, at: datetime) -> IssuanceRequest:
        not_before = at.replace(microsecond=0)
        return IssuanceRequest(
            profile=self._profiles.profile(order.profile),
            issuer=self._key.issuer,
            holder=order.holder,
            public_key_der=order.public_key_der,
            serial=_random_serial(),
            not_before=not_before,
            not_after=min(not_before + order.valid_for, self._key.issuer.not_after),
            public_url=self._public_url,
        )

    def _record(
        self, order: Order, request: IssuanceRequest, approver: str, at: datetime
    ) -> CertificateRecord:
        return CertificateRecord(
            issuer=self._key.name,
            serial=certificates.serial_text(request.serial),
            profile=request.profile.name,
            profile_version=request.profile.version,
            purpose=request.profile.role.value,
            custody=order.custody,
            person_code=order.holder.personal_code.value if order.holder else None,
            subject=request.subject.text(),
            spki_sha256=hashlib.sha256(order.public_key_der).hexdigest(),
            certificate_der=None,
            certificate_sha256=None,
            status=certificates.PENDING,
            not_before=request.not_before,
            not_after=request.not_after,
            allocated_at=at,
            issued_at=None,
            suspended_at=None,
            revoked_at=None,
            revocation_reason=None,
            approver=approver,
        )

    def _trusted_time(self, connection: Connection) -> datetime:
        """Read the clock after the latest record, so that only a clock set back is behind it."""
        latest = certificates.latest_allocation(connection)
        now = self._clock()
        if latest is not None and now < latest - CLOCK_TOLERANCE:
            raise ClockWentBack(
                f"The clock says {now:%Y-%m-%d %H:%M:%S} UTC, but a certificate was issued at "
                f"{latest:%Y-%m-%d %H:%M:%S} UTC: a new one would bear a false date.",
                "Set the clock right and try again.",
            )
        if now >= self._key.issuer.not_after:
            raise CertificateExpired(
                "The certificate of the issuing authority has expired, so it issues no more.",
                "Make a new authority with `idservice init` in an empty home folder.",
            )
        return now

    def _throw_away_key(self) -> ThrowAwayKey:
        kind = key_kind(self._key.issuer.public_key)
        if kind is KeyKind.RSA:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return software.generate_key(kind)


def open_authority(
    database: Database,
    keys: AuthorityKeys,
    profiles: Profiles,
    *,
    public_url: str,
    clock: Callable[[], datetime],
    unchecked: Callable[[], datetime] | None = None,
) -> CertificateAuthority:
    """Open the issuing authority on its keys. Raises KeyStoreInvalid."""
    certificate_der = keys.load_certificate(ISSUING_KEY)
    key = AuthorityKey(
        name=ISSUING_KEY,
        issuer=issuer_from_certificate(certificate_der),
        load_signer=lambda: keys.load_signer(ISSUING_KEY),
        chain_der=(certificate_der, keys.load_certificate(ROOT_KEY)),
    )
    return CertificateAuthority(
        database, profiles, key, public_url=public_url, clock=clock, unchecked=unchecked
    )


def generate_key(profile: Profile) -> PrivateKey:
    """Make a new private key, in memory, of the kind that a profile names first."""
    return software.generate_key(profile.key_kinds[0])


def _record_abandoned(
    connection: Connection, at: datetime, issuer: str, serial: str, actor: str
) -> None:
    subject = _audit_subject(issuer, serial)
    audit.record(connection, at=at, action="certificate.abandoned", subject=subject, actor=actor)


def _random_serial() -> int:
    """Draw a serial that fills 16 octets, from the operating system's randomness."""
    return MIN_SERIAL + secrets.randbelow((1 << SERIAL_BITS) - MIN_SERIAL)


def _audit_subject(issuer: str, serial: str) -> str:
    return f"certificate:{issuer}:{serial}"
