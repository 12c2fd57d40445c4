"""CertID: how an OCSP request and its answer name a certificate (RFC 6960 cl. 4.1.1).

The hashes here only say which issuer is meant and verify nothing: that is why SHA-1,
which RFC 5019 clients send, is among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import parse_algorithm
from idservice.crypto.algorithms import SHA256, SHA384, SHA512
from idservice.crypto.certificates import issuer_name, subject_name, subject_public_key
from idservice.crypto.der_reader import Element
from idservice.errors import MalformedOcsp, UnsupportedAlgorithm

SHA1_OID = "1.3.14.3.2.26"
_NAMES = {
    SHA1_OID: "sha1",
    SHA256.oid: "sha256",
    SHA384.oid: "sha384",
    SHA512.oid: "sha512",
}
_OIDS = {name: oid for oid, name in _NAMES.items()}
_HASHES: dict[str, Callable[[bytes], bytes]] = {
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": SHA256.digest,
    "sha384": SHA384.digest,
    "sha512": SHA512.digest,
}
_NULL_PARAMETERS = (None, der.NULL)
MAX_SERIAL_BYTES = 20
"""RFC 5280 cl. 4.1.2.2."""


@dataclass(frozen=True, slots=True)
class CertId:
    """A certificate as OCSP names it; `encoded` is what was sent, to be echoed byte for byte.

    `hash_name` is None for a hash that is not known here.
    """

    encoded: bytes
    hash_name: str | None
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int

    def names_issuer(self, name_der: bytes, key: bytes) -> bool:
        """Whether an issuer is meant, by its name (DER) and the bits of its public key."""
        if self.hash_name is None:
            return False
        hashed = _HASHES[self.hash_name]
        return (self.issuer_name_hash, self.issuer_key_hash) == (hashed(name_der), hashed(key))

    def names(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Whether a certificate of this issuer is meant: name, key and serial number."""
        if certificate.serial_number != self.serial:
            return False
        return self.names_issuer(*_issuer_parts(certificate, issuer))


@lru_cache(maxsize=256)
def _issuer_parts(certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[bytes, bytes]:
    """The issuer's name as the certificate has it, and the bits of the issuer's key."""
    return (
        issuer_name(certificate.public_bytes(Encoding.DER)),
        subject_public_key(issuer.public_bytes(Encoding.DER)),
    )


def make_cert_id(
    certificate: x509.Certificate, issuer: x509.Certificate, hash_name: str = "sha256"
) -> CertId:
    """Name a certificate of an issuer; `hash_name` is sha1, sha256, sha384 or sha512.

    Raises UnsupportedAlgorithm for another hash.
    """
    if hash_name not in _OIDS:
        raise UnsupportedAlgorithm(
            f"OCSP requests with the hash {hash_name[:40]!r} are not made here.", "Use sha256."
        )
    hashed = _HASHES[hash_name]
    # The parameters of the hash are NULL, as every responder knows them for SHA-1.
    algorithm = der.sequence(der.object_identifier(_OIDS[hash_name]), der.NULL)
    issuer_der = issuer.public_bytes(Encoding.DER)
    name_hash = hashed(subject_name(issuer_der))
    key_hash = hashed(subject_public_key(issuer_der))
    encoded = der.sequence(
        algorithm,
        der.octet_string(name_hash),
        der.octet_string(key_hash),
        der.integer(certificate.serial_number),
    )
    return CertId(encoded, hash_name, name_hash, key_hash, certificate.serial_number)


def read_cert_id(element: Element) -> CertId:
    """Read a CertID. Raises MalformedOcsp or MalformedDer."""
    if element.tag != der_reader.SEQUENCE:
        raise MalformedOcsp("A CertID is no SEQUENCE.", "Send an OCSP request as RFC 6960 has it.")
    parts = element.elements()
    algorithm = parse_algorithm(parts.take())
    name_hash, key_hash = parts.take().octets(), parts.take().octets()
    number = parts.take(der_reader.INTEGER)
    parts.finish()
    hash_name = _NAMES.get(algorithm.oid)
    if hash_name is not None and algorithm.parameters_der not in _NULL_PARAMETERS:
        raise MalformedOcsp(
            "The hash algorithm of a CertID has parameters that it cannot have.",
            "Leave them out, or send NULL.",
        )
    return CertId(element.encoded, hash_name, name_hash, key_hash, number.integer())
