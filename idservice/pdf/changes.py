"""What was changed after a signed revision: every later revision judged by its objects.

Each revision is compared with the one before it, so a change that a later one takes back is
seen as well. An object is judged by what it is for; it may change only if a rule permits
that, and only if everything that refers to it means that role. What no rule is for is
forbidden. Adding a kind of change is adding a role, if it has none, and a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.changes_annotations import (
    annotation_changed,
    annotation_list_changed,
    note_signatures,
)
from idservice.pdf.changes_catalog import (
    catalog_changed,
    encryption_changed,
    extensions_changed,
    information_changed,
    permissions_object_changed,
    trailer_changed,
)
from idservice.pdf.changes_covering import SignedContent
from idservice.pdf.changes_elsewhere import judge_elsewhere, reached
from idservice.pdf.changes_filling import field_value_changed, note_filled
from idservice.pdf.changes_form import (
    field_changed,
    field_list_changed,
    form_object_changed,
)
from idservice.pdf.changes_judgement import (
    AddedSignature,
    Judgement,
    Kind,
    ObjectChange,
    Permission,
    Work,
)
from idservice.pdf.changes_locks import constraints_of, is_certified
from idservice.pdf.changes_metadata import metadata_object_changed
from idservice.pdf.changes_pages import page_changed, page_holder_changed
from idservice.pdf.changes_showing import require_signatures_to_show, shown
from idservice.pdf.changes_store import item_changed, part_changed, store_object_changed
from idservice.pdf.changes_xfa import xfa_object_changed, xfa_packet_changed
from idservice.pdf.document_roles import Role, Roles
from idservice.pdf.limits import MAX_TREE_DEPTH
from idservice.pdf.object_history import ObjectHistory, Step
from idservice.pdf.reference_index import TRAILER, Edge, ReferenceIndex
from idservice.pdf.stored_objects import StoredObject
from idservice.pdf.xref_entries import IN_STREAM, Entry

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.revisions import Revision, RevisionHistory

__all__ = ["AddedSignature", "Kind", "ObjectChange", "Permission", "analyse_changes"]

Rule = Callable[[Judgement, int, StoredObject | None, StoredObject | None], None]

# In this order: a field makes known which widgets may come along before pages are judged.
RULES: dict[Role, Rule] = {
    Role.ENCRYPTION: encryption_changed,
    Role.INFO: information_changed,
    Role.CATALOG: catalog_changed,
    Role.PERMISSIONS: permissions_object_changed,
    Role.METADATA: metadata_object_changed,
    Role.EXTENSIONS: extensions_changed,
    Role.EXTENSION: extensions_changed,
    Role.FORM: form_object_changed,
    Role.XFA: xfa_object_changed,
    Role.XFA_PACKET: xfa_packet_changed,
    Role.FIELDS: field_list_changed,
    Role.FIELD: field_changed,
    Role.FIELD_VALUE: field_value_changed,
    Role.PAGE: page_changed,
    Role.PAGE_HOLDER: page_holder_changed,
    Role.ANNOTATIONS: annotation_list_changed,
    Role.ANNOTATION: annotation_changed,
    Role.STORE: store_object_changed,
    Role.STORE_LIST: part_changed,
    Role.STORE_ITEM: item_changed,
    Role.VRI: part_changed,
    Role.VRI_ENTRY: part_changed,
}
"""What judges an object of each role, in the order in which they work."""

# These are referred to from everywhere, and only entries that mean one thing may differ.
_KNOWN_EVERYWHERE = frozenset({Role.CATALOG, Role.PAGE, Role.PAGE_HOLDER})
_WIDGETS = frozenset({Role.FIELD, Role.ANNOTATION})
# How structure, actions and other annotations refer to a field or annotation.
_BACK_REFERENCES = frozenset({"Parent", "Obj", "Data", "Popup", "IRT", "P", "CO", "T", "Fields"})
_ORDER = {role: place for place, role in enumerate(RULES)}
# A walk through the document is only needed for what no rule knows, and for new looks.
_MAX_WALKS = 64
_MAX_CHANGES = 1_000


def analyse_changes(
    document: PdfDocument, history: RevisionHistory, first: Revision
) -> tuple[ObjectChange, ...]:
    """Return what each revision later than `first` changes, oldest first.

    An empty result means that no value differs. A revision that cannot be read strictly is
    one change that is not judged. Raises nothing for what the file is.
    """
    found: list[ObjectChange] = []
    prepared: dict[str, int] = {}
    revision = first.number
    try:
        analysis = _Analysis(ObjectHistory(document, history, first), document)
        for items in analysis.steps():
            _settle(found, items, prepared)
            revision = analysis.revision
            if len(found) > _MAX_CHANGES and _forbidden(found):
                break
    except (MalformedPdf, InputTooLarge) as exc:
        message = f"What was changed after revision {revision} is not certain. {exc.detail}"
        found.append(
            ObjectChange("revision-unreadable", revision + 1, None, message, Permission.UNJUDGED)
        )
    return tuple(found)


def _settle(found: list[ObjectChange], items: list[ObjectChange], prepared: dict[str, int]) -> None:
    """Add the changes of one revision; a field that it signs was rightly added before.

    `prepared` says at which place in `found` it stands that an empty signature field was added.
    """
    for item in items:
        if item.signature is None:
            continue
        place = prepared.pop(item.signature.field_name, None)
        if place is not None:
            found[place] = replace(
                found[place],
                permission=Permission.PERMITTED,
                message=f"Revision {found[place].revision} adds a signature field that revision "
                f"{item.revision} signs: {shown(item.signature.field_name)}.",
                kind=Kind.SIGNATURE,
            )
    for item in items:
        if item.prepares is not None:
            prepared[item.prepares] = len(found)
        found.append(item)


def _forbidden(changes: list[ObjectChange]) -> bool:
    return any(item.permission is Permission.FORBIDDEN for item in changes)


class _Analysis:
    """One pass over the revisions of a file."""

    def __init__(self, history: ObjectHistory, document: PdfDocument) -> None:
        self._history = history
        self.revision = 0
        self._roles = Roles(document, history.view, history.trailer)
        self._index = ReferenceIndex(history, self._roles.watched)
        constraints = constraints_of(history.view, self._roles)
        self._constraints = replace(constraints, certified=is_certified(history.view))
        self._walks = _MAX_WALKS
        self._content = SignedContent()
        self._work = Work()
        start = document.frame.header_offset
        self._version = bytes(document.data[start + 5 : start + 8]).decode("latin-1")

    def steps(self) -> Iterator[list[ObjectChange]]:
        """Judge one revision after the other."""
        for step in self._history.steps():
            judgement = Judgement(
                step, self._roles, self._index, self._constraints, self._work, self._version
            )
            judgement.content = self._content
            self._judge(judgement)
            self.revision = step.revision
            yield judgement.items
            note_signatures(judgement)
            self._roles.take(step)
            self._index.take(step)
            self._constraints = self._constraints.with_locks(judgement.new_locks)

    def _judge(self, judgement: Judgement) -> None:
        step = judgement.step
        if step.ambiguous:
            judgement.forbid(
                "hybrid-object-differs",
                "places one object twice, so that programs show one or the other of the two",
            )
        if any(_holds_unplaced(step, number) for number in step.changed):
            judgement.forbid(
                "hidden-objects",
                "has objects in an object stream that no cross-reference places there; programs "
                "that search a damaged file for its objects would show them",
            )
        trailer_changed(judgement)
        note_filled(judgement)
        with_rule, elsewhere = self._sorted(judgement)
        for role, number in sorted(with_rule, key=lambda item: _order(step, *item)):
            difference = step.changed[number]
            RULES[role](judgement, number, difference.old, difference.new)
        self._judge_elsewhere(judgement, elsewhere)
        require_signatures_to_show(judgement)
        _tell_signatures(judgement)

    def _sorted(self, judgement: Judgement) -> tuple[list[tuple[Role, int]], list[int]]:
        """Tell the changed objects that a rule is for from those that none is for.

        Where something else refers to an object of a known role, what counts is whether the
        document leads there at all. Objects that nothing refers to are left out.
        """
        with_rule: list[tuple[Role, int]] = []
        elsewhere: list[int] = []
        strangers: dict[int, tuple[Role, set[int]]] = {}
        for number in judgement.step.changed:
            edges = self._index.edges(number)
            role = self._roles.of(number, edges) if edges else None
            if number in self._history.needed_to_read:
                judgement.forbid("object-stream-changed", "changes how older objects are read")
            elif role is not None:
                strangers[number] = role, self._strangers(role, edges)
            elif edges:
                elsewhere.append(number)
        asked = {holder for _, holders in strangers.values() for holder in holders}
        used = self._reached(judgement, asked) if asked else frozenset()
        for number, (role, holders) in strangers.items():
            if used.isdisjoint(holders):
                with_rule.append((role, number))
            else:
                elsewhere.append(number)
        return with_rule, elsewhere

    def _reached(self, judgement: Judgement, numbers: set[int]) -> frozenset[int]:
        """Return which objects the document leads to; all of them when nobody can look."""
        self._walks -= 1
        if self._walks < 0:
            return frozenset(numbers)
        always = {TRAILER, judgement.step.old.root.number}
        return reached(judgement, numbers) | frozenset(numbers & always)

    def _strangers(self, role: Role, edges: list[Edge], depth: int = MAX_TREE_DEPTH) -> set[int]:
        """Return who refers to an object, or to one above it, and means another role."""
        if role in _KNOWN_EVERYWHERE:
            return set()
        found: set[int] = set()
        for edge in edges:
            meant = self._roles.along(edge)
            if role in _WIDGETS:
                fits = meant in _WIDGETS or _last_key(edge) in _BACK_REFERENCES
            else:
                fits = meant is role
            if not fits or depth == 0:
                found.add(edge.holder)
            elif edge.holder in self._roles.watched:
                above = self._index.edges(edge.holder)
                holder_role = self._roles.of(edge.holder, above)
                if holder_role is None:
                    found.add(edge.holder)
                else:
                    found |= self._strangers(holder_role, above, depth - 1)
        return found

    def _judge_elsewhere(self, judgement: Judgement, numbers: list[int]) -> None:
        if not numbers:
            return
        self._walks -= 1
        if self._walks >= 0:
            judge_elsewhere(judgement, numbers)
        else:
            judgement.forbid("object-changed", "changes objects of the document")


def _holds_unplaced(step: Step, number: int) -> bool:
    """Whether an object is an object stream with more in it than cross-references name."""
    stored = step.changed[number].new
    if stored is None or stored.span is None or stored.entries.get("Type") != "ObjStm":
        return False
    for index, member in enumerate(step.new.members(number)):
        if step.new.entry(member) != Entry(IN_STREAM, number, index):
            return True
    return False


def _last_key(edge: Edge) -> str:
    return next((key for key in reversed(edge.path) if isinstance(key, str)), "")


def _order(step: Step, role: Role, number: int) -> tuple[int, bool, int]:
    """A field comes before the widgets below it, which have no name of their own."""
    new = step.changed[number].new
    return _ORDER[role], new is None or "T" not in new.entries, number


def _tell_signatures(judgement: Judgement) -> None:
    """Name each signature that was added, and where it shows."""
    revision = judgement.step.revision
    for name, added in judgement.signatures.items():
        page = judgement.widget_pages.get(name)
        code = "document-time-stamp-added" if added.is_time_stamp else "signature-added"
        what = "a document time-stamp" if added.is_time_stamp else "a signature"
        visible = name in judgement.visible
        where = f" that shows on page {page}" if visible and page is not None else ""
        judgement.items.append(
            ObjectChange(
                code,
                revision,
                page if visible else None,
                f"Revision {revision} adds {what} in the field {shown(name)}{where}.",
                Permission.PERMITTED,
                added,
                Kind.TIME_STAMP if added.is_time_stamp else Kind.SIGNATURE,
                name in judgement.covering,
            )
        )
