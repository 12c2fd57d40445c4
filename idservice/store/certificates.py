"""Certificates from the moment their serial is allocated, and who owns which public key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from idservice.store import status_epochs
from idservice.store.inserting import insert_if_absent
from idservice.store.schema import certificates, public_keys

PENDING = "pending"
VALID = "valid"
SUSPENDED = "suspended"
REVOKED = "revoked"
ABANDONED = "abandoned"

_RECORD_COLUMNS = [column for column in certificates.c if column.name != "tbs_der"]
_BY_SERIAL = select(*_RECORD_COLUMNS).where(
    certificates.c.issuer == bindparam("wanted_issuer"),
    certificates.c.serial == bindparam("wanted_serial"),
)
_BY_SHA256 = select(*_RECORD_COLUMNS).where(
    certificates.c.certificate_sha256 == bindparam("wanted_sha256")
)
_OF_PERSON = (
    select(*_RECORD_COLUMNS)
    .where(certificates.c.person_code == bindparam("wanted_code"))
    .order_by(certificates.c.allocated_at, certificates.c.custody, certificates.c.purpose)
)
_STATES = select(
    certificates.c.serial,
    certificates.c.status,
    certificates.c.suspended_at,
    certificates.c.revoked_at,
    certificates.c.revocation_reason,
    certificates.c.not_before,
).where(certificates.c.issuer == bindparam("wanted_issuer"))
_STATE_OF = _STATES.where(certificates.c.serial == bindparam("wanted_serial"))
_STATES_OF = _STATES.where(certificates.c.serial.in_(bindparam("serials", expanding=True)))
_NOT_GOOD = _STATES.where(certificates.c.status.in_((SUSPENDED, REVOKED))).order_by(
    certificates.c.serial
)
# `person_code IS NULL` goes by the index of people, of whom services are none.
_OF_SERVICE = (
    select(*_RECORD_COLUMNS)
    .where(
        certificates.c.person_code.is_(None),
        certificates.c.purpose == bindparam("wanted_purpose"),
        certificates.c.profile == bindparam("wanted_profile"),
    )
    .order_by(certificates.c.not_after.desc(), certificates.c.allocated_at.desc())
)
_LATEST_ALLOCATION = select(func.max(certificates.c.allocated_at))
_COMPLETE = (
    update(certificates)
    .where(
        certificates.c.issuer == bindparam("wanted_issuer"),
        certificates.c.serial == bindparam("wanted_serial"),
        certificates.c.status == PENDING,
    )
    .values(
        status=VALID,
        certificate_der=bindparam("der"),
        certificate_sha256=bindparam("sha256"),
        issued_at=bindparam("at"),
    )
)


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One certificate with its state; `certificate_der` is None until it is signed."""

    issuer: str
    serial: str
    profile: str
    profile_version: str
    purpose: str
    custody: str
    person_code: str | None
    subject: str
    spki_sha256: str
    certificate_der: bytes | None
    certificate_sha256: str | None
    status: str
    not_before: datetime
    not_after: datetime
    allocated_at: datetime
    issued_at: datetime | None
    suspended_at: datetime | None
    revoked_at: datetime | None
    revocation_reason: str | None
    approver: str


@dataclass(frozen=True, slots=True)
class CertificateState:
    """The state of one certificate, as those who rely on it are told it."""

    serial: str
    status: str
    suspended_at: datetime | None
    revoked_at: datetime | None
    revocation_reason: str | None
    not_before: datetime


def serial_text(serial: int) -> str:
    """Write a serial number as it is stored: lower-case hexadecimal without leading zeros."""
    return f"{serial:x}"


def allocate(connection: Connection, record: CertificateRecord, tbs_der: bytes) -> None:
    """Store a serial and its to-be-signed bytes before anything is signed.

    The pair of issuer and serial must be new: the primary key refuses another use.
    """
    values = {column.name: getattr(record, column.name) for column in _RECORD_COLUMNS}
    connection.execute(insert(certificates), {**values, "tbs_der": tbs_der})


def complete(
    connection: Connection, issuer: str, serial: str, certificate_der: bytes, at: datetime
) -> bool:
    """Store the signed certificate of a pending row; False when the row is not pending."""
    values = {
        "wanted_issuer": issuer,
        "wanted_serial": serial,
        "der": certificate_der,
        "sha256": hashlib.sha256(certificate_der).hexdigest(),
        "at": at,
    }
    return connection.execute(_COMPLETE, values).rowcount == 1


def claim_public_key(connection: Connection, spki_sha256: str, owner: str, at: datetime) -> str:
    """Record who first had a public key certified, and return that owner."""
    values = {"spki_sha256": spki_sha256, "owner": owner, "first_seen_at": at}
    insert_if_absent(connection, public_keys, values)
    query = select(public_keys.c.owner).where(public_keys.c.spki_sha256 == spki_sha256)
    return str(connection.execute(query).scalar_one())


def find(connection: Connection, issuer: str, serial: str) -> CertificateRecord | None:
    """Return the certificate with this issuer and serial, in whatever state, or None."""
    values = {"wanted_issuer": issuer, "wanted_serial": serial}
    return _record(connection.execute(_BY_SERIAL, values).first())


def find_by_certificate(connection: Connection, certificate_der: bytes) -> CertificateRecord | None:
    """Return the record of exactly this certificate, or None when it was not issued here."""
    values = {"wanted_sha256": hashlib.sha256(certificate_der).hexdigest()}
    return _record(connection.execute(_BY_SHA256, values).first())


def of_person(connection: Connection, code: str) -> list[CertificateRecord]:
    """Return all certificates of a person, abandoned ones included, the oldest first."""
    rows = connection.execute(_OF_PERSON, {"wanted_code": code})
    return [CertificateRecord(**row._mapping) for row in rows]


def states_of(
    connection: Connection, issuer: str, serials: Sequence[str]
) -> dict[str, CertificateState]:
    """Return the states of an issuer's certificates by serial; those never allocated are absent."""
    values: dict[str, Any] = {"wanted_issuer": issuer}
    if len(serials) == 1:  # nearly always: a statement that need not be written anew
        rows = connection.execute(_STATE_OF, {**values, "wanted_serial": serials[0]})
    else:
        rows = connection.execute(_STATES_OF, {**values, "serials": list(serials)})
    return {row.serial: CertificateState(**row._mapping) for row in rows}


def suspended_and_revoked(connection: Connection, issuer: str) -> list[CertificateState]:
    """Return every certificate of an issuer that is suspended or revoked, in order of serial."""
    rows = connection.execute(_NOT_GOOD, {"wanted_issuer": issuer})
    return [CertificateState(**row._mapping) for row in rows]


def of_service(connection: Connection, profile: str, purpose: str) -> list[CertificateRecord]:
    """Return all certificates of a service, in whatever state, the longest valid first."""
    values = {"wanted_profile": profile, "wanted_purpose": purpose}
    rows = connection.execute(_OF_SERVICE, values)
    return [CertificateRecord(**row._mapping) for row in rows]


def hold(connection: Connection, issuer: str, serial: str) -> None:
    """Let no other transaction that holds the same certificate go on until this one ends."""
    # SQLite has one writer at a time anyway.
    query = select(certificates.c.serial).where(
        certificates.c.issuer == issuer, certificates.c.serial == serial
    )
    connection.execute(query.with_for_update()).first()


def latest_allocation(connection: Connection) -> datetime | None:
    """Return when a serial was last allocated, or None: no clock may stand before it."""
    found: datetime | None = connection.execute(_LATEST_ALLOCATION).scalar_one_or_none()
    return found


def abandon(
    connection: Connection, *, before: datetime, person_code: str | None = None
) -> Sequence[tuple[str, str, str | None]]:
    """Give up pending certificates allocated before a time, of one person or of all.

    Returns issuer, serial and person of each, so that the caller can record it.
    """
    statement = (
        update(certificates)
        .where(certificates.c.status == PENDING, certificates.c.allocated_at < before)
        .values(status=ABANDONED)
        .returning(certificates.c.issuer, certificates.c.serial, certificates.c.person_code)
    )
    if person_code is not None:
        statement = statement.where(certificates.c.person_code == person_code)
    return [(row.issuer, row.serial, row.person_code) for row in connection.execute(statement)]


def abandon_one(connection: Connection, issuer: str, serial: str) -> bool:
    """Give up one certificate; False when it is not pending any more."""
    statement = (
        update(certificates)
        .where(
            certificates.c.issuer == issuer,
            certificates.c.serial == serial,
            certificates.c.status == PENDING,
        )
        .values(status=ABANDONED)
    )
    return connection.execute(statement).rowcount == 1


def count_pending(connection: Connection) -> int:
    """Return how many certificates were allocated and neither signed nor given up."""
    query = select(func.count()).where(certificates.c.status == PENDING)
    return int(connection.execute(query).scalar_one())


def has_pending(connection: Connection, code: str) -> bool:
    """Tell whether a person has certificates that are pending."""
    query = select(certificates.c.serial).where(
        certificates.c.person_code == code, certificates.c.status == PENDING
    )
    return connection.execute(query.limit(1)).first() is not None


def suspend_all(connection: Connection, code: str, at: datetime) -> None:
    """Suspend every valid certificate of a person."""
    _change(connection, code, (VALID,), {"status": SUSPENDED, "suspended_at": at}, at)


def resume_all(connection: Connection, code: str, at: datetime) -> None:
    """Make every suspended certificate of a person valid again."""
    _change(connection, code, (SUSPENDED,), {"status": VALID, "suspended_at": None}, at)


def revoke_all(connection: Connection, code: str, at: datetime, reason: str) -> None:
    """Revoke every valid or suspended certificate of a person, for good."""
    values = {"status": REVOKED, "revoked_at": at, "revocation_reason": reason}
    _change(connection, code, (VALID, SUSPENDED), values, at)


def _change(
    connection: Connection,
    code: str,
    statuses: tuple[str, ...],
    values: dict[str, Any],
    at: datetime,
) -> None:
    """Change the state of certificates; what was answered about them is old from now on."""
    changed = connection.execute(
        update(certificates)
        .where(certificates.c.person_code == code, certificates.c.status.in_(statuses))
        .values(**values)
        .returning(certificates.c.issuer)
    )
    status_epochs.advance(connection, (row.issuer for row in changed), at)


def _record(row: Row[Any] | None) -> CertificateRecord | None:
    return None if row is None else CertificateRecord(**row._mapping)
