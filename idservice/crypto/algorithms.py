"""The one allow-list of algorithms: names, object identifiers, JOSE names, key kinds.

Whatever is not in these tables is refused everywhere. SHA-1 is absent on purpose;
where a format demands it as an identifier (key identifiers, VRI names) it is used
there under its own name and never to verify anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from idservice.errors import UnsupportedAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable


class KeyKind(Enum):
    """Kinds of public key that may verify a signature."""

    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"
    RSA = "RSA"
    ED25519 = "Ed25519"
    ML_DSA_65 = "ML-DSA-65"


EC_FIELD_BYTES = {KeyKind.P256: 32, KeyKind.P384: 48, KeyKind.P521: 66}
"""Length in bytes of a field element: half the length of a raw r||s value."""

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192


class HashState(Protocol):
    """A digest in the making, as hashlib has them."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Hash more data."""

    def digest(self) -> bytes:
        """Return the digest of all data so far."""


@dataclass(frozen=True, slots=True)
class HashAlgorithm:
    """A hash function with its names; a digest never travels without it."""

    name: str
    oid: str
    size: int
    new: Callable[..., HashState]

    def digest(self, data: bytes | memoryview) -> bytes:
        """Hash `data` in one call and return the digest."""
        return self.new(data).digest()


SHA256 = HashAlgorithm("sha256", "2.16.840.1.101.3.4.2.1", 32, hashlib.sha256)
SHA384 = HashAlgorithm("sha384", "2.16.840.1.101.3.4.2.2", 48, hashlib.sha384)
SHA512 = HashAlgorithm("sha512", "2.16.840.1.101.3.4.2.3", 64, hashlib.sha512)
SHA3_256 = HashAlgorithm("sha3_256", "2.16.840.1.101.3.4.2.8", 32, hashlib.sha3_256)
SHA3_384 = HashAlgorithm("sha3_384", "2.16.840.1.101.3.4.2.9", 48, hashlib.sha3_384)
SHA3_512 = HashAlgorithm("sha3_512", "2.16.840.1.101.3.4.2.10", 64, hashlib.sha3_512)

HASHES = (SHA256, SHA384, SHA512, SHA3_256, SHA3_384, SHA3_512)
_HASH_BY_OID = {item.oid: item for item in HASHES}
_HASH_BY_NAME = {item.name: item for item in HASHES}


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A way to sign: hash, kind of key and padding, with its identifiers.

    `parameters` tells what stands behind the OID in an AlgorithmIdentifier:
    "absent" (ECDSA, RFC 5758 cl. 3.2; Ed25519, RFC 8410 cl. 3; ML-DSA, RFC 9881 cl. 2),
    "null" (RSA PKCS#1 v1.5, RFC 4055 cl. 5) or "pss" (RFC 4055 cl. 3.1). What is
    `experimental` no list of agreed algorithms has yet (ETSI TS 119 312): it is made only
    where a setting allows it, and validation says so.
    """

    name: str
    oid: str
    jose: str | None
    hash: HashAlgorithm
    family: str
    parameters: str
    key_kinds: tuple[KeyKind, ...]
    experimental: bool = False


_EC = (KeyKind.P256, KeyKind.P384, KeyKind.P521)
_RSA = (KeyKind.RSA,)

ECDSA_SHA256 = SignatureAlgorithm(
    "ecdsa-sha256", "1.2.840.10045.4.3.2", "ES256", SHA256, "ecdsa", "absent", _EC
)
ECDSA_SHA384 = SignatureAlgorithm(
    "ecdsa-sha384", "1.2.840.10045.4.3.3", "ES384", SHA384, "ecdsa", "absent", _EC
)
ECDSA_SHA512 = SignatureAlgorithm(
    "ecdsa-sha512", "1.2.840.10045.4.3.4", "ES512", SHA512, "ecdsa", "absent", _EC
)
ECDSA_SHA3_256 = SignatureAlgorithm(
    "ecdsa-sha3-256", "2.16.840.1.101.3.4.3.10", None, SHA3_256, "ecdsa", "absent", _EC
)
ECDSA_SHA3_384 = SignatureAlgorithm(
    "ecdsa-sha3-384", "2.16.840.1.101.3.4.3.11", None, SHA3_384, "ecdsa", "absent", _EC
)
ECDSA_SHA3_512 = SignatureAlgorithm(
    "ecdsa-sha3-512", "2.16.840.1.101.3.4.3.12", None, SHA3_512, "ecdsa", "absent", _EC
)
RSA_SHA256 = SignatureAlgorithm(
    "rsa-sha256", "1.2.840.113549.1.1.11", "RS256", SHA256, "rsa", "null", _RSA
)
RSA_SHA384 = SignatureAlgorithm(
    "rsa-sha384", "1.2.840.113549.1.1.12", "RS384", SHA384, "rsa", "null", _RSA
)
RSA_SHA512 = SignatureAlgorithm(
    "rsa-sha512", "1.2.840.113549.1.1.13", "RS512", SHA512, "rsa", "null", _RSA
)
RSA_SHA3_256 = SignatureAlgorithm(
    "rsa-sha3-256", "2.16.840.1.101.3.4.3.14", None, SHA3_256, "rsa", "null", _RSA
)
RSA_SHA3_384 = SignatureAlgorithm(
    "rsa-sha3-384", "2.16.840.1.101.3.4.3.15", None, SHA3_384, "rsa", "null", _RSA
)
RSA_SHA3_512 = SignatureAlgorithm(
    "rsa-sha3-512", "2.16.840.1.101.3.4.3.16", None, SHA3_512, "rsa", "null", _RSA
)
_PSS_OID = "1.2.840.113549.1.1.10"
RSA_PSS_SHA256 = SignatureAlgorithm(
    "rsa-pss-sha256", _PSS_OID, "PS256", SHA256, "rsa-pss", "pss", _RSA
)
RSA_PSS_SHA384 = SignatureAlgorithm(
    "rsa-pss-sha384", _PSS_OID, "PS384", SHA384, "rsa-pss", "pss", _RSA
)
RSA_PSS_SHA512 = SignatureAlgorithm(
    "rsa-pss-sha512", _PSS_OID, "PS512", SHA512, "rsa-pss", "pss", _RSA
)
RSA_PSS_SHA3_256 = SignatureAlgorithm(
    "rsa-pss-sha3-256", _PSS_OID, None, SHA3_256, "rsa-pss", "pss", _RSA
)
RSA_PSS_SHA3_384 = SignatureAlgorithm(
    "rsa-pss-sha3-384", _PSS_OID, None, SHA3_384, "rsa-pss", "pss", _RSA
)
RSA_PSS_SHA3_512 = SignatureAlgorithm(
    "rsa-pss-sha3-512", _PSS_OID, None, SHA3_512, "rsa-pss", "pss", _RSA
)
# RFC 8419 cl. 3: with signed attributes the message digest beside Ed25519 is SHA-512.
ED25519 = SignatureAlgorithm(
    "ed25519", "1.3.101.112", None, SHA512, "eddsa", "absent", (KeyKind.ED25519,)
)
# RFC 9882 cl. 3.3: SHA-512 serves every parameter set as the digest beside it.
ML_DSA_65 = SignatureAlgorithm(
    "ml-dsa-65",
    "2.16.840.1.101.3.4.3.18",
    None,
    SHA512,
    "ml-dsa",
    "absent",
    (KeyKind.ML_DSA_65,),
    experimental=True,
)

SIGNATURE_ALGORITHMS = (
    ECDSA_SHA256,
    ECDSA_SHA384,
    ECDSA_SHA512,
    ECDSA_SHA3_256,
    ECDSA_SHA3_384,
    ECDSA_SHA3_512,
    RSA_SHA256,
    RSA_SHA384,
    RSA_SHA512,
    RSA_SHA3_256,
    RSA_SHA3_384,
    RSA_SHA3_512,
    RSA_PSS_SHA256,
    RSA_PSS_SHA384,
    RSA_PSS_SHA512,
    RSA_PSS_SHA3_256,
    RSA_PSS_SHA3_384,
    RSA_PSS_SHA3_512,
    ED25519,
    ML_DSA_65,
)
_BY_FAMILY_AND_HASH = {(item.family, item.hash.name): item for item in SIGNATURE_ALGORITHMS}
_BY_JOSE = {item.jose: item for item in SIGNATURE_ALGORITHMS if item.jose}
_BY_OID = {item.oid: item for item in SIGNATURE_ALGORITHMS if item.parameters != "pss"}
_BY_NAME = {item.name: item for item in SIGNATURE_ALGORITHMS}

DEFAULT_FOR_KEY = {
    KeyKind.P256: ECDSA_SHA256,
    KeyKind.P384: ECDSA_SHA384,
    KeyKind.P521: ECDSA_SHA512,
    KeyKind.RSA: RSA_SHA256,
    KeyKind.ED25519: ED25519,
    KeyKind.ML_DSA_65: ML_DSA_65,
}


def hash_by_oid(oid: str) -> HashAlgorithm:
    """Return the allowed hash with this dotted OID; raise UnsupportedAlgorithm otherwise."""
    try:
        return _HASH_BY_OID[oid]
    except KeyError:
        raise _unsupported("hash", oid) from None


def hash_by_name(name: str) -> HashAlgorithm:
    """Return the allowed hash with this hashlib name; raise UnsupportedAlgorithm otherwise."""
    try:
        return _HASH_BY_NAME[name]
    except KeyError:
        raise _unsupported("hash", name) from None


def signature_algorithm_by_jose(name: str) -> SignatureAlgorithm:
    """Return the algorithm with this JOSE name (RFC 7518); raise UnsupportedAlgorithm otherwise."""
    try:
        return _BY_JOSE[name]
    except KeyError:
        raise _unsupported("signature algorithm", name) from None


def signature_algorithm_by_oid(oid: str) -> SignatureAlgorithm:
    """Return the algorithm that this OID alone names; PSS needs `signature_algorithm`."""
    try:
        return _BY_OID[oid]
    except KeyError:
        raise _unsupported("signature algorithm", oid) from None


def signature_algorithm_by_name(name: str) -> SignatureAlgorithm:
    """Return the algorithm with our name, such as "ecdsa-sha384"."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise _unsupported("signature algorithm", name) from None


def signature_algorithm(family: str, hash_name: str) -> SignatureAlgorithm:
    """Return the algorithm of a family ("ecdsa", "rsa", "rsa-pss", "eddsa") with a hash."""
    try:
        return _BY_FAMILY_AND_HASH[(family, hash_name)]
    except KeyError:
        raise _unsupported("signature algorithm", f"{family} with {hash_name}") from None


def algorithm_for_key(
    kind: KeyKind, hash_name: str | None = None, *, pss: bool = False
) -> SignatureAlgorithm:
    """Return the algorithm for a kind of key: the usual one, or the one with this hash or PSS.

    Raises UnsupportedAlgorithm when the kind of key does not take the hash, or no PSS.
    """
    usual = DEFAULT_FOR_KEY[kind]
    family = "rsa-pss" if pss else usual.family
    chosen = _BY_FAMILY_AND_HASH.get((family, hash_name or usual.hash.name))
    if chosen is None or kind not in chosen.key_kinds:
        wanted = f"{hash_name or usual.hash.name}{' and PSS' if pss else ''}"
        raise UnsupportedAlgorithm(
            f"A {kind.value} key cannot sign with {wanted}.",
            f"Leave hash and padding out for {usual.name}; PSS is for RSA keys, and only "
            "ECDSA and RSA leave a choice of the hash.",
        )
    return chosen


def require_allowed(algorithm: SignatureAlgorithm, *, experimental: bool) -> None:
    """Raise UnsupportedAlgorithm for an experiment where these are not allowed."""
    if algorithm.experimental and not experimental:
        raise UnsupportedAlgorithm(
            f"{algorithm.name} is an experiment: no list of agreed algorithms has it yet, so "
            "others will not accept what is signed with it.",
            "Use another kind of key, or set signing.experimental_algorithms to try it.",
        )


def _unsupported(what: str, name: str) -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(
        f"The {what} {name[:80]!r} is not on the list of allowed algorithms, "
        "so nothing made with it can be relied upon.",
        "Use SHA-256, SHA-384 or SHA-512 with ECDSA on P-256, P-384 or P-521, "
        "RSA of at least 2048 bits, or Ed25519.",
    )
