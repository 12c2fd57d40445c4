"""The JSON of a visible signature, and what of it comes with a form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from idservice.services.stamps import (
    DEFAULT_TEMPLATE,
    LAST_PAGE,
    Box,
    Colour,
    Corner,
    Place,
    StampChoice,
)
from idservice.web.bodies import parse_json
from idservice.web.login_models import RequestModel

MAX_POINTS = 14400
"""Longest side of a page that readers show: 200 inches (ISO 32000-1 annex C)."""

Distance = Annotated[float, Field(ge=-MAX_POINTS, le=MAX_POINTS, allow_inf_nan=False)]
Length = Annotated[float, Field(gt=0, le=MAX_POINTS, allow_inf_nan=False)]


class StampBox(RequestModel):
    """A rectangle in points of 1/72 inch on the page as it is seen."""

    x: Annotated[Distance, Field(description="Distance from the left or right edge.")]
    y: Annotated[Distance, Field(description="Distance from the lower or upper edge.")]
    width: Length
    height: Length
    corner: Annotated[
        Literal["bottom-left", "bottom-right", "top-left", "top-right"],
        Field(description="Where x and y begin."),
    ] = "bottom-left"


class StampFields(RequestModel):
    """A visible signature; without a page and a box it takes the rectangle of the named field.

    Where no field is named, it stands at the bottom right of the last page, or at the next
    free place.
    """

    page: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | Literal["last"] | None,
        Field(description="Page of a new field, from 1."),
    ] = None
    box: StampBox | None = None
    text: Annotated[
        str,
        Field(
            max_length=1000,
            description="Lines of text with {name}, {code}, {time}, {reason}, {location} and "
            "{contact}; a line with nothing to fill in is left out. Empty for no text.",
        ),
    ] = DEFAULT_TEMPLATE
    qr: Annotated[
        str | None,
        Field(min_length=1, max_length=1000, description="Text of a QR code, filled in alike."),
    ] = None
    background: Annotated[
        str | None, Field(pattern="^#[0-9a-fA-F]{6}$", description="Colour behind the stamp.")
    ] = None
    frame: Annotated[bool, Field(description="Whether a frame stands around the stamp.")] = True

    def choice(self, picture: bytes | None) -> StampChoice:
        """Return what the signing service takes, with the bytes of the picture if there is one."""
        place = None
        if self.page is not None or self.box is not None:
            place = Place(self.page if isinstance(self.page, int) else LAST_PAGE, self._box())
        return StampChoice(
            place=place,
            template=self.text,
            picture=picture,
            qr_template=self.qr,
            frame=self.frame,
            background=self._background(),
        )

    def _box(self) -> Box | None:
        box = self.box
        if box is None:
            return None
        return Box(box.x, box.y, box.width, box.height, Corner(box.corner))

    def _background(self) -> Colour | None:
        if self.background is None:
            return None
        return Colour(*(octet / 255 for octet in bytes.fromhex(self.background[1:])))


class StampWithPicture(StampFields):
    """A visible signature in JSON, its picture included."""

    picture: Annotated[
        str | None,
        Field(
            min_length=4,
            description="PNG or JPEG file in Base64.",
            json_schema_extra={"contentEncoding": "base64"},
        ),
    ] = None


def _read_part(value: Any) -> Any:
    """A field of a form holds JSON as text. Raises MalformedRequest."""
    return parse_json(value.encode()) if isinstance(value, str) else value


StampPart = Annotated[
    StampFields | None,
    BeforeValidator(_read_part),
    Field(description="The visible signature, as JSON; its picture is the part `picture`."),
]
