"""The key store's secret: 32 random bytes in a file of their own, apart from the database.

Everything secret that leaves the memory of this process is encrypted under keys derived
from it (HKDF, RFC 5869), one for each use, so that a database dump alone is worth nothing.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idservice.errors import KeyStoreInvalid
from idservice.keystore.files import create_file, read_secret_file

SECRET_BYTES = 32
NONCE_BYTES = 12

_SEAL_VERSION = b"\x01"


class KeyStoreSecret:
    """The secret in memory; it derives keys and never shows itself."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Take exactly 32 bytes; raise KeyStoreInvalid otherwise."""
        if len(secret) != SECRET_BYTES:
            raise KeyStoreInvalid(
                f"The key store's secret has {len(secret)} bytes where {SECRET_BYTES} belong.",
                "Restore the secret file from a backup; without it no key can be opened.",
            )
        self._secret = secret

    def derive(self, use: str, *context: bytes) -> bytes:
        """Derive the 32-byte key of one use, bound to a context."""
        info = encode_parts(b"idservice", use.encode(), *context)
        return HKDF(hashes.SHA256(), length=32, salt=None, info=info).derive(self._secret)

    def mac(self, use: str, *parts: bytes) -> bytes:
        """Return HMAC-SHA-256 over the parts under the key of one use."""
        return hmac.digest(self.derive(use), encode_parts(*parts), "sha256")

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt with AES-256-GCM under the key of `context`; only `unseal` with it opens."""
        nonce = os.urandom(NONCE_BYTES)
        key = self.derive("seal", context.encode())
        return _SEAL_VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, _SEAL_VERSION)

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made for the same context.

        Raises KeyStoreInvalid when it was made under another secret or context, or changed.
        """
        version, nonce = sealed[:1], sealed[1 : 1 + NONCE_BYTES]
        key = self.derive("seal", context.encode())
        try:
            return AESGCM(key).decrypt(nonce, sealed[1 + NONCE_BYTES :], version)
        except (InvalidTag, ValueError) as exc:
            raise KeyStoreInvalid(
                f"What was sealed as {context!r} does not open with the key store's secret: it "
                "was changed, or belongs to another installation.",
                "Restore the database and keys/keystore.secret of the same installation.",
            ) from exc


def create_secret(path: Path) -> KeyStoreSecret:
    """Make a new secret file (0600). Raises AlreadyInitialised when there is one."""
    secret = os.urandom(SECRET_BYTES)
    create_file(path, secret)
    return KeyStoreSecret(secret)


def load_secret(path: Path) -> KeyStoreSecret:
    """Read the secret file. Raises UnsafePermissions or KeyStoreInvalid."""
    return KeyStoreSecret(read_secret_file(path))


def encode_parts(*parts: bytes) -> bytes:
    """Join parts so that no two different lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
