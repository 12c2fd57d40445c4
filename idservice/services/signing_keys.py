"""Kinds of signing key that may be asked for when a person is issued, and how they are made."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from idservice.crypto.algorithms import DEFAULT_FOR_KEY, KeyKind, require_allowed
from idservice.crypto.keys import PrivateKey
from idservice.errors import UnsupportedAlgorithm

_CURVES: dict[KeyKind, ec.EllipticCurve] = {
    KeyKind.P256: ec.SECP256R1(),
    KeyKind.P384: ec.SECP384R1(),
    KeyKind.P521: ec.SECP521R1(),
}
_PUBLIC_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class SigningKeyForm:
    """A kind of key, with the length of its modulus in bits for RSA."""

    kind: KeyKind
    rsa_bits: int | None = None

    def generate(self) -> PrivateKey:
        """Make a key in the memory of this process, with the library's randomness."""
        if self.kind in _CURVES:
            return ec.generate_private_key(_CURVES[self.kind])
        if self.rsa_bits is not None:
            return rsa.generate_private_key(
                public_exponent=_PUBLIC_EXPONENT, key_size=self.rsa_bits
            )
        if self.kind is KeyKind.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        return mldsa.MLDSA65PrivateKey.generate()


SIGNING_KEYS = {
    "P-256": SigningKeyForm(KeyKind.P256),
    "P-384": SigningKeyForm(KeyKind.P384),
    "P-521": SigningKeyForm(KeyKind.P521),
    "RSA-2048": SigningKeyForm(KeyKind.RSA, 2048),
    "RSA-3072": SigningKeyForm(KeyKind.RSA, 3072),
    "RSA-4096": SigningKeyForm(KeyKind.RSA, 4096),
    "Ed25519": SigningKeyForm(KeyKind.ED25519),
    "ML-DSA-65": SigningKeyForm(KeyKind.ML_DSA_65),
}
"""The forms by the names under which they are asked for."""


def signing_key_form(name: str) -> SigningKeyForm:
    """Return the form of this name. Raises UnsupportedAlgorithm."""
    form = SIGNING_KEYS.get(name)
    if form is None:
        raise UnsupportedAlgorithm(
            f"No signing key of the kind {name[:40]!r} is made here.",
            f"Ask for one of {', '.join(SIGNING_KEYS)}.",
        )
    return form


def require_kind_allowed(kind: KeyKind, *, experimental: bool) -> None:
    """Raise UnsupportedAlgorithm for a kind of key that serves only experiments."""
    require_allowed(DEFAULT_FOR_KEY[kind], experimental=experimental)
