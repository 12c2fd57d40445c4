"""What was changed after a signed revision: every later revision judged by its objects.

Each revision is compared with the one before it, so a change that a later one takes back is
seen as well. An object is judged by what it is for; it may change only if a rule permits
that, and only if everything that refers to it means that role. What no rule is for is
forbidden. Adding a kind of change is adding a role, if it has none, and a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.changes_catalog import (
    catalog_changed,
    encryption_changed,
    extensions_changed,
    information_changed,
    permissions_object_changed,
    trailer_changed,
)
from idservice.pdf.changes_elsewhere import judge_elsewhere
from idservice.pdf.changes_form import (
    field_changed,
    field_list_changed,
    field_value_changed,
    form_object_changed,
    shown,
)
from idservice.pdf.changes_judgement import (
    AddedSignature,
    Judgement,
    ObjectChange,
    Permission,
)
from idservice.pdf.changes_locks import constraints_of
from idservice.pdf.changes_pages import (
    annotation_changed,
    annotation_list_changed,
    page_changed,
)
from idservice.pdf.changes_store import item_changed, part_changed, store_object_changed
from idservice.pdf.document_roles import Role, Roles
from idservice.pdf.limits import MAX_TREE_DEPTH
from idservice.pdf.object_history import ObjectHistory, Step
from idservice.pdf.reference_index import Edge, ReferenceIndex
from idservice.pdf.stored_objects import StoredObject

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.revisions import Revision, RevisionHistory

__all__ = ["AddedSignature", "ObjectChange", "Permission", "analyse_changes"]

Rule = Callable[[Judgement, int, StoredObject | None, StoredObject | None], None]

# In this order: a field makes known which widgets may come along before pages are judged.
RULES: dict[Role, Rule] = {
    Role.ENCRYPTION: encryption_changed,
    Role.INFO: information_changed,
    Role.CATALOG: catalog_changed,
    Role.PERMISSIONS: permissions_object_changed,
    Role.EXTENSIONS: extensions_changed,
    Role.EXTENSION: extensions_changed,
    Role.FORM: form_object_changed,
    Role.FIELDS: field_list_changed,
    Role.FIELD: field_changed,
    Role.FIELD_VALUE: field_value_changed,
    Role.PAGE: page_changed,
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
_KNOWN_EVERYWHERE = frozenset({Role.CATALOG, Role.PAGE})
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
    revision = first.number
    try:
        analysis = _Analysis(ObjectHistory(document, history, first), document)
        for items in analysis.steps():
            found += items
            revision = analysis.revision
            if len(found) > _MAX_CHANGES and _forbidden(found):
                break
    except (MalformedPdf, InputTooLarge) as exc:
        message = f"What was changed after revision {revision} is not certain. {exc.detail}"
        found.append(
            ObjectChange("revision-unreadable", revision + 1, None, message, Permission.UNJUDGED)
        )
    return tuple(found)


def _forbidden(changes: list[ObjectChange]) -> bool:
    return any(item.permission is Permission.FORBIDDEN for item in changes)


class _Analysis:
    """One pass over the revisions of a file."""

    def __init__(self, history: ObjectHistory, document: PdfDocument) -> None:
        self._history = history
        self.revision = 0
        self._roles = Roles(document, history.view, history.trailer)
        self._index = ReferenceIndex(history, self._roles.watched)
        self._constraints = constraints_of(history.view, self._roles)
        self._walks = _MAX_WALKS

    def steps(self) -> Iterator[list[ObjectChange]]:
        """Judge one revision after the other."""
        for step in self._history.steps():
            judgement = Judgement(step, self._roles, self._index, self._constraints)
            self._judge(judgement)
            self.revision = step.revision
            yield judgement.items
            self._roles.take(step)
            self._index.take(step)
            self._constraints = self._constraints.with_locks(judgement.new_locks)

    def _judge(self, judgement: Judgement) -> None:
        step = judgement.step
        if step.hybrid:
            judgement.leave("hybrid-section", "has objects that only some programs see")
        trailer_changed(judgement)
        with_rule: list[tuple[Role, bool, int]] = []
        elsewhere: list[int] = []
        for number in step.changed:
            edges = self._index.edges(number)
            role = self._roles.of(number, edges) if edges else None
            if number in self._history.needed_to_read:
                judgement.forbid("object-stream-changed", "changes how older objects are read")
            elif role is not None and self._means_only(role, edges):
                with_rule.append((role, "T" not in _entries(step, number), number))
            elif edges:
                elsewhere.append(number)
        for role, _, number in sorted(with_rule, key=lambda item: (_ORDER[item[0]], *item[1:])):
            difference = step.changed[number]
            RULES[role](judgement, number, difference.old, difference.new)
        self._judge_elsewhere(judgement, elsewhere)
        _tell_signatures(judgement)

    def _means_only(self, role: Role, edges: list[Edge], depth: int = MAX_TREE_DEPTH) -> bool:
        """Whether every reference to an object means the role that it has, all the way up."""
        if role in _KNOWN_EVERYWHERE:
            return True
        if role in {Role.FIELD, Role.ANNOTATION}:
            return all(
                self._roles.along(edge) in {Role.FIELD, Role.ANNOTATION}
                or _last_key(edge) in _BACK_REFERENCES
                for edge in edges
            )
        return all(
            self._roles.along(edge) is role and self._is_sound(edge.holder, depth) for edge in edges
        )

    def _is_sound(self, holder: int, depth: int) -> bool:
        """Whether an object that was not changed itself has one role as well."""
        if holder not in self._roles.watched:
            return True
        edges = self._index.edges(holder)
        role = self._roles.of(holder, edges)
        return depth > 0 and role is not None and self._means_only(role, edges, depth - 1)

    def _judge_elsewhere(self, judgement: Judgement, numbers: list[int]) -> None:
        if numbers and self._walks:
            self._walks -= 1
            judge_elsewhere(judgement, numbers)
        elif numbers:
            judgement.forbid("object-changed", "changes objects of the document")


def _last_key(edge: Edge) -> str:
    return next((key for key in reversed(edge.path) if isinstance(key, str)), "")


def _entries(step: Step, number: int) -> dict[str, object]:
    new = step.changed[number].new
    return {} if new is None else dict(new.entries)


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
            )
        )
