"""The signature dictionary with its gaps: for signatures, and for document time-stamps.

What is written here is what ISO 32000-2 cl. 12.8.1 and EN 319 142-1 cl. 5.3 and 5.4.3 ask
for; the byte range and the value are filled in later, where `find_gap` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from idservice.errors import MalformedRequest

if TYPE_CHECKING:
    import datetime as dt

    from idservice.pdf.update import Appended
    from idservice.pdf.writer import Writer

BYTE_RANGE_WIDTH = 10
"""Digits kept free for each number of the byte range: files of up to 9.9 GB."""

_MAX_TEXT = 1000


class SignatureKind(Enum):
    """What a signature dictionary holds; the value is the stem of the names of its fields."""

    SIGNATURE = "Signature"
    DOCUMENT_TIME_STAMP = "Timestamp"


_SUBFILTERS = {
    SignatureKind.SIGNATURE: "/ETSI.CAdES.detached",
    SignatureKind.DOCUMENT_TIME_STAMP: "/ETSI.RFC3161",
}
_TYPES = {
    SignatureKind.SIGNATURE: b"/Sig",
    SignatureKind.DOCUMENT_TIME_STAMP: b"/DocTimeStamp",
}


@dataclass(frozen=True, slots=True)
class SignatureText:
    """What the signer says beside the signature; all of it optional."""

    name: str | None = None
    reason: str | None = None
    location: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureGap:
    """Places in the update, in bytes from its start: the byte range and the contents.

    `contents_start` is at the `<` of the hexadecimal string and `contents_end` behind
    its `>`; `byte_range_start` is behind the `[`, with `byte_range_size` bytes free.
    """

    byte_range_start: int
    byte_range_size: int
    contents_start: int
    contents_end: int


_BYTE_RANGE = b"/ByteRange [" + b" " * (4 * BYTE_RANGE_WIDTH + 3) + b"]"
_CONTENTS = b"/Contents <"


def subfilter(kind: SignatureKind) -> str:
    """Return the name of the encoding of the value, with its slash (/SubFilter)."""
    return _SUBFILTERS[kind]


def signature_dictionary(
    writer: Writer,
    objgen: tuple[int, int],
    *,
    kind: SignatureKind,
    at: dt.datetime,
    text: SignatureText,
    capacity: int,
    references: bytes = b"",
) -> bytes:
    """Write the dictionary as object `objgen`, with room for `capacity` bytes of value.

    `at` is the claimed signing time (aware) and `references` the entry /Reference or
    nothing. A document time-stamp says neither time nor text (EN 319 142-1 cl. 5.4.3).
    Raises MalformedRequest for a text that is too long or cannot be written.
    """
    # The gaps come first: `find_gap` must not meet a reason that reads like one of them.
    parts = [
        b"<< /Type %b /Filter /Adobe.PPKLite /SubFilter %b "
        % (_TYPES[kind], _SUBFILTERS[kind].encode()),
        _CONTENTS,
        b"0" * (2 * capacity),
        b"> ",
        _BYTE_RANGE,
    ]
    if kind is SignatureKind.SIGNATURE:
        parts += [b" /M ", writer.date(at, objgen), *_texts(writer, objgen, text)]
    parts += [references, b" >>"]
    return b"".join(parts)


def find_gap(appended: Appended, signature: tuple[int, int]) -> SignatureGap:
    """Find the gaps of the signature dictionary in the finished update."""
    start = appended.starts[signature[0]]
    byte_range = appended.data.index(_BYTE_RANGE, start) + len(b"/ByteRange [")
    contents = appended.data.index(_CONTENTS, start) + len(_CONTENTS) - 1
    end = appended.data.index(b">", contents) + 1
    return SignatureGap(byte_range, 4 * BYTE_RANGE_WIDTH + 3, contents, end)


def _texts(writer: Writer, objgen: tuple[int, int], text: SignatureText) -> list[bytes]:
    parts = []
    for key, value in (
        (b"/Name", text.name),
        (b"/Reason", text.reason),
        (b"/Location", text.location),
        (b"/ContactInfo", text.contact),
    ):
        if value is not None and len(value) > _MAX_TEXT:
            raise MalformedRequest(
                f"The text for {key.decode()} has {len(value)} characters where {_MAX_TEXT} "
                "are taken.",
                "Shorten it.",
            )
        if value is not None:
            parts.append(b" %b %b" % (key, writer.text(value, objgen)))
    return parts
