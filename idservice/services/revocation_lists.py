"""The revocation lists of our authorities: numbered, signed on schedule and on revocation.

A list is made when it is asked for and the last one is older than its period, or tells of
an earlier epoch: the request after an acknowledged revocation gets a list with it, on
every worker. A list is stored under its number before anybody gets it; of two processes
that make one at once, one is a list and the other is forgotten. With a new list those go that
have ended. Certificates stay on the list after they expired, so that an old signature can be
validated (expiredCertsOnCRL).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from idservice.crypto.certificates import load_certificate, subject_name
from idservice.crypto.keys import Signer
from idservice.errors import (
    ClockDrifted,
    ClockWentBack,
    Configuration,
    DatabaseUnavailable,
    Dependency,
    KeyStoreInvalid,
    NotFound,
)
from idservice.pki.crl_building import CrlContents, RevokedEntry, build_crl
from idservice.pki.revocation_reasons import CERTIFICATE_HOLD
from idservice.store import certificates, crls, status_epochs
from idservice.store.certificates import CertificateState
from idservice.store.crls import CrlRecord
from idservice.store.database import Database

CLOCK_TOLERANCE = timedelta(seconds=1)
"""By how much the clocks of several machines may disagree."""

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class ListedAuthority:
    """An authority with a list: its certificate, its key, and the calendar of the list."""

    name: str
    certificate_der: bytes
    load_signer: Callable[[], Signer]
    period: timedelta
    valid_for: timedelta


@dataclass(frozen=True, slots=True)
class Crl:
    """A revocation list: DER, number, times, and the SHA-256 of the DER in hexadecimal.

    `last_modified` tells lists apart as HTTP does, by whole seconds; it is None when the list
    before is of the same second.
    """

    der: bytes
    number: int
    this_update: datetime
    next_update: datetime
    sha256: str
    last_modified: datetime | None


class RevocationLists:
    """The current list of each authority, by name."""

    def __init__(
        self,
        database: Database,
        authorities: Mapping[str, ListedAuthority],
        *,
        clock: Callable[[], datetime],
        unchecked: Callable[[], datetime] | None = None,
    ) -> None:
        """Take the authorities; a key is opened when a list must be signed with it.

        `clock` may refuse to tell the time; then no list is made, and `unchecked` says whether
        the last one is current.
        """
        self._database = database
        self._lists = {
            name: _AuthorityList(database, authority, clock, unchecked or clock)
            for name, authority in authorities.items()
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the authorities that have lists."""
        return tuple(self._lists)

    def current(self, issuer_name: str) -> Crl:
        """Return the list that tells everything acknowledged before this call.

        Raises NotFound for an authority without one, DatabaseUnavailable, ClockWentBack,
        ClockDrifted when the clock cannot be relied on and the last list does not do, and
        KeyStoreInvalid or KeyStoreUnavailable when a new one is needed and cannot be signed.
        """
        found = self._lists.get(issuer_name)
        if found is None:
            raise NotFound(
                "No authority of this name has a revocation list here.",
                f"Choose one of {', '.join(self._lists)}.",
            )
        return found.current()

    def stored(self, issuer_name: str) -> CrlRecord | None:
        """Return the record of the last list, making no new one; None before the first."""
        with self._database.read() as connection:
            return crls.latest(connection, issuer_name)


class _AuthorityList:
    """The list of one authority, as this process knows it."""

    def __init__(
        self,
        database: Database,
        authority: ListedAuthority,
        clock: Callable[[], datetime],
        unchecked: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._authority = authority
        self._clock = clock
        self._unchecked = unchecked
        self._lock = threading.Lock()
        self._signer: Signer | None = None
        self._known: Crl | None = None

    def current(self) -> Crl:
        try:
            found = self._up_to_date(self._clock())
            if found is not None:
                return found
            with self._lock:
                return self._made()
        except ClockDrifted:
            epoch, latest = self._look()
            if latest is None or not self._still_serves(latest, epoch, self._unchecked()):
                raise
            return self._load(latest)

    @staticmethod
    def _still_serves(latest: CrlRecord, epoch: int, at: datetime) -> bool:
        """Whether the last list tells the whole truth, and clients would take it."""
        return latest.epoch == epoch and latest.this_update <= at < latest.next_update

    def _up_to_date(self, at: datetime) -> Crl | None:
        """Return the last list if it is of this epoch and not due."""
        return self._if_up_to_date(*self._look(), at)

    def _if_up_to_date(self, epoch: int, latest: CrlRecord | None, at: datetime) -> Crl | None:
        if latest is None or latest.epoch != epoch or at >= latest.this_update + self._period:
            return None
        return self._load(latest)

    def _made(self) -> Crl:
        """Make the next list, or take the one that another process made at this moment."""
        for _ in range(_ATTEMPTS):
            # The clock is read before the state: what is acknowledged before thisUpdate is listed.
            at = self._clock()
            epoch, latest = self._look()
            # One look for both: a list that another process stores in between takes the number.
            found = self._if_up_to_date(epoch, latest, at) or self._signed(at, epoch, latest)
            if found is not None:
                return found
        raise DatabaseUnavailable(
            "Other processes make revocation lists faster than this one can.", "Try again."
        )

    def _signed(self, at: datetime, epoch: int, latest: CrlRecord | None) -> Crl | None:
        """Sign and store the list after `latest`; None when its number was taken meanwhile."""
        try:
            contents = self._contents(self._this_update(latest, at), latest)
            crl_der = build_crl(contents, self._opened())
        except (Dependency, Configuration):
            # A list that still tells the whole truth is better than none.
            if latest is None or latest.epoch != epoch or at >= latest.next_update:
                raise
            return self._load(latest)
        record = CrlRecord(
            self._authority.name,
            contents.number,
            epoch,
            contents.this_update,
            contents.next_update,
        )
        with self._database.begin() as connection:
            if not crls.add(connection, record, crl_der):
                return None
            # For another machine, whose clock is behind, a list has not ended yet.
            crls.forget_ended(connection, record, record.this_update - CLOCK_TOLERANCE)
        self._known = _crl(record, crl_der, None if latest is None else latest.this_update)
        return self._known

    def _this_update(self, latest: CrlRecord | None, at: datetime) -> datetime:
        """Return the time of the new list, which is never before that of the last."""
        if latest is None:
            return at.replace(microsecond=0)
        if at < latest.this_update - CLOCK_TOLERANCE:
            raise ClockWentBack(
                f"The clock says {at:%Y-%m-%d %H:%M:%S} UTC, but the last revocation list is of "
                f"{latest.this_update:%Y-%m-%d %H:%M:%S} UTC: a new one would look older.",
                "Set the clock right and try again.",
            )
        return max(at.replace(microsecond=0), latest.this_update)

    def _contents(self, this_update: datetime, latest: CrlRecord | None) -> CrlContents:
        authority = self._authority
        certificate = load_certificate(authority.certificate_der)
        with self._database.read() as connection:
            ended = certificates.suspended_and_revoked(connection, authority.name)
        return CrlContents(
            issuer_name_der=subject_name(authority.certificate_der),
            key_identifier=_key_identifier(certificate),
            number=_next_number(latest, this_update),
            this_update=this_update,
            next_update=this_update + authority.valid_for,
            entries=[_entry(item, this_update) for item in ended],
            expired_since=certificate.not_valid_before_utc,
        )

    def _look(self) -> tuple[int, CrlRecord | None]:
        """Read the epoch before anything else: what is read after it is at least as new."""
        with self._database.read() as connection:
            epoch = status_epochs.current(connection, self._authority.name)
            return epoch, crls.latest(connection, self._authority.name)

    def _load(self, record: CrlRecord) -> Crl:
        known = self._known
        if known is None or known.number != record.number:
            with self._database.read() as connection:
                crl_der = crls.crl_der(connection, record.issuer, record.number)
                before = crls.this_update_before(connection, record)
            known = self._known = _crl(record, crl_der, before)
        return known

    def _opened(self) -> Signer:
        if self._signer is None:
            self._signer = self._authority.load_signer()
        return self._signer

    @property
    def _period(self) -> timedelta:
        return self._authority.period


def _next_number(latest: CrlRecord | None, this_update: datetime) -> int:
    """Return a number above the last, and above all that a lost future of a backup had.

    It is at least the seconds since 1970, and there is hardly one list in a second.
    """
    seconds = int(this_update.timestamp())
    return seconds if latest is None else max(latest.number + 1, seconds)


def _entry(state: CertificateState, this_update: datetime) -> RevokedEntry:
    """A suspension is on the list as certificateHold (RFC 5280 cl. 5.3.1)."""
    if state.status == certificates.SUSPENDED:
        since, reason = state.suspended_at, CERTIFICATE_HOLD
    else:
        since, reason = state.revoked_at, state.revocation_reason or "unspecified"
    return RevokedEntry(int(state.serial, 16), since or this_update, reason)


def _key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        ).value.digest
    except x509.ExtensionNotFound as exc:
        raise KeyStoreInvalid(
            "The certificate of the authority has no key identifier.",
            "Restore the certificate that `idservice init` made.",
        ) from exc


def _crl(record: CrlRecord, crl_der: bytes, before: datetime | None) -> Crl:
    """Make the value; `before` is when the list with the number below was made."""
    return Crl(
        crl_der,
        record.number,
        record.this_update,
        record.next_update,
        hashlib.sha256(crl_der).hexdigest(),
        None if before == record.this_update else record.this_update,
    )
