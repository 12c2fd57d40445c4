"""What a certificate says of itself about being qualified: QcStatements, policies, key usage.

RFC 3739 cl. 3.2.6 and EN 319 412-5. It is the issuer's word; whether the issuer may give it
is in trusted lists.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from idservice.crypto import der_reader
from idservice.crypto.der_reader import Element
from idservice.errors import MalformedDer

QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
QC_COMPLIANCE = "0.4.0.1862.1.1"
QC_SSCD = "0.4.0.1862.1.4"
QC_TYPE = "0.4.0.1862.1.6"

TYPE_SIGNATURE = "0.4.0.1862.1.6.1"
TYPE_SEAL = "0.4.0.1862.1.6.2"
TYPE_WEB = "0.4.0.1862.1.6.3"

_KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "crlSign": "crl_sign",
}


@dataclass(frozen=True, slots=True)
class CertificateClaims:
    """The claims of one certificate; OIDs, and key usages by their names in trusted lists."""

    compliance: bool = False
    types: frozenset[str] = frozenset()
    device: bool = False
    policies: frozenset[str] = frozenset()
    key_usages: frozenset[str] = frozenset()
    extended_key_usages: frozenset[str] = frozenset()


def read_claims(certificate: x509.Certificate) -> CertificateClaims:
    """Read what a certificate claims. QcStatements that cannot be read claim nothing."""
    statements = _statements(certificate)
    return CertificateClaims(
        QC_COMPLIANCE in statements,
        _types(statements.get(QC_TYPE)),
        QC_SSCD in statements,
        _policies(certificate),
        _key_usages(certificate),
        _purposes(certificate),
    )


def _statements(certificate: x509.Certificate) -> dict[str, Element | None]:
    """Return the statements with their information, each identifier once."""
    try:
        value = certificate.extensions.get_extension_for_oid(QC_STATEMENTS).value
    except x509.ExtensionNotFound:
        return {}
    found: dict[str, Element | None] = {}
    try:
        listed = der_reader.read(value.public_bytes(), der_reader.SEQUENCE).elements()
        while not listed.at_end:
            parts = listed.take(der_reader.SEQUENCE).elements()
            identifier = parts.take().object_identifier()
            found[identifier] = None if parts.at_end else parts.take()
            parts.finish()
    except MalformedDer:
        return {}
    return found


def _types(information: Element | None) -> frozenset[str]:
    """QcType ::= SEQUENCE OF OBJECT IDENTIFIER (EN 319 412-5 cl. 4.2.3)."""
    if information is None:
        return frozenset()
    found = set()
    try:
        listed = information.elements()
        while not listed.at_end:
            found.add(listed.take().object_identifier())
    except MalformedDer:
        return frozenset()
    return frozenset(found)


def _policies(certificate: x509.Certificate) -> frozenset[str]:
    try:
        value = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(item.policy_identifier.dotted_string for item in value)


def _key_usages(certificate: x509.Certificate) -> frozenset[str]:
    try:
        value = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(name for name, field in _KEY_USAGES.items() if getattr(value, field))


def _purposes(certificate: x509.Certificate) -> frozenset[str]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    except x509.ExtensionNotFound:
        return frozenset()
    if not isinstance(extension.value, x509.ExtendedKeyUsage):
        return frozenset()
    return frozenset(item.dotted_string for item in extension.value)
