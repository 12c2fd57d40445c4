"""The text of a visible signature: filled in, made harmless, and bound to what can be drawn.

Text is drawn one character after the other, from left to right. Letters that would come
out wrong that way are refused: those written from right to left (Hebrew, Arabic), and
marks of scripts that need shaping (Devanagari, Thai and others). Accents that Unicode can
compose are composed (NFC); other Latin, Greek and Cyrillic accents stand where the font
puts them by itself.
"""

from __future__ import annotations

import string
import unicodedata
from dataclasses import dataclass
from datetime import UTC
from enum import Enum
from typing import TYPE_CHECKING

from idservice.errors import MalformedRequest, TextNeedsShaping

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

PLACEHOLDERS = ("name", "code", "time", "reason", "location", "contact")

_MAX_TEMPLATE = 1000
_MAX_LINES = 20
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
# Blocks of accents whose place does not depend on the letter: Combining Diacritical Marks,
# their extensions and supplement, those for symbols, and half marks.
_PLAIN_MARKS = (
    range(0x0300, 0x0370),
    range(0x1AB0, 0x1B00),
    range(0x1DC0, 0x1E00),
    range(0x20D0, 0x2100),
    range(0xFE20, 0xFE30),
)


class LineRole(Enum):
    """How a line is set: a small label, the name of the signer, or plain text."""

    LABEL = "label"
    NAME = "name"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class StampLine:
    """One line of text, before it is wrapped."""

    text: str
    role: LineRole


def stamp_time(at: dt.datetime) -> str:
    """Return a time as stamps show it: in UTC, to the second, and saying so."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def stamp_lines(template: str, values: Mapping[str, str]) -> tuple[StampLine, ...]:
    """Fill a template and return its lines, ready to be drawn.

    A line whose placeholders are all empty is left out, and so is an empty line. Raises
    MalformedRequest for a template that cannot be read, TextNeedsShaping for text that
    cannot be drawn letter by letter.
    """
    _require_short(template)
    found: list[StampLine] = []
    for line in template.replace("\r\n", "\n").split("\n"):
        parts = _parts(line)
        named = [name for _, name in parts if name]
        if named and not any(values.get(name) for name in named):
            continue
        text = plain_text(_joined(parts, values))
        if text:
            found.append(StampLine(text, _role(named, is_first=not found)))
    if len(found) > _MAX_LINES:
        raise MalformedRequest(
            f"The text of the stamp has {len(found)} lines where {_MAX_LINES} are drawn.",
            "Shorten it.",
        )
    for item in found:
        _require_drawable(item.text)
    if len(found) == 1 and found[0].role is LineRole.LABEL:
        return (StampLine(found[0].text, LineRole.BODY),)  # there is nothing that it labels
    return tuple(found)


def filled(template: str, values: Mapping[str, str]) -> str:
    """Fill a template that is not drawn as text, such as that of a QR code.

    Raises MalformedRequest for a template that cannot be read.
    """
    _require_short(template)
    return _joined(_parts(template), values)


def plain_text(text: str) -> str:
    """Return text in NFC on one line, without control, format and direction characters.

    What only moves or hides other characters must not change how a name reads. Raises
    MalformedRequest for half a surrogate pair, which stands for a byte that is no UTF-8.
    """
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise MalformedRequest(
                f"The text {text[:80]!r} holds bytes that are no UTF-8, so it cannot be drawn.",
                "Give the text in UTF-8.",
            )
        if category in {"Cc", "Zs", "Zl", "Zp"}:
            kept.append(" ")
        elif category != "Cf":
            kept.append(character)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


def _role(named: list[str], *, is_first: bool) -> LineRole:
    if "name" in named:
        return LineRole.NAME
    return LineRole.LABEL if is_first and not named else LineRole.BODY


def _parts(line: str) -> list[tuple[str, str | None]]:
    """Split a line into pairs of fixed text and the name of the placeholder behind it."""
    parts: list[tuple[str, str | None]] = []
    try:
        for fixed, name, layout, conversion in string.Formatter().parse(line):
            if name is not None and (name not in PLACEHOLDERS or layout or conversion):
                raise _unreadable(f"{{{name[:40]}}} is no placeholder")
            parts.append((fixed, name))
    except ValueError as exc:
        raise _unreadable("a brace stands alone") from exc
    return parts


def _joined(parts: list[tuple[str, str | None]], values: Mapping[str, str]) -> str:
    return "".join(fixed + (values.get(name, "") if name else "") for fixed, name in parts)


def _unreadable(reason: str) -> MalformedRequest:
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    return MalformedRequest(
        f"The text of the stamp cannot be filled in: {reason}.",
        f"Use {known}; write {{{{ and }}}} for braces.",
    )


def _require_short(template: str) -> None:
    if len(template) > _MAX_TEMPLATE:
        raise MalformedRequest(
            f"The text of the stamp has {len(template)} characters where {_MAX_TEMPLATE} are "
            "taken.",
            "Shorten it.",
        )


def _require_drawable(text: str) -> None:
    for character in text:
        if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
            raise _needs_shaping(character, "is written from right to left, so it would read wrong")
        if unicodedata.category(character).startswith("M") and not any(
            ord(character) in block for block in _PLAIN_MARKS
        ):
            raise _needs_shaping(character, "changes the letters around it in its script")


def _needs_shaping(character: str, why: str) -> TextNeedsShaping:
    name = unicodedata.name(character, "a letter")
    return TextNeedsShaping(
        f"{name} (U+{ord(character):04X}) {why}; the text of a stamp is drawn letter by letter "
        "from left to right.",
        "Write it in a script without shaping with --stamp-text, or show it as a picture.",
    )
