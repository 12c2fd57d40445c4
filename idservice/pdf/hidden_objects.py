"""Objects written in clear inside of the streams and strings of later revisions.

Readers that follow cross-references never see them. A reader that gives up on the
cross-references, for whatever reason of its own, searches the file for `4 0 obj`, also in
streams, and takes the last it finds: it shows a page that nobody signed. What a later revision
may honestly bring is compressed, or is text in which no object begins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from idservice.pdf.stray_objects import places_of_objects

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from mmap import mmap

    from idservice.pdf.frame import PdfData
    from idservice.pdf.revisions import Revision, RevisionHistory

_KEYWORD = b"obj"
_DIGITS = b"0123456789"
_BLANKS = b"\x00\t\n\x0c\r "
_WHITE = rb"[\x00\t\n\x0c\r ]"
_TRAILER = re.compile(rb"trailer(?:" + _WHITE + rb"++|%[^\r\n]*+)*+<<")
# Between the number, the generation and `obj` honest writers put one blank. What has so much
# there that it is not looked through counts as an object.
_WINDOW = 4096


def hidden_objects(
    data: PdfData, history: RevisionHistory, first: Revision
) -> Iterator[tuple[int, int]]:
    """Yield revision and byte of the first hidden object or trailer of each later revision.

    Only revisions later than `first` are searched, each once.
    """
    later = history.later_than(first)
    if not later:
        return
    searched = bytes(data) if isinstance(data, memoryview) else data
    known = places_of_objects(data, history, first.end)
    trailers = {section.trailer.start for section in history.sections}
    start = first.end
    for revision in later:
        found = _first(searched, start, revision.end, known, trailers)
        if found is not None:
            yield revision.number, found
        start = revision.end


def _first(
    data: bytes | bytearray | mmap,
    start: int,
    stop: int,
    known: Container[int],
    trailers: Container[int],
) -> int | None:
    """The first place between two bytes where an object or a trailer begins in clear."""
    position = data.find(_KEYWORD, start, stop)
    while position >= 0:
        beginning = _beginning(bytes(data[max(start, position - _WINDOW) : position]))
        if beginning is not None and position - beginning not in known:
            return position - beginning
        position = data.find(_KEYWORD, position + len(_KEYWORD), stop)
    for found in _TRAILER.finditer(data, start, stop):
        if found.end() - len(b"<<") not in trailers:
            return found.start()
    return None


def _beginning(before: bytes) -> int | None:
    """How many bytes in front of `obj` its number begins; None when no numbers stand there."""
    # Some readers pass over comments, others know none.
    for comments in (False, True):
        left = _without_gap(before, comments=comments)
        generation = left.rstrip(_DIGITS)
        number = _without_gap(generation, comments=comments)
        start = number.rstrip(_DIGITS)
        if not left or (generation != left and not number):
            return len(before)
        if generation != left and number not in (generation, start):
            return len(before) - len(start)
    return None


def _without_gap(text: bytes, *, comments: bool) -> bytes:
    """Take blanks, and comments where a reader knows them, off the end."""
    text = text.rstrip(_BLANKS)
    while comments:
        comment = text.find(b"%", max(text.rfind(b"\n"), text.rfind(b"\r")) + 1)
        if comment < 0:
            break
        text = text[:comment].rstrip(_BLANKS)
    return text
