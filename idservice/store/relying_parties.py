"""Relying parties and the origins from which their users log in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from idservice.store.schema import relying_parties, relying_party_origins

_ORIGINS_OF = (
    select(relying_parties.c.id, relying_party_origins.c.origin)
    .select_from(relying_parties.outerjoin(relying_party_origins))
    .where(relying_parties.c.id == bindparam("id"))
    .order_by(relying_party_origins.c.position)
)
_ALL = (
    select(relying_parties, relying_party_origins.c.origin)
    .select_from(relying_parties.outerjoin(relying_party_origins))
    .order_by(relying_parties.c.id, relying_party_origins.c.position)
)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """An application that lets people log in: its origins in order, the first the default."""

    id: str
    name: str
    created_at: datetime
    origins: tuple[str, ...]


def add(connection: Connection, party: RelyingParty) -> None:
    """Store a new relying party with its origins; its identifier must be free."""
    connection.execute(
        insert(relying_parties),
        {"id": party.id, "name": party.name, "created_at": party.created_at},
    )
    connection.execute(
        insert(relying_party_origins),
        [
            {"relying_party": party.id, "origin": origin, "position": position}
            for position, origin in enumerate(party.origins)
        ],
    )


def add_origin(connection: Connection, identifier: str, origin: str, *, position: int) -> None:
    """Store one more origin of a relying party at a position that is free."""
    connection.execute(
        insert(relying_party_origins),
        {"relying_party": identifier, "origin": origin, "position": position},
    )


def lock(connection: Connection, identifier: str) -> None:
    """Keep the entry from other writers until the transaction ends (SQLite has only one)."""
    query = select(relying_parties.c.id).where(relying_parties.c.id == identifier)
    connection.execute(query.with_for_update())


def exists(connection: Connection, identifier: str) -> bool:
    """Tell whether this identifier is taken."""
    query = select(relying_parties.c.id).where(relying_parties.c.id == identifier)
    return connection.execute(query).first() is not None


def origins_of(connection: Connection, identifier: str) -> Sequence[str]:
    """Return the origins of a relying party in order; empty when it is not registered."""
    rows = connection.execute(_ORIGINS_OF, {"id": identifier})
    return [row.origin for row in rows if row.origin is not None]


def find_all(connection: Connection) -> list[RelyingParty]:
    """Return every relying party, ordered by identifier."""
    found: dict[str, RelyingParty] = {}
    for row in connection.execute(_ALL):
        before = found[row.id].origins if row.id in found else ()
        origins = (*before, row.origin) if row.origin is not None else before
        found[row.id] = RelyingParty(row.id, row.name, row.created_at, origins)
    return list(found.values())
