"""The document security store as PAdES uses it (EN 319 142-1 cl. 5.4.2, profile of cl. 6.3).

`pdf.security_store` reads and writes the dictionary; here is what it means: which entry of
/VRI belongs to which signature. /VRI is written for signatures and for document time-stamps,
with neither /TU nor /TS, which the baseline profile advises against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from idservice.pdf.security_store import SecurityStore, StoreItems, read_security_store
from idservice.pdf.security_store_update import add_to_security_store

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.update import Update

__all__ = ["SecurityStore", "StoreItems", "add_store", "read_store", "vri_key"]


def vri_key(contents: bytes) -> str:
    """Return the name of the /VRI entry of a signature, from the value of its /Contents.

    SHA-1 in upper-case hexadecimal over the whole decoded string, the zeros that pad it
    included: so do other makers and readers of these entries. It is an identifier only;
    nothing is verified by it.
    """
    return hashlib.sha1(contents, usedforsecurity=False).hexdigest().upper()


def read_store(document: PdfDocument) -> SecurityStore:
    """Read the document security store; an empty one when there is none.

    Raises nothing for what it holds: `faults` of the result tells what could not be read.
    """
    return read_security_store(document)


def add_store(
    document: PdfDocument,
    update: Update,
    items: StoreItems,
    vri: Mapping[str, StoreItems],
) -> bool:
    """Add validation material to the store in `update`; tell whether anything was new.

    `items` are for the whole document, `vri` by `vri_key` for single signatures; these go
    into the store as well. Raises MalformedPdf when the store cannot be added to.
    """
    return add_to_security_store(document, update, items, vri)
