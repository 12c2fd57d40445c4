"""What a verdict needs to know of one certificate, taken out of it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.ades.algorithm_facts import algorithm_facts
from idservice.pki.path_certificate import read_certificate
from idservice.pki.path_rules import certificate_algorithm
from idservice.pki.signed_values import describe_value
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
    """Tell scheme, digest and size of the issuer's key; None where nobody could verify it."""
    claimed = certificate_algorithm(certificate.public_bytes(Encoding.DER))
    return algorithm_facts(describe_value(issuer, claimed))
