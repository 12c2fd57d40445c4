"""A signature that waits for its value, and the form in which it is stored meanwhile."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.crypto import der
from idservice.crypto.algorithms import signature_algorithm_by_name
from idservice.errors import IdServiceError, MalformedPendingSignature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

_MAGIC = b"idservice pending signature 2\n"
_CHECKSUM_BYTES = 32
_SIZES = struct.Struct(">QII")


@dataclass(frozen=True, slots=True)
class PendingSignature:
    """Everything that `complete` needs; the input document itself is not in it.

    `update` is what will follow the input, with the byte range filled in and zeros
    between `contents_start` and `contents_end`, which count in bytes from the start of
    the update and include the `<` and `>`. `input_digest` is the digest of the input
    alone, with the hash of the algorithm.
    """

    template: CmsTemplate
    field_name: str
    input_size: int
    input_digest: bytes
    update: bytes
    contents_start: int
    contents_end: int
    dtbs: bytes

    @property
    def dtbs_digest(self) -> bytes:
        """The digest of the data to be signed, for devices that sign a digest."""
        return self.template.algorithm.hash.digest(self.dtbs)

    @property
    def hash_name(self) -> str:
        """The name of the hash, as hashlib spells it."""
        return self.template.algorithm.hash.name

    @property
    def algorithm_name(self) -> str:
        """The name of the signature algorithm, such as "ecdsa-sha384"."""
        return self.template.algorithm.name

    def is_completed_in(self, document: bytes | mmap, value: bytes) -> bool:
        """Tell whether a document is the input followed by this signature with this value.

        What follows them, such as time-stamps, is not looked at.
        """
        view = memoryview(document)
        own = view[self.input_size : self.input_size + len(self.update)]
        start, end = self.contents_start + 1, self.contents_end - 1
        return (
            own[:start] == self.update[:start]
            and own[end:] == self.update[end:]
            and value.hex().encode() in bytes(own[start:end])
            and self.template.algorithm.hash.digest(view[: self.input_size]) == self.input_digest
        )

    def to_bytes(self) -> bytes:
        """Serialise for storage; `from_bytes` reads it back."""
        template = self.template
        fields = (
            _SIZES.pack(self.input_size, self.contents_start, self.contents_end),
            template.algorithm.name.encode(),
            self.field_name.encode(),
            self.input_digest,
            self.update,
            self.dtbs,
            b"".join(template.claims_der),
            template.certificate_der,
            *template.chain_der,
        )
        body = _MAGIC + b"".join(len(item).to_bytes(4, "big") + item for item in fields)
        return body + hashlib.sha256(body).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> PendingSignature:
        """Read what `to_bytes` wrote; raise MalformedPendingSignature for anything else."""
        body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != checksum:
            raise _malformed()
        try:
            sizes, algorithm, name, digest, update, dtbs, claims, certificate, *chain = _fields(
                body
            )
            input_size, contents_start, contents_end = _SIZES.unpack(sizes)
            template = cms_template(
                certificate,
                tuple(chain),
                signature_algorithm_by_name(algorithm.decode()),
                tuple(_elements(claims)),
            )
            pending = cls(
                template,
                name.decode(),
                input_size,
                digest,
                update,
                contents_start,
                contents_end,
                dtbs,
            )
        except (ValueError, struct.error, IdServiceError) as exc:
            raise _malformed() from exc
        pending.require_consistent()
        return pending

    def require_consistent(self) -> None:
        """Require that the gap lies in the update and the attributes are the template's."""
        gap = self.update[self.contents_start : self.contents_end]
        attributes = self.template.attributes
        if (
            gap[:1] != b"<"
            or gap[-1:] != b">"
            or gap[1:-1].strip(b"0")
            or len(self.input_digest) != attributes.digest_size
            or not self.dtbs.startswith(attributes.head)
            or not self.dtbs.endswith(attributes.tail)
            or len(self.dtbs)
            != len(attributes.head) + attributes.digest_size + len(attributes.tail)
        ):
            raise _malformed()


def _fields(body: bytes) -> Iterator[bytes]:
    position = len(_MAGIC)
    while position < len(body):
        start = position + 4
        size = int.from_bytes(body[position:start], "big")
        if start + size > len(body):
            raise _malformed()
        yield body[start : start + size]
        position = start + size


def _elements(encoded: bytes) -> Iterator[bytes]:
    """Cut DER elements that stand one behind the other."""
    position = 0
    while position < len(encoded):
        end = der.element_end(encoded, position, len(encoded))
        yield encoded[position:end]
        position = end


def _malformed() -> MalformedPendingSignature:
    return MalformedPendingSignature(
        "The stored pending signature is damaged or of another version, so it cannot be completed.",
        "Start the signature again with the document.",
    )
