"""Private keys in server custody, wrapped; nothing here can open them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from idservice.store.schema import private_keys

_FIND = select(private_keys).where(
    private_keys.c.person_code == bindparam("wanted_code"),
    private_keys.c.purpose == bindparam("wanted_purpose"),
)
_REWRAP = (
    update(private_keys)
    .where(
        private_keys.c.person_code == bindparam("wanted_code"),
        private_keys.c.purpose == bindparam("wanted_purpose"),
    )
    .values(wrapped_key=bindparam("value"), salt=bindparam("new_salt"), kdf=bindparam("new_kdf"))
)


@dataclass(frozen=True, slots=True)
class PrivateKeyRecord:
    """One key of one person, wrapped under the PIN and a second time under the PUK."""

    person_code: str
    purpose: str
    spki_sha256: str
    wrapped_key: bytes
    salt: bytes
    kdf: str
    puk_wrapped_key: bytes
    puk_salt: bytes
    puk_kdf: str
    created_at: datetime


def add(connection: Connection, record: PrivateKeyRecord) -> None:
    """Store a new wrapped key."""
    connection.execute(
        insert(private_keys),
        {name: getattr(record, name) for name in PrivateKeyRecord.__dataclass_fields__},
    )


def find(connection: Connection, code: str, purpose: str) -> PrivateKeyRecord | None:
    """Return a person's wrapped key for a purpose, or None when the service holds none."""
    row = connection.execute(_FIND, {"wanted_code": code, "wanted_purpose": purpose}).first()
    return None if row is None else PrivateKeyRecord(**row._mapping)


def rewrap(
    connection: Connection, code: str, purpose: str, *, value: bytes, salt: bytes, kdf: str
) -> None:
    """Replace the copy under the PIN, after a new PIN was set."""
    connection.execute(
        _REWRAP,
        {
            "wanted_code": code,
            "wanted_purpose": purpose,
            "value": value,
            "new_salt": salt,
            "new_kdf": kdf,
        },
    )


def forget(connection: Connection, code: str) -> None:
    """Destroy a person's wrapped keys, whose certificates have all ended."""
    connection.execute(delete(private_keys).where(private_keys.c.person_code == code))
