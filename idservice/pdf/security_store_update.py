"""Adding to the document security store, in an update (ISO 32000-2 cl. 12.8.4.3).

Adding is strict and only ever adds: nothing that the store holds is lost, and what it holds
already is not added a second time. What is written indirectly is changed where it is.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, PdfError, Stream

from idservice.pdf.damage import damaged
from idservice.pdf.extensions import extension_entries
from idservice.pdf.security_store import ARRAYS, MAX_ITEMS, VRI_ARRAYS, StoreItems
from idservice.pdf.writer import name, raw_items, reference

if TYPE_CHECKING:
    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.update import Update

_COMPRESSED_FROM = 4096


def add_to_security_store(
    document: PdfDocument, update: Update, items: StoreItems, vri: Mapping[str, StoreItems]
) -> bool:
    """Put into `update` what the store lacks; tell whether that is anything.

    Everything that `vri` names for a signature goes into the store as well. The store is
    made if there is none, and changed where it is written. Raises MalformedPdf when its
    structure does not allow an addition.
    """
    return _Addition(document, update).apply(items, vri)


class _Addition:
    """Adds to the store of one document in one update."""

    def __init__(self, document: PdfDocument, update: Update) -> None:
        self._document = document
        self._update = update
        store = document.catalog.get("/DSS")
        if store is not None and not isinstance(store, Dictionary):
            raise damaged("the document security store (/DSS) is no dictionary")
        self._store = store
        self._owner = document.catalog.objgen
        if store is not None and store.is_indirect:
            self._owner = store.objgen

    def apply(self, items: StoreItems, vri: Mapping[str, StoreItems]) -> bool:
        entries: dict[str, bytes] = {}
        changed = False
        references: dict[str, dict[bytes, bytes]] = {}
        for part, key in ARRAYS.items():
            wanted = dict.fromkeys(
                (
                    *getattr(items, part),
                    *(one for entry in vri.values() for one in getattr(entry, part)),
                )
            )
            references[part], added = self._add_streams(key, wanted)
            changed |= self._extend(self._store, key, added, entries, self._owner)
        changed |= self._add_vri(vri, references, entries)
        if changed:
            self._write(entries)
        return changed

    def _add_streams(
        self, key: str, wanted: Mapping[bytes, None]
    ) -> tuple[dict[bytes, bytes], list[bytes]]:
        """Return a reference for each wanted item, and which of these references are new."""
        found = self._present(key)
        references: dict[bytes, bytes] = {}
        added = []
        for item in wanted:
            digest = hashlib.sha256(item).digest()
            if digest not in found:
                found[digest] = self._put_stream(item)
                added.append(found[digest])
            references[item] = found[digest]
        return references, added

    def _present(self, key: str) -> dict[bytes, bytes]:
        """Map the digest of each stream that the store holds to a reference to it."""
        found = None if self._store is None else self._store.get(key)
        if not isinstance(found, Array):
            return {}
        present: dict[bytes, bytes] = {}
        for item in raw_items(found)[:MAX_ITEMS]:
            if isinstance(item, Stream):
                try:
                    present[hashlib.sha256(item.read_bytes()).digest()] = reference(item.objgen)
                except PdfError:
                    continue  # whatever it is, it is not what is to be added
        return present

    def _put_stream(self, item: bytes) -> bytes:
        objgen = self._update.reserve()
        entries, data = b"", item
        if len(item) >= _COMPRESSED_FROM:
            entries, data = b"/Filter /FlateDecode", zlib.compress(item)
        self._update.put(objgen, self._update.writer.stream(entries, data, objgen))
        return reference(objgen)

    def _extend(
        self,
        owner: Object | None,
        key: str,
        added: list[bytes],
        entries: dict[str, bytes],
        objgen: tuple[int, int],
    ) -> bool:
        """Add references to an array of `owner`; what must be written there goes into `entries`."""
        if not added:
            return False
        found = None if owner is None else owner.get(key)
        listed = b" ".join(added)
        if found is None:
            entries[key] = b"[ %b ]" % listed
            return True
        if not isinstance(found, Array):
            raise damaged(f"{key} in the document security store is no array")
        if found.is_indirect:
            body = self._update.writer.with_element(found, listed, found.objgen)
            self._update.put(found.objgen, body)
        else:
            entries[key] = self._update.writer.with_element(found, listed, objgen)
        return True

    def _add_vri(
        self,
        vri: Mapping[str, StoreItems],
        references: Mapping[str, Mapping[bytes, bytes]],
        entries: dict[str, bytes],
    ) -> bool:
        found = None if self._store is None else self._store.get("/VRI")
        if found is not None and not isinstance(found, Dictionary):
            raise damaged("/VRI in the document security store is no dictionary")
        owner = self._owner
        if found is not None and found.is_indirect:
            owner = found.objgen
        changed: dict[str, bytes] = {}
        extended = False
        for key, items in vri.items():
            wanted = {
                VRI_ARRAYS[part]: [references[part][one] for one in getattr(items, part)]
                for part in VRI_ARRAYS
            }
            extended |= self._add_entry(found, f"/{key}", wanted, changed, owner)
        if not changed:
            return extended
        if found is None:
            entries["/VRI"] = _dictionary(changed)
        elif found.is_indirect:
            self._update.put(owner, self._update.writer.with_entries(found, changed, owner))
        else:
            entries["/VRI"] = self._update.writer.with_entries(found, changed, owner)
        return True

    def _add_entry(
        self,
        vri: Object | None,
        key: str,
        wanted: Mapping[str, list[bytes]],
        changed: dict[str, bytes],
        objgen: tuple[int, int],
    ) -> bool:
        """Bring one entry of /VRI up to what is wanted, keeping what it names already."""
        entry = None if vri is None else vri.get(key)
        if entry is not None and not isinstance(entry, Dictionary):
            raise damaged("an entry of /VRI in the document security store is no dictionary")
        owner = entry.objgen if entry is not None and entry.is_indirect else objgen
        parts: dict[str, bytes] = {}
        extended = False
        for part, references in wanted.items():
            listed = _references(entry, part)
            added = [item for item in dict.fromkeys(references) if item not in listed]
            extended |= self._extend(entry, part, added, parts, owner)
        if not extended:
            return False
        if entry is None:
            changed[key] = _dictionary(parts)
        elif not entry.is_indirect:
            changed[key] = self._update.writer.with_entries(entry, parts, owner)
        elif parts:
            self._update.put(owner, self._update.writer.with_entries(entry, parts, owner))
        return True

    def _write(self, entries: dict[str, bytes]) -> None:
        """Write the store where it is, or a new one, and declare the extension."""
        catalog, writer = self._document.catalog, self._update.writer
        catalog_entries = extension_entries(self._document, self._update)
        if self._store is None:
            objgen = self._update.reserve()
            self._update.put(objgen, _dictionary({"/Type": b"/DSS", **entries}))
            catalog_entries["/DSS"] = reference(objgen)
        elif entries and self._store.is_indirect:
            body = writer.with_entries(self._store, entries, self._owner)
            self._update.put(self._owner, body)
        elif entries:
            catalog_entries["/DSS"] = writer.with_entries(self._store, entries, self._owner)
        if catalog_entries:
            body = writer.with_entries(catalog, catalog_entries, catalog.objgen)
            self._update.put(catalog.objgen, body)


def _references(entry: Object | None, key: str) -> set[bytes]:
    found = None if entry is None else entry.get(key)
    if not isinstance(found, Array):
        return set()
    return {reference(item.objgen) for item in raw_items(found) if isinstance(item, Stream)}


def _dictionary(entries: Mapping[str, bytes]) -> bytes:
    return b"<< %b >>" % b" ".join(b"%b %b" % (name(key), value) for key, value in entries.items())
