"""Random later revisions behind signed documents, for a fuzz run that knows what a PDF is made of.

The input chooses: the same bytes make the same document. Whatever is made, judging it must end
with a report; and where a page looks otherwise than its signer saw it, the report either refuses
the signature or lists a change.
"""

from __future__ import annotations

import random
from functools import cache

import pikepdf
import pypdfium2

from support.attack_documents import (
    AGREE,
    AMOUNT,
    CHOICE,
    CONTENT,
    FONT,
    FORM,
    FREE_TEXT,
    HIGHLIGHT,
    NAME,
    NOTE,
    PAGE,
    PAGE_2,
    SQUARE,
    signed_base,
)
from support.attacks import judge
from support.pdf_writing import stream
from support.revision_writing import Revision

CHOSEN = ("table", "stream", "objects", "p1", "p2", "p3", "locked", "twice")
"""The signed documents that get a later revision."""

_LIKELY = (PAGE, PAGE_2, CONTENT, FONT, FORM, NAME, AMOUNT, AGREE, CHOICE, NOTE, SQUARE,
           HIGHLIGHT, FREE_TEXT)  # fmt: skip
_KEYS = (
    "V", "AS", "AP", "Rect", "F", "Ff", "DA", "MK", "Contents", "Annots", "Resources", "Parent",
    "Kids", "Rotate", "MediaBox", "CropBox", "Subtype", "FT", "T", "OC", "A", "AA", "Fields",
    "C", "CA", "QuadPoints", "Popup", "DSS", "Names", "Count", "UserUnit", "NeedAppearances",
)  # fmt: skip
_VALUES = (
    b"(100)", b"(9999)", b"/Yes", b"/Off", b"/Widget", b"/Tx", b"[0 0 612 792]",
    b"[72 600 300 760]", b"0", b"2", b"90", b"true", b"null", b"[]", b"<< >>",
    b"(/Helv 0 Tf 0 g)", b"[1 0 0]", b"<< /N 38 0 R >>", b"<< /N 39 0 R >>", b"[3 0 R 22 0 R]",
)  # fmt: skip
_KINDS = (b"Square", b"Text", b"Highlight", b"FreeText", b"Stamp", b"Line", b"Link", b"Widget")
_SCALE = 0.4


class SilentChange(Exception):
    """A page looks otherwise than it was signed, and the report neither refuses nor lists it."""


def revised(data: bytes) -> tuple[bytes, bytes]:
    """Make a document from an input; return it as its signers left it, and with a revision."""
    chance = random.Random(data)  # noqa: S311 - repeatable
    base = signed_base(chance.choice(CHOSEN))
    revision = Revision(base)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        chance.choice(_EDITS)(revision, chance)
    return base, revision.build()


def judge_revision(data: bytes) -> object:
    """Judge a document with a random revision. Raises SilentChange."""
    base, changed = revised(data)
    report = judge(changed)
    silent = report.signatures and all(
        item.passed and not item.facts.changes for item in report.signatures
    )
    if silent and _pictures(changed) != _pictures(base):
        raise SilentChange
    return report


@cache
def _pictures_of_base(data: bytes) -> tuple[bytes, ...]:
    return tuple(_drawn(data))


def _pictures(data: bytes) -> tuple[bytes, ...]:
    known = {signed_base(name) for name in CHOSEN}
    return _pictures_of_base(data) if data in known else tuple(_drawn(data))


def _drawn(data: bytes) -> list[bytes]:
    document = pypdfium2.PdfDocument(data)
    try:
        document.init_forms()
        return [bytes(page.render(scale=_SCALE).buffer) for page in document]
    finally:
        document.close()


def _number(revision: Revision, chance: random.Random) -> int:
    if chance.random() < 0.7:
        return chance.choice(_LIKELY)
    return chance.randrange(1, revision.size)


def _value(revision: Revision, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return b"%d 0 R" % chance.randrange(1, revision.size)
    return chance.choice(_VALUES)


def _set(revision: Revision, chance: random.Random) -> None:
    number = _number(revision, chance)
    if isinstance(revision.read(number), (pikepdf.Dictionary, pikepdf.Stream)):
        revision.put(number, {chance.choice(_KEYS): _value(revision, chance)})


def _take_out(revision: Revision, chance: random.Random) -> None:
    number = _number(revision, chance)
    if isinstance(revision.read(number), pikepdf.Dictionary):
        revision.put(number, {chance.choice(sorted(revision.entries(number))): None})


def _free(revision: Revision, chance: random.Random) -> None:
    revision.free(_number(revision, chance))


def _exchange(revision: Revision, chance: random.Random) -> None:
    found = revision.read(_number(revision, chance))
    if isinstance(found, pikepdf.Dictionary):
        revision.write(_number(revision, chance), found.unparse(resolved=True))


def _fill(revision: Revision, chance: random.Random) -> None:
    text = chance.choice((b"Mari", b"100", b"EE", b"9999"))
    body = b"/Tx BMC BT /Helv 12 Tf 2 4 Td (%b) Tj ET EMC" % text
    head = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] "
    look = revision.add(stream(body, head))
    shown = chance.choice((text, text, b"1"))
    field = chance.choice((NAME, AMOUNT, CHOICE))
    revision.put(field, {"V": b"(%b)" % shown, "AP": b"<< /N %d 0 R >>" % look})


def _annotate(revision: Revision, chance: random.Random) -> None:
    left, low = chance.randrange(600), chance.randrange(780)
    entries = b"/Subtype /%b /Rect [%d %d %d %d] /F %d /Contents (note)" % (
        chance.choice(_KINDS), left, low, left + chance.randrange(300),
        low + chance.randrange(200), chance.choice((0, 4, 2, 64)),
    )  # fmt: skip
    if chance.random() < 0.5:
        head = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] "
        entries += b" /AP << /N %d 0 R >>" % revision.add(stream(b"1 g 0 0 200 20 re f", head))
    number = revision.add(b"<< /Type /Annot %b >>" % entries)
    revision.extend(chance.choice((PAGE, PAGE_2)), "Annots", b"%d 0 R" % number)


def _write_page(revision: Revision, chance: random.Random) -> None:
    revision.write(CONTENT, stream(b"BT /F1 12 Tf 72 %d Td (!) Tj ET" % chance.randrange(700), b""))


_EDITS = (_set, _set, _set, _take_out, _free, _exchange, _fill, _fill, _annotate, _annotate,
          _write_page)  # fmt: skip
