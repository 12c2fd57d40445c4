"""Rules about annotations: which comments may be made, changed and taken away later.

The widget of a new signature may be put on a page after every signature; comments need the
permission of a certification, where there is one (ISO 32000-2 cl. 12.5 and 12.8.2.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import ANNOTATING, Judgement, Kind, is_active
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.stored_objects import StoredObject

_LOOKS = frozenset({"AP", "Subtype", "FT", "Parent", "OC"})


def annotation_list_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the annotations of a page as an object of its own."""
    pages = {judgement.roles.page(edge.holder) for edge in judgement.index.edges(number)}
    page = pages.pop() if len(pages) == 1 else judgement.roles.page(number)
    annotations_changed(
        judgement, page, None if old is None else old.value, None if new is None else new.value
    )


def annotations_changed(judgement: Judgement, page: int | None, old: Value, new: Value) -> None:
    """Judge a list of annotations: all that were there stay, in their order."""
    was, now = judgement.step.old.items(old), judgement.step.new.items(new)
    if now[: len(was)] == was:
        added = now[len(was) :]
    else:
        known = {item for item in was if isinstance(item, Reference)}
        added = [item for item in now if isinstance(item, Reference) and item not in known]
        if [item for item in now if not isinstance(item, Reference) or item in known] != was:
            _removed(judgement, page, was, now)
            return
    for item in added:
        _added(judgement, page, item)


def annotation_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge an annotation that was there before and is no form field."""
    was = {} if old is None else old.entries
    now = {} if new is None else new.entries
    page = _page_of(judgement, number)
    keys = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    if now.get("Subtype") == "Widget" or was.get("Subtype") == "Widget":
        judgement.forbid("annotation-changed", "changes a form field that is on no form", page)
    elif keys & _LOOKS:
        judgement.forbid("appearance-changed", "changes how an annotation looks", page)
    elif is_active(now) and not is_active(was):
        judgement.forbid("javascript-added", "makes an annotation act", page)
    else:
        judgement.leave(
            "annotation-changed",
            "changes an annotation",
            page,
            kind=Kind.ANNOTATION,
            needs=ANNOTATING,
        )


def _page_of(judgement: Judgement, number: int) -> int | None:
    for edge in judgement.index.edges(number):
        page = judgement.roles.page(edge.holder)
        if page is not None:
            return page
    return None


def _added(judgement: Judgement, page: int | None, item: Value) -> None:
    step = judgement.step
    name = judgement.widgets.get(item.number) if isinstance(item, Reference) else None
    if name is not None and isinstance(item, Reference):
        if item.number in judgement.placed:
            judgement.forbid("annotation-added", "puts one widget on two places", page)
        judgement.placed.add(item.number)
        judgement.widget_pages[name] = page
        return
    entries = step.new.dictionary(item)
    new = not isinstance(item, Reference) or item.number in step.added
    if not entries or not new or entries.get("Subtype") == "Widget" or "FT" in entries:
        judgement.forbid("annotation-added", "adds a form field or an old object to a page", page)
    elif is_active(entries) or is_active(step.new.value(entries.get("A"))):
        judgement.forbid("javascript-added", "adds an annotation that acts", page)
    else:
        judgement.leave(
            "annotation-added", "adds an annotation", page, kind=Kind.ANNOTATION, needs=ANNOTATING
        )


def _removed(judgement: Judgement, page: int | None, was: list[Value], now: list[Value]) -> None:
    step = judgement.step
    gone = [step.old.dictionary(item) for item in was if item not in now]
    widgets = not gone or any(item.get("Subtype") == "Widget" for item in gone)
    if widgets:
        judgement.forbid("annotation-removed", "takes form fields off a page", page)
    else:
        judgement.leave(
            "annotation-removed",
            "takes annotations off a page",
            page,
            kind=Kind.ANNOTATION,
            needs=ANNOTATING,
        )
