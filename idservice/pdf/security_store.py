"""The document security store (DSS): certificates, OCSP answers and CRLs inside a document.

ISO 32000-2 cl. 12.8.4.3 and EN 319 142-1 cl. 5.4.2. Reading is tolerant, because nobody signed
the store and a verdict must not hang on a stray entry of it: what cannot be read is told as a
fault. `pdf.security_store_update` adds to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, PdfError, Stream

from idservice.pdf.writer import raw_items

if TYPE_CHECKING:
    from pikepdf import Object

    from idservice.pdf.document import PdfDocument

MAX_ITEMS = 4096
"""Streams that are read from one store; each answer or list is one."""

MAX_STORE_BYTES = 64 * 1024 * 1024
"""What the streams of one store may hold together."""

ARRAYS = {"certs": "/Certs", "ocsps": "/OCSPs", "crls": "/CRLs"}
"""The arrays of the store, by the field of StoreItems that they hold."""

VRI_ARRAYS = {"certs": "/Cert", "ocsps": "/OCSP", "crls": "/CRL"}
"""The arrays of one entry of /VRI, likewise."""


@dataclass(frozen=True, slots=True)
class StoreItems:
    """Certificates, OCSP answers (OCSPResponse) and CRLs, each in DER."""

    certs: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityStore:
    """What the store of a document holds.

    `vri` tells which of it belongs to which signature, by the key that names the signature
    (upper-case SHA-1 of its /Contents). `faults` says what could not be read, and why.
    """

    certs: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    vri: Mapping[str, StoreItems] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def read_security_store(document: PdfDocument) -> SecurityStore:
    """Read the store of a document; an empty one without it. Raises nothing for its contents."""
    return _StoreReader().read(document.catalog.get("/DSS"))


class _StoreReader:
    """Reads one store within its budgets; each stream once, however often it is named."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._known: dict[tuple[int, int], bytes | None] = {}
        self._bytes_left = MAX_STORE_BYTES

    def read(self, store: object) -> SecurityStore:
        if store is None:
            return SecurityStore()
        if not isinstance(store, Dictionary):
            return SecurityStore(faults=("it is no dictionary",))
        items = {key: self._streams(store, entry) for key, entry in ARRAYS.items()}
        vri = self._vri(store.get("/VRI"))
        return SecurityStore(**items, vri=vri, faults=tuple(self._faults))

    def _vri(self, found: object) -> dict[str, StoreItems]:
        if found is None:
            return {}
        if not isinstance(found, Dictionary):
            self._faults.append("/VRI is no dictionary")
            return {}
        entries = {}
        for key, value in list(found.items())[:MAX_ITEMS]:
            if key == "/Type":
                continue
            if not isinstance(value, Dictionary):
                self._faults.append(f"an entry of /VRI ({key[:60]!r}) is no dictionary")
                continue
            entries[key.removeprefix("/")] = StoreItems(
                **{part: self._streams(value, entry) for part, entry in VRI_ARRAYS.items()}
            )
        return entries

    def _streams(self, owner: Object, key: str) -> tuple[bytes, ...]:
        found = owner.get(key)
        if found is None:
            return ()
        if not isinstance(found, Array):
            self._faults.append(f"{key} is no array")
            return ()
        if len(found) > MAX_ITEMS:
            self._faults.append(f"{key} has {len(found)} entries, of which {MAX_ITEMS} were read")
        read = [self._stream(item, key) for item in raw_items(found)[:MAX_ITEMS]]
        return tuple(item for item in read if item is not None)

    def _stream(self, item: object, key: str) -> bytes | None:
        if not isinstance(item, Stream):
            self._faults.append(f"an entry of {key} is no stream")
            return None
        if item.objgen not in self._known:
            self._known[item.objgen] = self._decoded(item, key)
        return self._known[item.objgen]

    def _decoded(self, stream: Stream, key: str) -> bytes | None:
        try:
            data = stream.read_bytes() if self._bytes_left > 0 else b""
        except PdfError:
            self._faults.append(f"a stream of {key} cannot be decoded")
            return None
        self._bytes_left -= len(data)
        if self._bytes_left <= 0:
            self._faults.append(f"it holds more than {MAX_STORE_BYTES} bytes; the rest is ignored")
            return None
        return data
