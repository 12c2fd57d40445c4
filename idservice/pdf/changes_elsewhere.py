"""Where an object is reached from that no rule knows, so that its change can be named.

The document is walked as it was before the change: first what shows on pages, then looks of
annotations and fields, and last what only describes the document. The first way that leads
to an object counts, because it is the gravest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import Judgement, action_code, is_active
from idservice.pdf.changes_names import entry_change, names_changed
from idservice.pdf.changes_pages import PARTS, page_node_changed
from idservice.pdf.changes_resources import only_adds_fonts
from idservice.pdf.changes_structure import structure_object_changed
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idservice.pdf.object_history import Difference


_ANNOTATION = "annotation-appearance-changed"
# Entries of pages, of resources and of the names that say what an object is for.
_PARTS = frozenset({*PARTS, "EmbeddedFiles", "JavaScript", "Dests"})


class Way(IntEnum):
    """What an object belongs to, gravest first."""

    CONTENT = 0
    APPEARANCE = 1
    DESCRIPTION = 2


@dataclass(frozen=True, slots=True)
class Found:
    """How an object is reached: the kind, the entry of the catalog, the page, and its part."""

    way: Way
    entry: str
    page: int | None
    part: str = ""

    def within(self, part: str) -> Found:
        """Return the same place in a part of the page or of the annotation."""
        return Found(self.way, self.entry, self.page, part)


_APPEARANCES = ("AcroForm", "DSS", "Extensions", "Perms")
_DESCRIPTIONS = ("StructTreeRoot", "Metadata")
# What an entry of the outlines says of the structure is judged as structure (table 151).
_TO_STRUCTURE = ("SE", "Outlines")


def judge_elsewhere(judgement: Judgement, numbers: Iterable[int]) -> None:
    """Judge changed objects that no rule is for; those that nothing refers to are harmless."""
    wanted = set(numbers)
    found = _Walk(judgement, wanted).found()
    for number in sorted(wanted & found.keys()):
        difference, place = judgement.step.changed[number], found[number]
        if not (_may_grow(place) and only_adds_fonts(judgement, difference)):
            _judge(judgement, place, difference)


def reached(judgement: Judgement, numbers: set[int]) -> frozenset[int]:
    """Return which of some objects the document leads to, as it was before the change."""
    return frozenset(_Walk(judgement, numbers).found())


def _judge(judgement: Judgement, place: Found, difference: Difference) -> None:
    old, new = difference.old, difference.new
    if place.way is Way.DESCRIPTION:
        if place.entry == "StructTreeRoot":
            structure_object_changed(judgement, old, new)
        else:
            judgement.forbid("metadata-changed", "changes the metadata of the document")
    elif new is None:
        judgement.forbid("object-freed", f"removes an object that {_owner(place)} uses", place.page)
    elif is_active(new.value) and not (old is not None and is_active(old.value)):
        code = action_code(new.value) or "action-added"
        judgement.forbid(code, "makes viewers act", place.page)
    elif place.way is Way.APPEARANCE:
        _looks_changed(judgement, place)
    elif place.page is not None:
        judgement.forbid(*PARTS.get(place.part, PARTS["Contents"]), place.page)
    elif place.entry == "Pages" and old is not None and "Kids" in old.entries:
        page_node_changed(judgement, old, new)
    elif place.entry == "Names":
        if place.part:
            judgement.forbid(*entry_change(place.part))
        else:
            names_changed(judgement, None if old is None else old.value, new.value)
    else:
        judgement.forbid(*entry_change(place.entry))


def _may_grow(place: Found) -> bool:
    """Whether something may be the fonts of the form, which pages may share."""
    of_page = place.page is not None and place.part in {"", "Font"}
    return place.way is not Way.DESCRIPTION and (of_page or place.entry == "AcroForm")


def _looks_changed(judgement: Judgement, place: Found) -> None:
    if place.page is None and place.part != "Widget":
        judgement.forbid("form-changed", f"changes an object that {_owner(place)} uses")
        return
    code = "appearance-changed-without-value" if place.part == "Widget" else _ANNOTATION
    judgement.forbid(code, f"changes an object that {_owner(place)} uses", place.page)


def _owner(place: Found) -> str:
    if place.way is Way.APPEARANCE:
        return "the form" if place.page is None else "an annotation or field"
    return f"/{place.entry[:40]}" if place.page is None else "a page"


class _Walk:
    """One walk through a document, in three passes that share what they have seen."""

    def __init__(self, judgement: Judgement, wanted: set[int]) -> None:
        self._view = judgement.step.old
        # The looks that a signature may give to its field are no other way to an object.
        self._signed = judgement.dressed
        self._roles = judgement.roles
        self._wanted = wanted
        self._found: dict[int, Found] = {}
        self._seen: set[int] = set()
        self._annotations: list[tuple[Value, Found]] = []

    def found(self) -> dict[int, Found]:
        """Return how each wanted object that is reached is reached."""
        view = self._view
        self._seen.add(view.root.number)
        entries = view.dictionary(view.root)
        later = {*_APPEARANCES, *_DESCRIPTIONS}
        # The pages come first, so that what a page shares with others is named after it.
        for key in sorted(entries.keys() - later, key=lambda item: (item != "Pages", item)):
            self._pass([(entries[key], Found(Way.CONTENT, key, None))])
        self._pass(self._annotations)
        for key in _APPEARANCES:
            self._pass([(entries.get(key), Found(Way.APPEARANCE, key, None))])
        for key in _DESCRIPTIONS:
            self._pass([(entries.get(key), Found(Way.DESCRIPTION, key, None))])
        return self._found

    def _pass(self, pending: list[tuple[Value, Found]]) -> None:
        while pending:
            value, place = pending.pop()
            if isinstance(value, Reference):
                value, place = self._resolved(value, place)
            if isinstance(value, list):
                pending += [(item, place) for item in value if _leads_on(item)]
            elif isinstance(value, dict):
                pending += [
                    (item, _at(place, key, value))
                    for key, item in value.items()
                    if _leads_on(item) and (key, place.entry) != _TO_STRUCTURE
                ]

    def _resolved(self, reference: Reference, place: Found) -> tuple[Value, Found]:
        """Follow a reference once; a page names the place, and keeps its annotations for later."""
        number = reference.number
        if number in self._seen:
            return None, place
        self._seen.add(number)
        page = self._roles.page(number)
        if number in self._wanted:
            self._found[number] = place if page is None else Found(place.way, place.entry, page)
        stored = self._view.get(reference)
        if stored is None:
            return None, place
        if number in self._signed:
            return {key: item for key, item in stored.entries.items() if key != "AP"}, place
        if page is None or stored.entries.get("Type") != "Page":
            return stored.value, place
        here = Found(place.way, place.entry, page)
        entries = dict(stored.entries)
        looks = Found(Way.APPEARANCE, place.entry, page)
        self._annotations.append((entries.pop("Annots", None), looks))
        return entries, here


def _at(place: Found, key: str, holder: dict[str, Value]) -> Found:
    """The place of an entry: the part of a page, or the widget, that it belongs to."""
    if place.way is Way.APPEARANCE:
        is_widget = holder.get("Subtype") == "Widget" and place.part != "Widget"
        return place.within("Widget") if is_widget else place
    return place.within(key) if key in _PARTS else place


def _leads_on(value: Value) -> bool:
    return isinstance(value, (Reference, list, dict))
