"""Signature values under the key of a certificate: of certificates, answers and lists.

What is relied upon for login and issuing is signed with the algorithms of `crypto.algorithms`.
Validation of documents also reads what was signed long ago: with `legacy`, everything in
`crypto.recognised` is verified, and the caller judges it by the dates of its policy.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.crypto.algorithm_identifiers import AlgorithmIdentifier, resolve_signature_algorithm
from idservice.crypto.certificates import subject_public_key_info
from idservice.crypto.keys import public_key_of, verify_signature
from idservice.crypto.recognised import SignedWith, recognised_algorithm, signed_with
from idservice.crypto.recognised_keys import recognise_key, verify_recognised
from idservice.errors import IdServiceError


def verify_value(
    issuer: x509.Certificate,
    claimed: AlgorithmIdentifier,
    value: bytes,
    data: bytes,
    *,
    legacy: bool = False,
) -> None:
    """Verify a signature value over `data` with the key of a certificate.

    Raises SignatureInvalid, UnsupportedAlgorithm, MalformedKey, and MalformedDer for
    parameters of the algorithm that do not belong to it.
    """
    if legacy:
        verify_recognised(_key_info(issuer), recognised_algorithm(claimed), value, data)
        return
    verify_signature(public_key_of(issuer), resolve_signature_algorithm(claimed), value, data)


def describe_value(issuer: x509.Certificate, claimed: AlgorithmIdentifier) -> SignedWith | None:
    """Tell with what something was signed; None for what could not even be verified."""
    try:
        return signed_with(recognised_algorithm(claimed), recognise_key(_key_info(issuer)).bits)
    except IdServiceError:
        return None


def _key_info(certificate: x509.Certificate) -> bytes:
    return subject_public_key_info(certificate.public_bytes(Encoding.DER))
