"""Keys of access tokens: public halves for everybody, private halves wrapped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from idservice.store.schema import token_keys

_CURRENT = (
    select(token_keys)
    .where(
        token_keys.c.signs_from <= bindparam("now"),
        or_(token_keys.c.retired_at.is_(None), token_keys.c.retired_at > bindparam("now")),
    )
    .order_by(token_keys.c.signs_from.desc(), token_keys.c.kid)
    .limit(1)
)
_IS_PUBLISHED = or_(
    token_keys.c.published_until.is_(None), token_keys.c.published_until > bindparam("now")
)
_PUBLISHED = select(token_keys).where(_IS_PUBLISHED).order_by(token_keys.c.signs_from.desc())
_ONE = select(token_keys).where(token_keys.c.kid == bindparam("wanted_kid"), _IS_PUBLISHED)
_ALL = select(token_keys).order_by(token_keys.c.created_at.desc(), token_keys.c.kid)
_RETIRE = (
    update(token_keys)
    .where(token_keys.c.retired_at.is_(None), token_keys.c.kid != bindparam("successor"))
    .values(retired_at=bindparam("now"), published_until=bindparam("until"))
)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """One key with its calendar; `public_jwk` is JSON text (RFC 7517)."""

    kid: str
    algorithm: str
    public_jwk: str
    wrapped_key: bytes
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None = None
    published_until: datetime | None = None


def add(connection: Connection, key: TokenKey) -> None:
    """Store a new key."""
    connection.execute(
        insert(token_keys),
        {name: getattr(key, name) for name in TokenKey.__dataclass_fields__},
    )


def retire_others(
    connection: Connection, successor: str, now: datetime, published_until: datetime
) -> int:
    """Let every other key sign no more, published until a time; return how many there were."""
    values = {"successor": successor, "now": now, "until": published_until}
    return connection.execute(_RETIRE, values).rowcount


def current(connection: Connection, now: datetime) -> TokenKey | None:
    """Return the key that signs at this time, or None before there is any."""
    row = connection.execute(_CURRENT, {"now": now}).first()
    return None if row is None else TokenKey(**row._mapping)


def find_published(connection: Connection, kid: str, now: datetime) -> TokenKey | None:
    """Return the key with this identifier if it is still published, or None."""
    row = connection.execute(_ONE, {"wanted_kid": kid, "now": now}).first()
    return None if row is None else TokenKey(**row._mapping)


def published(connection: Connection, now: datetime) -> list[TokenKey]:
    """Return every key under which a token may still be valid, the newest first."""
    return [TokenKey(**row._mapping) for row in connection.execute(_PUBLISHED, {"now": now})]


def find_all(connection: Connection) -> list[TokenKey]:
    """Return every key there ever was, the newest first."""
    return [TokenKey(**row._mapping) for row in connection.execute(_ALL)]
