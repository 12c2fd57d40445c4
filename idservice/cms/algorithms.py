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
)
from idservice.crypto.der_reader import context
from idservice.crypto.recognised import (
    RecognisedAlgorithm,
    hash_parameters_fit,
    recognised_algorithm,
    recognised_hash,
)
from idservice.crypto.recognised_keys import RecognisedKey
from idservice.errors import Finding, MalformedDer, UnsupportedAlgorithm

CMS_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"

_NULL_DER = b"\x05\x00"
_OID_TAG = b"\x06"

Claimed = tuple[RecognisedAlgorithm | None, tuple[Finding, ...]]


def claimed_algorithm(signer: SignerInfo) -> Claimed:
    """Return the algorithm that a SignerInfo names, or None with the reason.

    One that is only recognised is returned with a finding: it is verified, not relied upon.
    """
    try:
        digest = recognised_hash(signer.digest_algorithm.oid)
        algorithm = recognised_algorithm(signer.signature_algorithm, digest)
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
    told = (*_legacy(algorithm), *_experimental(algorithm))
    return algorithm, (*_plain_parameters(signer, algorithm), *told)


def legacy_key_findings(key: RecognisedKey) -> tuple[Finding, ...]:
    """Tell a key that is verified with although nobody should rely on it any more."""
    if key.allowed is not None:
        return ()
    size = "" if key.bits is None else f" with {key.bits} bits"
    return (
        Finding(
            "algorithm_legacy",
            f"The key of the certificate is of a kind or size{size} that is verified, and is not "
            "on the list of keys to rely upon.",
            "Ask for a signature with P-256, P-384, P-521, Ed25519, or RSA of at least 2048 bits.",
        ),
    )


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


def _legacy(algorithm: RecognisedAlgorithm) -> tuple[Finding, ...]:
    if algorithm.allowed is not None:
        return ()
    return (
        Finding(
            "algorithm_legacy",
            f"The signature is made with {algorithm.name}, which is verified, and is not on the "
            "list of algorithms to rely upon: others may be able to forge what it protects.",
            "Ask for a signature with SHA-256 or stronger and ECDSA, Ed25519 or RSA.",
        ),
    )


def _experimental(algorithm: RecognisedAlgorithm) -> tuple[Finding, ...]:
    if algorithm.allowed is None or not algorithm.allowed.experimental:
        return ()
    return (
        Finding(
            "algorithm_experimental",
            f"The signature is made with {algorithm.name}, which no list of agreed algorithms "
            "has yet: how long it may be relied upon, nobody has said.",
            "Ask for a signature with ECDSA or RSA, or set signing.experimental_algorithms.",
        ),
    )


def _plain_parameters(signer: SignerInfo, algorithm: RecognisedAlgorithm) -> tuple[Finding, ...]:
    """Require parameters absent or NULL for every algorithm but PSS.

    Beside plain ECDSA some cards name the curve, which the key names already.
    """
    given = signer.signature_algorithm.parameters_der
    names_curve = algorithm.scheme == "plain-ecdsa" and (given or b"")[:1] == _OID_TAG
    excepted = signer.signature_algorithm.oid == RSASSA_PSS or names_curve
    if hash_parameters_fit(signer.digest_algorithm) and (excepted or given in (None, _NULL_DER)):
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
