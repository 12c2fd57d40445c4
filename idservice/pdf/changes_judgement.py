"""What is said about the changes of one revision, and what earlier signatures permit.

Rules look at one object as it was and as it is, and say what they see: permitted, forbidden,
or of a kind that is not judged here. What the author of a certification, or the signer of a
locked field, did not permit is forbidden whatever the rule says (ISO 32000-2 cl. 12.8.2.2
and 12.8.2.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from idservice.errors import InputTooLarge
from idservice.pdf.change_kinds import Kind
from idservice.pdf.changes_covering import SignedContent
from idservice.pdf.fields import FieldLock
from idservice.pdf.object_values import Keyword, Reference, Value
from idservice.pdf.page_marks import Budget

if TYPE_CHECKING:
    from idservice.pdf.document_roles import Roles
    from idservice.pdf.object_history import Step, View
    from idservice.pdf.reference_index import ReferenceIndex

__all__ = [
    "ANNOTATING",
    "FORM_FILLING",
    "NO_CHANGES",
    "RFC3161",
    "AddedSignature",
    "Constraints",
    "Judgement",
    "Kind",
    "ObjectChange",
    "Permission",
    "Work",
    "action_code",
    "is_active",
    "is_set",
    "same",
]

NO_CHANGES, FORM_FILLING, ANNOTATING = 1, 2, 3
RFC3161 = "ETSI.RFC3161"

_MAX_COMPARED = 10_000
_MAX_DEPTH = 64
_WORK = 100_000
_OPERATIONS = 500_000
_SCRIPTS = frozenset({"JS", "JavaScript"})
_ACTIONS = frozenset(
    {
        "Launch", "ImportData", "Rendition", "SubmitForm", "ResetForm", "GoToR", "GoToE", "Hide",
        "SetOCGState", "Sound", "Movie", "RichMediaExecute", "GoTo3DView",
    }
)  # fmt: skip


class Permission(Enum):
    """Whether a change may be made to a signed document."""

    PERMITTED = "permitted"
    UNJUDGED = "unjudged"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class AddedSignature:
    """A signature that a revision adds: its field, and the object that its dictionary is in."""

    field_name: str
    holder: int
    is_time_stamp: bool


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One change that a revision makes.

    `code` is stable; `page` counts from 1; `signature` is set for an added signature, which
    still has to be judged by whoever knows about signatures. `covers` tells that what it
    shows lies over what was signed before. `prepares` names an added signature field that
    shows nothing and waits for its signature. `is_foreseen` tells that a certification of the
    document permits it in so many words.
    """

    code: str
    revision: int
    page: int | None
    message: str
    permission: Permission
    signature: AddedSignature | None = None
    kind: Kind = Kind.CONTENT
    covers: bool = False
    prepares: str | None = None
    is_foreseen: bool = False


@dataclass(frozen=True, slots=True)
class Constraints:
    """What the signatures so far permit: the least of all certifications and locks.

    `certified` tells that a certification says so; without one nobody thought of changes.
    """

    permissions: int = ANNOTATING
    locks: tuple[FieldLock, ...] = ()
    certified: bool = False

    def locked(self, name: str) -> bool:
        """Whether a signature locks the field of this full name."""
        return any(lock.covers(name) for lock in self.locks)

    def with_locks(self, locks: Iterable[FieldLock]) -> Constraints:
        """Return the constraints that hold with further locks."""
        added = tuple(locks)
        least = min([self.permissions, *(lock.permissions or ANNOTATING for lock in added)])
        return replace(self, permissions=least, locks=(*self.locks, *added))


@dataclass(slots=True)
class Work:
    """What may still be looked at besides what the revisions bring themselves.

    Rules that look at other parts of the document pay for it here, so that thousands of
    revisions cannot make each of them look at everything. `looks` pays for drawing fields.
    """

    left: int = _WORK
    looks: Budget = field(default_factory=lambda: Budget(operations=_OPERATIONS))

    def spend(self, count: int) -> None:
        """Pay for looking at so many objects. Raises InputTooLarge when too much was asked."""
        self.left -= count
        if self.left < 0:
            raise InputTooLarge(
                "The revisions of the PDF change so much again and again that comparing them "
                "would take too long.",
                "Validate the document with fewer revisions.",
            )


@dataclass(slots=True)
class Judgement:
    """The judgement about one revision, while rules work on it.

    `widgets` are those that come with added fields, by the name of the field; `filled` are the
    fields whose value differs. `dressed` are fields and annotations that may look different
    from now on: what their appearances alone use is no other change. `covering` are the added
    fields that show over what was signed, `told` the fields of which it was said that they
    were filled in. `header_version` is that of the first line of the file.
    """

    step: Step
    roles: Roles
    index: ReferenceIndex
    constraints: Constraints
    work: Work = field(default_factory=Work)
    header_version: str = ""
    items: list[ObjectChange] = field(default_factory=list)
    signatures: dict[str, AddedSignature] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    widgets: dict[int, str] = field(default_factory=dict)
    widget_pages: dict[str, int | None] = field(default_factory=dict)
    placed: set[int] = field(default_factory=set)
    visible: set[str] = field(default_factory=set)
    showing: set[str] = field(default_factory=set)
    widget_counts: dict[str, int] = field(default_factory=dict)
    new_locks: list[FieldLock] = field(default_factory=list)
    dressed: set[int] = field(default_factory=set)
    covering: set[str] = field(default_factory=set)
    content: SignedContent = field(default_factory=SignedContent)
    told: set[str] = field(default_factory=set)

    def permit(
        self, code: str, message: str, page: int | None = None, *, kind: Kind = Kind.NO_EFFECT
    ) -> None:
        """Say that something was changed that may change after any signature."""
        self._add(code, message, page, Permission.PERMITTED, kind)

    def allow(
        self,
        code: str,
        message: str,
        page: int | None = None,
        *,
        kind: Kind,
        needs: int = FORM_FILLING,
    ) -> None:
        """Say that something was changed that may change unless a certification forbids it.

        `needs` is the permission that certifications must leave for it (cl. 12.8.2.2).
        """
        allowed = self.constraints.permissions >= needs
        message += "" if allowed else ", which a certification or a lock of the document forbids"
        permission = Permission.PERMITTED if allowed else Permission.FORBIDDEN
        self._add(code, message, page, permission, kind)
        if allowed and self.constraints.certified:
            self.items[-1] = replace(self.items[-1], is_foreseen=True)

    def leave(
        self,
        code: str,
        message: str,
        page: int | None = None,
        *,
        kind: Kind = Kind.CONTENT,
        needs: int = FORM_FILLING,
    ) -> None:
        """Say that something was changed of which it is not known what it means.

        Without the permission that it `needs` it is forbidden all the same.
        """
        allowed = self.constraints.permissions >= needs
        permission = Permission.UNJUDGED if allowed else Permission.FORBIDDEN
        self._add(code, message, page, permission, kind)

    def forbid(
        self, code: str, message: str, page: int | None = None, *, kind: Kind = Kind.CONTENT
    ) -> None:
        """Say that something was changed that nobody may change."""
        self._add(code, message, page, Permission.FORBIDDEN, kind)

    def _add(
        self, code: str, message: str, page: int | None, permission: Permission, kind: Kind
    ) -> None:
        revision = self.step.revision
        where = "" if page is None else f" (page {page})"
        said = f"Revision {revision} {message}{where}."
        self.items.append(ObjectChange(code, revision, page, said, permission, None, kind))


def same(old_view: View, old: Value, new_view: View, new: Value) -> bool:
    """Whether two values are equal when all references in them are followed."""
    return _Comparison(old_view, new_view).same(old, new, 1)


class _Comparison:
    """One comparison in depth; pairs that were seen before are taken for equal."""

    def __init__(self, old_view: View, new_view: View) -> None:
        self._views = old_view, new_view
        self._seen: set[tuple[Reference, Reference]] = set()
        self._left = _MAX_COMPARED

    def same(self, old: Value, new: Value, depth: int) -> bool:
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            return False
        if isinstance(old, Reference) or isinstance(new, Reference):
            return self._referred(old, new, depth)
        if isinstance(old, dict) and isinstance(new, dict):
            return old.keys() == new.keys() and all(
                self.same(old[key], new[key], depth + 1) for key in old
            )
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(
                self.same(one, other, depth + 1) for one, other in zip(old, new, strict=True)
            )
        return old == new

    def _referred(self, old: Value, new: Value, depth: int) -> bool:
        if isinstance(old, Reference) and isinstance(new, Reference):
            if (old, new) in self._seen:
                return True
            self._seen.add((old, new))
            was, now = self._views[0].get(old), self._views[1].get(new)
            if was is None or now is None or was.digest != now.digest:
                return was is now
            return self.same(was.value, now.value, depth + 1)
        return self.same(self._views[0].value(old), self._views[1].value(new), depth + 1)


def action_code(value: Value) -> str | None:
    """Return the code for what a value itself makes a viewer do, None when it does nothing.

    Objects that it refers to are not looked at.
    """
    if isinstance(value, list):
        found = [action_code(item) for item in value if isinstance(item, (list, dict))]
    elif isinstance(value, dict):
        if not _SCRIPTS.isdisjoint(value) or value.get("S") == "JavaScript":
            return "javascript-added"
        inner = [item for item in value.values() if isinstance(item, (list, dict))]
        acts = "AA" in value or value.get("S") in _ACTIONS
        found = [action_code(item) for item in inner] + ["action-added" if acts else None]
    else:
        return None
    # A script is the gravest that can be found.
    return max((code for code in found if code is not None), default=None)


def is_active(value: Value) -> bool:
    """Whether a value itself, without what it refers to, makes a viewer do something."""
    return action_code(value) is not None


def is_set(value: Value) -> bool:
    """Whether a flag is set: true, or anything that is no clear false."""
    return value not in (None, Keyword.FALSE)
