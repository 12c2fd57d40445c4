"""Revocation lists, each stored under its number before anybody gets it.

Those that have ended are forgotten; the newest of an issuer stays, so numbers only grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from idservice.store.inserting import insert_if_absent
from idservice.store.schema import crls

_LATEST = (
    select(crls.c.issuer, crls.c.number, crls.c.epoch, crls.c.this_update, crls.c.next_update)
    .where(crls.c.issuer == bindparam("wanted"))
    .order_by(crls.c.number.desc())
    .limit(1)
)
_DER = select(crls.c.crl_der).where(
    crls.c.issuer == bindparam("wanted"), crls.c.number == bindparam("wanted_number")
)
_THIS_UPDATE_BEFORE = (
    select(crls.c.this_update)
    .where(crls.c.issuer == bindparam("wanted"), crls.c.number < bindparam("wanted_number"))
    .order_by(crls.c.number.desc())
    .limit(1)
)

_FORGET = delete(crls).where(
    crls.c.issuer == bindparam("wanted"),
    crls.c.number < bindparam("wanted_number"),
    crls.c.next_update < bindparam("before"),
)


@dataclass(frozen=True, slots=True)
class CrlRecord:
    """A list without its bytes: whose, its number, the epoch that it tells of, its times."""

    issuer: str
    number: int
    epoch: int
    this_update: datetime
    next_update: datetime


def latest(connection: Connection, issuer: str) -> CrlRecord | None:
    """Return the list of an issuer with the highest number, or None before the first."""
    row = connection.execute(_LATEST, {"wanted": issuer}).first()
    return None if row is None else CrlRecord(**row._mapping)


def crl_der(connection: Connection, issuer: str, number: int) -> bytes:
    """Return the DER of the list with this number, which must exist."""
    values = {"wanted": issuer, "wanted_number": number}
    return bytes(connection.execute(_DER, values).scalar_one())


def this_update_before(connection: Connection, record: CrlRecord) -> datetime | None:
    """Return when the list before this one was made, or None when it is the first."""
    values = {"wanted": record.issuer, "wanted_number": record.number}
    found: datetime | None = connection.execute(_THIS_UPDATE_BEFORE, values).scalar_one_or_none()
    return found


def add(connection: Connection, record: CrlRecord, der: bytes) -> bool:
    """Store a list; False, and nothing changed, when another has its number."""
    values = {
        "issuer": record.issuer,
        "number": record.number,
        "epoch": record.epoch,
        "this_update": record.this_update,
        "next_update": record.next_update,
        "crl_der": der,
    }
    return insert_if_absent(connection, crls, values)


def forget_ended(connection: Connection, newest: CrlRecord, before: datetime) -> int:
    """Remove the older lists of an issuer whose nextUpdate is `before`; return how many.

    `newest` stays, whatever its times.
    """
    values = {"wanted": newest.issuer, "wanted_number": newest.number, "before": before}
    return connection.execute(_FORGET, values).rowcount
