"""Tries left for every PIN and PUK: taken before a PIN is looked at, given back by success."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from idservice.store.inserting import insert_if_absent
from idservice.store.schema import pins

_IS_PIN = (pins.c.holder == bindparam("wanted_holder")) & (
    pins.c.purpose == bindparam("wanted_purpose")
)
_TAKE = (
    update(pins)
    .where(_IS_PIN, pins.c.tries_left > 0)
    .values(tries_left=pins.c.tries_left - 1, evaluations=pins.c.evaluations + 1)
    .returning(pins.c.tries_left)
)
_RESTORE = (
    update(pins).where(_IS_PIN).values(tries_left=bindparam("tries"), changed_at=bindparam("at"))
)
_FIND = select(pins).where(_IS_PIN)


@dataclass(frozen=True, slots=True)
class PinRecord:
    """One PIN or PUK: tries left, tries ever evaluated, and for a PUK how to check it."""

    holder: str
    purpose: str
    tries_left: int
    evaluations: int
    verifier: bytes | None
    salt: bytes | None
    kdf: str | None
    changed_at: datetime


def add(connection: Connection, record: PinRecord) -> None:
    """Store a new counter."""
    connection.execute(
        insert(pins), {name: getattr(record, name) for name in PinRecord.__dataclass_fields__}
    )


def ensure(connection: Connection, holder: str, purpose: str, tries: int, at: datetime) -> None:
    """Make sure that a counter without verifier exists; an existing one stays as it is."""
    values = {
        "holder": holder,
        "purpose": purpose,
        "tries_left": tries,
        "evaluations": 0,
        "changed_at": at,
    }
    insert_if_absent(connection, pins, values)


def take_try(connection: Connection, holder: str, purpose: str) -> int | None:
    """Take one try in one UPDATE; return how many are left, or None when there was none."""
    values = {"wanted_holder": holder, "wanted_purpose": purpose}
    left: int | None = connection.execute(_TAKE, values).scalar_one_or_none()
    return left


def restore(connection: Connection, holder: str, purpose: str, tries: int, at: datetime) -> None:
    """Give all tries back after a success or an unlock."""
    values = {"wanted_holder": holder, "wanted_purpose": purpose, "tries": tries, "at": at}
    connection.execute(_RESTORE, values)


def replace_verifier(
    connection: Connection, holder: str, purpose: str, *, value: bytes, salt: bytes, kdf: str
) -> None:
    """Replace the value by which a code is recognised, after a new PIN was set."""
    connection.execute(
        update(pins)
        .where(pins.c.holder == holder, pins.c.purpose == purpose)
        .values(verifier=value, salt=salt, kdf=kdf)
    )


def find(connection: Connection, holder: str, purpose: str) -> PinRecord | None:
    """Return a counter, or None."""
    values = {"wanted_holder": holder, "wanted_purpose": purpose}
    row = connection.execute(_FIND, values).first()
    return None if row is None else PinRecord(**row._mapping)


def of_holder(connection: Connection, holder: str) -> list[PinRecord]:
    """Return all counters of a holder: PIN1, PIN2, PUK."""
    query = select(pins).where(pins.c.holder == holder).order_by(pins.c.purpose)
    return [PinRecord(**row._mapping) for row in connection.execute(query)]


def forget(connection: Connection, holder: str) -> None:
    """Remove the counters of a holder whose keys are no more."""
    connection.execute(delete(pins).where(pins.c.holder == holder))
