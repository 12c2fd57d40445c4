"""Which algorithm a SignerInfo claims, and whether its several claims agree.

Digest algorithm, signature algorithm, PSS parameters and CMSAlgorithmProtection all
name a hash. They must name the same one; a difference lets one signature value mean
two things (RFC 6211 cl. 1, RFC 4055 cl. 3.1).
"""

from __future__ import annotations

from idservice.cms.parsing import SignerInfo
from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import (
    RSASSA_PSS,
    AlgorithmIdentifier,
    parse_algorithm,
    resolve_signature_algorithm,
)
from idservice.crypto.algorithms import (
    HashAlgorithm,
    SignatureAlgorithm,
    hash_by_oid,
    signature_algorithm,
)
from idservice.crypto.der_reader import context
from idservice.errors import Finding, MalformedDer, UnsupportedAlgorithm

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
CMS_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"

_NULL_DER = b"\x05\x00"

Claimed = tuple[SignatureAlgorithm | None, tuple[Finding, ...]]


def claimed_algorithm(signer: SignerInfo) -> Claimed:
    """Return the algorithm that a SignerInfo names, or None with the reason."""
    try:
        digest = hash_by_oid(signer.digest_algorithm.oid)
        algorithm = _resolve(signer.signature_algorithm, digest)
    except UnsupportedAlgorithm as exc:
        return None, (Finding("algorithm_not_allowed", exc.detail, exc.fix),)
    except MalformedDer as exc:
        return None, (_parameters(exc.detail),)
    if algorithm.hash is not digest:
        return None, (
            Finding(
                "digest_algorithm_mismatch",
                f"The signer names {digest.name} for the digest, but signs with "
                f"{algorithm.name}: the signature would mean two things.",
                "Sign again with a program that uses one hash algorithm throughout.",
            ),
        )
    return algorithm, (*_plain_parameters(signer), *_experimental(algorithm))


def protection_findings(signer: SignerInfo, value_der: bytes) -> tuple[Finding, ...]:
    """Compare a CMSAlgorithmProtection attribute with the algorithms used (RFC 6211 cl. 2)."""
    try:
        parts = der_reader.read(value_der, der_reader.SEQUENCE).elements()
        digest = parse_algorithm(parts.take(der_reader.SEQUENCE))
        signature = parse_algorithm(parts.take(), tag=context(1))
        parts.finish()
    except MalformedDer as exc:
        return (_parameters(exc.detail),)
    if _same(digest, signer.digest_algorithm) and _same(signature, signer.signature_algorithm):
        return ()
    return (
        Finding(
            "algorithm_protection_mismatch",
            "The algorithms that the signer protected differ from those that the signature "
            "names: someone replaced them.",
            "Ask the signer for the file as it was signed.",
        ),
    )


def _resolve(claimed: AlgorithmIdentifier, digest: HashAlgorithm) -> SignatureAlgorithm:
    if claimed.oid == RSA_ENCRYPTION:
        # RFC 3370 cl. 3.2: the hash is then the one of digestAlgorithm.
        return signature_algorithm("rsa", digest.name)
    return resolve_signature_algorithm(claimed)


def _experimental(algorithm: SignatureAlgorithm) -> tuple[Finding, ...]:
    if not algorithm.experimental:
        return ()
    return (
        Finding(
            "algorithm_experimental",
            f"The signature is made with {algorithm.name}, which no list of agreed algorithms "
            "has yet: how long it may be relied upon, nobody has said.",
            "Ask for a signature with ECDSA or RSA, or set signing.experimental_algorithms.",
        ),
    )


def _plain_parameters(signer: SignerInfo) -> tuple[Finding, ...]:
    """Require parameters absent or NULL for every algorithm but PSS."""
    plain = [signer.digest_algorithm]
    if signer.signature_algorithm.oid != RSASSA_PSS:
        plain.append(signer.signature_algorithm)
    if all(item.parameters_der in (None, _NULL_DER) for item in plain):
        return ()
    return (_parameters("parameters stand where none belong"),)


def _parameters(reason: str) -> Finding:
    return Finding(
        "algorithm_parameters",
        f"The algorithm parameters of the signature are wrong: {reason}.",
        "Sign again with a program that follows RFC 4055 and RFC 5754.",
    )


def _same(one: AlgorithmIdentifier, other: AlgorithmIdentifier) -> bool:
    return (one.oid, one.parameters_der or _NULL_DER) == (
        other.oid,
        other.parameters_der or _NULL_DER,
    )
