"""What certifications and field locks of earlier signatures permit (ISO 32000-2 cl. 12.8.2).

Read from plain values, so that the permissions as of any revision are known. A signature that
says in its /Reference what may change (DocMDP) is held to it also where /Perms of the catalog
names no certification, or another one: its signer saw it, and what is stricter counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import ANNOTATING, FORM_FILLING, NO_CHANGES, Constraints
from idservice.pdf.document_roles import Roles, text
from idservice.pdf.fields import FieldLock
from idservice.pdf.object_values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idservice.pdf.object_history import View


def constraints_of(view: View, roles: Roles) -> Constraints:
    """Read what all signatures of one revision permit together."""
    permissions = view.dictionary(view.dictionary(view.root).get("Perms"))
    certification = view.dictionary(permissions.get("DocMDP"))
    found = Constraints().with_locks(_certifications(view, certification))
    for number in roles.fields:
        entry = view.entry(number)
        entries = {} if entry is None else view.at(number, entry).entries
        if entries.get("V") is not None:
            found = found.with_locks(locks_of(view, entries))
    return found


def locks_of(view: View, field: dict[str, Value]) -> list[FieldLock]:
    """Read what the signature in a field locks: from its parameters and the field's /Lock.

    A certification locks no field by its name, and limits what the document permits.
    """
    signature = view.dictionary(field.get("V"))
    locks = [_lock(view, item) for item in _parameters(view, signature, "FieldMDP")]
    lock = view.dictionary(field.get("Lock"))
    return [*_certifications(view, signature), *locks, *([_lock(view, lock)] if lock else ())]


def _certifications(view: View, signature: dict[str, Value]) -> list[FieldLock]:
    return [
        FieldLock.of_document(_level(view.value(item.get("P", FORM_FILLING))))
        for item in _parameters(view, signature, "DocMDP")
    ]


def _lock(view: View, entries: dict[str, Value]) -> FieldLock:
    action = view.value(entries.get("Action"))
    names = [view.value(item) for item in view.items(entries.get("Fields"))]
    level = view.value(entries.get("P"))
    return FieldLock(
        action if isinstance(action, str) else "All",
        tuple(text(item) for item in names if isinstance(item, bytes)),
        None if level is None else _level(level),
    )


def _level(value: Value) -> int:
    """A permission that no standard knows permits nothing."""
    known = value in (NO_CHANGES, FORM_FILLING, ANNOTATING)
    return value if known and isinstance(value, int) else NO_CHANGES


def _parameters(view: View, signature: dict[str, Value], method: str) -> Iterator[dict[str, Value]]:
    for item in view.items(signature.get("Reference")):
        reference = view.dictionary(item)
        if view.value(reference.get("TransformMethod")) == method:
            yield view.dictionary(reference.get("TransformParams"))


def is_certified(view: View) -> bool:
    """Whether the catalog names a signature that says what may change (cl. 12.8.2.2)."""
    permissions = view.dictionary(view.dictionary(view.root).get("Perms"))
    return any(_parameters(view, view.dictionary(permissions.get("DocMDP")), "DocMDP"))
