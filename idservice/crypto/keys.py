"""Signer and verifier: the only two things that this service does with keys.

A `Signer` makes signature values; where its key lives (memory, card, HSM) is its
own affair. `verify_signature` raises when the equation does not hold. ECDSA values
are DER here, as CMS, X.509 and OCSP carry them; `raw_from_der` and `der_from_raw`
convert for JOSE and Web eID, which carry r||s.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.exceptions import UnsupportedAlgorithm as LibraryUnsupported
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from idservice.crypto.algorithms import (
    DEFAULT_FOR_KEY,
    EC_FIELD_BYTES,
    MAX_RSA_BITS,
    MIN_RSA_BITS,
    KeyKind,
    SignatureAlgorithm,
)
from idservice.errors import MalformedKey, SignatureInvalid, UnsupportedAlgorithm

PublicKey = (
    ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | mldsa.MLDSA65PublicKey
)
PrivateKey = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA65PrivateKey
)

_CURVES: dict[str, KeyKind] = {
    "secp256r1": KeyKind.P256,
    "secp384r1": KeyKind.P384,
    "secp521r1": KeyKind.P521,
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
# Building the ECDSA object per call costs a tenth of a P-256 signature.
_ECDSA = {name: ec.ECDSA(item) for name, item in _HASHES.items()}
try:
    _REPEATABLE_ECDSA = {
        name: ec.ECDSA(item, deterministic_signing=True) for name, item in _HASHES.items()
    }
except LibraryUnsupported:  # an OpenSSL before 3.2
    _REPEATABLE_ECDSA = {}


class Signer(Protocol):
    """Something that holds one private key and signs with one algorithm."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm of every value that `sign` returns."""

    @property
    def public_key_der(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature value over `data` (hashed here); ECDSA values in DER."""


@runtime_checkable
class VersatileSigner(Signer, Protocol):
    """A signer whose key may also sign with other algorithms."""

    def with_algorithm(self, algorithm: SignatureAlgorithm) -> Signer:
        """Return a signer with the same key; raise UnsupportedAlgorithm if it does not fit."""


class SoftwareSigner:
    """A signer whose private key is in the memory of this process."""

    def __init__(
        self, private_key: PrivateKey, algorithm: SignatureAlgorithm | None = None
    ) -> None:
        """Take a private key and, unless its kind's default will do, the algorithm."""
        public_key = private_key.public_key()
        self._private_key = private_key
        self._ecdsa = _ECDSA
        self._algorithm = algorithm or DEFAULT_FOR_KEY[key_kind(public_key)]
        _require_fit(public_key, self._algorithm)
        self._public_key_der = public_key_der(public_key)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm of every value that `sign` returns."""
        return self._algorithm

    @property
    def public_key_der(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""
        return self._public_key_der

    def with_algorithm(self, algorithm: SignatureAlgorithm) -> SoftwareSigner:
        """Return a signer with the same key and another algorithm.

        Raises UnsupportedAlgorithm when the key does not fit it.
        """
        return SoftwareSigner(self._private_key, algorithm)

    def repeatable(self) -> SoftwareSigner | None:
        """Return the same signer without randomness in its values; None when it cannot be."""
        algorithm = self._algorithm
        if algorithm.parameters == "pss" or isinstance(self._private_key, mldsa.MLDSA65PrivateKey):
            return None
        found = SoftwareSigner(self._private_key, algorithm)
        if isinstance(self._private_key, ec.EllipticCurvePrivateKey):
            if algorithm.hash.name not in _REPEATABLE_ECDSA:
                return None
            found._ecdsa = _REPEATABLE_ECDSA
        return found

    def sign(self, data: bytes) -> bytes:
        """Return the signature value over `data`; ECDSA values in DER."""
        key = self._private_key
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, self._ecdsa[self._algorithm.hash.name])
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, _rsa_padding(self._algorithm), _HASHES[self._algorithm.hash.name])
        return key.sign(data)


def repeating(signer: Signer) -> Signer | None:
    """Return a signer with the same key whose value depends on key and data alone, or None.

    ECDSA is done as RFC 6979 says, where OpenSSL can; tokens and PSS have randomness in each
    value.
    """
    if not isinstance(signer, SoftwareSigner):
        return None
    return signer.repeatable()


def key_kind(public_key: PublicKey) -> KeyKind:
    """Return the kind of an allowed public key; raise UnsupportedAlgorithm for others."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        kind = _CURVES.get(public_key.curve.name)
        if kind is None:
            raise _key_refused(f"the curve {public_key.curve.name}")
        return kind
    if isinstance(public_key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= public_key.key_size <= MAX_RSA_BITS:
            raise _key_refused(f"RSA with {public_key.key_size} bits")
        return KeyKind.RSA
    if isinstance(public_key, mldsa.MLDSA65PublicKey):
        return KeyKind.ML_DSA_65
    return KeyKind.ED25519


def load_public_key(spki_der: bytes) -> PublicKey:
    """Read a DER SubjectPublicKeyInfo of an allowed kind.

    Raises MalformedKey for bytes that are no key, UnsupportedAlgorithm for a kind,
    curve or size that is not allowed.
    """
    try:
        key = serialization.load_der_public_key(spki_der)
    except LibraryUnsupported as exc:
        raise _key_refused("its kind or curve") from exc
    except (ValueError, TypeError, OverflowError) as exc:
        raise MalformedKey(
            "The public key cannot be read, so nothing can be verified with it.",
            "Give a DER SubjectPublicKeyInfo.",
        ) from exc
    if not isinstance(key, PublicKey):
        raise _key_refused(type(key).__name__)
    key_kind(key)
    return key


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """Return the public key of a certificate.

    Raises MalformedKey when it cannot be read, UnsupportedAlgorithm when its kind, curve
    or size is not allowed. Nothing is verified about the certificate.
    """
    try:
        spki_der = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except LibraryUnsupported as exc:
        raise _key_refused("its kind or curve") from exc
    except (ValueError, TypeError) as exc:
        raise MalformedKey(
            "The public key of the certificate cannot be read.",
            "Give the complete certificate as its issuer made it.",
        ) from exc
    return load_public_key(spki_der)


def public_key_der(public_key: PublicKey) -> bytes:
    """Encode a public key as DER SubjectPublicKeyInfo (RFC 5280 cl. 4.1.2.7)."""
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def verify_signature(
    public_key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: bytes
) -> None:
    """Verify a signature value over `data`; raise SignatureInvalid when it does not hold.

    ECDSA values are DER. Nothing is verified about whose key it is. Raises
    UnsupportedAlgorithm when the key does not fit the algorithm.
    """
    _require_fit(public_key, algorithm)
    try:
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, data, _ECDSA[algorithm.hash.name])
        elif isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(
                signature, data, _rsa_padding(algorithm), _HASHES[algorithm.hash.name]
            )
        else:
            public_key.verify(signature, data)
    except (InvalidSignature, ValueError) as exc:
        raise SignatureInvalid(
            "The signature value does not verify under the public key: the data was changed, "
            "or another key signed it.",
            "Sign the exact bytes again with the key of the certificate.",
        ) from exc


def raw_from_der(signature_der: bytes, kind: KeyKind) -> bytes:
    """Convert a DER ECDSA value to r||s of twice the field length (RFC 7518 cl. 3.4)."""
    size = EC_FIELD_BYTES[kind]
    try:
        r, s = decode_dss_signature(signature_der)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except (ValueError, OverflowError) as exc:
        raise SignatureInvalid(
            "The signature value is not a DER ECDSA value of this curve.",
            "Send SEQUENCE { r INTEGER, s INTEGER } with both below the order of the curve.",
        ) from exc


def der_from_raw(signature_raw: bytes, kind: KeyKind) -> bytes:
    """Convert r||s of exactly twice the field length to a DER ECDSA value."""
    size = EC_FIELD_BYTES[kind]
    if len(signature_raw) != 2 * size:
        raise SignatureInvalid(
            f"The signature value has {len(signature_raw)} bytes where {kind.value} needs "
            f"{2 * size}, so it cannot be r and s of this curve.",
            "Send r and s, each padded to the field length, one after the other; not DER.",
        )
    r = int.from_bytes(signature_raw[:size], "big")
    s = int.from_bytes(signature_raw[size:], "big")
    return encode_dss_signature(r, s)


def _rsa_padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.parameters == "pss":
        # Salt as long as the hash: RFC 7518 cl. 3.5 and ETSI TS 119 312 cl. 6.
        return padding.PSS(
            mgf=padding.MGF1(_HASHES[algorithm.hash.name]), salt_length=algorithm.hash.size
        )
    return padding.PKCS1v15()


def _require_fit(public_key: PublicKey, algorithm: SignatureAlgorithm) -> None:
    kind = key_kind(public_key)
    if kind not in algorithm.key_kinds:
        raise UnsupportedAlgorithm(
            f"A {kind.value} key cannot be used with {algorithm.name}.",
            f"Use {DEFAULT_FOR_KEY[kind].name} with this key.",
        )


def _key_refused(what: str) -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(
        f"The public key is refused: {what} is not on the list of allowed keys.",
        "Use P-256, P-384, P-521, Ed25519, or RSA of 2048 to 8192 bits.",
    )
