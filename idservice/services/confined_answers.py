"""What a confined process says about pages and revisions, checked before anybody uses it.

Whoever takes over the process that reads a hostile document can answer anything.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from idservice.errors import ServiceUnavailable
from idservice.validation.differences import RevisionChange, RevisionDifference

_MAX_PIXELS = 10_000
_MAX_MARKS = 1_000
_WEBP = b"RIFF"
_VERDICTS = {None, "none", "permitted", "forbidden", "not-analysed"}

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a page in WebP, with its size in pixels."""

    webp: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """One page as it was signed and as it is now; None where there is no such page.

    `pages` are how many the document had then and has now. `marks` are the areas that differ:
    left, top, width and height as parts of the page.
    """

    was: Picture | None
    shown: Picture | None
    pages: tuple[int, int]
    marks: tuple[tuple[float, float, float, float], ...]


def drawn_from_json(value: Any) -> DrawnPage:
    """Return a drawn page. Raises ServiceUnavailable for any other shape."""
    return _checked(_drawn, value)


def differences_from_json(value: Any) -> tuple[RevisionDifference, ...]:
    """Return the differences of all revisions. Raises ServiceUnavailable for any other shape."""
    return _checked(_differences, value)


def explanation_from_json(value: Any) -> dict[str, Any]:
    """Return an explanation. Raises ServiceUnavailable for any other shape."""
    return _checked(_explanation, value)


def _checked(read: Callable[[Any], _Value], value: Any) -> _Value:
    try:
        return read(value)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as exc:
        raise ServiceUnavailable(
            "The process that reads documents gave no usable answer.", "Try again later."
        ) from exc


def _explanation(value: Any) -> dict[str, Any]:
    # JSON holds nothing but plain values; what they say is for people, and escaped for them.
    found = value["explanation"]
    if not isinstance(found, dict) or not isinstance(found["kind"], str):
        raise TypeError("an explanation is none")
    return found


def _drawn(value: Any) -> DrawnPage:
    then, now = value["counts"]
    marks = tuple(_mark(item) for item in value["marks"][:_MAX_MARKS])
    return DrawnPage(
        _picture(value["was"]), _picture(value["is"]), (_count(then), _count(now)), marks
    )


def _picture(value: Any) -> Picture | None:
    if value is None:
        return None
    data = base64.b64decode(value["webp"], validate=True)
    width, height = _count(value["width"]), _count(value["height"])
    if not data.startswith(_WEBP) or max(width, height) > _MAX_PIXELS:
        raise ValueError("a picture is none")
    return Picture(data, width, height)


def _mark(value: Any) -> tuple[float, float, float, float]:
    left, top, width, height = (min(max(float(item), 0.0), 1.0) for item in value)
    return left, top, width, height


def _differences(value: Any) -> tuple[RevisionDifference, ...]:
    return tuple(_difference(item) for item in value["revisions"])


def _difference(value: Any) -> RevisionDifference:
    return RevisionDifference(
        _count(value["number"]),
        _count(value["start"]),
        _count(value["end"]),
        _count(value["added"]),
        _count(value["changed"]),
        _count(value["removed"]),
        tuple(_text(item) for item in value["signatures"]),
        tuple(_text(item) for item in value["time_stamps"]),
        tuple(_change(item) for item in value["changes"]),
    )


def _change(value: Any) -> RevisionChange:
    page, verdict = value["page"], value["verdict"]
    if verdict not in _VERDICTS:
        raise ValueError("a verdict is none")
    return RevisionChange(
        _text(value["code"]),
        None if page is None else _count(page),
        _text(value["message"]),
        verdict,
    )


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("a number is none")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is none")
    return value
