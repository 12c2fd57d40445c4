"""A small contract on one page, as a PDF to try things on.

Written without any library: a header, seven objects, a cross-reference table. The fonts
are among the fourteen that every viewer has (ISO 32000-1 cl. 9.6.2.2).
"""

from __future__ import annotations

from datetime import datetime

_INK = "0.13 0.17 0.24 rg"
_ACCENT = "0.05 0.33 0.62 rg"
_FAINT = "0.45 0.49 0.55 rg"
_LEFT = 72
_WIDTH = 451

_PARAGRAPHS = (
    (
        "1.  Subject",
        "The lender leaves one electric bicycle, in good order and with its battery",
        "charged, to the borrower for the length of one summer.",
    ),
    (
        "2.  Duties of the borrower",
        "The borrower rides with care, keeps the bicycle under a roof at night, and",
        "gives it back clean. What breaks in ordinary use is the lender's to mend.",
    ),
    (
        "3.  Price",
        "The price is 120 euros. It is paid within seven days after both have signed.",
    ),
    (
        "4.  Form",
        "This contract is signed electronically. Any change made to it afterwards,",
        "even of a single byte, makes the signature fail.",
    ),
)


def specimen_contract(lender: str, borrower: str, at: datetime) -> bytes:
    """Return a one-page contract between two people, dated `at`, as the bytes of a PDF 1.7."""
    page = _page_content(lender, borrower, at)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 7 0 R "
            b"/Resources << /Font << /R 4 0 R /B 5 0 R /I 6 0 R >> >> >>"
        ),
        _font("Helvetica"),
        _font("Helvetica-Bold"),
        _font("Helvetica-Oblique"),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
    ]
    return _file(objects)


def _font(name: str) -> bytes:
    return (
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()
    )


def _page_content(lender: str, borrower: str, at: datetime) -> bytes:
    lines = [
        f"{_ACCENT} 0 782 595 60 re f",
        _text("B", 20, _LEFT, 804, "Contract of loan", "1 1 1 rg"),
        _text("R", 10, 430, 806, f"{at:%d.%m.%Y}", "1 1 1 rg"),
        _text("R", 11, _LEFT, 738, "Between", _FAINT),
        _text("B", 12, _LEFT, 720, lender),
        _text("R", 12, 330, 720, "as the lender", _FAINT),
        _text("B", 12, _LEFT, 700, borrower),
        _text("R", 12, 330, 700, "as the borrower", _FAINT),
        _rule(682),
    ]
    y = 650
    for heading, *body in _PARAGRAPHS:
        lines.append(_text("B", 12, _LEFT, y, heading, _ACCENT))
        for number, line in enumerate(body, start=1):
            lines.append(_text("R", 11, _LEFT + 20, y - 18 * number, line))
        y -= 18 * len(body) + 34
    lines += [
        _rule(y),
        _text(
            "I",
            10,
            _LEFT,
            y - 22,
            "A specimen with invented content. Made to be signed by a",
            _FAINT,
        ),
        _text("I", 10, _LEFT, y - 36, "test identity, which binds nobody.", _FAINT),
    ]
    return "\n".join(lines).encode("cp1252", errors="replace")


def _text(font: str, size: int, x: int, y: int, text: str, colour: str = _INK) -> str:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT {colour} /{font} {size} Tf {x} {y} Td ({escaped}) Tj ET"


def _rule(y: int) -> str:
    return f"0.80 0.84 0.89 rg {_LEFT} {y} {_WIDTH} 1 re f"


def _file(objects: list[bytes]) -> bytes:
    """Write header, objects, table and trailer (ISO 32000-1 cl. 7.5)."""
    # Four bytes above 127 behind the header tell transfer programs that this is binary.
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)
