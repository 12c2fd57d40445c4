"""The rules of RFC 5280 for one certificate of a path, and for two neighbours in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import CertificatePoliciesOID, ExtendedKeyUsageOID, ExtensionOID

from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import (
    AlgorithmIdentifier,
    parse_algorithm,
    resolve_signature_algorithm,
)
from idservice.crypto.certificates import LIBRARY_ERRORS, subject_public_key_info
from idservice.crypto.der_reader import context
from idservice.crypto.keys import public_key_of, verify_signature
from idservice.errors import (
    CertificateConstraintsViolated,
    CertificateNotTrusted,
    CertificateWrongPurpose,
    MalformedCertificate,
    MalformedDer,
    SignatureInvalid,
)

_ANY_POLICY = CertificatePoliciesOID.ANY_POLICY.dotted_string
_FIX = "Use a certificate whose chain follows RFC 5280."

# Extensions whose meaning is applied here or carries no restriction (RFC 5280 cl. 4.2,
# RFC 3739 for qcStatements).
_PROCESSED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
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
# Restrictions that are not evaluated: their mere presence in a path refuses it.
_REFUSED = frozenset(
    {
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
Name = tuple[frozenset[tuple[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the certificate at the end of a path is wanted for.

    At least one of `key_usages` (attribute names of x509.KeyUsage) must be set when the
    certificate restricts its key usage, and the path must be valid for one of `policies`
    unless that is empty. When it lists extended key usages, one of `extended_key_usages`
    must be among them; with `only_critical` a list that is not critical is a mere hint.
    """

    name: str
    key_usages: tuple[str, ...]
    extended_key_usages: frozenset[str] = frozenset()
    only_critical: bool = False
    policies: frozenset[str] = frozenset()


# RFC 9336 for document signing, and what the makers of viewers used before it.
_DOCUMENTS = frozenset(
    {
        "1.3.6.1.5.5.7.3.36",
        "1.3.6.1.4.1.311.10.3.12",
        "1.2.840.113583.1.1.5",
        ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
        ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string,
    }
)

SIGNING = Purpose("signing documents", ("content_commitment",), _DOCUMENTS, only_critical=True)
"""Non-repudiation: a certificate for authentication is refused for documents."""

AUTHENTICATION = Purpose(
    "authentication",
    ("digital_signature",),
    frozenset({ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string}),
)


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
        try:
            return self.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    def require_processed(self) -> None:
        """Raise CertificateConstraintsViolated for a restriction that nobody here evaluates."""
        for item in self.extensions:
            if item.oid in _REFUSED or (item.critical and item.oid not in _PROCESSED):
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
            _name(certificate.subject),
            _name(certificate.issuer),
            _key_info(certificate_der),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate.extensions,
        )
    except (ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("a part of it is not as X.509 requires") from exc


def verify_issued(child: PathCertificate, issuer: PathCertificate) -> None:
    """Verify the signature of a certificate under the key of its issuer (rule 1).

    Raises CertificateNotTrusted, UnsupportedAlgorithm, MalformedCertificate, MalformedKey.
    """
    try:
        algorithm = resolve_signature_algorithm(_signature_algorithm(child.der))
    except MalformedDer as exc:
        raise _malformed("its signature algorithm has wrong parameters") from exc
    certificate = child.certificate
    try:
        verify_signature(
            public_key_of(issuer.certificate),
            algorithm,
            certificate.signature,
            certificate.tbs_certificate_bytes,
        )
    except SignatureInvalid as exc:
        raise CertificateNotTrusted(
            f"The certificate names {issuer.label} as its issuer, but that authority did not "
            "sign it.",
            "Do not rely on this certificate.",
        ) from exc


def require_issuer_fit(issuer: PathCertificate, below: int) -> None:
    """Require a CA that may sign certificates, with at most its path length below (rule 3).

    `below` counts the CA certificates between it and the end of the path that are not
    self-issued. Raises CertificateConstraintsViolated.
    """
    constraints = issuer.extension(x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise CertificateConstraintsViolated(
            f"{issuer.label} issued a certificate, but is no certificate authority.", _FIX
        )
    if constraints.path_length is not None and below > constraints.path_length:
        raise CertificateConstraintsViolated(
            f"The authority {issuer.label} may not have this many authorities below it.", _FIX
        )
    usage = issuer.extension(x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise CertificateConstraintsViolated(
            f"The authority {issuer.label} may not use its key to sign certificates.", _FIX
        )


def require_policies(
    path: Sequence[PathCertificate], purpose: Purpose | None
) -> frozenset[str] | None:
    """Return the policies that every certificate of the path allows; None for any (rule 4).

    Mappings are refused elsewhere, so this is plain intersection (RFC 5280 cl. 6.1.3 (d)).
    The anchor's own policies do not count. Raises CertificateWrongPurpose.
    """
    allowed: frozenset[str] | None = None
    for item in path[:-1] or path:
        value = item.extension(x509.CertificatePolicies)
        named = frozenset(info.policy_identifier.dotted_string for info in (value or ()))
        if _ANY_POLICY not in named:
            allowed = named if allowed is None else allowed & named
    wanted = purpose.policies if purpose is not None else frozenset()
    if purpose is not None and wanted and allowed is not None and not allowed & wanted:
        raise CertificateWrongPurpose(
            f"The certificate is under no policy that {purpose.name} asks for.",
            "Use a certificate of the kind that is asked for.",
        )
    return allowed


def require_purpose(leaf: PathCertificate, purpose: Purpose) -> None:
    """Require key usage and extended key usage to allow the purpose, and no authority (rule 5).

    Raises CertificateWrongPurpose.
    """
    usage = leaf.extension(x509.KeyUsage)
    if usage is not None and not any(getattr(usage, name) for name in purpose.key_usages):
        raise CertificateWrongPurpose(
            f"The key of this certificate may not be used for {purpose.name}: the certificate "
            f"does not allow {' or '.join(purpose.key_usages).replace('_', ' ')}.",
            f"Use the certificate that was issued for {purpose.name}.",
        )
    constraints = leaf.extension(x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise CertificateWrongPurpose(
            "The certificate is that of an authority, which stands for no person and is not for "
            f"{purpose.name}.",
            f"Use the certificate that was issued for {purpose.name}.",
        )
    if not _lists_one_of(leaf, purpose):
        raise CertificateWrongPurpose(
            f"The certificate lists what it may be used for, and {purpose.name} is not among it.",
            f"Use the certificate that was issued for {purpose.name}.",
        )


def _lists_one_of(leaf: PathCertificate, purpose: Purpose) -> bool:
    """Whether extended key usage, if there is any, allows the purpose (RFC 5280 cl. 4.2.1.12)."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return True
    if not purpose.extended_key_usages or (purpose.only_critical and not found.critical):
        return True
    listed = {item.dotted_string for item in found.value}
    return not listed.isdisjoint(purpose.extended_key_usages)


def _signature_algorithm(certificate_der: bytes) -> AlgorithmIdentifier:
    """Read the algorithm outside, which must repeat the signed one (RFC 5280 cl. 4.1.1.2)."""
    try:
        certificate = der_reader.read(certificate_der, der_reader.SEQUENCE).elements()
        signed = certificate.take(der_reader.SEQUENCE).elements()
        signed.take_if(context(0))  # version
        signed.take(der_reader.INTEGER)
        inner = parse_algorithm(signed.take(der_reader.SEQUENCE))
        outer = parse_algorithm(certificate.take(der_reader.SEQUENCE))
    except MalformedDer as exc:
        raise _malformed("its structure is not DER") from exc
    if inner.encoded != outer.encoded:
        raise _malformed("it names two different signature algorithms")
    return outer


def _key_info(certificate_der: bytes) -> bytes:
    try:
        return subject_public_key_info(certificate_der)
    except MalformedDer as exc:
        raise _malformed("its structure is not DER") from exc


@lru_cache(maxsize=4096)
def _name(name: x509.Name) -> Name:
    """Bring a name into the form in which names are compared (RFC 5280 cl. 7.1)."""
    return tuple(
        frozenset(
            (item.oid.dotted_string, " ".join(str(item.value).split()).casefold()) for item in rdn
        )
        for rdn in name.rdns
    )


def _malformed(reason: str) -> MalformedCertificate:
    return MalformedCertificate(
        f"A certificate cannot be used: {reason}.", "Give the certificate as it was issued."
    )
