"""The clock of each time-stamping unit, and the record of every token.

Both are written in one transaction before a token is signed. The row of a unit is locked
first, so that under both databases the units of all processes and machines take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from idservice.store.inserting import insert_if_absent
from idservice.store.schema import time_stamping_units, time_stamps

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

_LAST = select(time_stamping_units.c.last_gen_time).where(
    time_stamping_units.c.name == bindparam("wanted_unit")
)
_LOCK = _LAST.with_for_update()
_ADVANCE = (
    update(time_stamping_units)
    .where(
        time_stamping_units.c.name == bindparam("wanted_unit"),
        time_stamping_units.c.last_gen_time <= bindparam("gen_time"),
    )
    .values(last_gen_time=bindparam("gen_time"))
)
_ADD = insert(time_stamps)
_COLUMNS = tuple(column.name for column in time_stamps.c)
_FIND = select(time_stamps).where(time_stamps.c.serial == bindparam("wanted_serial"))
_COUNT = select(func.count()).select_from(time_stamps)


@dataclass(frozen=True, slots=True)
class TimeStampRecord:
    """One token: its serial (lower-case hex), unit, time, policy and what was stamped."""

    serial: str
    unit: str
    gen_time: datetime
    policy: str
    imprint_algorithm: str
    imprint: bytes


def lock_unit(connection: Connection, unit: str) -> datetime:
    """Hold a unit until the transaction ends and return its last genTime (1970 if none)."""
    last = connection.execute(_LOCK, {"wanted_unit": unit}).scalar_one_or_none()
    if last is None:
        insert_if_absent(connection, time_stamping_units, {"name": unit, "last_gen_time": _NEVER})
        last = connection.execute(_LOCK, {"wanted_unit": unit}).scalar_one()
    found: datetime = last
    return found


def advance(connection: Connection, unit: str, gen_time: datetime) -> bool:
    """Move a unit's last genTime forward; False, and nothing changed, when it lies later."""
    values = {"wanted_unit": unit, "gen_time": gen_time}
    return connection.execute(_ADVANCE, values).rowcount == 1


def add(connection: Connection, records: Sequence[TimeStampRecord]) -> None:
    """Store tokens that are about to be signed; every serial must be new."""
    connection.execute(_ADD, [{name: getattr(item, name) for name in _COLUMNS} for item in records])


def find(connection: Connection, serial: str) -> TimeStampRecord | None:
    """Return the record of a token by its serial, or None when it was not issued here."""
    row = connection.execute(_FIND, {"wanted_serial": serial}).first()
    return None if row is None else TimeStampRecord(**row._mapping)


def last_gen_time(connection: Connection, unit: str) -> datetime | None:
    """Return the time of a unit's newest token, or None when it has issued none."""
    found: datetime | None = connection.execute(_LAST, {"wanted_unit": unit}).scalar_one_or_none()
    return found


def count(connection: Connection) -> int:
    """Return how many tokens were recorded."""
    return int(connection.execute(_COUNT).scalar_one())
