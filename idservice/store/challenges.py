"""Login challenges: stored as hashes, taken at most once by a compare-and-swap.

Taking is one UPDATE that only a fresh challenge of the session can match. Under both
databases the row lock lets exactly one of any number of parallel takers through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from idservice.store.schema import challenges

AUTHENTICATION = "authentication"
"""The purpose of a login challenge; a challenge of another purpose never logs in."""

_OF_SESSION = (
    challenges.c.session_sha256 == bindparam("session"),
    challenges.c.purpose == bindparam("wanted_purpose"),
)
_TAKE = (
    update(challenges)
    .where(*_OF_SESSION, challenges.c.used_at.is_(None), challenges.c.expires_at > bindparam("now"))
    .values(used_at=bindparam("now"))
    .returning(challenges)
)
_FIND = select(challenges).where(*_OF_SESSION)
_ADD = insert(challenges)
_FORGET = delete(challenges).where(challenges.c.expires_at < bindparam("before"))


@dataclass(frozen=True, slots=True)
class StoredChallenge:
    """A challenge: hashes in lower-case hex, never the nonce or session themselves."""

    nonce_sha256: str
    nonce_sha384: str
    nonce_sha512: str
    session_sha256: str
    relying_party: str
    origin: str
    purpose: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def nonce_hash(self, name: str) -> bytes:
        """Return the hash of the nonce by the hash's name: sha256, sha384 or sha512."""
        hashes = {
            "sha256": self.nonce_sha256,
            "sha384": self.nonce_sha384,
            "sha512": self.nonce_sha512,
        }
        return bytes.fromhex(hashes[name])


def add(connection: Connection, challenge: StoredChallenge) -> None:
    """Store a new challenge; nonce and session must be new."""
    values = {name: getattr(challenge, name) for name in challenges.c.keys()}  # noqa: SIM118 - names of columns, not the columns
    connection.execute(_ADD, values)


def take(
    connection: Connection, session_sha256: str, purpose: str, now: datetime
) -> StoredChallenge | None:
    """Mark the unused, unexpired challenge of this session as used and return it, or None."""
    values = {"session": session_sha256, "wanted_purpose": purpose, "now": now}
    row = connection.execute(_TAKE, values).first()
    return None if row is None else StoredChallenge(**row._mapping)


def find(connection: Connection, session_sha256: str, purpose: str) -> StoredChallenge | None:
    """Return the challenge of this session in whatever state, or None."""
    values = {"session": session_sha256, "wanted_purpose": purpose}
    row = connection.execute(_FIND, values).first()
    return None if row is None else StoredChallenge(**row._mapping)


def forget_expired(connection: Connection, before: datetime) -> int:
    """Delete challenges that expired before a time; return how many."""
    return connection.execute(_FORGET, {"before": before}).rowcount
