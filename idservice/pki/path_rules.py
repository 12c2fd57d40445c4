"""The rules of RFC 5280 for one certificate of a path, and for two neighbours in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import AlgorithmIdentifier, parse_algorithm
from idservice.crypto.der_reader import context
from idservice.errors import (
    CertificateConstraintsViolated,
    CertificateNotTrusted,
    CertificateWrongPurpose,
    MalformedCertificate,
    MalformedDer,
    SignatureInvalid,
)
from idservice.pki.path_certificate import PathCertificate
from idservice.pki.signed_values import verify_value

_ANY_PURPOSE = frozenset({ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string})
_FIX = "Use a certificate whose chain follows RFC 5280."


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the certificate at the end of a path is wanted for.

    At least one of `key_usages` (attribute names of x509.KeyUsage) must be set when the
    certificate restricts its key usage, and the path must be valid for one of `policies`
    unless that is empty. When it lists extended key usages, critical or not, one of
    `extended_key_usages` must be among them.
    """

    name: str
    key_usages: tuple[str, ...]
    extended_key_usages: frozenset[str] = frozenset()
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

SIGNING = Purpose("signing documents", ("content_commitment",), _DOCUMENTS)
"""Non-repudiation: a certificate for authentication is refused for documents."""

ANY_SIGNATURE = Purpose(SIGNING.name, (*SIGNING.key_usages, "digital_signature"), _DOCUMENTS)
"""Signatures over documents under certificates of which none is set apart for commitment."""

AUTHENTICATION = Purpose(
    "authentication",
    ("digital_signature",),
    frozenset({ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string}),
)


def verify_issued(child: PathCertificate, issuer: PathCertificate, *, legacy: bool = False) -> None:
    """Verify the signature of a certificate under the key of its issuer (rule 1).

    With `legacy`, old algorithms are verified as well; see `pki.signed_values`. Raises
    CertificateNotTrusted, UnsupportedAlgorithm, MalformedCertificate, MalformedKey.
    """
    try:
        _verify_certificate(child.certificate, child.der, issuer.certificate, legacy=legacy)
    except SignatureInvalid as exc:
        raise CertificateNotTrusted(
            f"The certificate names {issuer.label} as its issuer, but that authority did not "
            "sign it.",
            "Do not rely on this certificate.",
        ) from exc


@lru_cache(maxsize=512)
def _verify_certificate(
    certificate: x509.Certificate,
    certificate_der: bytes,
    issuer: x509.Certificate,
    *,
    legacy: bool,
) -> None:
    """Verify one signature; what held is remembered, for it depends on these bytes alone."""
    claimed = certificate_algorithm(certificate_der)
    value, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        verify_value(issuer, claimed, value, signed, legacy=legacy)
    except MalformedDer as exc:
        raise _malformed("its signature algorithm has wrong parameters") from exc


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


def require_wanted_policies(policies: frozenset[str] | None, purpose: Purpose) -> None:
    """Require one of the policies that the purpose asks for; None stands for any (rule 4).

    Raises CertificateWrongPurpose.
    """
    if purpose.policies and policies is not None and not policies & purpose.policies:
        raise CertificateWrongPurpose(
            f"The certificate is under no policy that {purpose.name} asks for.",
            "Use a certificate of the kind that is asked for.",
        )


def require_issuer_purposes(issuer: PathCertificate, purpose: Purpose) -> None:
    """Require that an authority that lists extended key usages lists one of this purpose.

    RFC 5280 cl. 4.2.1.12 speaks of the subject's own key only; as everywhere in practice,
    such a list in the certificate of an authority limits what it may certify, and it is
    read by the same rule as that of the certificate at the end of the path.
    Raises CertificateConstraintsViolated.
    """
    if not _lists_one_of(issuer, purpose, _ANY_PURPOSE):
        raise CertificateConstraintsViolated(
            f"The authority {issuer.label} may not issue certificates for {purpose.name}.", _FIX
        )


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


def _lists_one_of(
    item: PathCertificate, purpose: Purpose, also: frozenset[str] = frozenset()
) -> bool:
    """Whether extended key usage, if there is any, allows the purpose (RFC 5280 cl. 4.2.1.12)."""
    try:
        found = item.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return True
    if not purpose.extended_key_usages:
        return True
    listed = {item.dotted_string for item in found.value}
    return not listed.isdisjoint(purpose.extended_key_usages | also)


def certificate_algorithm(certificate_der: bytes) -> AlgorithmIdentifier:
    """Read the algorithm outside, which must repeat the signed one (RFC 5280 cl. 4.1.1.2).

    Raises MalformedCertificate.
    """
    try:
        certificate = der_reader.read(certificate_der, der_reader.SEQUENCE).elements()
        signed = certificate.take(der_reader.SEQUENCE).elements()
        signed.take_if(context(0))  # version
        signed.take(der_reader.INTEGER)
        inner = parse_algorithm(signed.take(der_reader.SEQUENCE))
        outer = parse_algorithm(certificate.take(der_reader.SEQUENCE))
        signature = certificate.take(der_reader.BIT_STRING).contents
        certificate.finish()
    except MalformedDer as exc:
        raise _malformed("its structure is not DER") from exc
    if inner.encoded != outer.encoded:
        raise _malformed("it names two different signature algorithms")
    if signature[:1] != b"\x00":
        raise _malformed("its signature value is no number of whole octets")
    return outer


def _malformed(reason: str) -> MalformedCertificate:
    return MalformedCertificate(
        f"A certificate cannot be used: {reason}.", "Give the certificate as it was issued."
    )
