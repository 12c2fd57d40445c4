"""What a verdict needs to know of one certificate, taken out of it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.pki.path_certificate import read_certificate
from idservice.pki.status_places import names_lists, names_responder
from idservice.validation.evidence import PathCertificateFacts, Statement


def certificate_facts(
    certificate: x509.Certificate,
    *,
    statements: tuple[Statement, ...] = (),
    refused: tuple[str, ...] = (),
    no_check: bool = False,
) -> PathCertificateFacts:
    """Describe a certificate, with the statements about it and those that were not taken."""
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
    )
