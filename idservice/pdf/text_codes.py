"""What the codes in a text mean: from /ToUnicode or the encoding of a font.

ISO 32000-2 cl. 9.6.5, 9.7 and 9.10.2. A code whose meaning a font does not tell becomes the
replacement character; a font that tells nothing has no codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idservice.pdf.glyph_names import glyph_meaning
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

UNKNOWN = "\ufffd"

_LAST_CHARACTER = 0x10FFFF

# Without an encoding only these are the same in all fonts for text; the signs above them are
# those of the standard encoding, and of letters nobody knows (annex D.2).
_UNNAMED = "ascii"
_STANDARD_SIGNS = dict(enumerate("¡¢£⁄¥ƒ§¤'“«‹›\ufb01\ufb02", 0xA1)) | {  # noqa: RUF001
    0xB1: "–", 0xB2: "†", 0xB3: "‡", 0xB4: "·", 0xB6: "¶", 0xB7: "•", 0xB8: "‚", 0xB9: "„",  # noqa: RUF001
    0xBA: "”", 0xBB: "»", 0xBC: "…", 0xBD: "‰", 0xBF: "¿",
}  # fmt: skip
_MAX_MAP = 512 * 1024
_MAX_CODES = 65_536
_SYMBOLIC = frozenset({"Symbol", "ZapfDingbats"})
_PYTHON_NAMES = {"WinAnsiEncoding": "cp1252", "MacRomanEncoding": "mac_roman"}
_UNICODE_CMAP = re.compile(r"Uni[A-Za-z0-9]+-(?:UCS2|UTF16)(?:-[A-Za-z0-9]+)*-[HV]")
_HEX = rb"<\s*([0-9A-Fa-f]+)\s*>"
_SINGLE = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
_PAIR = re.compile(_HEX + rb"\s*" + _HEX)
_RANGE = re.compile(_HEX + rb"\s*" + _HEX + rb"\s*(?:" + _HEX + rb"|\[([^\]]*)\])")
_ITEM = re.compile(_HEX)


@dataclass(frozen=True, slots=True)
class TextCodes:
    """The meaning of codes of `width` bytes each; `others` is an encoding for the rest.

    `guessed` tells that the font itself does not say what its codes mean.
    """

    width: int
    meanings: dict[int, str] = field(default_factory=dict)
    others: str | None = None
    guessed: bool = False

    def decode(self, text: bytes) -> str:
        """Return what a string of codes says, with the replacement character for unknown ones."""
        return "".join(
            self._meaning(text[start : start + self.width])
            for start in range(0, len(text), self.width)
        )

    def _meaning(self, code: bytes) -> str:
        known = self.meanings.get(int.from_bytes(code, "big"))
        if known is not None:
            return known
        return UNKNOWN if self.others is None else code.decode(self.others, "replace")


def text_codes(view: View, font: dict[str, Value]) -> TextCodes | None:
    """Return what the codes of a font mean; None when the font does not tell.

    Raises MalformedPdf when an object cannot be read strictly.
    """
    if font.get("Subtype") == "Type3" or font.get("BaseFont") in _SYMBOLIC:
        # Drawings and symbols: whatever they look like, they are no letters.
        return TextCodes(1)
    stream = font.get("ToUnicode")
    mapped = _mapped(view.decoded(stream)) if isinstance(stream, Reference) else None
    if font.get("Subtype") != "Type0":
        return _simple(view, font, mapped or {})
    if is_unicode_map(view.value(font.get("Encoding"))):
        # The codes are characters, whatever /ToUnicode claims.
        return TextCodes(2, {}, "utf-16-be")
    return None if mapped is None else TextCodes(2, mapped)


def is_unicode_map(encoding: Value) -> bool:
    """Whether a predefined CMap takes codes of two bytes for Unicode (table 116)."""
    return isinstance(encoding, str) and _UNICODE_CMAP.fullmatch(encoding) is not None


def _simple(view: View, font: dict[str, Value], mapped: dict[int, str]) -> TextCodes:
    """A font with one byte for each glyph (cl. 9.6.5.1).

    The encoding chooses the glyphs, so what it says goes before what /ToUnicode claims. Only a
    font file may have glyphs under names that tell nothing.
    """
    encoding = view.value(font.get("Encoding"))
    descriptor = view.dictionary(font.get("FontDescriptor"))
    embedded = any(key in descriptor for key in ("FontFile", "FontFile2", "FontFile3"))
    details = encoding if isinstance(encoding, dict) else {}
    named = details.get("BaseEncoding") if details else encoding
    others = _PYTHON_NAMES.get(named, "latin-1") if isinstance(named, str) else _UNNAMED
    listed = _differences(view.items(details.get("Differences")))
    known = {code: text for code, text in listed.items() if text != UNKNOWN}
    if named is None and embedded:
        return TextCodes(1, {**listed, **mapped, **known}, others, guessed=not mapped)
    claimed = {code: mapped.get(code, UNKNOWN) if embedded else UNKNOWN for code in listed}
    signs = {} if isinstance(named, str) else _STANDARD_SIGNS
    return TextCodes(1, {**signs, **claimed, **known}, others)


def _differences(items: list[Value]) -> dict[int, str]:
    """The glyph names of /Differences; names that are not known here mean nothing."""
    meanings: dict[int, str] = {}
    code = 0
    for item in items:
        if isinstance(item, int):
            code = item
        elif isinstance(item, str):
            meanings[code] = glyph_meaning(item) or UNKNOWN
            code += 1
    return meanings


def _mapped(data: bytes) -> dict[int, str] | None:
    """Read a /ToUnicode map (cl. 9.10.3); None for one that is too large or maps nothing."""
    if len(data) > _MAX_MAP:
        return None
    meanings: dict[int, str] = {}
    for block in _SINGLE.finditer(data):
        for pair in _PAIR.finditer(block[1]):
            meanings[int(pair[1], 16)] = _unicode(pair[2])
    left = _MAX_CODES
    for block in _RANGES.finditer(data):
        for found in _RANGE.finditer(block[1]):
            first, last = int(found[1], 16), int(found[2], 16)
            left -= max(last - first, 0) + 1
            if left < 0:
                return None
            meanings.update(_ranged(range(first, last + 1), found))
    return meanings or None


def _ranged(codes: range, found: re.Match[bytes]) -> dict[int, str]:
    """One range: a list of texts, or the first of texts whose last character counts up."""
    if found[4] is not None:
        listed = [_unicode(item[1]) for item in _ITEM.finditer(found[4])]
        return dict(zip(codes, listed, strict=False))
    text = _unicode(found[3])
    if not text:
        return {}
    last = [ord(text[-1]) + offset for offset in range(len(codes))]
    ends = (chr(item) if item <= _LAST_CHARACTER else UNKNOWN for item in last)
    return {code: text[:-1] + end for code, end in zip(codes, ends, strict=True)}


def _unicode(digits: bytes) -> str:
    text = digits.decode("ascii")
    return bytes.fromhex(text + "0" * (len(text) % 2)).decode("utf-16-be", "replace")
