"""Signed attributes of a PAdES baseline signature (EN 319 142-1 cl. 6.3), in DER.

All attributes but the message digest are the same for every signature of one signer,
so they are encoded once; per signature only the digest is put between two constants.
"""

from __future__ import annotations

from dataclasses import dataclass

from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import digest_algorithm_der, signature_algorithm_der
from idservice.crypto.algorithms import SHA256, HashAlgorithm, SignatureAlgorithm

ID_DATA = "1.2.840.113549.1.7.1"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
CMS_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"


@dataclass(frozen=True, slots=True)
class SignedAttributes:
    """The signed attributes of one signer with a gap where the message digest goes."""

    head: bytes
    tail: bytes
    digest_size: int

    def with_digest(self, digest: bytes) -> bytes:
        """Return the attributes as DER SET OF, tag 0x31: the bytes to be signed.

        `digest` is the message digest of the content (RFC 5652 cl. 11.2). Raises
        ValueError when its length is not that of the signer's hash.
        """
        if len(digest) != self.digest_size:
            msg = f"the digest has {len(digest)} bytes, not {self.digest_size}"
            raise ValueError(msg)
        return b"".join((self.head, digest, self.tail))


def signed_attributes(
    certificate_der: bytes,
    issuer_der: bytes,
    serial_der: bytes,
    algorithm: SignatureAlgorithm,
    claims_der: tuple[bytes, ...] = (),
) -> SignedAttributes:
    """Encode the attributes of a signer, leaving out only the digest.

    Present are content-type, message-digest, signing-certificate-v2, CMSAlgorithmProtection
    and what the signer claims (`claims_der`, complete attributes of other types);
    signing-time is absent, because in PAdES the claimed time is the /M of the signature
    dictionary (EN 319 142-1 cl. 6.3 req. k).
    """
    return _with_gap(
        algorithm.hash,
        attribute(CONTENT_TYPE, der.object_identifier(ID_DATA)),
        attribute(CMS_ALGORITHM_PROTECTION, _algorithm_protection(algorithm)),
        attribute(
            SIGNING_CERTIFICATE_V2,
            _signing_certificate_v2(certificate_der, issuer_der, serial_der, algorithm.hash),
        ),
        *claims_der,
    )


def token_attributes(
    certificate_der: bytes,
    issuer_der: bytes,
    serial_der: bytes,
    algorithm: SignatureAlgorithm,
    content_type: str,
) -> SignedAttributes:
    """Encode the attributes of a time-stamping unit, leaving out only the digest.

    Present are the three that RFC 3161 cl. 2.4.2 and RFC 5816 ask for: content-type,
    message-digest and signing-certificate-v2. The time is in the content.
    """
    return _with_gap(
        algorithm.hash,
        attribute(CONTENT_TYPE, der.object_identifier(content_type)),
        attribute(
            SIGNING_CERTIFICATE_V2,
            _signing_certificate_v2(certificate_der, issuer_der, serial_der, algorithm.hash),
        ),
    )


def _with_gap(digest_algorithm: HashAlgorithm, *others: bytes) -> SignedAttributes:
    """Sort the attributes with a message digest of zeros and cut it out."""
    size = digest_algorithm.size
    message_digest = attribute(MESSAGE_DIGEST, der.octet_string(bytes(size)))
    encoded = der.set_of(message_digest, *others)
    # The sort order of the set is decided by tags, lengths and OIDs, which differ before
    # any digest octet is reached: the digest never moves.
    start = encoded.index(message_digest) + len(message_digest) - size
    return SignedAttributes(encoded[:start], encoded[start + size :], size)


def attribute(oid: str, value: bytes) -> bytes:
    """Encode an Attribute with one value (RFC 5652 cl. 5.3)."""
    return der.sequence(der.object_identifier(oid), der.wrap(der.SET, value))


def _signing_certificate_v2(
    certificate_der: bytes, issuer_der: bytes, serial_der: bytes, algorithm: HashAlgorithm
) -> bytes:
    """SigningCertificateV2 with one ESSCertIDv2 (RFC 5035 cl. 3 and 4)."""
    # DEFAULT sha256: in DER a default value is left out (X.690 cl. 11.5).
    hash_der = b"" if algorithm is SHA256 else digest_algorithm_der(algorithm)
    issuer_serial = der.sequence(der.sequence(der.context(4, issuer_der)), serial_der)
    certificate_hash = der.octet_string(algorithm.digest(certificate_der))
    return der.sequence(der.sequence(der.sequence(hash_der, certificate_hash, issuer_serial)))


def _algorithm_protection(algorithm: SignatureAlgorithm) -> bytes:
    """CMSAlgorithmProtection (RFC 6211 cl. 2): digest algorithm, [1] signature algorithm."""
    signature_der = signature_algorithm_der(algorithm)
    start, stop = der.contents_range(signature_der, 0, len(signature_der))
    return der.sequence(
        digest_algorithm_der(algorithm.hash), der.context(1, signature_der[start:stop])
    )
