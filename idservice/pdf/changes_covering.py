"""Whether what a revision adds lies over what earlier revisions show and somebody signed.

One of these serves all revisions of a file: a page is read once, and only when something is
added to it. What is not wholly understood counts as covering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.annotation_flags import can_show
from idservice.pdf.changes_annotations_looks import (
    annotation_box,
    annotation_marks,
    has_appearance,
)
from idservice.pdf.changes_covering_page import Harm, PageContent, harm_on_unknown
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks import Budget, page_marks
from idservice.pdf.page_marks_state import Mark, MarkKind, box_of

if TYPE_CHECKING:
    from idservice.pdf.document_roles import Roles
    from idservice.pdf.object_history import Step, View
    from idservice.pdf.page_geometry import Rectangle

# What lies over a comment without words of its own hides nothing that was signed.
_NOT_PROTECTED = frozenset({"Popup", "Link", "Text", "Highlight"})
# These may stand beside what was signed, and not over it however thin they are.
_BESIDE_ONLY = frozenset({"FreeText", "Stamp"})
# The side of the largest appearance that is a sign, and of a sign that viewers draw.
_MAX_ICON, _ICON = 40.0, 20.0
_ICON_LIKE = frozenset({"Text", "Caret"})
_NEAR_WHITE, _OPAQUE = 0.93, 0.9
_VEIL, _LINE = 0.7, 3.0
_UNREADABLE = (MalformedPdf, InputTooLarge)


class SignedContent:
    """What is shown on the pages of a document, as far as it was signed, over its revisions."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._budget = Budget()
        self._pages: dict[int, PageContent | None] = {}
        self._unsigned: dict[int, int | None] = {}
        self._numbers: dict[int, int] | None = None
        self._appearances: dict[int, int] = {}

    def is_signed(self, number: int) -> bool:
        """Whether the annotation that is this object was there when somebody signed."""
        return number not in self._unsigned

    def page_of(self, number: int) -> int | None:
        """Return the page of an annotation that was added since somebody signed."""
        return self._unsigned.get(number)

    def add(self, number: int, page: int | None) -> None:
        """Note an annotation that nobody has signed yet."""
        self._unsigned[number] = page

    def drop(self, number: int) -> None:
        """Forget an annotation that is gone."""
        self._unsigned.pop(number, None)

    def sign(self, step: Step, widgets: dict[int, int | None]) -> None:
        """Take what was added so far for signed, with the widgets of the new signatures."""
        for number, page in {**self._unsigned, **widgets}.items():
            content = self._pages.get(page) if page is not None else None
            if page is not None and content is not None:
                try:
                    self._protect(content, step.new, Reference(number, 0))
                except _UNREADABLE:
                    self._pages[page] = None
        self._unsigned.clear()

    def harm(
        self, step: Step, roles: Roles, page: int | None, key: object, entries: dict[str, Value]
    ) -> Harm | None:
        """Return what an annotation does to the signed content of its page."""
        try:
            marks = annotation_marks(step.new, entries, self._budget)
            sign = _sign(step.new, entries, marks)
            if sign is not None:
                return self._harm_of_sign(step, roles, page, key, sign)
            if _draws_too_much(entries.get("Subtype"), marks):
                return Harm.IMITATES
            content = self._content(step, roles, page) if marks else None
            if content is None:
                return harm_on_unknown(marks)
            over = _stands_beside(entries) and content.hidden_by(_beside(entries, marks), None)
            return Harm.COVERS if over else content.harm(key, marks)
        except _UNREADABLE:
            return Harm.COVERS

    def _harm_of_sign(
        self, step: Step, roles: Roles, page: int | None, key: object, box: Rectangle
    ) -> Harm | None:
        """A note may stand on text, as long as it leaves every word of it."""
        content = self._content(step, roles, page)
        hidden = content is not None and content.hidden_by_sign(key, box)
        return Harm.COVERS if hidden else None

    def hidden_by_widget(
        self, step: Step, roles: Roles, page: int | None, number: int, *, was_there: bool = False
    ) -> bool:
        """Whether the widget of a signature shows over words or pictures of its page.

        Of a field that `was_there` people knew that it would show something in its place: it
        may write there, but not paint over what can be read.
        """
        stored = step.new.get(Reference(number, 0))
        entries = {} if stored is None else stored.entries
        try:
            marks = annotation_marks(step.new, entries, self._budget)
            if was_there:
                marks = [mark for mark in marks if _paints_over(mark)]
            content = self._content(step, roles, page) if marks else None
            return bool(marks) and (content is None or content.hidden_by(marks, number))
        except _UNREADABLE:
            return True

    def on_page(self, step: Step, roles: Roles, page: int | None) -> PageContent | None:
        """Return what is shown on a page as far as it was signed; None when it is not known."""
        return self._content(step, roles, page)

    def _content(self, step: Step, roles: Roles, page: int | None) -> PageContent | None:
        """Return what a page shows; None when it is not known."""
        if page is None:
            return None
        if page not in self._pages:
            try:
                self._pages[page] = self._read(step.old, roles, page)
            except _UNREADABLE:
                self._pages[page] = None
        return self._pages[page]

    def _read(self, view: View, roles: Roles, page: int) -> PageContent | None:
        if self._numbers is None:
            self._numbers = {place: number for number, place in roles.places.pages.items()}
        number = self._numbers.get(page)
        stored = None if number is None else view.get(Reference(number, 0))
        if stored is None:
            return None
        content = PageContent(self._budget)
        content.protect(page_marks(view, stored.entries, self._budget))
        for item in view.items(stored.entries.get("Annots")):
            if not isinstance(item, Reference) or item.number not in self._unsigned:
                self._protect(content, view, item)
        return content

    def _protect(self, content: PageContent, view: View, item: Value) -> None:
        self._budget.spend("marks")
        entries = view.dictionary(item)
        kind = entries.get("Subtype")
        if kind in _NOT_PROTECTED or not can_show(view, entries):
            return
        owner = item.number if isinstance(item, Reference) else None
        try:
            marks = [] if kind == "Widget" else annotation_marks(view, entries, self._budget)
        except _UNREADABLE:
            marks = []
        whole = Mark(MarkKind.PICTURE, annotation_box(view, entries))
        content.protect(marks or [whole], owner)


def _paints_over(mark: Mark) -> bool:
    """Whether a mark paints what is below it over; an ornament in a colour is seen as such."""
    if mark.hides <= _VEIL:
        return False
    if mark.kind is MarkKind.SHAPE:
        return mark.thickness > _LINE and (mark.light is None or mark.light > _NEAR_WHITE)
    return mark.kind is MarkKind.PICTURE or (mark.kind is MarkKind.AREA and mark.thickness > _LINE)


def _stands_beside(entries: dict[str, Value]) -> bool:
    return entries.get("Subtype") in _BESIDE_ONLY


def _beside(entries: dict[str, Value], marks: list[Mark]) -> list[Mark]:
    """A stamp is one thing with what it goes around; a text may have a line that points."""
    seen = [mark for mark in marks if mark.hides > 0]
    if entries.get("Subtype") != "Stamp" or not seen:
        return [mark for mark in seen if mark.kind is not MarkKind.LINE]
    corners = [corner for mark in seen for corner in (mark.box[:2], mark.box[2:])]
    return [Mark(MarkKind.PICTURE, box_of(corners))]


def _sign(view: View, entries: dict[str, Value], marks: list[Mark]) -> Rectangle | None:
    """Return where a small sign shows that means itself and nothing else, None for no sign.

    Notes stand where people put them, over text as well. They may be neither a patch in the
    colour of paper nor a text or picture. One without an appearance is drawn by viewers from
    the upper left corner of its rectangle, in their own size (cl. 12.5.6.4 and 12.5.3).
    """
    kind = entries.get("Subtype")
    if kind not in _ICON_LIKE or not can_show(view, entries):
        return None
    left, bottom, right, top = box = annotation_box(view, entries)
    if kind == "Text" and not has_appearance(view, entries):
        return left, top - _ICON, left + _ICON, top
    small = right - left <= _MAX_ICON and top - bottom <= _MAX_ICON
    plain = not any(
        mark.kind in {MarkKind.TEXT, MarkKind.PICTURE} or _is_patch(mark) for mark in marks
    )
    return box if small and plain else None


def _is_patch(mark: Mark) -> bool:
    white = mark.light is None or mark.light > _NEAR_WHITE
    return mark.kind is not MarkKind.LINE and white and mark.hides > _OPAQUE and mark.thickness > 2


_WORDLESS = frozenset({"Highlight", "Underline", "StrikeOut", "Squiggly", "Ink", "Link"})


def _draws_too_much(kind: Value, marks: list[Mark]) -> bool:
    """Whether a comment that has no words and no picture draws such all the same."""
    return kind in _WORDLESS and any(
        mark.kind in {MarkKind.TEXT, MarkKind.PICTURE} for mark in marks
    )
