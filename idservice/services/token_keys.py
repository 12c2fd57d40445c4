"""The ES256 keys that sign access tokens: made, rotated with overlap, published as JWKS.

Every process reads them from the database, so that all sign with the same key and
publish the same set. A private half leaves the database only wrapped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from idservice.errors import AccessTokenInvalid, KeyStoreInvalid, NotInitialised
from idservice.settings import LoginSettings
from idservice.store import audit
from idservice.store import token_keys as store
from idservice.store.database import Connection, Database
from idservice.store.token_keys import TokenKey

__all__ = ["KeyWrapping", "SigningKey", "TokenKey", "TokenKeys"]

ALGORITHM = "ES256"

_FIELD_BYTES = 32
_KEYS_KEPT_IN_MEMORY = 16


class KeyWrapping(Protocol):
    """Encrypts under the key store's secret; `context` binds a value to its place."""

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Return the plaintext encrypted and authenticated together with the context."""

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Return the plaintext; raise KeyStoreInvalid for another secret or context."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs new tokens, and the identifier that tokens name it by."""

    kid: str
    private_key: ec.EllipticCurvePrivateKey


class TokenKeys:
    """Keys of access tokens, the newest signing and those before it still verifying."""

    def __init__(
        self,
        database: Database,
        wrapping: KeyWrapping,
        settings: LoginSettings,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """Work on `database`; private halves are wrapped by `wrapping`."""
        self._database = database
        self._wrapping = wrapping
        self._overlap = max(
            timedelta(days=settings.key_overlap_days), timedelta(seconds=settings.token_seconds)
        )
        self._clock = clock
        self._private: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._public: dict[str, ec.EllipticCurvePublicKey] = {}

    def rotate(self, *, actor: str) -> TokenKey:
        """Make a new key that is published and signs from now on; return its public record.

        The key before it signs no more and stays published until the overlap ends, never
        sooner than its last token. The first call makes the first key.
        """
        private_key = ec.generate_private_key(ec.SECP256R1())
        jwk = public_jwk(private_key.public_key())
        now = self._clock()
        plaintext = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        wrapped = self._wrapping.seal(plaintext, _context(jwk["kid"]))
        key = TokenKey(jwk["kid"], ALGORITHM, _json(jwk), wrapped, now, now)
        with self._database.begin() as connection:
            store.add(connection, key)
            retired = store.retire_others(connection, key.kid, now, now + self._overlap)
            audit.record(
                connection,
                at=now,
                action="token_key.rotated",
                subject=f"token-key:{key.kid}",
                actor=actor,
                details={"retired": retired},
            )
        return key

    def list(self) -> Sequence[TokenKey]:
        """Return every key there ever was, the newest first; private halves are wrapped."""
        with self._database.read() as connection:
            return store.find_all(connection)

    def jwks(self) -> dict[str, Sequence[dict[str, str]]]:
        """Return the JWK Set (RFC 7517) of every key under which a token may be valid."""
        with self._database.read() as connection:
            keys = store.published(connection, self._clock())
        return {"keys": [json.loads(key.public_jwk) for key in keys]}

    def signing_key(self, connection: Connection, at: datetime) -> SigningKey:
        """Return the key that signs at this time.

        Raises NotInitialised when there is none, KeyStoreInvalid when it was wrapped
        under another secret.
        """
        key = store.current(connection, at)
        if key is None:
            raise NotInitialised(
                "There is no key for access tokens, so nobody can log in.",
                "Run `idservice keys rotate` once.",
            )
        private_key = self._private.get(key.kid)
        if private_key is None:
            private_key = self._unwrap(key)
            _remember(self._private, key.kid, private_key)
        return SigningKey(key.kid, private_key)

    def require_own_secret(self, connection: Connection) -> None:
        """Raise KeyStoreInvalid when the database belongs to another key store's secret.

        The key that signs now tells it; a database without one cannot tell.
        """
        key = store.current(connection, self._clock())
        if key is not None and key.kid not in self._private:
            _remember(self._private, key.kid, self._unwrap(key))

    def verification_key(
        self, connection: Connection, kid: str, at: datetime
    ) -> ec.EllipticCurvePublicKey:
        """Return the public key that a token names, if it is published at this time.

        Raises AccessTokenInvalid.
        """
        key = store.find_published(connection, kid, at)
        if key is None:
            raise AccessTokenInvalid(
                "The access token names a key that is not ours, or no longer published.",
                "Log in again.",
            )
        public_key = self._public.get(kid)
        if public_key is None:
            public_key = _public_key(json.loads(key.public_jwk))
            _remember(self._public, kid, public_key)
        return public_key

    def _unwrap(self, key: TokenKey) -> ec.EllipticCurvePrivateKey:
        plaintext = self._wrapping.unseal(key.wrapped_key, _context(key.kid))
        private_key = load_der_private_key(plaintext, password=None)
        if (
            not isinstance(private_key, ec.EllipticCurvePrivateKey)
            or public_jwk(private_key.public_key())["kid"] != key.kid
        ):
            raise KeyStoreInvalid(
                "A key for access tokens does not belong to its record.",
                "Run `idservice keys rotate` to make a new one.",
            )
        return private_key


def public_jwk(public_key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Return a P-256 key as JWK whose `kid` is its thumbprint (RFC 7638 cl. 3)."""
    numbers = public_key.public_numbers()
    required = {
        "crv": "P-256",
        "kty": "EC",
        "x": _base64url(numbers.x.to_bytes(_FIELD_BYTES, "big")),
        "y": _base64url(numbers.y.to_bytes(_FIELD_BYTES, "big")),
    }
    kid = _base64url(hashlib.sha256(_json(required).encode()).digest())
    return {**required, "kid": kid, "use": "sig", "alg": ALGORITHM}


def _public_key(jwk: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "="), "big") for name in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _remember(cache: dict[str, Any], kid: str, key: Any) -> None:
    if len(cache) >= _KEYS_KEPT_IN_MEMORY:
        cache.clear()
    cache[kid] = key


def _context(kid: str) -> str:
    return f"token key {kid}"


def _json(value: dict[str, str]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
