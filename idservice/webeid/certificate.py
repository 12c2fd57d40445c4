"""Which certificates may authenticate: reading an untrusted certificate and its purpose.

The chain, the status and the person behind the certificate are the service's to check.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm as LibraryUnsupported
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.crypto.certificates import load_certificate
from idservice.crypto.keys import PublicKey, load_public_key
from idservice.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateWrongPurpose,
    MalformedCertificate,
    UnsupportedAlgorithm,
)

_Type = TypeVar("_Type", bound=x509.ExtensionType)

MAX_CERTIFICATE_BYTES = 8192

# Mobile-ID and Digi-ID on SIM authenticate elsewhere; Web eID refuses them by exact match.
DISALLOWED_POLICIES = frozenset(
    {
        "1.3.6.1.4.1.10015.1.3",
        "1.3.6.1.4.1.10015.1.3.1",
        "1.3.6.1.4.1.10015.1.3.2",
        "1.3.6.1.4.1.10015.1.3.3",
    }
)


@dataclass(frozen=True, slots=True)
class UnverifiedCertificate:
    """A certificate that parses, with its public key; nobody has vouched for it yet."""

    der: bytes
    certificate: x509.Certificate
    public_key: PublicKey
    extensions: x509.Extensions


def load_unverified_certificate(certificate_der: bytes) -> UnverifiedCertificate:
    """Read a DER certificate within the limits.

    Raises MalformedCertificate for what is none, UnsupportedAlgorithm for a key that is
    not allowed.
    """
    if len(certificate_der) > MAX_CERTIFICATE_BYTES:
        raise MalformedCertificate(
            f"The certificate has more than {MAX_CERTIFICATE_BYTES} bytes, which none has that "
            "people log in with.",
            "Send one X.509 certificate in DER.",
        )
    certificate = load_certificate(certificate_der)
    try:
        public_key = certificate.public_key()
    except (LibraryUnsupported, ValueError) as exc:
        raise UnsupportedAlgorithm(
            "The certificate holds a key of a kind or curve that is not allowed.",
            "Use a certificate with a P-256, P-384, P-521 or RSA key.",
        ) from exc
    spki_der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return UnverifiedCertificate(
        certificate_der, certificate, load_public_key(spki_der), certificate.extensions
    )


def require_authentication_purpose(certificate: UnverifiedCertificate) -> None:
    """Require that the certificate is one for authentication. Raises CertificateWrongPurpose.

    keyUsage present with digitalSignature and without nonRepudiation; extendedKeyUsage
    absent or with clientAuth; certificatePolicies present and none of them Mobile-ID's.
    """
    usage = _value(certificate, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise _wrong_purpose("its key usage does not allow digital signatures for authentication")
    if usage.content_commitment:
        raise _wrong_purpose("it is a certificate for signing documents")
    purposes = _value(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise _wrong_purpose("its extended key usage does not contain client authentication")
    policies = _value(certificate, x509.CertificatePolicies)
    if policies is None:
        raise _wrong_purpose("it names no certificate policy")
    if any(item.policy_identifier.dotted_string in DISALLOWED_POLICIES for item in policies):
        raise _wrong_purpose("it was issued under a policy that this login does not take")


def require_signing_companion(
    signing: UnverifiedCertificate, authentication: UnverifiedCertificate, at: datetime
) -> None:
    """Require that a signing certificate belongs beside the authentication certificate.

    Same subject, same issuer key, nonRepudiation, valid at `at`: what Web eID 1.1 asks
    of unverifiedSigningCertificates. The chain is the caller's to check. Raises
    CertificateWrongPurpose, CertificateExpired or CertificateNotYetValid.
    """
    usage = _value(signing, x509.KeyUsage)
    if usage is None or not usage.content_commitment:
        raise _wrong_purpose("it is offered for signing, but its key usage lacks nonRepudiation")
    if signing.certificate.subject != authentication.certificate.subject:
        raise _wrong_purpose("it is offered for signing, but belongs to another subject")
    issuer = _issuer_key(signing)
    if issuer is None or issuer != _issuer_key(authentication):
        raise _wrong_purpose("it is offered for signing, but another issuer key signed it")
    if at > signing.certificate.not_valid_after_utc:
        raise CertificateExpired(
            "The signing certificate in the token has expired.", "Use a card that is still valid."
        )
    if at < signing.certificate.not_valid_before_utc:
        raise CertificateNotYetValid(
            "The signing certificate in the token is not valid yet.", "Check the clock."
        )


def _issuer_key(certificate: UnverifiedCertificate) -> bytes | None:
    value = _value(certificate, x509.AuthorityKeyIdentifier)
    return None if value is None else value.key_identifier


def _value(certificate: UnverifiedCertificate, kind: type[_Type]) -> _Type | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _wrong_purpose(reason: str) -> CertificateWrongPurpose:
    return CertificateWrongPurpose(
        f"The certificate may not be used here: {reason}.",
        "Use the authentication certificate of the ID-card (the one behind PIN1).",
    )
