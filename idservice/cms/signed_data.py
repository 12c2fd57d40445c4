"""SignedData of one signer, without content (RFC 5652 cl. 5), for PDF signatures.

A `CmsTemplate` is built once for a certificate, its chain and an algorithm. A signature
is then two steps with the signing between them: `signed_attributes(digest)` gives the
bytes to be signed, `attach(signed_attributes, value)` gives the complete ContentInfo.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from idservice.cms.attributes import ID_DATA, SignedAttributes, signed_attributes
from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import (
    digest_algorithm_der,
    require_fits_key_identifier,
    signature_algorithm_der,
)
from idservice.crypto.algorithms import EC_FIELD_BYTES, KeyKind, SignatureAlgorithm
from idservice.crypto.certificates import subject_public_key_info
from idservice.crypto.keys import PublicKey, key_kind, load_public_key
from idservice.errors import MalformedCertificate, MalformedDer, UnsupportedAlgorithm

SIGNED_DATA = "1.2.840.113549.1.7.2"

_FIXED_SIZES = {KeyKind.ED25519: 64, KeyKind.ML_DSA_65: 3309}
_VERSION_1 = der.integer(1)


@dataclass(frozen=True, slots=True)
class CmsTemplate:
    """Everything about a signer that is the same for each of its signatures.

    `certificate_der` is the signing certificate, `chain_der` the certificates that go
    with it (issuer first; the trust anchor may be left out), `claims_der` the attributes
    that the signer adds. `max_size` is the size in bytes of the ContentInfo with the longest
    value that the key can make. Build it with `cms_template`, which checks the parts against
    each other.
    """

    algorithm: SignatureAlgorithm
    certificate_der: bytes
    chain_der: tuple[bytes, ...]
    claims_der: tuple[bytes, ...]
    public_key: PublicKey = field(repr=False)
    max_size: int
    attributes: SignedAttributes = field(repr=False)
    signer_head: bytes = field(repr=False)
    signed_data_head: bytes = field(repr=False)

    def signed_attributes(self, digest: bytes) -> bytes:
        """Return the DER SET OF signed attributes, the bytes to be signed, for a digest."""
        return self.attributes.with_digest(digest)

    def with_claims(self, claims_der: tuple[bytes, ...]) -> CmsTemplate:
        """Return the template of the same signer with these signed attributes added."""
        if claims_der == self.claims_der:
            return self
        return cms_template(self.certificate_der, self.chain_der, self.algorithm, claims_der)

    def attach(self, signed_attributes_der: bytes, value: bytes) -> bytes:
        """Return the DER ContentInfo with this signature value (ECDSA values in DER)."""
        # RFC 5652 cl. 5.4: signed under the tag of SET OF, carried under [0] IMPLICIT.
        signer_info = der.sequence(
            self.signer_head,
            b"\xa0",
            signed_attributes_der[1:],
            signature_algorithm_der(self.algorithm),
            der.octet_string(value),
        )
        signed_data = der.sequence(self.signed_data_head, der.wrap(der.SET, signer_info))
        return der.sequence(_SIGNED_DATA_OID, der.context(0, signed_data))


_SIGNED_DATA_OID = der.object_identifier(SIGNED_DATA)


def cms_template(
    certificate_der: bytes,
    chain_der: tuple[bytes, ...],
    algorithm: SignatureAlgorithm,
    claims_der: tuple[bytes, ...] = (),
) -> CmsTemplate:
    """Prepare the constant parts of every signature by one signer.

    `claims_der` are signed attributes that the signer adds. Raises MalformedCertificate, or
    UnsupportedAlgorithm when the key of the certificate does not fit the algorithm. Nothing
    is verified about the certificate's issuer.
    """
    public_key = _public_key(certificate_der)
    require_fits_key_identifier(subject_public_key_info(certificate_der), algorithm)
    if key_kind(public_key) not in algorithm.key_kinds:
        raise UnsupportedAlgorithm(
            f"The certificate has a {key_kind(public_key).value} key, which cannot be used "
            f"with {algorithm.name}.",
            "Choose the algorithm of the certificate's key.",
        )
    issuer_der, serial_der = issuer_and_serial(certificate_der)
    digest_der = digest_algorithm_der(algorithm.hash)
    # CertificateSet is a SET OF; a signer's own certificate may be in the chain as well.
    certificates = sorted({certificate_der, *chain_der})
    template = CmsTemplate(
        algorithm=algorithm,
        certificate_der=certificate_der,
        chain_der=chain_der,
        claims_der=claims_der,
        public_key=public_key,
        max_size=0,
        attributes=signed_attributes(
            certificate_der, issuer_der, serial_der, algorithm, claims_der
        ),
        signer_head=_VERSION_1 + der.sequence(issuer_der, serial_der) + digest_der,
        signed_data_head=b"".join(
            (
                _VERSION_1,
                der.wrap(der.SET, digest_der),
                der.sequence(der.object_identifier(ID_DATA)),
                der.context(0, *certificates),
            )
        ),
    )
    attributes_der = template.signed_attributes(bytes(algorithm.hash.size))
    longest = template.attach(attributes_der, bytes(_max_value_size(public_key)))
    return replace(template, max_size=len(longest))


def issuer_and_serial(certificate_der: bytes) -> tuple[bytes, bytes]:
    """Cut issuer Name and serialNumber out of a certificate, as the issuer encoded them."""
    try:
        der.check_der(certificate_der)
        position, end = der.contents_range(certificate_der, 0, len(certificate_der))
        position, end = der.contents_range(certificate_der, position, end)
        if certificate_der[position] == 0xA0:
            position = der.element_end(certificate_der, position, end)
        serial_end = der.element_end(certificate_der, position, end)
        algorithm_end = der.element_end(certificate_der, serial_end, end)
        issuer_end = der.element_end(certificate_der, algorithm_end, end)
    except (MalformedDer, IndexError) as exc:
        raise _malformed_certificate() from exc
    return certificate_der[algorithm_end:issuer_end], certificate_der[position:serial_end]


def _public_key(certificate_der: bytes) -> PublicKey:
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
        spki = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except ValueError as exc:
        raise _malformed_certificate() from exc
    return load_public_key(spki)


def _max_value_size(public_key: PublicKey) -> int:
    """The size in bytes of the longest signature value that the key can make."""
    kind = key_kind(public_key)
    if kind in _FIXED_SIZES:
        return _FIXED_SIZES[kind]
    if isinstance(public_key, RSAPublicKey):
        return public_key.key_size // 8
    longest = der.wrap(der.INTEGER, bytes(EC_FIELD_BYTES[kind] + 1))
    return len(der.sequence(longest, longest))


def _malformed_certificate() -> MalformedCertificate:
    return MalformedCertificate(
        "The signing certificate cannot be read, so no signature could name its signer.",
        "Give one X.509 certificate in DER.",
    )
