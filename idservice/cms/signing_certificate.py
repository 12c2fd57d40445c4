"""Which certificate signed: by the signer identifier and the ESS hash, never by key alone.

A certificate with the same key and another name, injected into the bag, would change
who signed. RFC 5035 (signing-certificate-v2) ties the one certificate to the signature;
RFC 2634 (signing-certificate) does it with SHA-1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from idservice.cms.parsing import SignedData, SignerIdentifier
from idservice.cms.signed_data import issuer_and_serial
from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import parse_algorithm
from idservice.crypto.algorithms import SHA256
from idservice.crypto.certificates import load_certificate
from idservice.crypto.der_reader import context
from idservice.crypto.recognised import SHA1, recognised_hash
from idservice.errors import Finding, MalformedCertificate, MalformedDer, UnsupportedAlgorithm

SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


@dataclass(frozen=True, slots=True)
class EssReference:
    """The first ESSCertID(v2): how the certificate is hashed, its hash, its issuer and serial."""

    digest: Callable[[bytes], bytes]
    digest_name: str
    certificate_hash: bytes
    issuer_der: bytes | None
    serial: int | None

    def fits(self, certificate_der: bytes) -> bool:
        """Whether hash and, when given, issuer and serial are those of the certificate."""
        if self.digest(certificate_der) != self.certificate_hash:
            return False
        if self.serial is None:
            return True
        issuer, serial = _issuer_and_serial(certificate_der)
        return serial == self.serial and issuer == self.issuer_der


@dataclass(frozen=True, slots=True)
class Identification:
    """The certificate found (None without one) and what is wrong with how it was named.

    `by_reference` tells that the ESS hash named it. Otherwise only the signer identifier
    did, which is enough to compute with, not to say who signed.
    """

    certificate_der: bytes | None
    by_reference: bool
    findings: tuple[Finding, ...]


def ess_reference(oid: str, value_der: bytes) -> EssReference:
    """Read a signing-certificate attribute. Raises MalformedDer, UnsupportedAlgorithm."""
    attribute = der_reader.read(value_der, der_reader.SEQUENCE).elements()
    certificates = attribute.take(der_reader.SEQUENCE).elements()
    attribute.take_if(der_reader.SEQUENCE)  # policies
    attribute.finish()
    first = certificates.take(der_reader.SEQUENCE).elements()
    # RFC 2634 cl. 5.4: the old attribute has no other hash; its weakness is reported.
    algorithm = SHA1
    if oid == SIGNING_CERTIFICATE_V2:
        named = first.take_if(der_reader.SEQUENCE)
        algorithm = SHA256 if named is None else recognised_hash(parse_algorithm(named).oid)
    certificate_hash = first.take().octets()
    issuer, serial = None, None
    if not first.at_end:
        names = first.take(der_reader.SEQUENCE).elements()
        issuer = names.take(der_reader.SEQUENCE).elements().take(context(4)).contents
        serial = names.take().integer()
        names.finish()
    first.finish()
    return EssReference(algorithm.digest, algorithm.name, certificate_hash, issuer, serial)


def identify(signed_data: SignedData, signer: SignerIdentifier) -> tuple[bytes, ...]:
    """Return the certificates of the bag that the signer identifier names (RFC 5652 cl. 5.3)."""
    return tuple(item for item in signed_data.certificates if _named(signer, item))


def choose(named: tuple[bytes, ...], reference: EssReference | None) -> Identification:
    """Take the one certificate that signer identifier and ESS hash both name."""
    if not named:
        return Identification(None, by_reference=False, findings=(_missing(),))
    if reference is None:
        return Identification(named[0], by_reference=False, findings=())
    for certificate_der in named:
        if reference.fits(certificate_der):
            weak = () if reference.digest_name != SHA1.name else (_weak_reference(),)
            return Identification(certificate_der, by_reference=True, findings=weak)
    return Identification(named[0], by_reference=False, findings=(_mismatch(),))


def read_reference(oid: str, value_der: bytes) -> tuple[EssReference | None, tuple[Finding, ...]]:
    """Read the attribute, turning what is wrong with it into a finding."""
    try:
        return ess_reference(oid, value_der), ()
    except UnsupportedAlgorithm as exc:
        return None, (Finding("algorithm_not_allowed", exc.detail, exc.fix),)
    except MalformedDer as exc:
        return None, (
            Finding(
                "signing_certificate_attribute_unreadable",
                f"The attribute that names the signing certificate cannot be read: {exc.detail}",
                "Sign again with a program that follows RFC 5035.",
            ),
        )


def _named(signer: SignerIdentifier, certificate_der: bytes) -> bool:
    try:
        if signer.key_identifier is not None:
            return _key_identifier(certificate_der) == signer.key_identifier
        return _issuer_and_serial(certificate_der) == (signer.issuer_der, signer.serial)
    except (MalformedCertificate, MalformedDer):
        return False


def _issuer_and_serial(certificate_der: bytes) -> tuple[bytes, int]:
    issuer_der, serial_der = issuer_and_serial(certificate_der)
    return issuer_der, der_reader.read(serial_der).integer()


def _key_identifier(certificate_der: bytes) -> bytes | None:
    extensions = load_certificate(certificate_der).extensions
    try:
        return extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _missing() -> Finding:
    return Finding(
        "signing_certificate_missing",
        "The signature does not contain the certificate of its signer, so nothing tells who "
        "signed.",
        "Ask the signer to sign again with the certificate included (EN 319 142-1 req. a).",
    )


def _mismatch() -> Finding:
    return Finding(
        "signing_certificate_mismatch",
        "The certificate in the signature is not the one that the signer signed for: it may "
        "have been exchanged.",
        "Do not rely on the name in this certificate; ask the signer for the original file.",
    )


def _weak_reference() -> Finding:
    return Finding(
        "signing_certificate_sha1",
        "The signing certificate is named by a SHA-1 hash only, which no longer rules out "
        "another certificate with the same hash.",
        "Sign again with the attribute signing-certificate-v2 and SHA-256.",
    )
