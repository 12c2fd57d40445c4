"""Raising what is signed: the signature time-stamp, the security store, document time-stamps.

A signature time-stamp goes into the CMS while its room is still empty (B-T). Everything else
is appended, so that the input stays a prefix and no earlier signature is touched: the store
(B-LT), and document time-stamps, which also raise a foreign B-B to B-T (EN 319 142-1 cl. 6.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.crypto import der, der_reader
from idservice.crypto.der import check_der
from idservice.crypto.der_reader import context
from idservice.errors import MalformedCms, MalformedDer
from idservice.pades.covering import cover, embed
from idservice.pades.dss import StoreItems, add_store
from idservice.pdf.signable import require_signable
from idservice.pdf.signature_dictionary import SignatureKind, SignatureText
from idservice.pdf.signature_field import place_signature
from idservice.pdf.update import Update

if TYPE_CHECKING:
    import datetime as dt

    from idservice.crypto.algorithms import HashAlgorithm
    from idservice.pdf.document import PdfDocument

SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"

_SIGNATURE_TIME_STAMP_OID = der.object_identifier(SIGNATURE_TIME_STAMP)
_UNSIGNED = context(1)


def add_signature_time_stamp(cms_der: bytes, token_der: bytes) -> bytes:
    """Return the CMS with a time-stamp token among the unsigned attributes of its only signer.

    RFC 5126 cl. 6.1.1, EN 319 122-1 cl. 5.3. Other unsigned attributes stay; the set is in
    DER order. Raises MalformedCms when the CMS cannot be read.
    """
    attribute = der.sequence(_SIGNATURE_TIME_STAMP_OID, der.wrap(der.SET, token_der))
    try:
        check_der(cms_der)
        content_info = der_reader.read(cms_der, der_reader.SEQUENCE).elements()
        content_type = content_info.take(der_reader.OBJECT_IDENTIFIER)
        wrapped = der_reader.read(content_info.take(context(0)).contents, der_reader.SEQUENCE)
        *head, signer_infos = wrapped.elements().rest()
        if signer_infos.tag != der_reader.SET:
            raise MalformedDer("the last element of SignedData is no set of signers")
        signer_info = der_reader.read(signer_infos.contents, der_reader.SEQUENCE)
        signer = _with_unsigned(signer_info.elements().rest(), attribute)
    except (MalformedDer, ValueError) as exc:
        raise MalformedCms(
            "The signature cannot take a time-stamp: it is not one CMS SignedData of one signer.",
            "Sign the document again.",
        ) from exc
    signed_data = der.sequence(*[item.encoded for item in head], der.wrap(der.SET, signer))
    return der.sequence(content_type.encoded, der.context(0, signed_data))


def _with_unsigned(parts: tuple[der_reader.Element, ...], attribute: bytes) -> bytes:
    unsigned = [attribute]
    if parts and parts[-1].tag == _UNSIGNED:
        unsigned += [item.encoded for item in parts[-1].elements().rest()]
        parts = parts[:-1]
    # A SET OF under [1] IMPLICIT, its elements sorted (X.690 cl. 11.6).
    return der.sequence(*[item.encoded for item in parts], der.context(1, *sorted(unsigned)))


@dataclass(frozen=True, slots=True)
class PendingTimeStamp:
    """A document time-stamp that waits for its token.

    `imprint` is the digest, with `algorithm`, of everything that the token will cover.
    """

    field_name: str
    algorithm: HashAlgorithm
    imprint: bytes
    update: bytes
    contents_start: int
    contents_end: int

    def complete(self, token_der: bytes) -> bytes:
        """Put the token in its place; return the bytes to append to the document.

        Raises SignatureRoomTooSmall. Whether the token is over `imprint` is for the caller.
        """
        return embed(self.update, self.contents_start, self.contents_end, token_der)


def prepare_time_stamp(
    document: PdfDocument, *, algorithm: HashAlgorithm, room: int, at: dt.datetime
) -> PendingTimeStamp:
    """Lay out a document time-stamp with `room` bytes for its token (EN 319 142-1 cl. 5.4.3).

    Raises PdfSigningForbidden when an earlier signature forbids even this, MalformedPdf when
    the place for it is damaged.
    """
    require_signable(document)
    update = Update(document)
    name, dictionary = place_signature(
        document,
        update,
        at=at,
        text=SignatureText(),
        capacity=room,
        digest=algorithm.name,
        kind=SignatureKind.DOCUMENT_TIME_STAMP,
    )
    covered = cover(document, update.finish(), dictionary, algorithm)
    return PendingTimeStamp(
        name,
        algorithm,
        covered.digest,
        covered.update,
        covered.contents_start,
        covered.contents_end,
    )


def store_update(document: PdfDocument, items: StoreItems, vri: Mapping[str, StoreItems]) -> bytes:
    """Return what to append so that the security store holds all this; nothing if it does.

    Raises MalformedPdf when the store cannot be added to.
    """
    update = Update(document)
    if not add_store(document, update, items, vri):
        return b""
    return bytes(update.finish().data)
