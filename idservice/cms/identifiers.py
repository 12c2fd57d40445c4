"""AlgorithmIdentifiers in DER, for every algorithm on the allow-list."""

from __future__ import annotations

from functools import cache

from idservice.crypto import der
from idservice.crypto.algorithms import HashAlgorithm, SignatureAlgorithm

_MGF1_OID = "1.2.840.113549.1.1.8"


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


def _pss_parameters(algorithm: HashAlgorithm) -> bytes:
    """RSASSA-PSS-params (RFC 4055 cl. 3.1); the trailer field has its default."""
    # RFC 4055 cl. 2.1: within these parameters the hash identifiers carry NULL.
    hash_der = der.sequence(der.object_identifier(algorithm.oid), der.NULL)
    return der.sequence(
        der.context(0, hash_der),
        der.context(1, der.sequence(der.object_identifier(_MGF1_OID), hash_der)),
        der.context(2, der.integer(algorithm.size)),
    )
