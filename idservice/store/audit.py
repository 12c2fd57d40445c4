"""The audit log: one row per act, written in the transaction of the act itself.

Rows are only ever added. If the row cannot be written, the transaction fails and with
it the act, so nothing is signed, issued or logged in without a trace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from idservice.store.schema import audit

_ADD = insert(audit)
_LATEST = select(func.max(audit.c.at))


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act: when, what, upon whom, by whom, and the facts that belong to it."""

    id: int
    at: datetime
    action: str
    subject: str
    actor: str
    details: Mapping[str, Any]


def record(
    connection: Connection,
    *,
    at: datetime,
    action: str,
    subject: str,
    actor: str,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add one row inside the caller's transaction.

    `details` must be JSON values; they are stored as ASCII in one line, so no control
    character of a name or a reason ever reaches a log reader. Never put a secret there.
    """
    text = json.dumps(dict(details or {}), sort_keys=True, separators=(",", ":"))
    connection.execute(
        _ADD, {"at": at, "action": action, "subject": subject, "actor": actor, "details": text}
    )


def entries(
    connection: Connection,
    *,
    subject: str | None = None,
    action: str | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Return the newest rows first, of one subject or action if asked for."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    if action is not None:
        query = query.where(audit.c.action == action)
    return [_entry(row) for row in connection.execute(query)]


def latest_time(connection: Connection) -> datetime | None:
    """Return the latest time ever recorded, or None: no clock may stand before it."""
    found: datetime | None = connection.execute(_LATEST).scalar_one_or_none()
    return found


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.action, row.subject, row.actor, json.loads(row.details))
