"""CMS signatures with exactly one thing wrong, signed with a real key all the same.

`Forgery()` is a good PAdES-B-B CMS of the standing test signer; a test replaces one field
of it and calls `encode(digest)`. Built apart from the product's own writer, so that a
mistake common to writer and verifier would show.
"""

import hashlib
from dataclasses import dataclass, field, replace

from idservice.crypto import der
from idservice.crypto.algorithms import KeyKind
from support.pki import CertificatePair, chain

ID_DATA = "1.2.840.113549.1.7.1"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
ESS_V1 = "1.2.840.113549.1.9.16.2.12"
ESS_V2 = "1.2.840.113549.1.9.16.2.47"
PROTECTION = "1.2.840.113549.1.9.52"
SHA1 = "1.3.14.3.2.26"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA384 = "2.16.840.1.101.3.4.2.2"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
ECDSA_SHA384 = "1.2.840.10045.4.3.3"

Attributes = list[tuple[str, list[bytes]]]


def algorithm(oid: str, *parameters: bytes) -> bytes:
    """Encode an AlgorithmIdentifier."""
    return der.sequence(der.object_identifier(oid), *parameters)


def attribute(oid: str, values: list[bytes]) -> bytes:
    """Encode an attribute; values in the order given."""
    return der.sequence(der.object_identifier(oid), der.wrap(der.SET, *values))


def ess_v2(certificate: CertificatePair, *, issuer_serial: bytes = b"") -> bytes:
    """Encode signing-certificate-v2 with the default hash."""
    digest = hashlib.sha256(certificate.der).digest()
    return der.sequence(der.sequence(der.sequence(der.octet_string(digest), issuer_serial)))


def ess_v1(certificate: CertificatePair) -> bytes:
    """Encode the old signing-certificate attribute, which hashes with SHA-1."""
    digest = hashlib.sha1(certificate.der, usedforsecurity=False).digest()
    return der.sequence(der.sequence(der.sequence(der.octet_string(digest))))


def issuer_and_serial(certificate: CertificatePair) -> bytes:
    """Encode IssuerAndSerialNumber."""
    found = certificate.certificate
    return der.sequence(found.issuer.public_bytes(), der.integer(found.serial_number))


def signer_pair() -> CertificatePair:
    """The standing test signer, with a P-256 key."""
    return chain(KeyKind.P256).leaf


@dataclass(frozen=True, kw_only=True)
class Forgery:
    """Every part of a CMS signature; None means the good default."""

    signer: CertificatePair = field(default_factory=signer_pair)
    drop: tuple[str, ...] = ()
    add: tuple[tuple[str, list[bytes]], ...] = ()
    change: dict[str, list[bytes]] = field(default_factory=dict)
    order: str = "sorted"
    signed_attributes: bool = True
    certificates: tuple[bytes, ...] | None = None
    signer_id: bytes | None = None
    version: int = 1
    structure_version: int = 1
    digest_algorithms: tuple[bytes, ...] | None = None
    digest_algorithm: bytes | None = None
    signature_algorithm: bytes | None = None
    content_type: str = ID_DATA
    content: bytes | None = None
    signer_infos: int = 1
    unsigned: bytes = b""
    revocation: bytes = b""
    value: bytes | None = None
    outer_tail: bytes = b""

    def with_(self, **changes: object) -> "Forgery":
        """Copy with some parts replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def attributes(self, digest: bytes) -> Attributes:
        """The signed attributes as type and values."""
        good: Attributes = [
            (CONTENT_TYPE, [der.object_identifier(ID_DATA)]),
            (MESSAGE_DIGEST, [der.octet_string(digest)]),
            (ESS_V2, [ess_v2(self.signer)]),
        ]
        kept = [(oid, self.change.get(oid, values)) for oid, values in good if oid not in self.drop]
        return [*kept, *self.add]

    def encode(self, digest: bytes) -> bytes:
        """Encode the ContentInfo over a message digest."""
        encoded = [attribute(oid, values) for oid, values in self.attributes(digest)]
        ordered = sorted(encoded) if self.order == "sorted" else sorted(encoded, reverse=True)
        attributes = der.wrap(der.SET, *ordered)
        signed = self.signer.signer().sign(attributes)
        info = der.sequence(
            der.integer(self.version),
            self.signer_id or issuer_and_serial(self.signer),
            self.digest_algorithm or algorithm(SHA256),
            b"\xa0" + attributes[1:] if self.signed_attributes else b"",
            self.signature_algorithm or algorithm(ECDSA_SHA256),
            der.octet_string(signed if self.value is None else self.value),
            self.unsigned,
        )
        certificates = (self.signer.der,) if self.certificates is None else self.certificates
        content = b"" if self.content is None else der.context(0, der.octet_string(self.content))
        signed_data = der.sequence(
            der.integer(self.structure_version),
            der.wrap(der.SET, *(self.digest_algorithms or (algorithm(SHA256),))),
            der.sequence(der.object_identifier(self.content_type), content),
            der.context(0, *certificates) if certificates else b"",
            self.revocation,
            der.wrap(der.SET, *([info] * self.signer_infos)),
            self.outer_tail,
        )
        oid = der.object_identifier("1.2.840.113549.1.7.2")
        return der.sequence(oid, der.context(0, signed_data))


def indefinite(encoded: bytes) -> bytes:
    """Re-encode the outermost SEQUENCE with an indefinite length (BER)."""
    start, stop = der.contents_range(encoded, 0, len(encoded))
    return b"\x30\x80" + encoded[start:stop] + b"\x00\x00"
