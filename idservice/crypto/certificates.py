"""Loading one X.509 certificate, with every failure as our own error."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from idservice.crypto import der_reader
from idservice.crypto.der import check_der
from idservice.errors import MalformedCertificate, MalformedDer

_ATTRIBUTE_NAMES = {
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.SURNAME: "surname",
    NameOID.GIVEN_NAME: "givenName",
    NameOID.TITLE: "title",
    NameOID.PSEUDONYM: "pseudonym",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    NameOID.EMAIL_ADDRESS: "emailAddress",
}

MAX_BYTES = 64 * 1024

# Positions behind the version (RFC 5280 cl. 4.1): serial number, signature, issuer,
# validity, subject, subject public key info.
_ISSUER, _SUBJECT, _PUBLIC_KEY = 2, 4, 5

# These of the library's are no ValueErrors.
LIBRARY_ERRORS = (
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)


@lru_cache(maxsize=128)
def load_certificate(certificate_der: bytes) -> x509.Certificate:
    """Read one DER certificate, its extensions included (RFC 5280 cl. 4.1).

    Raises MalformedCertificate. Nothing is verified about its issuer or its use. The last
    ones are remembered: services meet the same few certificates again and again.
    """
    try:
        check_der(certificate_der, max_bytes=MAX_BYTES)
        certificate = x509.load_der_x509_certificate(certificate_der)
        _ = certificate.extensions, certificate.subject, certificate.issuer
        if certificate.serial_number <= 0:
            raise ValueError("the serial number is not positive")
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (MalformedDer, ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise MalformedCertificate(
            "The certificate cannot be read, or one of its parts is not as X.509 requires.",
            "Give one complete X.509 certificate in DER.",
        ) from exc
    return certificate


def subject_public_key_info(certificate_der: bytes) -> bytes:
    """Cut the SubjectPublicKeyInfo out of a certificate (RFC 5280 cl. 4.1).

    Works for certificates that are otherwise not as they should be, so that a signature
    can be computed although its certificate is not relied upon. Raises MalformedDer.
    """
    return _signed_fields(certificate_der)[_PUBLIC_KEY]


def issuer_name(certificate_der: bytes) -> bytes:
    """Cut the DER of the issuer's name out of a certificate. Raises MalformedDer."""
    return _signed_fields(certificate_der)[_ISSUER]


def readable_name(name: x509.Name) -> str:
    """Return a name as RFC 4514 writes it, with the names of the attributes of persons.

    cl. 2.4 lets them be written by name where these are known; numbers say nothing to people.
    """
    return name.rfc4514_string(_ATTRIBUTE_NAMES)


def subject_name(certificate_der: bytes) -> bytes:
    """Cut the DER of the subject's name out of a certificate. Raises MalformedDer."""
    return _signed_fields(certificate_der)[_SUBJECT]


def subject_public_key(certificate_der: bytes) -> bytes:
    """Cut out the bits of the public key, without tag, length and count of unused bits.

    This is what key identifiers are hashes of (RFC 5280 cl. 4.2.1.2, RFC 6960 cl. 4.1.1).
    Raises MalformedDer.
    """
    info = der_reader.read(subject_public_key_info(certificate_der), der_reader.SEQUENCE).elements()
    info.take(der_reader.SEQUENCE)
    return info.take(der_reader.BIT_STRING).contents[1:]


@lru_cache(maxsize=256)
def _signed_fields(certificate_der: bytes) -> tuple[bytes, ...]:
    """The first six fields of a TBSCertificate after its version."""
    certificate = der_reader.read(certificate_der, der_reader.SEQUENCE).elements()
    signed = certificate.take(der_reader.SEQUENCE).elements()
    signed.take_if(der_reader.context(0))
    fields = [signed.take().encoded for _ in range(_PUBLIC_KEY)]
    return (*fields, signed.take(der_reader.SEQUENCE).encoded)


def load_pem_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read all certificates of a PEM file. Raises MalformedCertificate when there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise MalformedCertificate(
            "The file holds no certificate in PEM form, or one that cannot be read.",
            "Give a file with one or more blocks -----BEGIN CERTIFICATE-----.",
        ) from exc
    return tuple(found)
