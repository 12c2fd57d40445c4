"""People and where they stand in their life cycle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from idservice.store.inserting import insert_if_absent
from idservice.store.schema import persons

ISSUING = "issuing"
ACTIVE = "active"
SUSPENDED = "suspended"
REVOKED = "revoked"

_BY_CODE = select(persons).where(persons.c.code == bindparam("wanted_code"))
# On PostgreSQL the row stays locked against changes until the transaction ends; SQLite's
# write transactions exclude each other anyway.
_BY_CODE_LOCKED = _BY_CODE.with_for_update(read=True)
_BY_CODE_TO_CHANGE = _BY_CODE.with_for_update()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as stored; the names are those of the certificates."""

    code: str
    given_name: str
    surname: str
    status: str
    created_at: datetime
    suspended_at: datetime | None = None
    revoked_at: datetime | None = None
    revocation_reason: str | None = None


def add(connection: Connection, person: Person) -> bool:
    """Store a new person; False when the personal code is taken."""
    values = {name: getattr(person, name) for name in Person.__dataclass_fields__}
    return insert_if_absent(connection, persons, values)


def find(connection: Connection, code: str, *, lock: bool = False) -> Person | None:
    """Return the person with this code, or None; with `lock`, unchanged until the end."""
    query = _BY_CODE_LOCKED if lock else _BY_CODE
    row = connection.execute(query, {"wanted_code": code}).first()
    return None if row is None else Person(**row._mapping)


def find_to_change(connection: Connection, code: str) -> Person | None:
    """Return the person with this code, for this transaction alone until its end, or None."""
    row = connection.execute(_BY_CODE_TO_CHANGE, {"wanted_code": code}).first()
    return None if row is None else Person(**row._mapping)


def find_all(connection: Connection, *, after: str = "", limit: int = 1000) -> list[Person]:
    """Return issued people in the order of their codes, those after a code, at most `limit`."""
    issued = (persons.c.code > after, persons.c.status != ISSUING)
    query = select(persons).where(*issued).order_by(persons.c.code).limit(limit)
    return [Person(**row._mapping) for row in connection.execute(query)]


def change_status(
    connection: Connection, code: str, allowed: tuple[str, ...], **values: Any
) -> bool:
    """Compare-and-swap the status: False when the person is in none of the `allowed`."""
    statement = (
        update(persons).where(persons.c.code == code, persons.c.status.in_(allowed)).values(values)
    )
    return connection.execute(statement).rowcount == 1
