"""What a document claims about its archiving (PDF/A), and the colours that this permits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, PdfError, Stream

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.stamp import Colour

# As an attribute or as an element of the XMP packet (ISO 19005-1 cl. 6.7.11).
_PART = re.compile(rb"""pdfaid:part\s*(?:=\s*["']|>)\s*(\d)""")
_ICC_SPACE = slice(16, 20)
# sRGB as a calibrated space: its primaries and white point D65; 2.2 is close to its curve.
_CAL_RGB = (
    b"[/CalRGB << /WhitePoint [0.9505 1 1.089] /Gamma [2.2 2.2 2.2] /Matrix "
    b"[0.4124 0.2126 0.0193 0.3576 0.7152 0.1192 0.1805 0.0722 0.9505] >>]"
)
_CAL_GREY = b"[/CalGray << /WhitePoint [0.9505 1 1.089] /Gamma 2.2 >>]"


@dataclass(frozen=True, slots=True)
class Palette:
    """How colours are written: for the device, or calibrated where nothing says which device."""

    calibrated: bool

    def fill(self, colour: Colour) -> bytes:
        """Return the operators that choose the colour of areas and text."""
        parts = b"%.3f %.3f %.3f" % (colour.red, colour.green, colour.blue)
        return b"/Cs cs %b sc" % parts if self.calibrated else b"%b rg" % parts

    def stroke(self, colour: Colour) -> bytes:
        """Return the operators that choose the colour of lines."""
        parts = b"%.3f %.3f %.3f" % (colour.red, colour.green, colour.blue)
        return b"/Cs CS %b SC" % parts if self.calibrated else b"%b RG" % parts

    def space(self, components: int) -> bytes:
        """Return the colour space for pictures of one component (grey) or three (RGB)."""
        if self.calibrated:
            return _CAL_GREY if components == 1 else _CAL_RGB
        return b"/DeviceGray" if components == 1 else b"/DeviceRGB"

    @property
    def resources(self) -> bytes:
        """The entries of the resources that the operators need."""
        return b"/ColorSpace << /Cs %b >>" % _CAL_RGB if self.calibrated else b""


def archival_part(document: PdfDocument) -> int | None:
    """Return the part of ISO 19005 (PDF/A) that a document claims to follow, or None."""
    metadata = document.catalog.get("/Metadata")
    if not isinstance(metadata, Stream):
        return None
    found = _PART.search(_content(metadata))
    return int(found[1]) if found else None


def palette_for(document: PdfDocument) -> Palette:
    """Choose colours that a PDF/A permits (ISO 19005-2 cl. 6.2.4.3).

    Device colours need an output intent of RGB there; without one, calibrated colours do.
    """
    return Palette(archival_part(document) is not None and not _has_rgb_output(document))


def _has_rgb_output(document: PdfDocument) -> bool:
    intents = document.catalog.get("/OutputIntents")
    if not isinstance(intents, Array):
        return False
    profiles = [item.get("/DestOutputProfile") for item in intents if isinstance(item, Dictionary)]
    return any(
        isinstance(item, Stream) and _content(item)[_ICC_SPACE] == b"RGB " for item in profiles
    )


def _content(stream: Stream) -> bytes:
    try:
        return stream.read_bytes()
    except (PdfError, RuntimeError, ValueError):
        return b""  # what nobody can read claims nothing
