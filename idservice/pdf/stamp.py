"""What a visible signature shows and where: values only, drawn by `stamp_drawing`.

Lengths are points of 1/72 inch, measured on the page as a reader sees it: after its
rotation, inside its crop box, and with its user unit applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LAST_PAGE = -1
"""Stands for the last page of a document; other pages are counted from 1."""

DEFAULT_WIDTH, DEFAULT_HEIGHT = 200.0, 72.0
"""Size in points of a stamp for which no size is asked; smaller on a small page."""

MAX_PICTURE_BYTES = 8 * 1024 * 1024
"""Most bytes that are read of a picture."""

DEFAULT_TEMPLATE = "Digitally signed by\n{name}\n{time}\nReason: {reason}\nLocation: {location}"


class Corner(Enum):
    """A corner of the page as it is seen."""

    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"

    @property
    def is_right(self) -> bool:
        """Whether distances run to the left from here."""
        return self in {Corner.BOTTOM_RIGHT, Corner.TOP_RIGHT}

    @property
    def is_top(self) -> bool:
        """Whether distances run downwards from here."""
        return self in {Corner.TOP_LEFT, Corner.TOP_RIGHT}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page: the distances of its nearest corner from `corner`, and its size."""

    x: float
    y: float
    width: float
    height: float
    corner: Corner = Corner.BOTTOM_LEFT


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new field stands: a page, from 1 or LAST_PAGE, and a rectangle on it.

    Without a rectangle the stamp gets the default size, at the bottom right of the page or
    at the first free place above and to the left of it.
    """

    page: int = LAST_PAGE
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour in sRGB; each part from 0 to 1."""

    red: float
    green: float
    blue: float


@dataclass(frozen=True, slots=True)
class Stamp:
    """A visible signature: place, text, picture, QR code and looks.

    `place` is None for the rectangle of the existing field that is signed; if no field is
    named, it stands for the automatic place on the last page. `template` is text with
    `{name}`, `{code}`, `{time}`, `{reason}`, `{location}` and `{contact}` in it; a line
    whose placeholders are all empty is left out. None or "" shows no text. `qr_template`
    is filled alike. `picture` are the bytes of a PNG or JPEG file and `font` those of a
    TrueType font, needed for text. `name` and `code` are those of the signer.
    """

    font: bytes
    name: str = ""
    code: str = ""
    place: Place | None = None
    template: str | None = DEFAULT_TEMPLATE
    picture: bytes | None = None
    qr_template: str | None = None
    frame: bool = True
    background: Colour | None = None
