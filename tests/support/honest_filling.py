"""Honest filling of forms, as programs of many makes write it.

With an appearance or without, in the update's own style, with resources in the field or in
the form, and with the odd entries that programs add while they fill.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pypdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from support.attack_documents import (
    AGREE,
    AMOUNT,
    AMOUNT_LOOK,
    CHOICE,
    FORM,
    INFORMATION,
    METADATA,
    NAME,
    RADIO,
    RADIO_A,
    RADIO_B,
    contract,
)
from support.attacks import Change, Recipes, Variant, over_bases, variant
from support.pdf_writing import stream
from support.revision_writing import OBJECTS, STREAM, Revision

_FILLED = "form-value-changed"
_BOX = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] "
_HELVETICA = b"/Resources << /Font << /Helv 48 0 R >> >> "


def look(text: bytes, entries: bytes = _HELVETICA, *, marked: bool = True) -> bytes:
    """An appearance stream that shows a text, as most programs draw it."""
    drawn = b"q BT /Helv 12 Tf 0 g 2 4 Td (%b) Tj ET Q" % text
    return stream(b"/Tx BMC " + drawn + b" EMC" if marked else drawn, _BOX + entries)


def _text(number: int, text: bytes, drawn: bytes | None = None) -> Change:
    """Fill a text field, with an appearance in an object of its own."""

    def change(revision: Revision) -> None:
        entries: dict[str, bytes | None] = {"V": b"(%b)" % text}
        if drawn is not None:
            entries["AP"] = b"<< /N %d 0 R >>" % revision.add(drawn)
        revision.put(number, entries)

    return change


def _utf16(revision: Revision) -> None:
    value = b"<FEFF" + "Ann Õunapuu".encode("utf-16-be").hex().upper().encode() + b">"
    drawn = revision.add(look(b"Ann \\325unapuu"))
    revision.put(NAME, {"V": value, "AP": b"<< /N %d 0 R >>" % drawn})


def _overwritten_look(revision: Revision) -> None:
    """Write the existing appearance stream again, as PDFBox and iText do."""
    revision.put(AMOUNT, {"V": b"(200)"}).write(AMOUNT_LOOK, look(b"200"))


def _acrobat(revision: Revision) -> None:
    """Fill as Acrobat does: marked appearance, new /Info and metadata dates, /M in the field."""
    _text(NAME, b"Ann", look(b"Ann"))(revision)
    revision.put(INFORMATION, {"ModDate": b"(D:20260602090000+03'00')"})
    body = contract()[METADATA].replace(b"2026-06-01T12:00:00Z", b"2026-06-02T09:00:00Z")
    revision.write(METADATA, body)


def _new_font(revision: Revision) -> None:
    """Bring a font for the filled text into the resources of the form."""
    font = revision.add(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>"
    )
    revision.put(FORM, {"DR": b"<< /Font << /Helv 48 0 R /HeBo %d 0 R >> >>" % font})
    own = b"/Resources << /Font << /Helv %d 0 R >> >> " % font
    drawn = revision.add(look(b"Ann", own))
    revision.put(NAME, {"V": b"(Ann)", "AP": b"<< /N %d 0 R >>" % drawn})


def _embedded_font(revision: Revision) -> None:
    file = revision.add(stream(b"glyphs for the name", b"/Length1 19 "))
    descriptor = revision.add(
        b"<< /Type /FontDescriptor /FontName /BBBBBB+Own /Flags 4 /FontFile2 %d 0 R /FontBBox "
        b"[0 0 9 9] /ItalicAngle 0 /Ascent 8 /Descent 0 /StemV 8 >>" % file
    )
    font = revision.add(
        b"<< /Type /Font /Subtype /TrueType /BaseFont /BBBBBB+Own /FirstChar 32 /LastChar 32 "
        b"/Widths [500] /FontDescriptor %d 0 R >>" % descriptor
    )
    drawn = revision.add(look(b"Ann", b"/Resources << /Font << /Helv %d 0 R >> >> " % font))
    revision.put(NAME, {"V": b"(Ann)", "AP": b"<< /N %d 0 R >>" % drawn})


def _everything(revision: Revision) -> None:
    for recipe in ("text", "check-box", "radio-a", "choice"):
        FILLINGS[recipe][1](revision)


FILLINGS: Recipes = {
    "text": (_FILLED, _text(NAME, b"Ann", look(b"Ann"))),
    "text-unmarked": (_FILLED, _text(NAME, b"Ann", look(b"Ann", marked=False))),
    "text-again": (_FILLED, _text(AMOUNT, b"200", look(b"200"))),
    "text-overwritten-look": (_FILLED, _overwritten_look),
    "text-utf-16": (_FILLED, _utf16),
    "text-without-look": (_FILLED, _text(NAME, b"Ann")),
    "text-drawn-by-viewer": (
        _FILLED + " need-appearances-set",
        lambda r: r.put(NAME, {"V": b"(Ann)"}).put(FORM, {"NeedAppearances": b"true"}),
    ),
    "text-cleared": (_FILLED, _text(AMOUNT, b"", look(b""))),
    "text-two-fields": (
        _FILLED,
        lambda r: (_text(NAME, b"Ann", look(b"Ann"))(r), _text(AMOUNT, b"1", look(b"1"))(r)),
    ),
    "text-like-acrobat": (_FILLED, _acrobat),
    "text-with-font": (_FILLED, _new_font),
    "text-with-embedded-font": (_FILLED, _embedded_font),
    "check-box": (_FILLED, lambda r: r.put(AGREE, {"V": b"/Yes", "AS": b"/Yes"})),
    "radio-a": (
        _FILLED,
        lambda r: r.put(RADIO, {"V": b"/A"}).put(RADIO_A, {"AS": b"/A"}),
    ),
    "radio-b-both-written": (
        _FILLED,
        lambda r: (
            r.put(RADIO, {"V": b"/B"}).put(RADIO_B, {"AS": b"/B"}).put(RADIO_A, {"AS": b"/Off"})
        ),
    ),
    "choice": (_FILLED, _text(CHOICE, b"FI", look(b"FI"))),
    "choice-with-index": (
        _FILLED,
        lambda r: r.put(
            CHOICE, {"V": b"(FI)", "I": b"[1]", "AP": b"<< /N %d 0 R >>" % r.add(look(b"FI"))}
        ),
    ),
    "choice-without-look": (_FILLED, _text(CHOICE, b"LV")),
    "all-kinds": (_FILLED, _everything),
}


def _by_pypdf(data: bytes) -> bytes:
    """Fill incrementally with pypdf, which makes the appearances itself."""
    writer = pypdf.PdfWriter(io.BytesIO(data), incremental=True)
    writer.update_page_form_field_values(
        writer.pages[0], {"Name": "Ann", "Amount": "200"}, auto_regenerate=False
    )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _box_by_pypdf(data: bytes) -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(data), incremental=True)
    writer.update_page_form_field_values(writer.pages[0], {"Agree": "/Yes"}, auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _by_pyhanko(data: bytes) -> bytes:
    """Fill with pyHanko's incremental writer, without an appearance."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    field = writer.get_object(generic.Reference(NAME, 0, writer))
    field["/V"] = generic.pdf_string("Ann")
    writer.update_container(field)
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


_PROGRAMS: dict[str, Callable[[bytes], bytes]] = {
    "by-pypdf": _by_pypdf,
    "box-by-pypdf": _box_by_pypdf,
    "by-pyhanko": _by_pyhanko,
}


def _styled(name: str, style: str) -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        revision = Revision(data)
        FILLINGS[name][1](revision)
        return revision.build(style)

    return make


def _twice(data: bytes) -> bytes:
    """Fill one field, and later another one, in revisions of their own."""
    for recipe in ("text", "check-box"):
        revision = Revision(data)
        FILLINGS[recipe][1](revision)
        data = revision.build()
    return data


def variants() -> Iterator[Variant]:
    """Every filling of a form."""
    yield from over_bases("fill", FILLINGS, ("table", "stream", "objects", "p2", "p3"))
    for base in ("table", "p2"):
        for name, make in _PROGRAMS.items():
            yield variant("fill", name, base, (_FILLED,), make)
    for base in ("objects", "p2-stream", "p3-objects"):
        for style in (STREAM, OBJECTS):
            yield variant("fill", f"by-{style}", base, (_FILLED,), _styled("text", style))
        yield variant("fill", "twice", base, (_FILLED,), _twice)
