"""Keys of people inside a hardware security module: which key there is whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from idservice.store.schema import hsm_keys

_FIND = select(hsm_keys).where(
    hsm_keys.c.person_code == bindparam("wanted_code"),
    hsm_keys.c.purpose == bindparam("wanted_purpose"),
)


@dataclass(frozen=True, slots=True)
class HsmKeyRecord:
    """One key of one person: SHA-256 of its public key, and its identifier in the token."""

    person_code: str
    purpose: str
    spki_sha256: str
    key_id: str
    created_at: datetime


def add(connection: Connection, record: HsmKeyRecord) -> None:
    """Store whose a key in the token is."""
    connection.execute(
        insert(hsm_keys),
        {name: getattr(record, name) for name in HsmKeyRecord.__dataclass_fields__},
    )


def find(connection: Connection, code: str, purpose: str) -> HsmKeyRecord | None:
    """Return a person's key for a purpose, or None when none is in the token."""
    row = connection.execute(_FIND, {"wanted_code": code, "wanted_purpose": purpose}).first()
    return None if row is None else HsmKeyRecord(**row._mapping)


def forget(connection: Connection, code: str) -> Sequence[str]:
    """Remove a person's rows and return the identifiers of keys to destroy in the token."""
    query = delete(hsm_keys).where(hsm_keys.c.person_code == code).returning(hsm_keys.c.key_id)
    return connection.execute(query).scalars().all()


def all_identifiers(connection: Connection) -> frozenset[str]:
    """Return the identifiers of every key that is somebody's."""
    return frozenset(connection.execute(select(hsm_keys.c.key_id)).scalars())
