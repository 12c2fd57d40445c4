"""Reading the audit log; writing to it is part of each act's own transaction."""

from __future__ import annotations

from collections.abc import Sequence

from idservice.store import audit as store
from idservice.store.audit import AuditEntry
from idservice.store.database import Database

__all__ = ["AuditEntry", "AuditLog"]


class AuditLog:
    """The record of everything that was signed, issued, revoked or logged in."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    def entries(
        self, *, subject: str | None = None, action: str | None = None, limit: int = 100
    ) -> Sequence[AuditEntry]:
        """Return the newest entries first, of one subject or action if asked for."""
        with self._database.read() as connection:
            return store.entries(connection, subject=subject, action=action, limit=limit)
