"""Epochs: how often the state of an issuer's certificates changed for those who rely on them.

A revocation, a suspension and its end count, in the transaction that makes the change: an
answer that was made in an earlier epoch is known to be old, in every process and machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from idservice.store.inserting import insert_if_absent
from idservice.store.schema import status_epochs

_CURRENT = select(status_epochs.c.epoch, status_epochs.c.changed_at).where(
    status_epochs.c.issuer == bindparam("wanted")
)
_ADVANCE = (
    update(status_epochs)
    .where(status_epochs.c.issuer == bindparam("wanted"))
    .values(epoch=status_epochs.c.epoch + 1, changed_at=bindparam("at"))
)


def current_since(connection: Connection, issuer: str) -> tuple[int, datetime | None]:
    """Return the epoch of an issuer, and when it began; 0 and None before anything changed."""
    found = connection.execute(_CURRENT, {"wanted": issuer}).one_or_none()
    return (0, None) if found is None else (int(found.epoch), found.changed_at)


def current(connection: Connection, issuer: str) -> int:
    """Return the epoch of an issuer; 0 before anything changed."""
    return current_since(connection, issuer)[0]


def advance(connection: Connection, issuers: Iterable[str], at: datetime) -> None:
    """Begin a new epoch of each issuer, at the commit of the caller's transaction."""
    # Always in the same order, so that two transactions never wait for each other.
    for issuer in sorted(set(issuers)):
        values = {"issuer": issuer, "epoch": 0, "changed_at": at}
        insert_if_absent(connection, status_epochs, values)
        connection.execute(_ADVANCE, {"wanted": issuer, "at": at})
