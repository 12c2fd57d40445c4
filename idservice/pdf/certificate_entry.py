"""The certificates that a signature dictionary itself carries (/Cert, ISO 32000-2 table 255)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pikepdf import Object, PdfError, String

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData
    from idservice.pdf.raw_objects import Node

MAX_CERTIFICATES = 64

_STRINGS = re.compile(r"literal|hex")


def read_certificate_entry(data: PdfData, dictionary: Node) -> tuple[bytes, ...]:
    """Return the strings of /Cert, written directly in the dictionary, in their order.

    What is written elsewhere could be exchanged by a later revision, and what stands twice
    could be read in two ways: neither counts. Nothing says that a string is a certificate.
    """
    values = dictionary.all("Cert")
    if len(values) != 1:
        return ()
    items = values[0].items if values[0].kind == "array" else values
    if len(items) > MAX_CERTIFICATES or not all(_STRINGS.fullmatch(item.kind) for item in items):
        return ()
    found = tuple(_string(bytes(data[item.start : item.end])) for item in items)
    return found if all(found) else ()


def _string(raw: bytes) -> bytes:
    try:
        value = Object.parse(raw)
    except (PdfError, ValueError):
        return b""
    return bytes(value) if isinstance(value, String) else b""
