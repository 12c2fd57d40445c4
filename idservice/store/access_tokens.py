"""Access tokens that were issued: one row each, so that a logout can revoke it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from idservice.store.schema import access_tokens, certificates, persons

_ADD = insert(access_tokens)
_WITH_STATE = (
    select(
        access_tokens,
        persons.c.status.label("person_status"),
        certificates.c.status.label("certificate_status"),
    )
    .select_from(
        access_tokens.join(persons, persons.c.code == access_tokens.c.person_code).join(
            certificates,
            (certificates.c.issuer == access_tokens.c.certificate_issuer)
            & (certificates.c.serial == access_tokens.c.certificate_serial),
        )
    )
    .where(access_tokens.c.jti == bindparam("wanted"))
)
_REVOKE = (
    update(access_tokens)
    .where(access_tokens.c.jti == bindparam("wanted"), access_tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_REVOKE_ALL = (
    update(access_tokens)
    .where(access_tokens.c.person_code == bindparam("wanted"), access_tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """The record of one access token; the token itself is not stored."""

    jti: str
    person_code: str
    relying_party: str
    certificate_issuer: str
    certificate_serial: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenState:
    """A record with the present states of its person and of the certificate behind it."""

    token: IssuedToken
    person_status: str
    certificate_status: str


def add(connection: Connection, token: IssuedToken) -> None:
    """Store the record of a new token."""
    values = {name: getattr(token, name) for name in IssuedToken.__dataclass_fields__}
    connection.execute(_ADD, values)


def state(connection: Connection, jti: str) -> TokenState | None:
    """Return the record of a token and what has become of its owner, or None."""
    row = connection.execute(_WITH_STATE, {"wanted": jti}).first()
    if row is None:
        return None
    values = dict(row._mapping)
    person_status = values.pop("person_status")
    certificate_status = values.pop("certificate_status")
    return TokenState(IssuedToken(**values), person_status, certificate_status)


def revoke(connection: Connection, jti: str, now: datetime) -> bool:
    """Mark a token as revoked; tell whether this call did it."""
    return connection.execute(_REVOKE, {"wanted": jti, "now": now}).rowcount == 1


def revoke_all(connection: Connection, person_code: str, now: datetime) -> None:
    """Mark every token of a person as revoked, for good."""
    connection.execute(_REVOKE_ALL, {"wanted": person_code, "now": now})
