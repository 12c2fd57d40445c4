"""Where an object is reached from that no rule knows, so that its change can be named.

The document is walked as it was before the change: first what shows on pages, then looks of
annotations and fields, and last what only describes the document. The first way that leads
to an object counts, because it is the gravest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import Judgement, is_active
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idservice.pdf.object_history import Difference


class Kind(IntEnum):
    """What an object belongs to, gravest first."""

    CONTENT = 0
    APPEARANCE = 1
    DESCRIPTION = 2


@dataclass(frozen=True, slots=True)
class Found:
    """How an object is reached: the kind, the entry of the catalog, and the page."""

    kind: Kind
    entry: str
    page: int | None


_APPEARANCES = ("AcroForm", "DSS", "Extensions", "Perms")
_DESCRIPTIONS = {"StructTreeRoot": "structure-changed", "Metadata": "metadata-changed"}
_ACTIONS = frozenset({"OpenAction", "AA", "Names"})


def judge_elsewhere(judgement: Judgement, numbers: Iterable[int]) -> None:
    """Judge changed objects that no rule is for; those that nothing refers to are harmless."""
    wanted = set(numbers)
    found = _Walk(judgement, wanted).found()
    for number in sorted(wanted & found.keys()):
        difference = judgement.step.changed[number]
        _judge(judgement, found[number], difference)


def reached(judgement: Judgement, numbers: set[int]) -> frozenset[int]:
    """Return which of some objects the document leads to, as it was before the change."""
    return frozenset(_Walk(judgement, numbers).found())


def _judge(judgement: Judgement, place: Found, difference: Difference) -> None:
    old, new = difference.old, difference.new
    if place.kind is Kind.DESCRIPTION:
        what = "structure" if place.entry == "StructTreeRoot" else "metadata"
        judgement.leave(_DESCRIPTIONS[place.entry], f"changes the {what} of the document")
    elif new is None:
        judgement.forbid("object-freed", f"removes an object that {_owner(place)} uses", place.page)
    elif is_active(new.value) and not (old is not None and is_active(old.value)):
        judgement.forbid("javascript-added", "makes viewers act", place.page)
    elif place.kind is Kind.APPEARANCE:
        code = "form-changed" if place.page is None else "appearance-changed"
        judgement.forbid(code, f"changes an object that {_owner(place)} uses", place.page)
    elif place.page is not None:
        judgement.forbid("page-content-changed", "changes what a page shows", place.page)
    elif place.entry in _ACTIONS:
        judgement.forbid("action-changed", f"changes what /{place.entry} leads to")
    elif place.entry == "Pages":
        judgement.forbid("pages-changed", "shows other pages")
    else:
        judgement.forbid("catalog-changed", f"changes what /{place.entry[:40]} leads to")


def _owner(place: Found) -> str:
    if place.kind is Kind.APPEARANCE:
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
            self._pass([(entries[key], Found(Kind.CONTENT, key, None))])
        self._pass(self._annotations)
        for key in _APPEARANCES:
            self._pass([(entries.get(key), Found(Kind.APPEARANCE, key, None))])
        for key in _DESCRIPTIONS:
            self._pass([(entries.get(key), Found(Kind.DESCRIPTION, key, None))])
        return self._found

    def _pass(self, pending: list[tuple[Value, Found]]) -> None:
        while pending:
            value, place = pending.pop()
            if isinstance(value, Reference):
                value, place = self._resolved(value, place)
            if isinstance(value, list):
                pending += [(item, place) for item in value if _leads_on(item)]
            elif isinstance(value, dict):
                pending += [(item, place) for item in value.values() if _leads_on(item)]

    def _resolved(self, reference: Reference, place: Found) -> tuple[Value, Found]:
        """Follow a reference once; a page names the place, and keeps its annotations for later."""
        number = reference.number
        if number in self._seen:
            return None, place
        self._seen.add(number)
        page = self._roles.page(number)
        if number in self._wanted:
            self._found[number] = place if page is None else Found(place.kind, place.entry, page)
        stored = self._view.get(reference)
        if stored is None:
            return None, place
        if number in self._signed:
            return {key: item for key, item in stored.entries.items() if key != "AP"}, place
        if page is None or stored.entries.get("Type") != "Page":
            return stored.value, place
        here = Found(place.kind, place.entry, page)
        entries = dict(stored.entries)
        looks = Found(Kind.APPEARANCE, place.entry, page)
        self._annotations.append((entries.pop("Annots", None), looks))
        return entries, here


def _leads_on(value: Value) -> bool:
    return isinstance(value, (Reference, list, dict))
