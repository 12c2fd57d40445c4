"""AlgorithmIdentifiers in DER: writing them, reading them, and what they mean.

RFC 5280 cl. 4.1.1.2; RFC 4055 cl. 3.1 for RSASSA-PSS, whose parameters carry the hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from idservice.crypto import der, der_reader
from idservice.crypto.algorithms import (
    HashAlgorithm,
    SignatureAlgorithm,
    hash_by_oid,
    signature_algorithm,
    signature_algorithm_by_oid,
)
from idservice.crypto.der_reader import Element, context
from idservice.errors import MalformedDer, UnsupportedAlgorithm

RSASSA_PSS = "1.2.840.113549.1.1.10"
MGF1 = "1.2.840.113549.1.1.8"

_TRAILER_FIELD = 1


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """An OID and the DER of its parameters; None when they are absent."""

    oid: str
    parameters_der: bytes | None
    encoded: bytes


@cache
def digest_algorithm_der(algorithm: HashAlgorithm) -> bytes:
    """Encode a hash as AlgorithmIdentifier, its parameters absent (RFC 5754 cl. 2)."""
    return der.sequence(der.object_identifier(algorithm.oid))


@cache
def signature_algorithm_der(algorithm: SignatureAlgorithm) -> bytes:
    """Encode a signature algorithm as AlgorithmIdentifier with the parameters it needs."""
    oid = der.object_identifier(algorithm.oid)
    if algorithm.parameters == "null":
        return der.sequence(oid, der.NULL)
    if algorithm.parameters == "pss":
        return der.sequence(oid, _pss_parameters(algorithm.hash))
    return der.sequence(oid)


def parse_algorithm(element: Element, *, tag: int = der_reader.SEQUENCE) -> AlgorithmIdentifier:
    """Read an AlgorithmIdentifier (RFC 5280 cl. 4.1.1.2), implicitly tagged or not.

    Raises MalformedDer.
    """
    if element.tag != tag:
        raise MalformedDer("an algorithm identifier has the wrong tag")
    read = _remembered if len(element.encoded) <= _REMEMBERED_BYTES else _parsed
    return read(element)


def _parsed(element: Element) -> AlgorithmIdentifier:
    parts = element.elements()
    oid = parts.take().object_identifier()
    parameters = None if parts.at_end else parts.take().encoded
    parts.finish()
    return AlgorithmIdentifier(oid, parameters, element.encoded)


# Everything names the same few algorithms, in few bytes.
_REMEMBERED_BYTES = 128
_remembered = lru_cache(maxsize=256)(_parsed)


def resolve_signature_algorithm(claimed: AlgorithmIdentifier) -> SignatureAlgorithm:
    """Return the allowed algorithm that an identifier names by itself.

    Raises UnsupportedAlgorithm, or MalformedDer for PSS parameters that do not belong
    together.
    """
    if claimed.oid == RSASSA_PSS:
        return signature_algorithm("rsa-pss", _pss_hash(claimed.parameters_der).name)
    return signature_algorithm_by_oid(claimed.oid)


@lru_cache(maxsize=256)
def key_algorithm(spki_der: bytes) -> AlgorithmIdentifier:
    """Read what a DER SubjectPublicKeyInfo is a key of. Raises MalformedDer."""
    return parse_algorithm(der_reader.read(spki_der, der_reader.SEQUENCE).elements().take())


def require_fits_key_identifier(spki_der: bytes, algorithm: SignatureAlgorithm) -> None:
    """Require that a DER SubjectPublicKeyInfo may be used with an algorithm.

    A key under id-RSASSA-PSS makes nothing but PSS, and with parameters nothing but PSS with
    their hash (RFC 4055 cl. 1.2 and 3.3). Raises UnsupportedAlgorithm, MalformedDer.
    """
    key = key_algorithm(spki_der)
    if key.oid != RSASSA_PSS:
        return
    hash_algorithm = None if key.parameters_der is None else _pss_hash(key.parameters_der)
    if algorithm.family != "rsa-pss" or hash_algorithm not in (None, algorithm.hash):
        only = "" if hash_algorithm is None else f" with {hash_algorithm.name}"
        raise UnsupportedAlgorithm(
            f"The key of the certificate is for RSASSA-PSS{only} alone, and the signature is "
            f"made with {algorithm.name}.",
            f"Sign with RSASSA-PSS{only}.",
        )


def _pss_parameters(algorithm: HashAlgorithm) -> bytes:
    """RSASSA-PSS-params (RFC 4055 cl. 3.1); the trailer field has its default."""
    # RFC 4055 cl. 2.1: within these parameters the hash identifiers carry NULL.
    hash_der = der.sequence(der.object_identifier(algorithm.oid), der.NULL)
    return der.sequence(
        der.context(0, hash_der),
        der.context(1, der.sequence(der.object_identifier(MGF1), hash_der)),
        der.context(2, der.integer(algorithm.size)),
    )


def _pss_hash(parameters_der: bytes | None) -> HashAlgorithm:
    """Read RSASSA-PSS-params; hash, mask generation and salt must belong together."""
    if parameters_der is None:
        # RFC 4055 cl. 3.1: absent parameters would mean SHA-1.
        raise UnsupportedAlgorithm(
            "The PSS signature names no hash algorithm, which stands for SHA-1.",
            "Sign again with SHA-256 or stronger.",
        )
    parts = der_reader.read(parameters_der, der_reader.SEQUENCE).elements()
    found = {number: parts.take_if(context(number)) for number in range(4)}
    parts.finish()
    hash_element, mask, salt, trailer = (found[number] for number in range(4))
    if hash_element is None or mask is None or salt is None:
        raise UnsupportedAlgorithm(
            "The PSS parameters leave the hash, the mask or the salt to a default made with SHA-1.",
            "Sign again with SHA-256 or stronger.",
        )
    algorithm = hash_by_oid(parse_algorithm(_inner(hash_element)).oid)
    mask_algorithm = parse_algorithm(_inner(mask))
    mask_hash = hash_by_oid(_algorithm_oid(mask_algorithm.parameters_der))
    if mask_algorithm.oid != MGF1 or mask_hash is not algorithm:
        raise MalformedDer("the mask generation of PSS uses another hash than the signature")
    if _inner(salt).integer() != algorithm.size:
        raise UnsupportedAlgorithm(
            f"The PSS salt is not as long as the hash ({algorithm.size} bytes).",
            "Sign again with a salt as long as the hash, as RFC 7518 and ETSI TS 119 312 ask.",
        )
    if trailer is not None and _inner(trailer).integer() != _TRAILER_FIELD:
        raise MalformedDer("the trailer field of PSS is not 1")
    return algorithm


def _inner(element: Element) -> Element:
    return der_reader.read(element.contents)


def _algorithm_oid(algorithm_der: bytes | None) -> str:
    if algorithm_der is None:
        raise MalformedDer("the mask generation of PSS names no hash")
    return parse_algorithm(der_reader.read(algorithm_der, der_reader.SEQUENCE)).oid
