"""Where the parts of a stamp stand inside its box, and how large its text is set.

Text wraps at spaces and shrinks until all of it fits; nothing is ever cut off. What would
have to be smaller than can be read is refused.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from idservice.errors import StampTooSmall
from idservice.pdf.qr_code import MIN_MODULE
from idservice.pdf.stamp_text import LineRole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from idservice.pdf.stamp_text import StampLine

MAX_TEXT_SIZE, MIN_TEXT_SIZE = 12.0, 4.0
"""Font sizes in points of plain lines: how they begin, and what is just readable."""

_STEP = 0.25
# Below this size words are rather split than set any smaller.
_SPLIT_BELOW = 5.5
_SCALE = {LineRole.LABEL: 0.8, LineRole.NAME: 1.3, LineRole.BODY: 1.0}
_LEADING = 1.08
_MAX_PADDING, _PADDING_SHARE = 6.0, 0.08
_QR_SHARE, _PICTURE_SHARE = 0.42, 0.36
# A box this much higher than wide has its parts one below the other.
_TALL = 1.5
_MIN_PICTURE_SIDE = 2.0
_PIECES = re.compile(r"[^-]*-+|[^-]+")


class Measure(Protocol):
    """What layout must know of a font, in units of the font size."""

    ascent: float
    descent: float

    def width(self, text: str) -> float:
        """Return how wide a text is."""
        ...


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle inside a stamp, in points from its bottom left."""

    x: float
    y: float
    width: float
    height: float

    def split(self, share: float, gap: float, *, tall: bool) -> tuple[Area, Area]:
        """Cut `share` points off the left (or the top of a tall area); return it and the rest."""
        if tall:
            first = Area(self.x, self.y + self.height - share, self.width, share)
            return first, Area(self.x, self.y, self.width, self.height - share - gap)
        first = Area(self.x, self.y, share, self.height)
        return first, Area(self.x + share + gap, self.y, self.width - share - gap, self.height)


@dataclass(frozen=True, slots=True)
class Areas:
    """Where each part of a stamp stands; None for a part that it does not have."""

    text: Area | None
    picture: Area | None
    qr: Area | None


@dataclass(frozen=True, slots=True)
class SetLine:
    """A line of text as it is drawn: its baseline's start, font size and role."""

    text: str
    x: float
    y: float
    size: float
    role: LineRole


def divide(
    width: float,
    height: float,
    *,
    has_text: bool,
    picture_aspect: float | None,
    qr_side: int | None,
) -> Areas:
    """Divide a box of `width` × `height` points among the parts of a stamp.

    `picture_aspect` is width over height of the picture and `qr_side` the modules of the
    QR code with its quiet zone. The picture stands left or on top, the code right or
    below, each in its own proportions. Raises StampTooSmall.
    """
    padding = min(_MAX_PADDING, _PADDING_SHARE * min(width, height))
    rest = Area(padding, padding, width - 2 * padding, height - 2 * padding)
    tall = height > _TALL * width
    qr: Area | None = None
    if qr_side is not None:
        alone = not has_text and picture_aspect is None
        qr, rest = _cut(rest, 1.0, 1.0 if alone else _QR_SHARE, padding, tall=tall, at_end=True)
        _require_readable(qr, qr_side)
    picture: Area | None = None
    if picture_aspect is not None:
        share = _PICTURE_SHARE if has_text else 1.0
        picture, rest = _cut(rest, picture_aspect, share, padding, tall=tall, at_end=False)
        if min(picture.width, picture.height) < _MIN_PICTURE_SIDE:
            raise _too_small("the picture would be smaller than can be seen")
    return Areas(rest if has_text else None, picture, qr)


def set_text(lines: Sequence[StampLine], font: Measure, area: Area) -> tuple[SetLine, ...]:
    """Set lines into an area as large as they fit. Raises StampTooSmall.

    Words are split only when even small text does not fit otherwise.
    """
    steps = round((MAX_TEXT_SIZE - MIN_TEXT_SIZE) / _STEP)
    sizes = [MAX_TEXT_SIZE - _STEP * step for step in range(steps + 1)]
    whole = [size for size in sizes if size >= _SPLIT_BELOW]
    setting = _Setting(lines, font, area)
    for candidates, split in ((whole, False), (sizes, True)):
        found = bisect_left(candidates, 1, key=_fits(setting, split=split))
        if found < len(candidates):
            return setting.placed(candidates[found], split=split)
    raise _too_small(
        f"its text would have to be smaller than {MIN_TEXT_SIZE:g} points in "
        f"{max(area.width, 0):.0f} × {max(area.height, 0):.0f} points"
    )


def _fits(setting: _Setting, *, split: bool) -> Callable[[float], bool]:
    return lambda size: setting.fits(size, split=split)


class _Setting:
    """Lines of text in an area, tried at several sizes."""

    def __init__(self, lines: Sequence[StampLine], font: Measure, area: Area) -> None:
        self._lines = lines
        self._font = font
        self._area = area

    def fits(self, size: float, *, split: bool) -> bool:
        """Tell whether everything fits at a size of plain lines."""
        wrapped = self._wrapped(size, split=split)
        return wrapped is not None and self._height(wrapped) <= self._area.height

    def placed(self, size: float, *, split: bool) -> tuple[SetLine, ...]:
        """Return all lines, in the middle of the height, from the left."""
        wrapped = self._wrapped(size, split=split) or []
        area, font = self._area, self._font
        top = area.y + (area.height + self._height(wrapped)) / 2
        placed = []
        for text, own, role in wrapped:
            placed.append(SetLine(text, area.x, top - font.ascent * own, own, role))
            top -= self._line_height(own)
        return tuple(placed)

    def _wrapped(self, size: float, *, split: bool) -> list[tuple[str, float, LineRole]] | None:
        """Wrap all lines; None when a word is wider than the area and may not be split."""
        found: list[tuple[str, float, LineRole]] = []
        for line in self._lines:
            own = size * _SCALE[line.role]
            limit = self._area.width / own
            parts = _wrap(line.text, self._font, limit, split=split)
            if parts is None:
                return None
            found += [(part, own, line.role) for part in parts]
        return found

    def _height(self, wrapped: list[tuple[str, float, LineRole]]) -> float:
        return sum(self._line_height(own) for _, own, _ in wrapped)

    def _line_height(self, size: float) -> float:
        return (self._font.ascent - self._font.descent) * size * _LEADING


def _wrap(text: str, font: Measure, limit: float, *, split: bool) -> list[str] | None:
    """Break a line at spaces, then behind hyphens, then, with `split`, anywhere."""
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        joined = f"{current} {word}" if current else word
        if font.width(joined) <= limit:
            current = joined
            continue
        if current:
            lines.append(current)
        pieces = _pieces(word, font, limit, split=split)
        if pieces is None:
            return None
        lines += pieces[:-1]
        current = pieces[-1]
    return [*lines, current]


def _pieces(word: str, font: Measure, limit: float, *, split: bool) -> list[str] | None:
    """Break one word into pieces that are no wider than `limit`; None when it cannot be."""
    pieces: list[str] = []
    for part in _PIECES.findall(word) or [word]:
        if pieces and font.width(pieces[-1] + part) <= limit:
            pieces[-1] += part
        elif font.width(part) <= limit:
            pieces.append(part)
        elif not split:
            return None
        else:
            letters = _letters(part, font, limit)
            if letters is None:
                return None
            pieces += letters
    return pieces


def _letters(part: str, font: Measure, limit: float) -> list[str] | None:
    pieces = [""]
    for letter in part:
        if font.width(letter) > limit:
            return None
        if font.width(pieces[-1] + letter) > limit:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _cut(
    area: Area, aspect: float, share: float, gap: float, *, tall: bool, at_end: bool
) -> tuple[Area, Area]:
    """Cut a part of its own proportions off an area: at most `share` of the area's length.

    Returns where the part is drawn, centred across, and what is left of the area.
    """
    extent = area.height if tall else area.width
    natural = area.width / aspect if tall else area.height * aspect
    length = max(min(natural, share * extent), 0.0)
    width, height = (length * aspect, length) if tall else (length, length / aspect)
    if share == 1.0:
        strip, rest = area, area
    elif at_end:
        rest, strip = area.split(extent - length - gap, gap, tall=tall)
    else:
        strip, rest = area.split(length, gap, tall=tall)
    return (
        Area(
            strip.x + (strip.width - width) / 2,
            strip.y + (strip.height - height) / 2,
            width,
            height,
        ),
        rest,
    )


def _require_readable(qr: Area, side: int) -> None:
    if qr.width / side < MIN_MODULE:
        raise _too_small(
            f"its QR code needs {side * MIN_MODULE:.0f} points to be read and would get "
            f"{max(qr.width, 0):.0f}"
        )


def _too_small(reason: str) -> StampTooSmall:
    return StampTooSmall(
        f"The stamp does not fit into its place: {reason}.",
        "Give it more room with --at, or let it show less.",
    )
