"""How wide the characters of the standard fonts are, which files need not say.

The fonts for text of ISO 32000-2 cl. 9.6.2.2, by the characters that they draw; widths are those
of the metrics that were published with the fonts, and of all fonts that stand in for them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_NAME = re.compile(
    r"((?P<sans>Helvetica|Arial|ArialMT)|(?P<mono>Courier|CourierNew|CourierNewPS|CourierNewPSMT)"
    r"|Times|TimesNewRoman|TimesNewRomanPS|TimesNewRomanPSMT|Times-Roman)"
    r"([-,](Roman|(?P<bold>Bold)?(?P<slanted>Italic|Oblique)?)(MT)?)?"
)
_ALL_ALIKE = 600
# Behind those of ASCII; letters with accents are as wide as without, and an i as one without dot.
_FURTHER = "€‚ƒ„…†‡‰‹›‘’“”•–—™¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿ÆØŒŁÐÞßæøœłðþı\ufb01\ufb02×÷⁄−ˆ˜˘˙˝˛ˇ˚"  # noqa: RUF001
_CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + _FURTHER
_WIDTHS = {
    "Helvetica": (
        "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 "
        "556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 "
        "556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 "
        "556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 "
        "500 500 500 334 260 334 584 556 222 556 333 1000 556 556 1000 333 333 222 222 333 333 "
        "350 556 1000 1000 333 556 556 556 556 260 556 333 737 370 556 584 737 333 400 584 333 "
        "333 333 556 537 278 333 333 365 556 834 834 834 611 1000 778 1000 556 722 667 611 889 "
        "611 944 222 556 556 278 500 500 584 584 167 584 333 333 333 333 333 333 333 333"
    ),
    "Helvetica-Bold": (
        "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 "
        "556 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 "
        "611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 "
        "611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 "
        "556 556 500 389 280 389 584 556 278 556 500 1000 556 556 1000 333 333 278 278 500 500 "
        "350 556 1000 1000 333 556 556 556 556 280 556 333 737 370 556 584 737 333 400 584 333 "
        "333 333 611 556 278 333 333 365 556 834 834 834 611 1000 778 1000 611 722 667 611 889 "
        "611 944 278 611 611 278 611 611 584 584 167 584 333 333 333 333 333 333 333 333"
    ),
    "Times-Roman": (
        "250 333 408 500 500 833 778 180 333 333 500 564 250 333 250 278 500 500 500 500 500 500 "
        "500 500 500 500 278 278 564 564 564 444 921 722 667 667 722 611 556 722 722 333 389 722 "
        "611 889 722 722 556 722 667 556 611 722 722 944 722 722 611 333 278 333 469 500 333 444 "
        "500 444 500 444 333 500 500 278 278 500 278 778 500 500 500 500 333 389 278 500 500 722 "
        "500 500 444 480 200 480 541 500 333 500 444 1000 500 500 1000 333 333 333 333 444 444 "
        "350 500 1000 980 333 500 500 500 500 200 500 333 760 276 500 564 760 333 400 564 300 300 "
        "333 500 453 250 333 300 310 500 750 750 750 444 889 722 889 611 722 556 500 667 500 722 "
        "278 500 500 278 556 556 564 564 167 564 333 333 333 333 333 333 333 333"
    ),
    "Times-Bold": (
        "250 333 555 500 500 1000 833 278 333 333 500 570 250 333 250 278 500 500 500 500 500 500 "
        "500 500 500 500 333 333 570 570 570 500 930 722 667 722 722 667 611 778 778 389 500 778 "
        "667 944 722 778 611 778 722 556 667 722 722 1000 722 722 667 333 278 333 581 500 333 500 "
        "556 444 556 444 333 500 556 278 333 556 278 833 556 500 556 556 444 389 333 556 500 722 "
        "500 500 444 394 220 394 520 500 333 500 500 1000 500 500 1000 333 333 333 333 500 500 "
        "350 500 1000 1000 333 500 500 500 500 220 500 333 747 300 500 570 747 333 400 570 300 "
        "300 333 556 540 250 333 300 330 500 750 750 750 500 1000 778 1000 667 722 611 556 722 "
        "500 722 278 500 556 278 556 556 570 570 167 570 333 333 333 333 333 333 333 333"
    ),
    "Times-Italic": (
        "250 333 420 500 500 833 778 214 333 333 500 675 250 333 250 278 500 500 500 500 500 500 "
        "500 500 500 500 333 333 675 675 675 500 920 611 611 667 722 611 611 722 722 333 444 667 "
        "556 833 667 722 611 722 611 500 556 722 611 833 611 556 556 389 278 389 422 500 333 500 "
        "500 444 500 444 278 500 500 278 278 444 278 722 500 500 500 500 389 389 278 500 444 667 "
        "444 444 389 400 275 400 541 500 333 500 556 889 500 500 1000 333 333 333 333 556 556 350 "
        "500 889 980 389 500 500 500 500 275 500 333 760 276 500 675 760 333 400 675 300 300 333 "
        "500 523 250 333 300 310 500 750 750 750 500 889 722 944 556 722 611 500 667 500 667 278 "
        "500 500 278 500 500 675 675 167 675 333 333 333 333 333 333 333 333"
    ),
    "Times-BoldItalic": (
        "250 389 555 500 500 833 778 278 333 333 500 570 250 333 250 278 500 500 500 500 500 500 "
        "500 500 500 500 333 333 570 570 570 500 832 667 667 667 722 667 667 722 778 389 500 667 "
        "611 889 722 722 611 722 667 556 611 722 667 889 667 611 611 333 278 333 570 500 333 500 "
        "500 444 500 444 333 500 556 278 278 500 278 778 556 500 500 500 389 389 278 556 444 667 "
        "500 444 389 348 220 348 570 500 333 500 500 1000 500 500 1000 333 333 333 333 500 500 "
        "350 500 1000 1000 389 500 500 500 500 220 500 333 747 266 500 606 747 333 400 570 300 "
        "300 333 576 500 250 333 300 300 500 750 750 750 500 944 722 944 611 722 611 500 722 500 "
        "722 278 500 500 278 556 556 570 570 167 606 333 333 333 333 333 333 333 333"
    ),
}


def standard_name(base_font: object) -> str | None:
    """Return which standard font for text a name means, such as Times-Bold; None for no such.

    Programs have further names for the same fonts, such as ArialMT and "TimesNewRoman,Bold".
    """
    found = _NAME.fullmatch(base_font) if isinstance(base_font, str) else None
    if found is None:
        return None
    if found["mono"]:
        return "Courier"
    if found["sans"]:
        return "Helvetica-Bold" if found["bold"] else "Helvetica"
    style = f"{found['bold'] or ''}{'Italic' if found['slanted'] else ''}"
    return f"Times-{style or 'Roman'}"


@cache
def standard_widths(name: str) -> Mapping[str, int]:
    """Return widths in thousandths of the size, by character, for a name of `standard_name`."""
    listed = map(int, _WIDTHS[name].split()) if name in _WIDTHS else [_ALL_ALIKE] * len(_CHARACTERS)
    return MappingProxyType(dict(zip(_CHARACTERS, listed, strict=True)))


def standard_width(widths: Mapping[str, int], character: str) -> int | None:
    """Return how wide a character is in a standard font; None for one that it does not have."""
    if character in widths or not character:
        return widths.get(character)
    plain = unicodedata.normalize("NFKD", character)
    composed = len(plain) > 1 and all(map(unicodedata.combining, plain[1:]))
    return widths.get("ı" if plain[0] == "i" else plain[0]) if composed else None  # noqa: RUF001
