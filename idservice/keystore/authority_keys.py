"""What services need of the keys of authorities, wherever a key lives: in files or in hardware.

The certificate of a key always lies in a file, `<name>.crt.pem`; the key itself is an
encrypted file (`keystore.software`) or an object in a token (`keystore.pkcs11`). Services
hold a `Signer` and never learn which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import Signer

IN_FILE = "file"
IN_HSM = "hsm"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made just now and has no certificate yet.

    `keep` stores it for good together with its certificate (DER); `discard` destroys it.
    Exactly one of them is called, once.
    """

    signer: Signer
    keep: Callable[[bytes], None]
    discard: Callable[[], None]

    @property
    def public_key_der(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""
        return self.signer.public_key_der


class KeysInUse(Protocol):
    """Keys under their names, to sign with: what a service needs that makes no keys."""

    def load_certificate(self, name: str) -> bytes:
        """Return the certificate of a key as DER. Raises KeyStoreInvalid."""

    def load_signer(self, name: str) -> Signer:
        """Open a key, which must be that of its certificate.

        Raises KeyStoreInvalid or UnsafePermissions for a key that must not be used,
        KeyStoreUnavailable when the token does not answer.
        """


class AuthorityKeys(KeysInUse, Protocol):
    """The keys of authorities and services, each under a name, with their certificates."""

    def generate(self, name: str, kind: KeyKind) -> NewKey:
        """Make a key for a name that has none; it is kept when its certificate is there.

        Raises UnsupportedAlgorithm for a kind that is not made here, KeyStoreUnavailable.
        """

    def replace_certificate(self, name: str, certificate_der: bytes) -> None:
        """Put a new certificate of the same key in the place of the one before, at once.

        Raises KeyStoreInvalid when it is not of this key, StorageUnavailable.
        """

    def place(self, name: str) -> str:
        """Tell where a key lives: IN_FILE or IN_HSM."""
