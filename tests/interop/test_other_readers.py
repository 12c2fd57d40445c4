"""What poppler, PDFium and qpdf show of a signed file is what was judged, or it does not pass."""

import io
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from idservice.errors import UnknownFormat
from support.attack_documents import FONT, FORM_FONT, contract
from support.attacks import judge
from support.attacks_readers import EDITS, Edit
from support.attacks_saving import EVIL
from support.pdf_writing import IDENTIFIER, table_pdf
from support.programs import require_program
from support.signing import signed

_BODY = b"\n4 0 obj\n" + EVIL + b"\nendobj\n"
_ROOT = b"trailer\n<< /Size 60 /Root 1 0 R >>\n"


def _end(data: bytes, old: bytes, new: bytes) -> bytes:
    head, behind = data[: data.rindex(old)], data[data.rindex(old) + len(old) :]
    return head + new + behind


# Each makes some program search the file for its objects, or gives it two things to find.
SEARCHED: dict[str, Edit] = {
    "body-appended": lambda data: data + _BODY,
    "body-and-trailer-appended": lambda data: data + _BODY + _ROOT,
    "body-in-comments": lambda data: data + _BODY.replace(b"\n", b"\n% ", 1),
    "startxref-gone": lambda data: _end(data, b"startxref", b"startxxxx") + _BODY,
    "startxref-nowhere": lambda data: data + _BODY + b"startxref\n99999999\n%%EOF\n",
    "startxref-zero": lambda data: data + _BODY + b"startxref\n0\n%%EOF\n",
    "startxref-far-from-the-end": lambda data: data + _BODY + b"\n" * 3000,
    "startxref-repeated": lambda data: data + _BODY + data[data.rindex(b"startxref") :],
    "end-gone": lambda data: _end(data, b"%%EOF", b"%%EO ") + _BODY,
    "header-late": lambda data: b"\n" * 900 + data + _BODY,
    "header-too-late": lambda data: b"\n" * 1100 + data + _BODY,
    "header-twice": lambda data: b"%PDF-1.7\n" + data + _BODY,
    "table-word-spoilt": lambda data: data + _BODY + b"xreg\n" + data[data.rindex(b"startxref") :],
    "whole-file-twice": lambda data: data + data.replace(b"100 euros", b"999 euros"),
}


@cache
def _signed() -> bytes:
    objects = {**contract(), FONT: contract()[FORM_FONT]}
    return signed(table_pdf(objects, trailer=IDENTIFIER + b" /Info 29 0 R"))


def _by_poppler(data: bytes, folder: Path) -> str | None:
    path = folder / "read.pdf"
    path.write_bytes(data)
    command = [require_program("pdftotext"), "-l", "1", str(path), "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _by_pdfium(data: bytes, folder: Path) -> str | None:
    del folder
    try:
        text: str = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    except pypdfium2.PdfiumError:
        return None
    return text


def _by_qpdf(data: bytes, folder: Path) -> str | None:
    del folder
    try:
        with pikepdf.open(io.BytesIO(data), suppress_warnings=True) as pdf:
            return pdf.pages[0].obj.Contents.read_bytes().decode("latin-1")
    except (pikepdf.PdfError, AttributeError, IndexError, TypeError, ValueError):
        return None


READERS: dict[str, Callable[[bytes, Path], str | None]] = {
    "poppler": _by_poppler,
    "pdfium": _by_pdfium,
    "qpdf": _by_qpdf,
}
ALL: dict[str, Edit] = {**{name: edit for name, (_, edit) in EDITS.items()}, **SEARCHED}


def _passes(data: bytes) -> bool:
    try:
        report = judge(data)
    except UnknownFormat:
        return False
    return bool(report.signatures) and all(item.passed for item in report.signatures)


def _shown(data: bytes, folder: Path) -> dict[str, str | None]:
    found = {name: read(data, folder) for name, read in READERS.items()}
    return {name: text and re.sub(r"\s+", " ", text) for name, text in found.items()}


def test_what_was_signed_is_shown_by_all(tmp_path: Path) -> None:
    """Every program shows the signed words, and the file passes: later differences mean it."""
    assert _passes(_signed())
    assert all("100 euros" in (text or "") for text in _shown(_signed(), tmp_path).values())


@pytest.mark.parametrize("name", list(ALL))
def test_what_passes_is_shown_alike(name: str, tmp_path: Path) -> None:
    """A file of which some program shows other words than the signed ones does not pass."""
    data = ALL[name](_signed())
    if _passes(data):
        assert _shown(data, tmp_path) == _shown(_signed(), tmp_path)


def test_the_variants_make_programs_show_something_else(tmp_path: Path) -> None:
    """The tricks work: each program is misled by some of them."""
    misled = {
        reader
        for edit in ALL.values()
        for reader, text in _shown(edit(_signed()), tmp_path).items()
        if text and "999" in text
    }
    assert misled == set(READERS)
