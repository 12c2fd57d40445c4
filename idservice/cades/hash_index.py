"""What an archive time-stamp covers (EN 319 122-1 cl. 5.5.2 and 5.5.3).

The imprint of archive-time-stamp-v3 is over the type of the content, the digest of the
content, the parts of the SignerInfo up to its value, and an index. The index stands in the
token as the unsigned attribute ats-hash-index-v3 and holds one hash for each certificate,
each piece of revocation data and each value of an unsigned attribute that it covers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from idservice.cms.parsing import SignedData, SignerInfo, parse_signed_data
from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import parse_algorithm
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.ber import definite
from idservice.crypto.der_reader import Elements, context
from idservice.crypto.recognised import recognised_hash
from idservice.errors import MalformedCms

ARCHIVE_TIME_STAMP_V3 = "0.4.0.1733.2.4"
ATS_HASH_INDEX_V3 = "0.4.0.19122.1.5"

_MAX_HASHES = 1024


@dataclass(frozen=True, slots=True)
class HashIndex:
    """One ATSHashIndexV3: the hash that it is made with, and what it lists.

    `encoded` is the value as it stands in the token: a part of what was stamped.
    """

    encoded: bytes
    hash: HashAlgorithm
    certificates: frozenset[bytes]
    revocation: frozenset[bytes]
    attributes: frozenset[bytes]

    def covers_certificate(self, choice_der: bytes) -> bool:
        """Whether one element of `certificates` is listed."""
        return self.hash.digest(choice_der) in self.certificates

    def covers_revocation(self, choice_der: bytes) -> bool:
        """Whether one element of `crls` is listed."""
        return self.hash.digest(choice_der) in self.revocation

    def covers_attribute(self, oid: str, value_der: bytes) -> bool:
        """Whether one value of an unsigned attribute is listed."""
        return self._attribute(oid, value_der) in self.attributes

    def missing(self, signed_data: SignedData, signer: SignerInfo) -> int:
        """How many listed things are not there: something was taken out after stamping."""
        present = {self.hash.digest(item) for item in signed_data.certificate_choices}
        revocation = {self.hash.digest(item) for item in signed_data.revocation}
        attributes = {self._attribute(oid, value) for oid, value in _values(signer)}
        return (
            len(self.certificates - present)
            + len(self.revocation - revocation)
            + len(self.attributes - attributes)
        )

    def _attribute(self, oid: str, value_der: bytes) -> bytes:
        # Clause 5.5.2: the hash is over the type and one value, each with tag and length.
        return self.hash.digest(der.object_identifier(oid) + value_der)


def read_hash_index(token_der: bytes) -> HashIndex:
    """Read the index of an archive time-stamp token.

    Raises MalformedCms, MalformedDer, and UnsupportedAlgorithm for an unknown hash.
    """
    token = parse_signed_data(definite(token_der)[0])
    values = [
        value
        for signer in token.signer_infos
        for attribute in signer.unsigned_attributes
        if attribute.oid == ATS_HASH_INDEX_V3
        for value in attribute.values
    ]
    if len(values) != 1:
        raise MalformedCms(
            f"The archive time-stamp has {len(values)} indexes of what it covers where it must "
            "have one.",
            "Have the signature archived again.",
        )
    parts = der_reader.read(values[0], der_reader.SEQUENCE).elements()
    algorithm = recognised_hash(parse_algorithm(parts.take(der_reader.SEQUENCE)).oid)
    lists = [_hashes(parts) for _ in range(3)]
    parts.finish()
    return HashIndex(values[0], algorithm, *lists)


def archive_imprint(
    signed_data: SignedData,
    signer: SignerInfo,
    index: HashIndex,
    content_digest: bytes,
    algorithm: HashAlgorithm,
) -> bytes:
    """Return the message imprint of an archive time-stamp over a signer (cl. 5.5.3).

    `content_digest` is that of the signed content with the hash of the imprint, `algorithm`.
    """
    stamped = (
        signed_data.content_type_der,
        content_digest,
        *_signed_parts(signer.encoded),
        index.encoded,
    )
    return algorithm.digest(b"".join(stamped))


def _signed_parts(signer_der: bytes) -> Iterator[bytes]:
    """Version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm and signature, as sent."""
    for item in der_reader.read(signer_der, der_reader.SEQUENCE).elements().rest():
        if item.tag != context(1):
            yield item.encoded


def _hashes(parts: Elements) -> frozenset[bytes]:
    found = [item.octets() for item in parts.take(der_reader.SEQUENCE).elements().rest()]
    if len(found) > _MAX_HASHES:
        raise MalformedCms(
            f"The index of an archive time-stamp has more than {_MAX_HASHES} entries.",
            "Have the signature archived again.",
        )
    return frozenset(found)


def _values(signer: SignerInfo) -> Iterator[tuple[str, bytes]]:
    for attribute in signer.unsigned_attributes:
        yield from ((attribute.oid, value) for value in attribute.values)
