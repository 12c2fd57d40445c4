"""How wide the characters of a text are, as far as a font says so (ISO 32000-2 cl. 9.6 and 9.7).

Where a font does not say it, characters are taken for as wide as they may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from idservice.pdf.object_values import Value
from idservice.pdf.standard_fonts import standard_name, standard_width, standard_widths
from idservice.pdf.stored_objects import malformed
from idservice.pdf.text_codes import text_codes

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

ASCENT, DESCENT = 0.95, -0.28
"""How far characters reach above and below their line, in units of the font size."""

_WIDEST = 1.0
_THOUSAND = 1000.0
_BYTES_OF_CODE = 2
_MAX_WIDTHS = 70_000
_SPACE = 32
# By parts of names, the first that fits; names say more than the flags of descriptors do.
_FAMILIES = (
    ("mono", ("mono", "courier", "consol", "typewriter")),
    ("sans", ("sans", "helv", "arial", "verdana", "calibri", "tahoma", "roboto", "gothic")),
    ("serif", ("serif", "times", "tiro", "roman", "georgia", "garamond", "cambria", "palatino")),
)


@dataclass(frozen=True, slots=True)
class MarkFont:
    """A font, as far as places of its characters are concerned.

    Widths are in units of the font size. `usual` is that of codes without one, None when it is
    not known. `is_drawn` tells that characters are content streams (Type 3), in `glyphs`.
    `family` is sans, serif or mono, and empty when nobody can say it.
    """

    is_composite: bool = False
    is_vertical: bool = False
    widths: dict[int, float] = field(default_factory=dict)
    usual: float | None = None
    is_drawn: bool = False
    entries: dict[str, Value] = field(default_factory=dict)
    family: str = ""

    def codes(self, text: bytes) -> Iterator[int]:
        """Yield the codes of a string; those of composite fonts have two bytes."""
        if not self.is_composite:
            yield from text
            return
        for place in range(0, len(text), _BYTES_OF_CODE):
            yield int.from_bytes(text[place : place + _BYTES_OF_CODE], "big")

    def width(self, code: int) -> tuple[float, float]:
        """Return the least and the largest width that the character of a code may have."""
        known = self.widths.get(code, self.usual)
        return (0.0, _WIDEST) if known is None else (known, known)

    def is_space(self, code: int) -> bool:
        """Whether a code is the one to which the word space is added (cl. 9.3.3)."""
        return code == _SPACE and not self.is_composite


def read_font(view: View, value: Value) -> MarkFont:
    """Read a font of some resources. Raises MalformedPdf for what is none."""
    entries = view.dictionary(value)
    kind = entries.get("Subtype")
    if kind == "Type0":
        return _composite(view, entries)
    if kind not in {"Type1", "MMType1", "TrueType", "Type3"}:
        raise malformed("a text has no font")
    first = view.value(entries.get("FirstChar", 0))
    unit = 1.0 if kind == "Type3" else 1.0 / _THOUSAND
    listed = view.items(entries.get("Widths"))
    if not isinstance(first, int) or len(listed) > _MAX_WIDTHS:
        raise malformed("a font does not say how wide its characters are")
    widths = {first + place: number(view, item) * unit for place, item in enumerate(listed)}
    if not listed and "FontDescriptor" not in entries:
        widths = _standard_widths(view, entries)
    missing = view.dictionary(entries.get("FontDescriptor")).get("MissingWidth")
    usual = number(view, missing) * unit if missing is not None else None
    family = family_of(entries.get("BaseFont"))
    return MarkFont(
        widths=widths, usual=usual, is_drawn=kind == "Type3", entries=entries, family=family
    )


def family_of(name: Value) -> str:
    """Return what the letters of a font look like, by its name: sans, serif, mono or nothing."""
    known = name.lower() if isinstance(name, str) else ""
    return next((family for family, parts in _FAMILIES if any(map(known.__contains__, parts))), "")


def _standard_widths(view: View, entries: dict[str, Value]) -> dict[int, float]:
    """Return the widths of a font that need not tell them, by its codes (cl. 9.6.2.2)."""
    name, codes = standard_name(entries.get("BaseFont")), text_codes(view, entries)
    if name is None or codes is None or entries.get("Subtype") == "Type3":
        return {}
    known = standard_widths(name)
    found = {code: standard_width(known, codes.decode(bytes([code]))) for code in range(256)}
    return {code: width / _THOUSAND for code, width in found.items() if width is not None}


def number(view: View, value: Value) -> float:
    """Return a number as it stands or is referred to. Raises MalformedPdf."""
    found = view.value(value)
    if isinstance(found, (int, Decimal)):
        return float(found)
    raise malformed("something in the content that should be a number is none")


def _composite(view: View, entries: dict[str, Value]) -> MarkFont:
    encoding = view.value(entries.get("Encoding"))
    vertical = isinstance(encoding, str) and encoding.endswith("V")
    below = view.items(entries.get("DescendantFonts"))
    if len(below) != 1:
        raise malformed("a composite font has no font below it")
    descendant = view.dictionary(below[0])
    family = family_of(entries.get("BaseFont"))
    if encoding != "Identity-H":
        # Codes of other lengths: no more is known than how many there may be.
        return MarkFont(is_composite=False, is_vertical=vertical, family=family)
    usual = descendant.get("DW")
    return MarkFont(
        is_composite=True,
        widths=_listed_widths(view, view.items(descendant.get("W"))),
        usual=1.0 if usual is None else number(view, usual) / _THOUSAND,
        family=family,
    )


def _listed_widths(view: View, items: list[Value]) -> dict[int, float]:
    """Read the widths of a CIDFont (cl. 9.7.4.3)."""
    found: dict[int, float] = {}
    place = 0
    while place + 1 < len(items):
        first, following = int(number(view, items[place])), view.value(items[place + 1])
        if isinstance(following, list):
            for offset, width in enumerate(following):
                found[first + offset] = number(view, width) / _THOUSAND
            place += 2
            continue
        last = int(number(view, following))
        if place + 2 >= len(items) or not 0 <= last - first <= _MAX_WIDTHS:
            raise malformed("the widths of a font make no sense")
        same = number(view, items[place + 2]) / _THOUSAND
        found.update(dict.fromkeys(range(first, last + 1), same))
        place += 3
        if len(found) > _MAX_WIDTHS:
            raise malformed("a font has too many widths")
    return found
