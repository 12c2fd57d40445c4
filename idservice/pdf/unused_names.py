"""Whether the content of a document ever names a font (ISO 32000-2 cl. 7.8.3, 9.6).

Who adds a font under a name that content names already would show a text which nobody saw.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks import Budget, inherited

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

_DELIMITERS = rb"\x00\t\n\x0c\r ()<>\[\]{}/%"
# A name with an escaped character may be any name.
_ESCAPED = rb"[^" + _DELIMITERS + rb"]*#"


def names_unused(view: View, pages: Iterable[int], names: Collection[str]) -> bool:
    """Whether no page, form, pattern or appearance names one of these; False when not certain."""
    said = b"|".join(re.escape(name.encode("latin-1", "replace")) for name in sorted(names))
    pattern = re.compile(rb"/(?:(?:" + said + rb")(?![^" + _DELIMITERS + rb"])|" + _ESCAPED + rb")")
    try:
        content = _Content(view, Budget())
        return not any(pattern.search(data) for data in content.of_pages(pages))
    except (MalformedPdf, InputTooLarge):
        return False


class _Content:
    """All content streams that pages lead to, each once."""

    def __init__(self, view: View, budget: Budget) -> None:
        self._view, self._budget = view, budget
        self._seen: set[Reference] = set()

    def of_pages(self, pages: Iterable[int]) -> Iterator[bytes]:
        """Yield the content of pages, and of all that they and their annotations draw."""
        view = self._view
        for number in pages:
            entries = view.dictionary(Reference(number, 0))
            contents = entries.get("Contents")
            parts = view.items(contents) or [contents]
            # An operator may be cut in two by the end of a part, a name may not.
            for part in parts:
                yield from self._stream(part)
            yield from self._resources(inherited(view, entries, "Resources"))
            for item in view.items(entries.get("Annots")):
                yield from self._looks(view.dictionary(item).get("AP"), 3)

    def _stream(self, value: Value) -> Iterator[bytes]:
        if not isinstance(value, Reference) or value in self._seen:
            return
        self._seen.add(value)
        self._budget.spend("marks")
        stored = self._view.get(value)
        if stored is None or stored.span is None:
            return
        if stored.entries.get("Subtype") != "Image":
            data = self._view.decoded(value)
            self._budget.spend("bytes", len(data))
            yield data
        yield from self._resources(stored.entries.get("Resources"))

    def _resources(self, value: Value) -> Iterator[bytes]:
        resources = self._view.dictionary(value)
        for kind in ("XObject", "Pattern"):
            for item in self._view.dictionary(resources.get(kind)).values():
                yield from self._stream(item)
        for item in self._view.dictionary(resources.get("Font")).values():
            font = self._view.dictionary(item)
            if font.get("Subtype") == "Type3" and isinstance(item, Reference):
                yield from self._glyphs(item, font)

    def _glyphs(self, reference: Reference, font: dict[str, Value]) -> Iterator[bytes]:
        """A font of type 3 draws its characters with content streams (cl. 9.6.4)."""
        if reference in self._seen:
            return
        self._seen.add(reference)
        for item in self._view.dictionary(font.get("CharProcs")).values():
            yield from self._stream(item)
        yield from self._resources(font.get("Resources"))

    def _looks(self, value: Value, depth: int) -> Iterator[bytes]:
        yield from self._stream(value)
        stored = self._view.get(value) if isinstance(value, Reference) else None
        if depth and (stored is None or stored.span is None):
            for item in self._view.dictionary(value).values():
                yield from self._looks(item, depth - 1)
