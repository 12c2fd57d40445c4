"""Rules about annotations: which comments may be made, changed and taken away later.

The widget of a new signature may be put on a page after every signature; comments need the
permission of a certification, where there is one (ISO 32000-2 cl. 12.5 and 12.8.2.2). A
comment leaves what was signed as it is and readable; what was signed with the document is
no comment any more, but a part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_annotations_comments import described, refusal
from idservice.pdf.changes_annotations_signed import signed_annotation_changed
from idservice.pdf.changes_judgement import ANNOTATING, Judgement, Kind
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.stored_objects import StoredObject


def annotation_list_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the annotations of a page as an object of its own."""
    pages = [judgement.roles.page(edge.holder) for edge in judgement.index.edges(number)]
    if pages in ([], [None]):
        pages = [judgement.roles.page(number)]
    was, now = None if old is None else old.value, None if new is None else new.value
    # What several pages share is judged on each: an annotation may be on one page only.
    for page in pages:
        annotations_changed(judgement, page, was, now)


def annotations_changed(judgement: Judgement, page: int | None, old: Value, new: Value) -> None:
    """Judge a list of annotations: what was signed stays, in the order in which it is drawn."""
    was, now = judgement.step.old.items(old), judgement.step.new.items(new)
    if now[: len(was)] == was:
        added, removed = now[len(was) :], list[Value]()
    else:
        added = [item for item in now if item not in was]
        removed = [item for item in was if item not in now]
        if [item for item in now if item in was] != [item for item in was if item in now]:
            judgement.forbid(
                "annotation-order-changed", "changes which annotation lies over which", page
            )
    for item in removed:
        _removed(judgement, page, item)
    for item in added:
        if isinstance(item, Reference) and now.count(item) > 1:
            judgement.forbid("annotation-added", "puts one annotation on a page twice", page)
        else:
            _added(judgement, page, item)


def annotation_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge an annotation that was there before and is no form field."""
    was = {} if old is None else old.entries
    now = {} if new is None else new.entries
    page = _page_of(judgement, number)
    if now.get("Subtype") == "Widget" or was.get("Subtype") == "Widget":
        judgement.forbid("annotation-changed", "changes a form field that is on no form", page)
    elif new is None:
        _gone(judgement, page, number, was)
    elif judgement.content.is_signed(number):
        signed_annotation_changed(judgement, page, number, was, now)
    else:
        found = _refused(judgement, page, number, now)
        if found is not None:
            judgement.forbid(found[0], f"changes {described(was)}: {found[1]}", page)
        else:
            judgement.dressed.add(number)
            _allow(judgement, "annotation-changed", f"changes {described(now)}", page)


def note_signatures(judgement: Judgement) -> None:
    """Take comments for signed once a later signature covers them; works after all rules."""
    if all(item.is_time_stamp for item in judgement.signatures.values()):
        return
    widgets = {
        number: judgement.widget_pages.get(name) for number, name in judgement.widgets.items()
    }
    judgement.content.sign(judgement.step, widgets)


def _allow(judgement: Judgement, code: str, message: str, page: int | None) -> None:
    judgement.allow(code, message, page, kind=Kind.ANNOTATION, needs=ANNOTATING)


def _page_of(judgement: Judgement, number: int) -> int | None:
    for edge in judgement.index.edges(number):
        page = judgement.roles.page(edge.holder)
        if page is not None:
            return page
    return judgement.content.page_of(number)


def _refused(
    judgement: Judgement, page: int | None, key: object, entries: dict[str, Value]
) -> tuple[str, str] | None:
    """Say why a comment may not be; where none may be at all, that is reason enough."""
    if judgement.constraints.permissions < ANNOTATING:
        return None
    return refusal(judgement, page, key, entries)


def _added(judgement: Judgement, page: int | None, item: Value) -> None:
    step = judgement.step
    name = judgement.widgets.get(item.number) if isinstance(item, Reference) else None
    if name is not None and isinstance(item, Reference):
        if item.number in judgement.placed:
            judgement.forbid("annotation-added", "puts one widget on two places", page)
        judgement.placed.add(item.number)
        judgement.widget_pages[name] = page
        return
    stored = step.new.get(item) if isinstance(item, Reference) else None
    entries = step.new.dictionary(item)
    new = not isinstance(item, Reference) or item.number in step.added
    stream = stored is not None and stored.span is not None
    if not entries or stream or not new or entries.get("Subtype") == "Widget" or "FT" in entries:
        judgement.forbid("annotation-added", "adds a form field or an old object to a page", page)
        return
    number = item.number if isinstance(item, Reference) else None
    if number is not None and number in judgement.placed:
        judgement.forbid("annotation-added", "puts one annotation on two pages", page)
        return
    found = _refused(judgement, page, id(item) if number is None else number, entries)
    if found is not None:
        judgement.forbid(found[0], f"adds {described(entries)}: {found[1]}", page)
        return
    if number is not None:
        judgement.placed.add(number)
        judgement.content.add(number, page)
    _allow(judgement, "annotation-added", f"adds {described(entries)}", page)


def _removed(judgement: Judgement, page: int | None, item: Value) -> None:
    entries = judgement.step.old.dictionary(item)
    if isinstance(item, Reference):
        _gone(judgement, page, item.number, entries)
    else:
        _gone(judgement, page, None, entries)


def _gone(
    judgement: Judgement, page: int | None, number: int | None, entries: dict[str, Value]
) -> None:
    """Judge an annotation that is no longer there; one that was signed may not go."""
    kind = entries.get("Subtype")
    if kind == "Widget":
        judgement.forbid("annotation-removed", "takes a form field off a page", page)
    elif number is not None and not judgement.content.is_signed(number):
        judgement.content.drop(number)
        judgement.placed.add(number)
        judgement.dressed.add(number)
        _allow(judgement, "annotation-removed", f"takes away {described(entries)}", page)
    elif number is not None and number in judgement.placed:
        return
    elif kind == "Popup" or not entries:
        _allow(judgement, "annotation-removed", "takes away the window of a comment", page)
    else:
        judgement.forbid(
            "annotation-removed", f"takes away {described(entries)}, which was signed", page
        )
