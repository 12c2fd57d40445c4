"""The byte range of a finished update: everything but the gap, digested (EN 319 142-1 cl. 5.3).

The same for signatures and for document time-stamps: the range covers the input and the
whole update, except the hexadecimal string of /Contents with its angle brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.errors import SignatureRoomTooSmall
from idservice.pdf.signature_dictionary import find_gap

if TYPE_CHECKING:
    from idservice.crypto.algorithms import HashAlgorithm
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.update import Appended


@dataclass(frozen=True, slots=True)
class Covered:
    """An update with its byte range filled in, and the digests of what it covers.

    `contents_start` and `contents_end` count in bytes from the start of the update and
    include the `<` and `>`. `input_digest` is of the input alone, `digest` of the range.
    """

    update: bytes
    contents_start: int
    contents_end: int
    input_digest: bytes
    digest: bytes


def cover(
    document: PdfDocument,
    appended: Appended,
    dictionary: tuple[int, int],
    algorithm: HashAlgorithm,
) -> Covered:
    """Fill in the byte range of the signature dictionary (its object) and digest the range."""
    gap = find_gap(appended, dictionary)
    size = document.frame.size
    data = appended.data
    byte_range = b"0 %d %d %d" % (
        size + gap.contents_start,
        size + gap.contents_end,
        len(data) - gap.contents_end,
    )
    end = gap.byte_range_start + gap.byte_range_size
    data[gap.byte_range_start : end] = byte_range.ljust(gap.byte_range_size)
    digest = algorithm.new(document.data)
    input_digest = digest.digest()
    view = memoryview(data)
    digest.update(view[: gap.contents_start])
    digest.update(view[gap.contents_end :])
    return Covered(bytes(data), gap.contents_start, gap.contents_end, input_digest, digest.digest())


def embed(update: bytes, contents_start: int, contents_end: int, value_der: bytes) -> bytes:
    """Put DER into the gap of an update; the zeros behind it stay (cl. 5.3 (a)).

    Raises SignatureRoomTooSmall when the gap does not hold it.
    """
    room = (contents_end - contents_start - 2) // 2
    if len(value_der) > room:
        raise SignatureRoomTooSmall(
            f"The signature needs {len(value_der)} bytes and {room} are reserved for it, so it "
            "cannot be put into the document.",
            "Raise signing.time_stamp_bytes in the settings if a time-stamp is that long; "
            "otherwise sign the given bytes with the key of the certificate.",
        )
    start = contents_start + 1
    contents = value_der.hex().encode()
    return b"".join((update[:start], contents, update[start + len(contents) :]))
