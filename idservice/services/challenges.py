"""Login challenges: issued to one browser session for one origin, taken at most once."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from idservice.errors import (
    ChallengeExpired,
    ChallengeNotFound,
    ChallengeUsed,
    OriginMismatch,
    OriginUnacceptable,
)
from idservice.services.origins import normalise_origin
from idservice.services.relying_parties import require_origins
from idservice.settings import LoginSettings
from idservice.store import challenges as store
from idservice.store.challenges import StoredChallenge
from idservice.store.database import Database

NONCE_BYTES = 32
SESSION_BYTES = 32
MAX_SESSION_CHARACTERS = 128

# Expired challenges stay for a while, so that a late answer is told that it is late.
_KEPT = timedelta(hours=1)
_SWEEP_ONE_IN = 64


@dataclass(frozen=True, slots=True)
class IssuedChallenge:
    """A challenge as the browser gets it: the nonce to sign over and the session it is bound to."""

    nonce: str
    session: str
    relying_party: str
    origin: str
    lifetime_seconds: int


class Challenges:
    """Issues challenges and takes them back, each once."""

    def __init__(
        self, database: Database, settings: LoginSettings, *, clock: Callable[[], datetime]
    ) -> None:
        """Work on `database` with the lifetime of the settings."""
        self._database = database
        self._lifetime = settings.challenge_seconds
        self._clock = clock

    def issue(self, *, relying_party: str, request_origin: str | None) -> IssuedChallenge:
        """Store a new challenge for the origin of the request, else the party's first origin.

        Raises RelyingPartyUnknown, and OriginMismatch for an origin that is not registered.
        """
        nonce = base64.b64encode(secrets.token_bytes(NONCE_BYTES)).decode()
        session = secrets.token_urlsafe(SESSION_BYTES)
        now = self._clock()
        with self._database.begin() as connection:
            origins = require_origins(connection, relying_party)
            origin = origins[0] if request_origin is None else _normalised(request_origin)
            if origin not in origins:
                raise _mismatch("is not registered for this relying party")
            store.add(connection, self._record(nonce, session, relying_party, origin, now))
            if secrets.randbelow(_SWEEP_ONE_IN) == 0:
                store.forget_expired(connection, now - _KEPT)
        return IssuedChallenge(nonce, session, relying_party, origin, self._lifetime)

    def take(self, session: str | None, *, request_origin: str | None) -> StoredChallenge:
        """Take the session's challenge: used from now on, whatever fails later.

        Raises ChallengeNotFound, ChallengeUsed, ChallengeExpired, or OriginMismatch when
        the request comes from another origin than the challenge was issued for.
        """
        if not session or len(session) > MAX_SESSION_CHARACTERS:
            raise _not_found()
        session_sha256 = _sha256(session)
        now = self._clock()
        with self._database.begin() as connection:
            taken = store.take(connection, session_sha256, store.AUTHENTICATION, now)
        if taken is None:
            raise self._why_not(session_sha256)
        if request_origin is not None and _normalised(request_origin) != taken.origin:
            raise _mismatch("is not the one that the challenge was issued for")
        return taken

    def _why_not(self, session_sha256: str) -> ChallengeNotFound | ChallengeUsed | ChallengeExpired:
        with self._database.read() as connection:
            found = store.find(connection, session_sha256, store.AUTHENTICATION)
        if found is None:
            return _not_found()
        if found.used_at is not None:
            return ChallengeUsed(
                "The challenge was already used; each is good for one try, so that nobody can "
                "send a captured answer again.",
                "Get a new challenge with GET /auth/challenge.",
            )
        return ChallengeExpired(
            f"The challenge was answered later than {self._lifetime} seconds after it was issued.",
            "Get a new challenge with GET /auth/challenge and answer it at once.",
        )

    def _record(
        self, nonce: str, session: str, relying_party: str, origin: str, now: datetime
    ) -> StoredChallenge:
        text = nonce.encode()
        return StoredChallenge(
            nonce_sha256=hashlib.sha256(text).hexdigest(),
            nonce_sha384=hashlib.sha384(text).hexdigest(),
            nonce_sha512=hashlib.sha512(text).hexdigest(),
            session_sha256=_sha256(session),
            relying_party=relying_party,
            origin=origin,
            purpose=store.AUTHENTICATION,
            created_at=now,
            expires_at=now + timedelta(seconds=self._lifetime),
        )


def _normalised(request_origin: str) -> str:
    try:
        return normalise_origin(request_origin)
    except OriginUnacceptable as exc:
        raise _mismatch("is not one that anybody could log in from") from exc


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _mismatch(reason: str) -> OriginMismatch:
    return OriginMismatch(
        f"The origin of the request {reason}: another site may be relaying it.",
        "Log in from a registered origin; `idservice relying-party list` shows them.",
    )


def _not_found() -> ChallengeNotFound:
    return ChallengeNotFound(
        "No challenge was issued to this session, so there is nothing to answer.",
        "Get one with GET /auth/challenge and send its cookie back with the login.",
    )
