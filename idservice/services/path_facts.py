"""What a verdict needs to know of one certificate, taken out of it."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

from idservice.pki.path_certificate import read_certificate
from idservice.pki.status_places import names_lists, names_responder
from idservice.validation.evidence import PathCertificateFacts, Statement
from idservice.validation.facts import AlgorithmFacts


def certificate_facts(
    certificate: x509.Certificate,
    *,
    statements: tuple[Statement, ...] = (),
    refused: tuple[str, ...] = (),
    no_check: bool = False,
    issuer: x509.Certificate | None = None,
) -> PathCertificateFacts:
    """Describe a certificate, with the statements about it and those that were not taken.

    With the certificate of its `issuer`, also with what it was signed.
    """
    return PathCertificateFacts(
        certificate.subject.rfc4514_string(),
        read_certificate(certificate).label,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        statements,
        names_responder(certificate) or names_lists(certificate),
        no_check,
        refused,
        names_responder(certificate),
        certificate.public_bytes(Encoding.DER),
        certificate.issuer.rfc4514_string(),
        certificate.serial_number,
        None if issuer is None else _signed_with(certificate, issuer),
    )


def _signed_with(certificate: x509.Certificate, issuer: x509.Certificate) -> AlgorithmFacts | None:
    """Tell scheme, digest and size of the issuer's key; None for a key of another kind."""
    try:
        key, digest = issuer.public_key(), certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    name = None if digest is None else digest.name.replace("-", "_")
    if isinstance(key, rsa.RSAPublicKey):
        pss = certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
        return AlgorithmFacts("rsa-pss" if pss else "rsa", name, key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return AlgorithmFacts("ecdsa", name, key.key_size)
    if isinstance(key, dsa.DSAPublicKey):
        return AlgorithmFacts("dsa", name, key.key_size)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return AlgorithmFacts("ed25519", None, 256)
    return AlgorithmFacts("ed448", None, 456) if isinstance(key, ed448.Ed448PublicKey) else None
