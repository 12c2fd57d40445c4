"""Whether the byte range of a signature covers exactly one revision but its own value.

The rules, each with a code of its own:
 (1) /ByteRange is a direct array of four integers, a = 0, b and d positive;
 (2) between the ranges stands nothing but one hexadecimal string;
 (3) that string is the /Contents of this very dictionary, which has one, and begins and
     ends where the ranges do; positions are compared, never sums of lengths;
 (4) the second range ends at the end of the file or of a revision;
 (5) the startxref at that end points inside the range, to a section that the whole file
     is read by, and all older sections are inside as well.
Rules about several signatures and about the prefix read alone are in `pades.facts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.errors import Finding
from idservice.pdf.raw_objects import Node

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData
    from idservice.pdf.revisions import Revision, RevisionHistory

_PARTS = 4
_UPPER, _LOWER = b"0123456789ABCDEF", b"0123456789abcdef"
_MISSING_FIX = (
    "Ask the signer for the file as it was signed; this one was altered or is unfinished."
)
_RANGE_FIX = "Do not rely on this file: what it shows may not be what was signed."


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Two ranges [0, b) and [c, c + d) of a file."""

    first_length: int
    second_start: int
    second_length: int

    @property
    def end(self) -> int:
        """Where the second range ends."""
        return self.second_start + self.second_length


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a byte range covers: its ranges when they are usable, its revision, its faults."""

    byte_range: ByteRange | None
    revision: Revision | None
    findings: tuple[Finding, ...]


def read_byte_range(dictionary: Node, size: int) -> tuple[ByteRange | None, tuple[Finding, ...]]:
    """Apply rule (1); ranges outside the file are not returned at all."""
    values = dictionary.all("ByteRange")
    if len(values) != 1:
        code = "byte_range_repeated" if values else "byte_range_missing"
        return None, (_fault(code, f"has {len(values) or 'no'} /ByteRange", _MISSING_FIX),)
    numbers = [item.value for item in values[0].items if isinstance(item.value, int)]
    if values[0].kind != "array" or len(values[0].items) != _PARTS or len(numbers) != _PARTS:
        text = "has a /ByteRange that is not an array of four integers"
        return None, (_fault("byte_range_malformed", text, _MISSING_FIX),)
    return _ranges(numbers, size)


def _ranges(numbers: list[int], size: int) -> tuple[ByteRange | None, tuple[Finding, ...]]:
    start, first_length, second_start, second_length = numbers
    if start != 0:
        text = "does not cover the file from its first byte"
        return None, (_fault("byte_range_start", text, _RANGE_FIX),)
    if first_length <= 0 or second_length <= 0 or second_start <= first_length:
        text = "has ranges that are empty, negative or overlap"
        return None, (_fault("byte_range_order", text, _RANGE_FIX),)
    found = ByteRange(first_length, second_start, second_length)
    if found.end > size:
        text = "covers bytes behind the end of the file, which was cut off"
        return None, (_fault("byte_range_outside", text, _MISSING_FIX),)
    return found, ()


def read_contents(data: PdfData, dictionary: Node) -> tuple[bytes | None, tuple[Finding, ...]]:
    """Return the bytes that /Contents holds, read from where it stands."""
    values = dictionary.all("Contents")
    if not values:
        return None, (_fault("contents_missing", "has no /Contents, so no value", _MISSING_FIX),)
    if len(values) > 1:
        return None, (_fault("contents_repeated", "has two /Contents entries", _RANGE_FIX),)
    text = bytes(data[values[0].start : values[0].end])
    if values[0].kind != "hex" or not _is_hexadecimal(text):
        what = "has a /Contents that is no hexadecimal string of whole bytes in one case"
        return None, (_fault("contents_malformed", what, _MISSING_FIX),)
    return bytes.fromhex(text[1:-1].decode("ascii")), ()


def _is_hexadecimal(text: bytes) -> bool:
    digits = text[1:-1]
    # Letters of one case only: otherwise one bit could be changed without changing the value.
    return (
        bool(digits)
        and len(digits) % 2 == 0
        and text == b"<" + digits + b">"
        and (not digits.translate(None, _UPPER) or not digits.translate(None, _LOWER))
    )


def coverage(data: PdfData, dictionary: Node, history: RevisionHistory) -> Coverage:
    """Apply all rules to a signature dictionary as it stands in the file."""
    byte_range, findings = read_byte_range(dictionary, len(data))
    if byte_range is None:
        return Coverage(None, None, findings)
    gap = _gap_findings(data, dictionary, byte_range)
    revision = history.revision_ending_at(byte_range.end)
    if revision is None:
        end = _fault(
            "coverage_no_revision",
            "ends neither at the end of the file nor at the end of a revision",
            _RANGE_FIX,
        )
        return Coverage(byte_range, None, (*gap, end))
    return Coverage(byte_range, revision, (*gap, *_section_findings(byte_range, revision, history)))


def _gap_findings(data: PdfData, dictionary: Node, byte_range: ByteRange) -> tuple[Finding, ...]:
    """Rules (2) and (3)."""
    start, stop = byte_range.first_length, byte_range.second_start
    if not _is_hexadecimal(bytes(data[start:stop])):
        text = "leaves out more than one hexadecimal string; unsigned bytes can hide there"
        return (_fault("gap_not_contents", text, _RANGE_FIX),)
    values = dictionary.all("Contents")
    if len(values) != 1 or (values[0].start, values[0].end) != (start, stop):
        text = "leaves out a part of the file that is not its own /Contents"
        return (_fault("gap_elsewhere", text, _RANGE_FIX),)
    return ()


def _section_findings(
    byte_range: ByteRange, revision: Revision, history: RevisionHistory
) -> tuple[Finding, ...]:
    """Rule (5)."""
    if all(section.end <= byte_range.end for section in history.sections_of(revision)):
        return ()
    text = "needs a cross-reference section that lies behind the signed bytes"
    return (_fault("xref_not_covered", text, _RANGE_FIX),)


def _fault(code: str, what: str, fix: str) -> Finding:
    return Finding(code, f"The signature {what}.", fix)
