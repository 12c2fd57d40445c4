"""Universal forgery and wrapping: the signature dictionary itself is made useless, or reread.

The attacker changes the entries that say what is signed (USF), or moves what is signed and
puts other things between (SWA). Everything here happens in the bytes of signed files, but for
the ranges that only a signer could have made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from support.attacks import OWN, Variant, variant
from support.pdf_writing import stream
from support.revision_writing import Revision
from support.signed_pdfs import SignedPdf

Edit = Callable[[bytes], bytes]
_BASES = ("table", "p2-stream")
_FORGED = b"The buyer pays 900 euros"
_HONEST = b"The buyer pays 100 euros"


def ranges_of(data: bytes) -> tuple[int, int, int]:
    """Where the first signature's value starts and stops, and how long the rest is."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+) *\]", data)
    if found is None:
        raise AssertionError("the base has no signature")
    return int(found[1]), int(found[2]), int(found[3])


def _entry(pattern: bytes, value: bytes) -> Edit:
    """Change the text of the document, and an entry of the signature to something else."""

    def edit(data: bytes) -> bytes:
        found = re.search(pattern, data)
        if found is None or len(value) > len(found[0]):
            raise AssertionError(pattern)
        changed = data[: found.start()] + value.ljust(len(found[0])) + data[found.end() :]
        return changed.replace(_HONEST, _FORGED)

    return edit


_RANGE = rb"/ByteRange \[[^]]*\]"
_CONTENTS = rb"/Contents <[0-9a-f]{64,}>"
_SUB_FILTER = rb"/SubFilter /ETSI\.CAdES\.detached"
_HEAD = rb"/Contents <30"
_OTHER_FORM = (
    "sub_filter_unsupported cms_no_signed_attributes cms_unreadable digest_mismatch "
    "document_time_stamp_broken signature_type sub_filter_pkcs7_sha1 cms_content_type"
)
_MALFORMED, _ORDER = "byte_range_malformed", "byte_range_order"

_IN_PLACE: dict[str, tuple[str, bytes, bytes]] = {
    "range-missing": ("byte_range_missing", _RANGE, b""),
    "range-null": (_MALFORMED, _RANGE, b"/ByteRange null"),
    "range-zeros": (_ORDER, _RANGE, b"/ByteRange [0 0 0 0]"),
    "range-minus-one": (_ORDER, _RANGE, b"/ByteRange [0 -1 0 0]"),
    "range-all-negative": (_ORDER + " byte_range_start", _RANGE, b"/ByteRange [-1 -1 -1 -1]"),
    "range-huge": ("byte_range_outside", _RANGE, b"/ByteRange [0 9 99999999999 99999999999]"),
    "range-strings": (_MALFORMED, _RANGE, b"/ByteRange [(0) (9) (99) (9)]"),
    "range-reals": (_MALFORMED, _RANGE, b"/ByteRange [0.0 9.0 99.0 9.0]"),
    "range-names": (_MALFORMED, _RANGE, b"/ByteRange [/0 /9 /99 /9]"),
    "range-of-two": (_MALFORMED, _RANGE, b"/ByteRange [0 9]"),
    "range-of-three": (_MALFORMED, _RANGE, b"/ByteRange [0 9 99]"),
    "range-of-five": (_MALFORMED, _RANGE, b"/ByteRange [0 9 99 9 9]"),
    "range-empty": (_MALFORMED, _RANGE, b"/ByteRange []"),
    "range-nested": (_MALFORMED, _RANGE, b"/ByteRange [[0 9] [99 9]]"),
    "range-indirect": (_MALFORMED, _RANGE, b"/ByteRange 4 0 R"),
    "range-dictionary": (_MALFORMED, _RANGE, b"/ByteRange << /0 9 >>"),
    "range-true": (_MALFORMED, _RANGE, b"/ByteRange true"),
    "range-start-one": ("byte_range_start", _RANGE, b"/ByteRange [1 9 99 9]"),
    "range-escaped-name": ("byte_range_malformed", _RANGE, b"/Byte#52ange [0 9]"),
    "contents-missing": ("contents_missing", _CONTENTS, b""),
    "contents-null": ("contents_malformed", _CONTENTS, b"/Contents null"),
    "contents-empty": ("contents_malformed", _CONTENTS, b"/Contents <>"),
    "contents-zero": ("cms_unreadable contents_malformed", _CONTENTS, b"/Contents <00>"),
    "contents-zeros": ("cms_unreadable", _CONTENTS, b"/Contents <" + b"0" * 3000 + b">"),
    "contents-odd": ("contents_malformed cms_unreadable", _CONTENTS, b"/Contents <308>"),
    "contents-not-hex": ("contents_malformed pdf_damaged", _HEAD, b"/Contents <zz"),
    "contents-blank": ("contents_malformed", _HEAD, b"/Contents <3 "),
    "contents-name": ("contents_malformed", _CONTENTS, b"/Contents /Signed"),
    "contents-string": ("contents_malformed", _CONTENTS, b"/Contents (signed)"),
    "contents-array": ("contents_malformed", _CONTENTS, b"/Contents [<3080>]"),
    "contents-number": ("contents_malformed", _CONTENTS, b"/Contents 0"),
    "contents-indirect": ("contents_malformed", _CONTENTS, b"/Contents 4 0 R"),
    "contents-twice": ("contents_repeated", _CONTENTS, b"/Contents <00> /Contents <3080>"),
    "contents-not-der": ("cms_unreadable", _HEAD, b"/Contents <ff"),
    "sub-filter-missing": ("sub_filter_unsupported", _SUB_FILTER, b""),
    "sub-filter-null": ("sub_filter_unsupported", _SUB_FILTER, b"/SubFilter null"),
    "sub-filter-odd": ("sub_filter_unsupported", _SUB_FILTER, b"/SubFilter /Foo"),
    "sub-filter-string": ("sub_filter_unsupported", _SUB_FILTER, b"/SubFilter (Foo)"),
    "sub-filter-sha1": (
        _OTHER_FORM,
        _SUB_FILTER,
        b"/SubFilter /adbe.pkcs7.sha1",
    ),
    "sub-filter-rsa": (
        _OTHER_FORM,
        _SUB_FILTER,
        b"/SubFilter /adbe.x509.rsa_sha1",
    ),
    "sub-filter-stamp": (
        _OTHER_FORM,
        _SUB_FILTER,
        b"/SubFilter /ETSI.RFC3161",
    ),
    "type-other": ("signature_type", rb"/Type /Sig ", b"/Type /Xig "),
    "nothing-else": ("digest_mismatch", rb"/Type /Sig ", b"/Type /Sig "),
}

# Entries of the dictionary as a later revision writes it again.
_REWRITTEN: dict[str, dict[str, bytes | None]] = {
    "range-missing": {"ByteRange": None},
    "range-null": {"ByteRange": b"null"},
    "range-shorter": {"ByteRange": b"[0 100 200 100]"},
    "range-negative": {"ByteRange": b"[0 -1 -1 -1]"},
    "contents-missing": {"Contents": None},
    "contents-empty": {"Contents": b"<>"},
    "contents-null": {"Contents": b"null"},
    "sub-filter-odd": {"SubFilter": b"/Foo"},
    "type-missing": {"Type": None},
    "nothing-else": {},
}


def _rewrite(entries: dict[str, bytes | None]) -> Edit:
    def edit(data: bytes) -> bytes:
        revision = Revision(data)
        _, value = revision.signatures()[0]
        return revision.put(value, entries).build()

    return edit


def _in_the_gap(make: Callable[[bytes, int], bytes], *, behind: bool = True) -> Edit:
    """Give up padding of the value for other bytes; what is signed stays, and where it stands."""

    def edit(data: bytes) -> bytes:
        start, stop, _ = ranges_of(data)
        digits = data[start + 1 : stop - 1].rstrip(b"0")
        digits += b"0" * (len(digits) % 2)
        room = stop - start - len(digits) - 2
        filler = make(data, room)
        if len(filler) > room:
            raise AssertionError("the gap is too small")
        filler = filler.ljust(room)
        value = b"<" + digits + b">"
        gap = value + filler if behind else filler + value
        return data[:start] + gap + data[stop:]

    return edit


def _evil_object(data: bytes, room: int) -> bytes:  # noqa: ARG001 - the interface
    evil = stream(b"BT /F1 12 Tf 72 740 Td (900) Tj ET")
    return b"/X 1 >>\nendobj\n4 0 obj\n%b\nendobj\n99 0 obj\n<< " % evil


def _wrapped_and_saved(data: bytes) -> bytes:
    """Put an object into the gap, and append a table that points at it."""
    wrapped = _in_the_gap(_evil_object)(data)
    place = wrapped.index(b"4 0 obj", ranges_of(data)[0])
    revision = Revision(data)
    appended = revision.build()[len(data) :].replace(
        b"xref\n0 0\n", b"xref\n4 1\n%010d 00000 n \n" % place
    )
    return wrapped + appended


def _moved(filler: bytes, *, new_range: bool = True, at_front: bool = False) -> Edit:
    """Move the second signed part back and put something before it."""

    def edit(data: bytes) -> bytes:
        start, stop, length = ranges_of(data)
        named = b" /ByteRange [0 %d %d %d] " % (start, stop + len(filler) + 60, length)
        inserted = filler + (named.ljust(60) if new_range else b" " * 60)
        gap = data[start:stop]
        gap = inserted + gap if at_front else gap + inserted
        return data[:start] + gap + data[stop:]

    return edit


_GAP = "gap_not_contents byte_range_repeated contents_malformed dictionary_ambiguous pdf_damaged"
_WRAPS: dict[str, tuple[str, Edit]] = {
    "gap-blanks": (_GAP, _in_the_gap(lambda _data, _room: b"")),
    "gap-blanks-before": (_GAP, _in_the_gap(lambda _data, _room: b"", behind=False)),
    "gap-comment": (_GAP, _in_the_gap(lambda _data, room: b"%" + b"x" * (room - 2) + b"\n")),
    "gap-zeros": (_GAP, _in_the_gap(lambda _data, room: b"\0" * room)),
    "gap-entry": (_GAP, _in_the_gap(lambda _data, _room: b"/Reason (I agree to all)")),
    "gap-second-range": (
        _GAP,
        _in_the_gap(lambda data, _room: b"/ByteRange [0 %d %d %d]" % ranges_of(data)),
    ),
    "gap-second-contents": (
        _GAP + " contents_repeated",
        _in_the_gap(lambda _data, _room: b"/Contents <00>"),
    ),
    "gap-object": (_GAP, _in_the_gap(_evil_object)),
    "gap-object-and-table": (_GAP, _wrapped_and_saved),
    "moved-blanks": (_GAP, _moved(b" " * 90)),
    "moved-comment": (_GAP, _moved(b"%" + b"x" * 80 + b"\n")),
    "moved-object": (_GAP, _moved(_evil_object(b"", 0))),
    "moved-front": (_GAP, _moved(b" " * 90, at_front=True)),
    "moved-old-range": (_GAP, _moved(b" " * 90, new_range=False)),
    "moved-xref": (
        _GAP + " FORMAT_FAILURE",
        _moved(b">>\nendobj\nxref\n0 0\ntrailer << /Size 60 /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"),
    ),
}

_Ranges = tuple[int, int, int, int]
# What only a signer can do: the signature is over exactly these bytes.
_SIGNED_RANGES: dict[str, tuple[str, Callable[[_Ranges], _Ranges]]] = {
    "second-start-shifted": ("gap_not_contents", lambda r: (0, r[1], r[2] + 8, r[3] - 8)),
    "second-start-early": ("gap_not_contents", lambda r: (0, r[1], r[2] - 8, r[3] + 8)),
    "both-shifted": ("gap_not_contents", lambda r: (0, r[1] + 2, r[2] + 2, r[3] - 2)),
    "brackets-signed": ("gap_not_contents", lambda r: (0, r[1] + 1, r[2] - 1, r[3] + 1)),
    "first-too-short": ("gap_not_contents", lambda r: (0, r[1] - 40, r[2], r[3])),
    "overlap": ("byte_range_order", lambda r: (0, r[1], r[1] - 1, r[3])),
    "first-empty": ("byte_range_order gap_not_contents", lambda r: (0, 0, r[2], r[3])),
    "second-empty": (
        "byte_range_order coverage_no_revision",
        lambda r: (0, r[1], r[2], 0),
    ),
    "from-ten": ("byte_range_start", lambda r: (10, r[1] - 10, r[2], r[3])),
    "end-left-out": ("coverage_no_revision", lambda r: (0, r[1], r[2], r[3] - 30)),
    "same-twice": ("byte_range_order gap_not_contents", lambda r: (0, r[1], 0, r[1])),
    "exchanged": ("byte_range_start byte_range_order", lambda r: (r[2], r[3], 0, r[1])),
}

_LAID_OUT: dict[str, tuple[str, SignedPdf]] = {
    "two-contents": ("contents_repeated", SignedPdf(before_contents=b"/Contents <00> ")),
    "two-contents-escaped": (
        "contents_repeated",
        SignedPdf(before_contents=b"/Conten#74s <00> "),
    ),
    "two-ranges": ("byte_range_repeated", SignedPdf(after_contents=b"/ByteRange [0 1 2 3]")),
    "padding-odd": ("cms_trailing_data", SignedPdf(padding=b"1")),
    "stamp-type": ("signature_type", SignedPdf(entries={"Type": b"/DocTimeStamp"})),
    "in-text-field": (
        "signature_not_in_field",
        SignedPdf(objects={"o6": b"<< /FT /Tx /T (S) /V 7 0 R >>"}),
    ),
    "outside-form": (
        "signature_not_in_field",
        SignedPdf(objects={"o1": b"<< /Type /Catalog /Pages 2 0 R >>"}),
    ),
    "nested": (
        "dictionary_ambiguous signature_not_in_field",
        SignedPdf(objects={"o6": b"<< /FT /Sig /T (S) /V << /V 7 0 R >> >>"}),
    ),
    "in-array": (
        "dictionary_ambiguous signature_not_in_field",
        SignedPdf(objects={"o6": b"<< /FT /Sig /T (S) /V [7 0 R] >>"}),
    ),
    "tail": ("bytes-appended coverage_no_revision", SignedPdf(tail=b"tail that nobody signed")),
    "two-types": ("pdf_damaged", SignedPdf(after_contents=b"/Type /Sig")),
}


def variants() -> Iterator[Variant]:
    """Every forged dictionary and every wrapping."""
    for base in _BASES:
        for name, (codes, pattern, value) in _IN_PLACE.items():
            yield variant("usf", name, base, codes.split(), _entry(pattern, value))
    for base in ("table", "p1", "b-lta"):
        for name, entries in _REWRITTEN.items():
            codes = (
                "signature-value-changed byte_range_malformed byte_range_missing byte_range_order "
                "gap_not_contents signed_revision_differs"
            )
            yield variant("usf", f"rewritten-{name}", base, codes.split(), _rewrite(entries))
    for base in ("table", "b-t", "b-t-stream"):
        for name, (codes, edit) in _WRAPS.items():
            # Without room for a time-stamp the value fills its gap.
            needs_room = base == "table" and name.startswith("gap")
            needs_table = base == "b-t-stream" and name == "gap-object-and-table"
            if not needs_room and not needs_table:
                yield variant("swa", name, base, codes.split(), edit)
    for name, (codes, ranges) in _SIGNED_RANGES.items():
        made = SignedPdf(ranges=ranges)
        yield variant("swa", f"signed-{name}", OWN, codes.split(), lambda _, m=made: m.build())  # type: ignore[misc]
    for name, (codes, laid_out) in _LAID_OUT.items():
        yield variant("usf", f"signed-{name}", OWN, codes.split(), lambda _, m=laid_out: m.build())  # type: ignore[misc]
