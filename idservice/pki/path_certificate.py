"""A certificate as the rules of RFC 5280 see it: read once, names in comparable form."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtensionOID

from idservice.crypto.certificates import LIBRARY_ERRORS, subject_public_key_info
from idservice.errors import CertificateConstraintsViolated, MalformedCertificate, MalformedDer

# Extensions whose meaning is applied here or carries no restriction (RFC 5280 cl. 4.2,
# RFC 3739 for qcStatements).
_PROCESSED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.OCSP_NO_CHECK,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"),
    }
)
_FIX = "Use a certificate whose chain follows RFC 5280."

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
Name = tuple[frozenset[tuple[str, str]], ...]


@dataclass(frozen=True, slots=True)
class PathCertificate:
    """A certificate read once, with what the rules need."""

    certificate: x509.Certificate
    der: bytes
    subject: Name
    issuer: Name
    spki_der: bytes
    not_before: dt.datetime
    not_after: dt.datetime
    extensions: x509.Extensions
    _values: Mapping[x509.ObjectIdentifier, x509.ExtensionType] = field(compare=False)

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same name (RFC 5280 cl. 3.2)."""
        return self.subject == self.issuer

    @property
    def label(self) -> str:
        """The common name, made harmless; for messages about authorities only."""
        names = self.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        text = str(names[0].value) if names else "without a name"
        return repr("".join(char if char.isprintable() else "?" for char in text[:80]))

    def names_issuer(self, issuer: PathCertificate) -> bool:
        """Whether the issuer's name, and its key identifier when given, are the right ones."""
        if self.issuer != issuer.subject:
            return False
        wanted, found = self._authority_key_identifier(), issuer.key_identifier()
        return wanted is None or found is None or wanted == found

    def prefers(self, issuer: PathCertificate) -> bool:
        """Whether an issuer is a better guess than others: its key identifier is named."""
        return self._authority_key_identifier() == issuer.key_identifier() is not None

    def key_identifier(self) -> bytes | None:
        """The subject key identifier, if there is one."""
        value = self.extension(x509.SubjectKeyIdentifier)
        return None if value is None else value.digest

    def _authority_key_identifier(self) -> bytes | None:
        value = self.extension(x509.AuthorityKeyIdentifier)
        return None if value is None else value.key_identifier

    def extension(self, kind: type[_Kind]) -> _Kind | None:
        """Return an extension of this kind, if there is one."""
        value = self._values.get(kind.oid)
        return value if isinstance(value, kind) else None

    def require_processed(self) -> None:
        """Raise CertificateConstraintsViolated for a critical extension that is not known."""
        for item in self.extensions:
            if item.critical and item.oid not in _PROCESSED:
                raise CertificateConstraintsViolated(
                    f"The certificate restricts its use by the extension "
                    f"{item.oid.dotted_string}, which is not evaluated here; ignoring it could "
                    "allow what it forbids.",
                    _FIX,
                )


@lru_cache(maxsize=128)
def read_certificate(certificate: x509.Certificate) -> PathCertificate:
    """Read what the rules need. Raises MalformedCertificate. The last ones are remembered."""
    try:
        if certificate.serial_number <= 0:
            raise _malformed("its serial number is not positive")
        certificate_der = certificate.public_bytes(serialization.Encoding.DER)
        return PathCertificate(
            certificate,
            certificate_der,
            comparable_name(certificate.subject),
            comparable_name(certificate.issuer),
            _key_info(certificate_der),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate.extensions,
            {item.oid: item.value for item in certificate.extensions},
        )
    except (ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("a part of it is not as X.509 requires") from exc


def _key_info(certificate_der: bytes) -> bytes:
    try:
        return subject_public_key_info(certificate_der)
    except MalformedDer as exc:
        raise _malformed("its structure is not DER") from exc


@lru_cache(maxsize=4096)
def comparable_name(name: x509.Name) -> Name:
    """Bring a name into the form in which names are compared (RFC 5280 cl. 7.1).

    White space and case do not count, and neither does how a character is composed
    (RFC 4518 cl. 2.3): otherwise an excluded name could be written in another way.
    """
    return tuple(
        frozenset((item.oid.dotted_string, _folded(str(item.value))) for item in rdn)
        for rdn in name.rdns
    )


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _malformed(reason: str) -> MalformedCertificate:
    return MalformedCertificate(
        f"A certificate cannot be used: {reason}.", "Give the certificate as it was issued."
    )
