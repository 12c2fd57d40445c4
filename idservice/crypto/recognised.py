"""Algorithms that are verified in what others signed, and are good enough for nothing else.

Whether a signature is intact is mathematics; whether it may be relied upon is policy. So
that a validator can tell the two apart, what was in use before the allow-list of
`crypto.algorithms`, or stands beside it, is recognised here: SHA-1 and SHA-224, RSA from
1024 bits, plain ECDSA (BSI TR-03111 cl. 5.2.2), Ed448, DSA and other curves. Nothing here
signs, and neither login nor issuing looks at it. MD5 and older are not recognised: a
collision is made in seconds, so that such a signature is over nothing in particular.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import (
    MGF1,
    RSASSA_PSS,
    AlgorithmIdentifier,
    parse_algorithm,
    resolve_signature_algorithm,
)
from idservice.crypto.algorithms import (
    HashAlgorithm,
    HashState,
    SignatureAlgorithm,
    hash_by_oid,
    signature_algorithm,
)
from idservice.crypto.der_reader import context
from idservice.errors import MalformedDer, UnsupportedAlgorithm

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"

_MAX_SALT_BYTES = 1024


class _Shake256:
    """SHAKE256 with 512 bits of output (RFC 8702 cl. 3.1)."""

    def __init__(self, data: bytes | memoryview = b"") -> None:
        self._state = hashlib.shake_256(data)

    def update(self, data: bytes | memoryview, /) -> None:
        self._state.update(data)

    def digest(self) -> bytes:
        return self._state.digest(SHAKE256.size)


def _sha1(data: bytes | memoryview = b"") -> HashState:
    return hashlib.sha1(data, usedforsecurity=False)


SHA1 = HashAlgorithm("sha1", "1.3.14.3.2.26", 20, _sha1)
SHA224 = HashAlgorithm("sha224", "2.16.840.1.101.3.4.2.4", 28, hashlib.sha224)
SHA3_224 = HashAlgorithm("sha3_224", "2.16.840.1.101.3.4.2.7", 28, hashlib.sha3_224)
SHAKE256 = HashAlgorithm("shake256", "2.16.840.1.101.3.4.2.12", 64, _Shake256)

LEGACY_HASHES = (SHA1, SHA224, SHA3_224, SHAKE256)
"""Hashes that are computed for validation only."""

# RFC 8419 cl. 2.3: the same hash under an identifier that tells the length of its output.
_SHAKE256_LEN = "2.16.840.1.101.3.4.2.18"
_SHAKE256_BITS = der.integer(8 * SHAKE256.size)
_HASH_BY_OID = {**{item.oid: item for item in LEGACY_HASHES}, _SHAKE256_LEN: SHAKE256}


@dataclass(frozen=True, slots=True)
class RecognisedAlgorithm:
    """A way to sign that can be verified; `allowed` is its entry on the allow-list, if any.

    `scheme` is "rsa", "rsa-pss", "ecdsa", "plain-ecdsa", "dsa", "ed25519", "ed448" or
    "ml-dsa-65"; `salt_bytes` and `mask_hash` are for RSASSA-PSS alone.
    """

    scheme: str
    hash: HashAlgorithm
    allowed: SignatureAlgorithm | None = None
    salt_bytes: int | None = None
    mask_hash: HashAlgorithm | None = None

    @property
    def name(self) -> str:
        """Name the algorithm as reports do, such as "rsa-sha1"."""
        if self.allowed is not None:
            return self.allowed.name
        if self.scheme == "ed448":
            return self.scheme
        name = f"{self.scheme}-{self.hash.name}"
        if self.mask_hash not in (None, self.hash):
            name += f"-mgf1-{self.mask_hash.name}"
        return name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class SignedWith:
    """With what a value was signed: the scheme, the hash, and the size of the key in bits.

    `digest` is None where the scheme fixes it, `key_bits` when the key could not be read.
    `mask_digest` is the hash of the mask generation of RSASSA-PSS where it is another one.
    """

    scheme: str
    digest: str | None
    key_bits: int | None
    mask_digest: str | None = None


_FIXED = frozenset({"ed25519", "ed448", "ml-dsa-65"})


def signed_with(algorithm: RecognisedAlgorithm, key_bits: int | None) -> SignedWith:
    """Describe an algorithm together with the size of the key that it was used with."""
    digest = None if algorithm.scheme in _FIXED else algorithm.hash.name
    mask = algorithm.mask_hash
    other_mask = None if mask is None or mask is algorithm.hash else mask.name
    return SignedWith(algorithm.scheme, digest, key_bits, other_mask)


def recognised_hash(oid: str) -> HashAlgorithm:
    """Return the hash with this dotted OID, allowed or only recognised.

    Raises UnsupportedAlgorithm for any other.
    """
    return _HASH_BY_OID.get(oid) or hash_by_oid(oid)


def hash_parameters_fit(identifier: AlgorithmIdentifier) -> bool:
    """Whether the parameters beside a hash are those that belong to it.

    They are absent or NULL (RFC 5754 cl. 2), and for SHAKE256 with a length they are the 512
    bits that are computed here (RFC 8419 cl. 2.3).
    """
    if identifier.oid == _SHAKE256_LEN:
        return identifier.parameters_der == _SHAKE256_BITS
    return identifier.parameters_der in (None, der.NULL)


def recognised_algorithm(
    claimed: AlgorithmIdentifier, digest: HashAlgorithm | None = None
) -> RecognisedAlgorithm:
    """Return the algorithm that an identifier names.

    `digest` is the hash that stands beside it, for identifiers that name a key alone (RFC
    3370 cl. 3.1 and 3.2). Raises UnsupportedAlgorithm, or MalformedDer for parameters that
    do not belong together.
    """
    if claimed.oid in _OF_THE_KEY and digest is not None:
        return _with_hash(_OF_THE_KEY[claimed.oid], digest)
    if (found := _BY_OID.get(claimed.oid)) is not None:
        return found
    if claimed.oid == RSASSA_PSS:
        return _allowed_pss(claimed) or recognised_pss(claimed.parameters_der)
    return _allowed(resolve_signature_algorithm(claimed))


def _allowed_pss(claimed: AlgorithmIdentifier) -> RecognisedAlgorithm | None:
    """The entry of the allow-list; what it does not have may still be recognised."""
    try:
        return _allowed(resolve_signature_algorithm(claimed))
    except (UnsupportedAlgorithm, MalformedDer):
        return None


def _allowed(algorithm: SignatureAlgorithm) -> RecognisedAlgorithm:
    fixed = algorithm.family in ("eddsa", "ml-dsa")
    return RecognisedAlgorithm(
        algorithm.name if fixed else algorithm.family,
        algorithm.hash,
        algorithm,
        algorithm.hash.size if algorithm.parameters == "pss" else None,
        algorithm.hash if algorithm.parameters == "pss" else None,
    )


def _with_hash(scheme: str, digest: HashAlgorithm) -> RecognisedAlgorithm:
    try:
        return _allowed(signature_algorithm(scheme, digest.name))
    except UnsupportedAlgorithm:
        if digest is SHAKE256:
            raise
        return RecognisedAlgorithm(scheme, digest)


def recognised_pss(parameters_der: bytes | None) -> RecognisedAlgorithm:
    """Read RSASSA-PSS-params whose defaults stand for SHA-1 and 20 bytes (RFC 4055 cl. 3.1).

    The hash of the mask generation may be another one, which RFC 4055 only advises against.
    Raises UnsupportedAlgorithm, MalformedDer.
    """
    parts = der_reader.read(parameters_der or b"\x30\x00", der_reader.SEQUENCE).elements()
    found = [parts.take_if(context(number)) for number in range(4)]
    parts.finish()
    inner = [None if item is None else der_reader.read(item.contents) for item in found]
    digest_element, mask_element, salt_element, trailer = inner
    digest = mask = SHA1
    if digest_element is not None:
        digest = recognised_hash(parse_algorithm(digest_element).oid)
    if mask_element is not None:
        generation = parse_algorithm(mask_element)
        if generation.oid != MGF1 or generation.parameters_der is None:
            raise MalformedDer("the mask generation of PSS is not MGF1 with a hash")
        mask = recognised_hash(parse_algorithm(der_reader.read(generation.parameters_der)).oid)
    salt = SHA1.size if salt_element is None else salt_element.integer()
    if not 0 <= salt <= _MAX_SALT_BYTES or (trailer is not None and trailer.integer() != 1):
        raise MalformedDer("the salt or the trailer of PSS is impossible")
    if SHAKE256 in (digest, mask):
        raise UnsupportedAlgorithm(
            "RSASSA-PSS with SHAKE is not verified here.", "Ask for a signature with SHA-256."
        )
    return RecognisedAlgorithm("rsa-pss", digest, None, salt, mask)


# Identifiers of a kind of key, which some producers put where a signature algorithm belongs.
_OF_THE_KEY = {
    RSA_ENCRYPTION: "rsa",
    "1.2.840.10040.4.1": "dsa",
}


def _table(
    scheme: str, digests: tuple[tuple[str, HashAlgorithm], ...]
) -> dict[str, RecognisedAlgorithm]:
    return {oid: RecognisedAlgorithm(scheme, digest) for oid, digest in digests}


def _by_oid(oid: str) -> HashAlgorithm:
    return hash_by_oid(f"2.16.840.1.101.3.4.2.{oid}")


_BSI = "0.4.0.127.0.7.1.1.4.1"
_NIST = "2.16.840.1.101.3.4.3"
_BY_OID = {
    # RFC 3279 cl. 2.2.1, RFC 4055 cl. 5, and the OIW's older name of the first.
    **_table(
        "rsa",
        (
            ("1.2.840.113549.1.1.5", SHA1),
            ("1.3.14.3.2.29", SHA1),
            ("1.2.840.113549.1.1.14", SHA224),
            (f"{_NIST}.13", SHA3_224),
        ),
    ),
    # RFC 3279 cl. 2.2.3, RFC 5758 cl. 3.2.
    **_table(
        "ecdsa",
        (
            ("1.2.840.10045.4.1", SHA1),
            ("1.2.840.10045.4.3.1", SHA224),
            (f"{_NIST}.9", SHA3_224),
        ),
    ),
    # RFC 3279 cl. 2.2.2, RFC 5758 cl. 3.1.
    **_table(
        "dsa",
        (
            ("1.2.840.10040.4.3", SHA1),
            (f"{_NIST}.1", SHA224),
            (f"{_NIST}.2", _by_oid("1")),
            (f"{_NIST}.3", _by_oid("2")),
            (f"{_NIST}.4", _by_oid("3")),
        ),
    ),
    # BSI TR-03111 cl. 5.2.1.
    **_table(
        "plain-ecdsa",
        (
            (f"{_BSI}.1", SHA1),
            (f"{_BSI}.2", SHA224),
            (f"{_BSI}.3", _by_oid("1")),
            (f"{_BSI}.4", _by_oid("2")),
            (f"{_BSI}.5", _by_oid("3")),
            (f"{_BSI}.8", SHA3_224),
            (f"{_BSI}.9", _by_oid("8")),
            (f"{_BSI}.10", _by_oid("9")),
            (f"{_BSI}.11", _by_oid("10")),
        ),
    ),
    # RFC 8419 cl. 3.1: beside Ed448 the message digest is SHAKE256 with 512 bits.
    **_table("ed448", (("1.3.101.113", SHAKE256),)),
}
