"""PDF objects as bytes: what an update writes, with changed entries put in and strings encrypted.

Without encryption qpdf's own writer does the work. With it, every string must be
encrypted for the object that it is written into, so objects are walked here.
"""

from __future__ import annotations

from copy import copy
from decimal import Decimal
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Object, String

from idservice.errors import MalformedRequest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from idservice.pdf.encryption import Encryptor

# Characters that stand for themselves in a name; the number sign begins an escape.
_REGULAR = frozenset(range(0x21, 0x7F)) - frozenset(b"#()<>[]{}/%")


class Writer:
    """Turns objects into PDF syntax for one document."""

    def __init__(self, encryptor: Encryptor | None = None) -> None:
        """Take the encryptor of the document, or None when it is not encrypted."""
        self._encryptor = encryptor

    def value(self, item: object, objgen: tuple[int, int]) -> bytes:
        """Write an object that stands inside the object `objgen`; references stay references."""
        if not isinstance(item, Object):
            return _scalar(item)
        if self._encryptor is None or item.is_indirect:
            return item.unparse()
        if isinstance(item, String):
            return hex_string(self._encryptor.string(bytes(item), objgen))
        if isinstance(item, Array):
            return b"[ %b ]" % b" ".join(self.value(one, objgen) for one in raw_items(item))
        if isinstance(item, Dictionary):
            return self._entries(item, objgen)
        return item.unparse()

    def contents(self, item: Object, objgen: tuple[int, int]) -> bytes:
        """Write the contents of an indirect dictionary or array, not the reference to it."""
        if self._encryptor is None:
            return item.unparse(resolved=True)
        return self.value(copy(item), objgen)

    def with_entries(
        self, dictionary: Object, entries: Mapping[str, bytes], objgen: tuple[int, int]
    ) -> bytes:
        """Write a dictionary with some entries replaced or added, given in PDF syntax."""
        present = [key for key in entries if key in dictionary]
        if present:
            dictionary = copy(dictionary)
            for key in present:
                del dictionary[key]
        body = self.contents(dictionary, objgen)
        added = b" ".join([b"%b %b" % (name(key), value) for key, value in entries.items()])
        return b"%b %b >>" % (body[: body.rindex(b">>")].rstrip(), added)

    def with_element(self, array: Object, element: bytes, objgen: tuple[int, int]) -> bytes:
        """Write an array with one more element, given in PDF syntax."""
        body = self.contents(array, objgen)
        return b"%b %b ]" % (body[: body.rindex(b"]")].rstrip(), element)

    def with_replaced(
        self, array: Object, index: int, element: bytes, objgen: tuple[int, int]
    ) -> bytes:
        """Write an array whose element at `index` is replaced by one given in PDF syntax."""
        elements = [self.value(item, objgen) for item in raw_items(array)]
        elements[index] = element
        return b"[ %b ]" % b" ".join(elements)

    def text(self, text: str, objgen: tuple[int, int]) -> bytes:
        """Write a text string (PDFDocEncoding or UTF-16BE: ISO 32000-2 cl. 7.9.2.2).

        Raises MalformedRequest for half a surrogate pair, such as stands for a byte of the
        command line that is no UTF-8: no encoding of text can hold it.
        """
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise MalformedRequest(
                f"The text {text[:80]!r} holds bytes that are no UTF-8, so it cannot be written "
                "into a document.",
                "Give the text in UTF-8.",
            )
        return self.value(String(text), objgen)

    def stream(self, entries: bytes, data: bytes, objgen: tuple[int, int]) -> bytes:
        """Write the stream `objgen`: its entries in PDF syntax, but /Length, and its coded data."""
        coded = data if self._encryptor is None else self._encryptor.stream(data, objgen)
        return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(coded), coded)

    def date(self, at: dt.datetime, objgen: tuple[int, int]) -> bytes:
        """Write a date in UTC (ISO 32000-2 cl. 7.9.4)."""
        text = b"D:%04d%02d%02d%02d%02d%02dZ" % at.utctimetuple()[:6]
        if self._encryptor is None:
            return b"(%b)" % text
        return hex_string(self._encryptor.string(text, objgen))

    def _entries(self, dictionary: Object, objgen: tuple[int, int]) -> bytes:
        # ISO 32000-2 cl. 7.6.2: the Contents of a signature are never encrypted.
        is_signature = "/ByteRange" in dictionary and "/Contents" in dictionary
        parts = []
        for key, item in dictionary.items():
            plain = is_signature and key == "/Contents" and isinstance(item, String)
            written = hex_string(bytes(item)) if plain else self.value(item, objgen)
            parts.append(b"%b %b" % (name(key), written))
        return b"<< %b >>" % b" ".join(parts)


def raw_items(array: Object) -> list[object]:
    """List the elements of an array."""
    return list(array)


def name(key: str | bytes) -> bytes:
    """Write a name that is given with its slash (ISO 32000-2 cl. 7.3.5).

    Names are bytes; the library gives those that are not UTF-8 with surrogates or as bytes.
    """
    raw = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else key
    if raw[1:].isalnum():
        return raw
    return b"/" + b"".join(
        b"%c" % octet if octet in _REGULAR else b"#%02x" % octet for octet in raw[1:]
    )


def reference(objgen: tuple[int, int]) -> bytes:
    """Write a reference."""
    return b"%d %d R" % objgen


def number(value: float) -> bytes:
    """Write a number to a thousandth, without an exponent (ISO 32000-2 cl. 7.3.3)."""
    return (b"%.3f" % value).rstrip(b"0").rstrip(b".")


def hex_string(data: bytes) -> bytes:
    """Write a string in hexadecimal digits."""
    return b"<%b>" % data.hex().encode()


def _scalar(item: object) -> bytes:
    """Write what pikepdf turns into a Python value of its own."""
    if item is None:
        return b"null"
    if isinstance(item, bool):
        return b"true" if item else b"false"
    # A decimal must not come out as 1E-7, which PDF does not know.
    return (format(item, "f") if isinstance(item, Decimal) else str(item)).encode()
