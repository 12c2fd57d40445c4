"""Options that make a signature visible, as one argument of a command: `stamp`."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from idservice.services.stamps import Colour, Place, StampChoice

CORNERS = ("bottom-left", "bottom-right", "top-left", "top-right")

_POINTS = {"pt": 1.0, "mm": 72 / 25.4}
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_LENGTH = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*(pt|mm)?\s*")
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")


def stamp_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --stamp and what belongs to it; the command gets `stamp`, a StampChoice or None."""

    @functools.wraps(command)
    def with_stamp(*args: Any, **options: Any) -> Any:
        asked = {option: options.pop(option) for option in _OPTIONS}
        return command(*args, stamp=_choice(**asked), **options)

    wrapped: Callable[..., Any] = with_stamp
    for option in reversed(_OPTIONS.values()):
        wrapped = option(wrapped)
    return wrapped


def _page(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    if value == "last":
        from idservice.services.stamps import LAST_PAGE

        return LAST_PAGE
    if not _NUMBER.fullmatch(value):
        raise click.BadParameter("a page is a number from 1, or last.")
    return int(value)


def _lengths(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    """Read four lengths in points or millimetres; the last unit counts for those without."""
    if value is None:
        return None
    found = [_LENGTH.fullmatch(part) for part in value.split(",")]
    matches = [match for match in found if match is not None]
    if len(found) != 4 or len(matches) != 4:
        raise click.BadParameter("give X,Y,WIDTH,HEIGHT, such as 20mm,20mm,70mm,25mm.")
    common = matches[-1][2] or "pt"
    lengths = tuple(float(match[1]) * _POINTS[match[2] or common] for match in matches)
    if not all(math.isfinite(length) for length in lengths) or min(lengths[2:]) <= 0:
        raise click.BadParameter("width and height must be more than nothing.")
    return lengths


def _colour(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> Colour | None:
    if value is None:
        return None
    match = _COLOUR.fullmatch(value)
    if match is None:
        raise click.BadParameter("a colour is written #RRGGBB.")
    from idservice.services.stamps import Colour

    return Colour(*(octet / 255 for octet in bytes.fromhex(match[1])))


_FILE = click.Path(path_type=Path, dir_okay=False)
_OPTIONS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "stamp": click.option(
        "--stamp",
        is_flag=True,
        help="Make the signature visible: on the last page at the bottom right, or in the "
        "rectangle of --field. The options from --page to --no-stamp-frame imply it.",
    ),
    "page": click.option(
        "--page", metavar="N|last", callback=_page, help="Page of the stamp, from 1."
    ),
    "at": click.option(
        "--at",
        metavar="X,Y,W,H",
        callback=_lengths,
        help="Place and size on the page as it is seen, each in pt or mm.",
    ),
    "corner": click.option(
        "--corner", type=click.Choice(CORNERS), help="Where X and Y begin.  [default: bottom-left]"
    ),
    "stamp_text": click.option(
        "--stamp-text",
        metavar="TEMPLATE",
        help="Text with {name}, {code}, {time}, {reason}, {location}, {contact}; \\n begins a "
        "line, and a line without anything to fill in is left out. Empty for no text.",
    ),
    "stamp_image": click.option("--stamp-image", type=_FILE, help="Picture: PNG or JPEG."),
    "stamp_qr": click.option(
        "--stamp-qr", metavar="TEMPLATE", help="Text of a QR code, filled in like --stamp-text."
    ),
    "stamp_font": click.option(
        "--stamp-font", type=_FILE, help="TrueType font instead of DejaVu Sans."
    ),
    "stamp_background": click.option(
        "--stamp-background", metavar="#RRGGBB", callback=_colour, help="Colour behind the stamp."
    ),
    "no_stamp_frame": click.option(
        "--no-stamp-frame", is_flag=True, help="Leave out the frame around the stamp."
    ),
}


def _choice(
    *,
    stamp: bool,
    page: int | None,
    at: tuple[float, ...] | None,
    corner: str | None,
    stamp_text: str | None,
    stamp_image: Path | None,
    stamp_qr: str | None,
    stamp_font: Path | None,
    stamp_background: Colour | None,
    no_stamp_frame: bool,
) -> StampChoice | None:
    """Read the files of a stamp and check what can be checked before a PIN is asked."""
    given = (page, at, corner, stamp_text, stamp_image, stamp_qr, stamp_font, stamp_background)
    if not stamp and not no_stamp_frame and all(value is None for value in given):
        return None
    from idservice.services.stamps import DEFAULT_TEMPLATE, StampChoice, read_stamp_file

    if corner is not None and at is None:
        raise click.UsageError("--corner says where --at begins; give both.")
    choice = StampChoice(
        place=_place(page, at, corner),
        template=DEFAULT_TEMPLATE if stamp_text is None else stamp_text.replace("\\n", "\n"),
        picture=None if stamp_image is None else read_stamp_file(stamp_image),
        qr_template=stamp_qr,
        font=None if stamp_font is None else read_stamp_file(stamp_font),
        frame=not no_stamp_frame,
        background=stamp_background,
    )
    choice.require_drawable()
    return choice


def _place(page: int | None, at: tuple[float, ...] | None, corner: str | None) -> Place | None:
    from idservice.services.stamps import LAST_PAGE, Box, Corner, Place

    if page is None and at is None:
        return None
    box = None if at is None else Box(at[0], at[1], at[2], at[3], Corner(corner or CORNERS[0]))
    return Place(LAST_PAGE if page is None else page, box)
