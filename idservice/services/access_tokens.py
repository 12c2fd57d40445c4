"""Access tokens: ES256 JSON Web Tokens that a login hands out and that a logout revokes.

A token is accepted when the key it names is one of ours, its one algorithm holds, its
times fit, its record is not revoked, and the person and certificate behind it are
still valid. The record decides, not the token's own claims about state.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from idservice.errors import AccessTokenInvalid
from idservice.services.token_keys import ALGORITHM, TokenKeys
from idservice.settings import LoginSettings
from idservice.store import access_tokens as store
from idservice.store import audit
from idservice.store.access_tokens import IssuedToken
from idservice.store.database import Connection, Database

TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type (RFC 9068 cl. 2.1)
MAX_TOKEN_CHARACTERS = 4096
AUTHENTICATION_METHODS = ("idcard",)
ASSURANCE_LEVEL = "high"

SUBJECT_PREFIX = "PNOEE-"
"""Semantics identifier of an Estonian personal code (ETSI EN 319 412-1 cl. 5.1.3)."""

_JTI_BYTES = 32
_KEY_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ALLOWED_HEADERS = frozenset({"alg", "kid", "typ"})
_REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti"]
# Times are checked here against the service's clock; the audience against the record.
_OPTIONS: Any = {
    "require": _REQUIRED_CLAIMS,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """For whom and upon which certificate a token is issued."""

    person_code: str
    given_name: str
    surname: str
    certificate_issuer: str
    certificate_serial: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token just issued, in its compact form, and how long it is valid in seconds."""

    text: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What a checked token says: who is logged in, at which relying party, until when."""

    jti: str
    person_code: str
    relying_party: str
    issued_at: datetime
    expires_at: datetime
    claims: dict[str, Any]


class AccessTokens:
    """Issues, checks and revokes access tokens."""

    def __init__(
        self,
        database: Database,
        keys: TokenKeys,
        settings: LoginSettings,
        *,
        issuer: str,
        clock: Callable[[], datetime],
    ) -> None:
        """Issue in the name of `issuer`, the public address of the service."""
        self._database = database
        self._keys = keys
        self._lifetime = settings.token_seconds
        self._issuer = issuer
        self._clock = clock

    def issue(
        self, connection: Connection, subject: TokenSubject, *, relying_party: str, at: datetime
    ) -> AccessToken:
        """Make a token and store its record in the caller's transaction."""
        issued_at = at.replace(microsecond=0)
        expires_at = issued_at + timedelta(seconds=self._lifetime)
        jti = secrets.token_urlsafe(_JTI_BYTES)
        store.add(
            connection,
            IssuedToken(
                jti,
                subject.person_code,
                relying_party,
                subject.certificate_issuer,
                subject.certificate_serial,
                issued_at,
                expires_at,
            ),
        )
        claims = {
            "iss": self._issuer,
            "aud": relying_party,
            "sub": f"{SUBJECT_PREFIX}{subject.person_code}",
            "name": f"{subject.given_name} {subject.surname}",
            "given_name": subject.given_name,
            "family_name": subject.surname,
            "iat": int(issued_at.timestamp()),
            "nbf": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": jti,
            "amr": list(AUTHENTICATION_METHODS),
            "acr": ASSURANCE_LEVEL,
        }
        key = self._keys.signing_key(connection, at)
        headers = {"kid": key.kid, "typ": TOKEN_TYPE}
        text = jwt.encode(claims, key.private_key, algorithm=ALGORITHM, headers=headers)
        return AccessToken(text, self._lifetime)

    def check(self, unverified_token: str) -> AccessGrant:
        """Check a token and return what it grants. Raises AccessTokenInvalid."""
        kid = _key_identifier(unverified_token)
        now = self._clock()
        with self._database.read() as connection:
            key = self._keys.verification_key(connection, kid, now)
            claims = self._decode(unverified_token, key)
            state = store.state(connection, claims["jti"])
        _require_times(claims, now)
        token = _require_valid_state(state, claims)
        return AccessGrant(
            jti=claims["jti"],
            person_code=token.person_code,
            relying_party=token.relying_party,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            claims=claims,
        )

    def revoke(self, unverified_token: str) -> AccessGrant:
        """Check a token and revoke it for good. Raises AccessTokenInvalid, also the second time."""
        grant = self.check(unverified_token)
        now = self._clock()
        with self._database.begin() as connection:
            if not store.revoke(connection, grant.jti, now):
                raise _invalid("it was revoked by a logout")
            audit.record(
                connection,
                at=now,
                action="access_token.revoked",
                subject=f"person:{grant.person_code}",
                actor=f"relying-party:{grant.relying_party}",
            )
        return grant

    def _decode(self, token: str, key: Any) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=[ALGORITHM], issuer=self._issuer, options=_OPTIONS
            )
        except jwt.PyJWTError as exc:
            raise _invalid("its signature does not verify, or its issuer is another") from exc
        return claims


def _key_identifier(unverified_token: str) -> str:
    """Return the key that the header names, having refused every header but the plain one."""
    if not unverified_token.isascii() or len(unverified_token) > MAX_TOKEN_CHARACTERS:
        raise _invalid("it is longer than our tokens, or has characters that no token has")
    try:
        header = jwt.get_unverified_header(unverified_token)
    except jwt.PyJWTError as exc:
        raise _invalid("it is no JSON Web Token in compact form") from exc
    # `crit`, `b64`, `jku`, `x5u`, `jwk` and the like change how a token is to be read
    # (RFC 7515 cl. 4.1.11); ours never have them.
    if not header.keys() <= _ALLOWED_HEADERS:
        raise _invalid("its header has members that our tokens never have")
    if header.get("alg") != ALGORITHM or header.get("typ") != TOKEN_TYPE:
        raise _invalid("its algorithm or type is not the one that our tokens have")
    kid = header.get("kid")
    # It reaches the database, so it must be plain text before anything is looked up.
    if not isinstance(kid, str) or not _KEY_IDENTIFIER.fullmatch(kid):
        raise _invalid("it names no key")
    return kid


def _require_times(claims: dict[str, Any], now: datetime) -> None:
    try:
        begins, ends = (datetime.fromtimestamp(claims[name], UTC) for name in ("nbf", "exp"))
    except (TypeError, ValueError, OverflowError, OSError) as exc:
        raise _invalid("its times cannot be read") from exc
    if now >= ends:
        raise _invalid("it has expired")
    if now < begins:
        raise _invalid("it is not valid yet")


def _require_valid_state(state: store.TokenState | None, claims: dict[str, Any]) -> IssuedToken:
    if state is None or state.token.relying_party != claims["aud"]:
        raise _invalid("it was not issued here")
    if state.token.revoked_at is not None:
        raise _invalid("it was revoked by a logout, or by a suspension of its person")
    if state.person_status != "active" or state.certificate_status != "valid":
        raise _invalid("the person or the certificate behind it is suspended or revoked")
    return state.token


def _invalid(reason: str) -> AccessTokenInvalid:
    return AccessTokenInvalid(f"The access token is refused: {reason}.", "Log in again.")
