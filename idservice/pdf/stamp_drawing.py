"""Drawing a visible signature: from a `Stamp` to the entries of its widgets.

The appearance is one form of its own: only /N, resources inside it, no transparency group
(ISO 32000-2 cl. 12.5.5). It is drawn upright as seen; its matrix turns it with the page.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idservice.errors import MalformedRequest
from idservice.pdf.archival import archival_part, palette_for
from idservice.pdf.fonts import StampFont, embed_font, open_font
from idservice.pdf.pictures import Picture, embed_picture, read_picture
from idservice.pdf.qr_code import QrCode, qr_code
from idservice.pdf.stamp import Colour
from idservice.pdf.stamp_layout import Area, SetLine, divide, set_text
from idservice.pdf.stamp_text import (
    PLACEHOLDERS,
    LineRole,
    filled,
    stamp_lines,
    stamp_time,
)
from idservice.pdf.writer import number, reference

if TYPE_CHECKING:
    import datetime as dt

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.signature_dictionary import SignatureText
    from idservice.pdf.stamp import Stamp
    from idservice.pdf.update import Update

_INK = {
    LineRole.LABEL: Colour(0.40, 0.44, 0.50),
    LineRole.NAME: Colour(0.05, 0.15, 0.35),
    LineRole.BODY: Colour(0.20, 0.22, 0.25),
}
_FRAME = Colour(0.55, 0.61, 0.70)
_BLACK, _WHITE = Colour(0, 0, 0), Colour(1, 1, 1)
_FRAME_WIDTH = 0.75


@dataclass(slots=True)
class _Shared:
    """What all appearances of one stamp use, put into the update when first needed."""

    font: bytes | None = None
    picture: bytes | None = None


@dataclass(slots=True)
class _Content:
    """Operators of one appearance, and the resources that they name."""

    operators: list[bytes] = field(default_factory=list)
    resources: list[bytes] = field(default_factory=list)


def require_drawable(stamp: Stamp) -> None:
    """Read font and picture of a stamp and fill in its templates, for nobody in particular.

    Raises what `StampDrawing` raises for a stamp that cannot be drawn whoever signs.
    """
    values = dict.fromkeys(PLACEHOLDERS, "0")
    font = open_font(stamp.font)
    for line in stamp_lines(stamp.template or "", values):
        font.require(line.text)
    if stamp.picture is not None:
        read_picture(stamp.picture)
    if stamp.qr_template:
        qr_code(filled(stamp.qr_template, values))
    if not (stamp.template or stamp.picture or stamp.qr_template):
        raise _shows_nothing()


class StampDrawing:
    """One stamp, read and filled in, to be drawn into one or several rectangles."""

    def __init__(
        self,
        document: PdfDocument,
        update: Update,
        stamp: Stamp,
        *,
        at: dt.datetime,
        text: SignatureText,
    ) -> None:
        """Read font, picture and text of a stamp; `at` is the claimed signing time.

        Raises MalformedRequest, TextNeedsShaping, CharactersNotInFont, FontUnreadable,
        PictureUnreadable; MalformedRequest also for a stamp that shows nothing.
        """
        part = archival_part(document)
        values = {
            "name": stamp.name or text.name or "",
            "code": stamp.code,
            "time": stamp_time(at),
            "reason": text.reason or "",
            "location": text.location or "",
            "contact": text.contact or "",
        }
        self._update = update
        self._stamp = stamp
        self._palette = palette_for(document)
        # PDF/A-1 knows no transparency and wants the glyphs of a font listed.
        self._is_first_part = part == 1
        self._lines = stamp_lines(stamp.template or "", values)
        self._font = self._readable_font() if self._lines else None
        self._picture = self._readable_picture()
        self._qr = qr_code(filled(stamp.qr_template, values)) if stamp.qr_template else None
        self._shared = _Shared()
        if not (self._lines or self._picture or self._qr):
            raise _shows_nothing()

    def appearance(self, width: float, height: float, rotation: int) -> bytes:
        """Draw into `width` × `height` points as seen on a page turned by `rotation`.

        Returns the reference to the form. Raises StampTooSmall.
        """
        areas = divide(
            width,
            height,
            has_text=bool(self._lines),
            picture_aspect=None if self._picture is None else self._picture.aspect,
            qr_side=None if self._qr is None else self._qr.side,
        )
        content = _Content()
        if self._palette.resources:
            content.resources.append(self._palette.resources)
        self._draw_box(content, width, height)
        if areas.picture is not None and self._picture is not None:
            self._draw_picture(content, self._picture, areas.picture)
        if areas.qr is not None and self._qr is not None:
            self._draw_qr(content, self._qr, areas.qr)
        if areas.text is not None and self._font is not None:
            self._draw_text(content, self._font, set_text(self._lines, self._font, areas.text))
        return self._put_form(content, width, height, rotation)

    def _draw_box(self, content: _Content, width: float, height: float) -> None:
        stamp, palette = self._stamp, self._palette
        if stamp.background is not None:
            content.operators.append(
                b"%b 0 0 %b %b re f"
                % (palette.fill(stamp.background), number(width), number(height))
            )
        if stamp.frame:
            inset = _FRAME_WIDTH / 2
            content.operators.append(
                b"%b %b w %b %b %b %b re S"
                % (
                    palette.stroke(_FRAME),
                    number(_FRAME_WIDTH),
                    number(inset),
                    number(inset),
                    number(width - _FRAME_WIDTH),
                    number(height - _FRAME_WIDTH),
                )
            )

    def _draw_picture(self, content: _Content, picture: Picture, area: Area) -> None:
        if self._shared.picture is None:
            self._shared.picture = embed_picture(self._update, picture, self._palette.space)
        content.resources.append(b"/XObject << /Im %b >>" % self._shared.picture)
        upright = b" ".join(b"%d" % part for part in picture.upright)
        content.operators.append(b"q %b %b cm /Im Do Q" % (_scaling(area), upright))

    def _draw_qr(self, content: _Content, code: QrCode, area: Area) -> None:
        palette, side = self._palette, code.side
        content.operators.append(b"q %b %b 0 0 1 1 re f Q" % (_scaling(area), palette.fill(_WHITE)))
        module = Area(area.x, area.y, area.width / side, area.height / side)
        content.operators.append(
            b"q %b %b\n%b\nf Q" % (_scaling(module), palette.fill(_BLACK), code.path())
        )

    def _draw_text(self, content: _Content, font: StampFont, lines: tuple[SetLine, ...]) -> None:
        subset = font.subset("".join(line.text for line in self._lines) + "0123456789")
        if self._shared.font is None:
            self._shared.font = embed_font(
                self._update, font, subset, with_cid_set=self._is_first_part
            )
        content.resources.append(b"/Font << /F %b >>" % self._shared.font)
        for line in lines:
            codes = b"".join(b"%04x" % subset.codes[letter] for letter in line.text)
            content.operators.append(
                b"BT %b /F %b Tf %b %b Td <%b> Tj ET"
                % (
                    self._palette.fill(_INK[line.role]),
                    number(line.size),
                    number(line.x),
                    number(line.y),
                    codes,
                )
            )

    def _put_form(self, content: _Content, width: float, height: float, rotation: int) -> bytes:
        objgen = self._update.reserve()
        entries = (
            b"/Type /XObject /Subtype /Form /FormType 1 /BBox [0 0 %b %b] /Matrix [%b] "
            b"/Resources << %b >> /Filter /FlateDecode"
            % (
                number(width),
                number(height),
                _matrix(width, height, rotation),
                b" ".join(content.resources),
            )
        )
        data = zlib.compress(b"q\n%b\nQ" % b"\n".join(content.operators), 9)
        self._update.put(objgen, self._update.writer.stream(entries, data, objgen))
        return reference(objgen)

    def _readable_font(self) -> StampFont:
        font = open_font(self._stamp.font)
        for line in self._lines:
            font.require(line.text)
        return font

    def _readable_picture(self) -> Picture | None:
        picture = self._stamp.picture
        return None if picture is None else read_picture(picture, opaque=self._is_first_part)


def _shows_nothing() -> MalformedRequest:
    return MalformedRequest(
        "The stamp would show nothing: it has no text, no picture and no QR code.",
        "Give it at least one of them.",
    )


def _scaling(area: Area) -> bytes:
    """The operator that makes an area the unit square."""
    return b"%b 0 0 %b %b %b cm" % (
        (b"%.5f" % area.width),
        (b"%.5f" % area.height),
        number(area.x),
        number(area.y),
    )


def _matrix(width: float, height: float, rotation: int) -> bytes:
    """Turn the box and move it back to the origin, for readers that expect it there."""
    turned = {
        0: (1, 0, 0, 1, 0.0, 0.0),
        90: (0, 1, -1, 0, height, 0.0),
        180: (-1, 0, 0, -1, width, height),
        270: (0, -1, 1, 0, 0.0, width),
    }[rotation]
    return b" ".join(number(part) for part in turned)
