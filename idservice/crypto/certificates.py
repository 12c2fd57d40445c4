"""Loading one X.509 certificate, with every failure as our own error."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from idservice.crypto.der import check_der
from idservice.errors import MalformedCertificate, MalformedDer

MAX_BYTES = 64 * 1024

# These of the library's are no ValueErrors.
_LIBRARY_ERRORS = (
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)


def load_certificate(certificate_der: bytes) -> x509.Certificate:
    """Read one DER certificate, its extensions included (RFC 5280 cl. 4.1).

    Raises MalformedCertificate. Nothing is verified about its issuer or its use.
    """
    try:
        check_der(certificate_der, max_bytes=MAX_BYTES)
        certificate = x509.load_der_x509_certificate(certificate_der)
        _ = certificate.extensions, certificate.subject, certificate.issuer
        if certificate.serial_number <= 0:
            raise ValueError("the serial number is not positive")
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (MalformedDer, ValueError, TypeError, *_LIBRARY_ERRORS) as exc:
        raise MalformedCertificate(
            "The certificate cannot be read, or one of its parts is not as X.509 requires.",
            "Give one complete X.509 certificate in DER.",
        ) from exc
    return certificate


def load_pem_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read all certificates of a PEM file. Raises MalformedCertificate when there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as exc:
        raise MalformedCertificate(
            "The file holds no certificate in PEM form.",
            "Give a file with one or more blocks -----BEGIN CERTIFICATE-----.",
        ) from exc
    return tuple(found)
