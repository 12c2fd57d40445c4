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

_LOCK = (
    select(time_stamping_units.c.last_gen_time)
    .where(time_stamping_units.c.name == bindparam("wanted_unit"))
    .with_for_update()
)
_LATEST = select(func.max(time_stamping_units.c.last_gen_time))
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
    """Hold a unit until the transaction ends and return its last time (1970 if none).

    It is that of its last token, with the microseconds that genTime leaves out.
    """
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


def latest_gen_time(connection: Connection) -> datetime | None:
    """Return the time of the newest token of all units, to the microsecond; None without one."""
    found: datetime | None = connection.execute(_LATEST).scalar_one_or_none()
    return found
