"""Signatures that wait for a value made elsewhere; each takes one value, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from idservice.store.schema import pending_signatures

_ADD = insert(pending_signatures)
_FIND = select(pending_signatures).where(pending_signatures.c.id == bindparam("wanted"))
_COMPLETE = (
    update(pending_signatures)
    .where(
        pending_signatures.c.id == bindparam("wanted"),
        pending_signatures.c.completed_at.is_(None),
        pending_signatures.c.expires_at > bindparam("now"),
    )
    .values(
        completed_at=bindparam("now"),
        signature_value=bindparam("value"),
        finished=bindparam("update"),
    )
)
# What is over keeps its row as a proof, but not the document or the prepared bytes.
_OVER = select(pending_signatures.c.id).where(
    pending_signatures.c.expires_at <= bindparam("now"), pending_signatures.c.pending != b""
)
_FORGET = (
    update(pending_signatures)
    .where(pending_signatures.c.id == bindparam("wanted"))
    .values(pending=b"", finished=None)
)


@dataclass(frozen=True, slots=True)
class PendingRow:
    """One pending signature; `pending` is empty once it is over and was cleaned up.

    `finished` is what follows the document at a level above B-B, kept from its completion on.
    """

    id: str
    person_code: str
    certificate_issuer: str
    certificate_serial: str
    document_sha256: str
    pending: bytes
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None = None
    signature_value: bytes | None = None
    level: str = "B-B"
    finished: bytes | None = None


def add(connection: Connection, row: PendingRow) -> None:
    """Store a new pending signature."""
    connection.execute(_ADD, {name: getattr(row, name) for name in PendingRow.__dataclass_fields__})


def find(connection: Connection, identifier: str) -> PendingRow | None:
    """Return one pending signature, or None."""
    row = connection.execute(_FIND, {"wanted": identifier}).first()
    return None if row is None else PendingRow(**row._mapping)


def complete(
    connection: Connection,
    identifier: str,
    value: bytes,
    now: datetime,
    *,
    finished: bytes | None = None,
) -> bool:
    """Store the value by compare-and-swap; True for exactly one caller, and only in time."""
    values = {"wanted": identifier, "value": value, "now": now, "update": finished}
    return connection.execute(_COMPLETE, values).rowcount == 1


def forget_expired(connection: Connection, now: datetime) -> list[str]:
    """Drop the prepared bytes of what has expired; return which these were."""
    expired = [str(row.id) for row in connection.execute(_OVER, {"now": now})]
    for identifier in expired:
        connection.execute(_FORGET, {"wanted": identifier})
    return expired


def is_waiting(connection: Connection, identifier: str) -> bool:
    """Tell whether a document of this identifier may still be asked for."""
    row = find(connection, identifier)
    return row is not None and row.pending != b""
