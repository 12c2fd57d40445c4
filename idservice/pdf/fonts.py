"""TrueType fonts: widths for layout, and subsets to embed (ISO 32000-2 cl. 9.7 and 9.9).

A subset is embedded as a Type 0 font with Identity-H and a ToUnicode map: codes are the
glyph numbers of the subset. The same characters give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import struct
import unicodedata
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, TTLibError

from idservice.errors import CharactersNotInFont, FontUnreadable
from idservice.pdf.writer import name, reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idservice.pdf.update import Update

MAX_FONT_BYTES = 32 * 1024 * 1024

_TRUETYPE = (b"\0\1\0\0", b"true")
_RESTRICTED, _NO_SUBSETTING, _BITMAP_ONLY = 0x0002, 0x0100, 0x0200
_SHOWN_CHARACTERS = 8
_DEFAULT_CAP_HEIGHT = 0.7
# The tables that a Type 0 font is drawn from (ISO 32000-2 table 124), without hints.
_DRAWN_FROM = frozenset({"glyf", "head", "hhea", "hmtx", "loca", "maxp"})
# What fontTools raises for tables that lie about themselves.
_BROKEN = (
    *(TTLibError, struct.error, ValueError, KeyError, IndexError, TypeError),
    *(AttributeError, AssertionError, OverflowError, RecursionError, EOFError),
)


@dataclass(frozen=True, slots=True)
class FontSubset:
    """The glyphs of some characters: the font file, the code and width of each.

    Widths are in thousandths of the font size; `characters` is what each code stands for.
    """

    tag: str
    file: bytes
    codes: dict[str, int]
    widths: tuple[int, ...]
    characters: dict[int, str]


class StampFont:
    """A font that was read: measures are in units of the font size."""

    def __init__(self, data: bytes) -> None:
        """Read the bytes of a TrueType file. Raises FontUnreadable."""
        self._data = data
        font = _opened(data)
        try:
            _require_embeddable(font)
            self._glyphs: dict[int, str] = dict(font.getBestCmap() or {})
            self._advances = {glyph: metric[0] for glyph, metric in font["hmtx"].metrics.items()}
            head, hhea = font["head"], font["hhea"]
            self._units = int(head.unitsPerEm)
            self.ascent = hhea.ascent / self._units
            self.descent = hhea.descent / self._units
            self.bounds = tuple(
                round(1000 * edge / self._units)
                for edge in (head.xMin, head.yMin, head.xMax, head.yMax)
            )
            self.name = _postscript_name(font)
            cap_height = getattr(font["OS/2"], "sCapHeight", 0) if "OS/2" in font else 0
            self.cap_height = cap_height / self._units or _DEFAULT_CAP_HEIGHT
        except (*_BROKEN, ZeroDivisionError) as exc:
            raise _unreadable("its tables contradict one another") from exc

    def width(self, text: str) -> float:
        """Return how wide a text is; it must pass `require` first."""
        advances, glyphs = self._advances, self._glyphs
        return float(sum(advances[glyphs[ord(character)]] for character in text) / self._units)

    def require(self, text: str) -> None:
        """Raise CharactersNotInFont, naming them, for characters without a glyph."""
        missing = sorted({item for item in text if ord(item) not in self._glyphs})
        if not missing:
            return
        shown = ", ".join(_described(item) for item in missing[:_SHOWN_CHARACTERS])
        more = len(missing) - _SHOWN_CHARACTERS
        raise CharactersNotInFont(
            f"The font {self.name} has no letter for {shown}"
            + (f" and {more} more" if more > 0 else "")
            + ", so the stamp would show a gap in its place.",
            "Leave it out of the text, or give a font that has it with --stamp-font.",
        )

    def subset(self, characters: Iterable[str]) -> FontSubset:
        """Cut the font down to some characters. Raises FontUnreadable."""
        return _subset(self._data, "".join(sorted(set(characters))))

    def glyphs_of(self, characters: str) -> dict[str, str]:
        """Return the name of the glyph of each character."""
        return {item: self._glyphs[ord(item)] for item in characters}


@lru_cache(maxsize=4)
def open_font(data: bytes) -> StampFont:
    """Read a TrueType font once for many stamps. Raises FontUnreadable."""
    return StampFont(data)


def embed_font(update: Update, font: StampFont, subset: FontSubset, *, with_cid_set: bool) -> bytes:
    """Put a subset into an update; return the reference to its Type 0 font.

    `with_cid_set` adds the list of glyphs that PDF/A-1 asks for (ISO 19005-1 cl. 6.3.5).
    """
    writer = update.writer
    whole, descendant, descriptor = update.reserve(), update.reserve(), update.reserve()
    file, unicode_map = update.reserve(), update.reserve()
    base = name(f"/{subset.tag}+{font.name}")
    packed = zlib.compress(subset.file, 9)
    entries = b"/Filter /FlateDecode /Length1 %d" % len(subset.file)
    update.put(file, writer.stream(entries, packed, file))
    mapped = zlib.compress(_to_unicode(subset), 9)
    update.put(unicode_map, writer.stream(b"/Filter /FlateDecode", mapped, unicode_map))
    update.put(
        whole,
        b"<< /Type /Font /Subtype /Type0 /BaseFont %b /Encoding /Identity-H "
        b"/DescendantFonts [%b] /ToUnicode %b >>"
        % (base, reference(descendant), reference(unicode_map)),
    )
    update.put(
        descendant,
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont %b /CIDSystemInfo "
        b"<< /Registry %b /Ordering %b /Supplement 0 >> /CIDToGIDMap /Identity "
        b"/FontDescriptor %b /DW 0 /W [0 [%b]] >>"
        % (
            base,
            writer.text("Adobe", descendant),
            writer.text("Identity", descendant),
            reference(descriptor),
            b" ".join(b"%d" % width for width in subset.widths),
        ),
    )
    cid_set = _cid_set(update, len(subset.widths)) if with_cid_set else b""
    update.put(descriptor, _descriptor(font, base, reference(file), cid_set))
    return reference(whole)


def _descriptor(font: StampFont, base: bytes, file: bytes, cid_set: bytes) -> bytes:
    return (
        b"<< /Type /FontDescriptor /FontName %b /Flags 4 /FontBBox [%d %d %d %d] "
        b"/ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %b%b >>"
        % (
            base,
            *font.bounds,
            round(1000 * font.ascent),
            round(1000 * font.descent),
            round(1000 * font.cap_height),
            file,
            cid_set,
        )
    )


def _cid_set(update: Update, count: int) -> bytes:
    objgen = update.reserve()
    bits = ((1 << count) - 1) << (-count % 8)
    data = bits.to_bytes((count + 7) // 8, "big")
    update.put(objgen, update.writer.stream(b"", data, objgen))
    return b" /CIDSet " + reference(objgen)


def _to_unicode(subset: FontSubset) -> bytes:
    """Write the map from codes to characters (ISO 32000-2 cl. 9.10.3)."""
    rows = [
        b"<%04x> <%b>" % (code, character.encode("utf-16-be").hex().encode())
        for code, character in sorted(subset.characters.items())
    ]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    parts = [b"%d beginbfchar\n%b\nendbfchar" % (len(block), b"\n".join(block)) for block in blocks]
    return b"\n".join(
        (
            b"/CIDInit /ProcSet findresource begin",
            b"12 dict begin",
            b"begincmap",
            b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            b"/CMapName /Adobe-Identity-UCS def",
            b"/CMapType 2 def",
            b"1 begincodespacerange",
            b"<0000> <ffff>",
            b"endcodespacerange",
            *parts,
            b"endcmap",
            b"CMapName currentdict /CMap defineresource pop",
            b"end",
            b"end",
        )
    )


@lru_cache(maxsize=32)
def _subset(data: bytes, characters: str) -> FontSubset:
    glyph_of = open_font(data).glyphs_of(characters)
    font = _opened(data)
    try:
        subsetter = Subsetter(_options(font))
        subsetter.populate(glyphs=sorted(set(glyph_of.values())))
        subsetter.subset(font)
        out = io.BytesIO()
        font.save(out, reorderTables=None)
        advances, units = font["hmtx"].metrics, font["head"].unitsPerEm
        order = font.getGlyphOrder()
    except (*_BROKEN, Subsetter.SubsettingError) as exc:
        raise _unreadable("its glyphs cannot be read") from exc
    numbers = {glyph: number for number, glyph in enumerate(order)}
    codes = {character: numbers[glyph] for character, glyph in glyph_of.items()}
    widths = tuple(round(1000 * advances[glyph][0] / units) for glyph in order)
    named: dict[int, str] = {}
    for character, code in codes.items():
        named.setdefault(code, character)
    return FontSubset(_tag(data, characters), out.getvalue(), codes, widths, named)


def _options(font: Any) -> Options:
    """Keep outlines and widths only; of a variable font that is its default instance."""
    options = Options()
    options.hinting = False
    options.layout_features = []
    options.name_IDs = []
    options.notdef_outline = True
    options.drop_tables = [tag for tag in font.keys() if tag not in _DRAWN_FROM]  # noqa: SIM118
    return options


def _tag(data: bytes, characters: str) -> str:
    """Return the six letters that tell subsets apart (ISO 32000-2 cl. 9.9.2)."""
    digest = hashlib.sha256(data + characters.encode()).digest()
    return "".join(chr(ord("A") + octet % 26) for octet in digest[:6])


def _opened(data: bytes) -> Any:
    if not data.startswith(_TRUETYPE):
        raise _unreadable("it does not begin as a TrueType font")
    if len(data) > MAX_FONT_BYTES:
        raise _unreadable(f"it has {len(data)} bytes where {MAX_FONT_BYTES} are read")
    try:
        font = TTFont(io.BytesIO(data), lazy=True, recalcTimestamp=False, recalcBBoxes=False)
    except _BROKEN as exc:
        raise _unreadable("its list of tables cannot be read") from exc
    absent = [tag for tag in ("glyf", "loca", "head", "hhea", "hmtx", "cmap") if tag not in font]
    if absent:
        raise _unreadable(f"it lacks the table {absent[0]}")
    return font


def _require_embeddable(font: Any) -> None:
    """Honour what the maker permits (OpenType, OS/2 fsType)."""
    permissions = int(font["OS/2"].fsType) if "OS/2" in font else 0
    if permissions & 0x000F == _RESTRICTED or permissions & (_NO_SUBSETTING | _BITMAP_ONLY):
        raise FontUnreadable(
            "The maker of the font does not permit parts of it to be embedded in documents.",
            "Give another font, or leave --stamp-font out.",
        )


def _postscript_name(font: Any) -> str:
    found = font["name"].getDebugName(6) if "name" in font else None
    letters = "".join(item for item in found or "" if item.isascii() and item.isalnum())
    return letters[:63] or "Embedded"


def _described(character: str) -> str:
    label = unicodedata.name(character, "")
    shown = character if character.isprintable() else "?"
    return f"{shown} (U+{ord(character):04X}{' ' + label if label else ''})"


def _unreadable(reason: str) -> FontUnreadable:
    return FontUnreadable(
        f"The file is no TrueType font that can be embedded: {reason}.",
        "Give a .ttf file, or leave --stamp-font out.",
    )
