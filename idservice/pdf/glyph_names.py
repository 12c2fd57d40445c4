"""What the names of glyphs mean (ISO 32000-2 annex D; the naming rules of the Adobe glyph list)."""

from __future__ import annotations

import re
import unicodedata

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SIGNS = {
    "space": " ", "exclam": "!", "quotedbl": '"', "numbersign": "#", "dollar": "$",
    "percent": "%", "ampersand": "&", "quotesingle": "'", "parenleft": "(", "parenright": ")",
    "asterisk": "*", "plus": "+", "comma": ",", "hyphen": "-", "period": ".", "slash": "/",
    "colon": ":", "semicolon": ";", "less": "<", "equal": "=", "greater": ">", "question": "?",
    "at": "@", "bracketleft": "[", "backslash": "\\", "bracketright": "]", "asciicircum": "^",
    "underscore": "_", "grave": "`", "braceleft": "{", "bar": "|", "braceright": "}",
    "asciitilde": "~", "minus": "-",
}  # fmt: skip
_OTHERS = {
    "Euro": "€", "sterling": "£", "yen": "¥", "cent": "¢", "currency": "¤", "florin": "ƒ",
    "section": "§", "degree": "°", "paragraph": "¶", "mu": "µ", "bullet": "•", "ellipsis": "…",
    "periodcentered": "·", "endash": "–", "emdash": "—", "quoteleft": "‘", "quoteright": "’",  # noqa: RUF001
    "quotesinglbase": "‚", "quotedblleft": "“", "quotedblright": "”", "quotedblbase": "„",  # noqa: RUF001
    "guillemotleft": "«", "guillemotright": "»", "guilsinglleft": "‹", "guilsinglright": "›",  # noqa: RUF001
    "exclamdown": "¡", "questiondown": "¿", "brokenbar": "¦", "copyright": "©",
    "registered": "®", "trademark": "™", "plusminus": "±", "multiply": "×", "divide": "÷",
    "logicalnot": "¬", "onesuperior": "¹", "twosuperior": "²", "threesuperior": "³",
    "onequarter": "¼", "onehalf": "½", "threequarters": "¾", "ordfeminine": "ª",
    "ordmasculine": "º", "dagger": "†", "daggerdbl": "‡", "perthousand": "‰", "fi": "fi",
    "fl": "fl", "germandbls": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "oslash": "ø",
    "Oslash": "Ø", "lslash": "ł", "Lslash": "Ł", "eth": "ð", "Eth": "Ð", "thorn": "þ",
    "Thorn": "Þ", "dotlessi": "ı",  # noqa: RUF001
}  # fmt: skip
_KNOWN = {**_SIGNS, **_OTHERS, **{name: str(digit) for digit, name in enumerate(_DIGITS)}}
_ACCENTS = {
    "grave": "\u0300", "acute": "\u0301", "circumflex": "\u0302", "tilde": "\u0303",
    "macron": "\u0304", "breve": "\u0306", "dotaccent": "\u0307", "dieresis": "\u0308",
    "ring": "\u030a", "hungarumlaut": "\u030b", "caron": "\u030c", "commaaccent": "\u0327",
    "cedilla": "\u0327", "ogonek": "\u0328",
}  # fmt: skip
_UNICODE = re.compile(r"uni([0-9A-F]{4})|u([0-9A-F]{4,6})")
_LAST_CHARACTER = 0x10FFFF


def glyph_meaning(name: str) -> str | None:
    """Return the character that a glyph of this name shows; None for a name that tells nothing."""
    name = name.partition(".")[0] or name
    if len(name) == 1 or name in _KNOWN:
        return _KNOWN.get(name, name)
    code = _UNICODE.fullmatch(name)
    if code is not None:
        number = int(code[1] or code[2], 16)
        return chr(number) if number <= _LAST_CHARACTER else None
    accent = _ACCENTS.get(name[1:])
    composed = unicodedata.normalize("NFC", name[0] + accent) if accent and name else ""
    return composed if len(composed) == 1 else None
