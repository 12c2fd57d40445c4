"""Rules about annotations that were signed: their comments may go on, their looks may not.

What a signer saw stays: where it is, how it looks and that it is seen. The talk about it, in
windows that viewers open, may be continued after a certification that permits comments
(ISO 32000-2 cl. 12.5.6.2 and 12.8.2.2).
"""

from __future__ import annotations

from idservice.pdf.annotation_flags import can_show
from idservice.pdf.changes_annotations_comments import action_of, described, refusal
from idservice.pdf.changes_annotations_looks import has_appearance
from idservice.pdf.changes_judgement import ANNOTATING, Judgement, Kind, same
from idservice.pdf.object_values import Value

_TALK = frozenset(
    {"Contents", "RC", "M", "T", "Subj", "NM", "CreationDate", "Popup", "Open", "IRT", "RT"}
    | {"State", "StateModel", "P", "Lang", "StructParent", "Type", "IT", "Name"}
)
_PLACE = frozenset({"Rect", "QuadPoints", "InkList", "Path", "Vertices", "L", "RD", "CL"})
# The words of these stand on the page itself.
_SAYS = frozenset({"FreeText", "Stamp"})
_WORDS = frozenset({"Contents", "RC", "DA", "DS", "Q", "Name"})
_ICONS = frozenset({"Text", "Caret", "Stamp"})
_REWORDED = "annotation-words-changed"
_IDENTITY = frozenset({"Subtype", "FT", "Kids", "V", "OC", "AF", "FS"})
_LEADS = frozenset({"A", "AA", "PA", "Dest"})
_SAID = ("Contents", "RC", "T")
# Printing and locking differ without anything being seen on the screen.
_SEEN = 0x01 | 0x02 | 0x20 | 0x100


def signed_annotation_changed(
    judgement: Judgement,
    page: int | None,
    number: int,
    was: dict[str, Value],
    now: dict[str, Value],
) -> None:
    """Judge an annotation that somebody signed, entry by entry."""
    keys = {key for key in was.keys() | now.keys() if _differs(judgement, was, now, key)}
    if not keys:
        return
    what = described(was)
    found = _forbidden(judgement, keys, was, now)
    if found is None and was.get("Subtype") == "Popup":
        found = refusal(judgement, page, number, now)
    elif found is None and "AP" in keys:
        found = _new_look(judgement, page, number, was, now)
    if found is not None:
        then = f", and is now {described(now)}" if found[0] == _REWORDED else ""
        judgement.forbid(found[0], f"{found[1]} {what}, which was signed{then}", page)
        return
    judgement.allow(
        "annotation-changed", f"changes {what}", page, kind=Kind.ANNOTATION, needs=ANNOTATING
    )


def _differs(judgement: Judgement, was: dict[str, Value], now: dict[str, Value], key: str) -> bool:
    old, new = was.get(key), now.get(key)
    if old == new:
        return False
    if key in {"P", "Parent", "Popup", "IRT"}:
        # These lead to whole pages and other annotations, which are judged themselves.
        return True
    return not same(judgement.step.old, old, judgement.step.new, new)


def _forbidden(
    judgement: Judgement, keys: set[str], was: dict[str, Value], now: dict[str, Value]
) -> tuple[str, str] | None:
    """Return code and words for the gravest thing that differs."""
    kind = was.get("Subtype")
    action = action_of(judgement.step.new, now)
    says = kind in _SAYS and bool(keys & _WORDS)
    looks = bool(keys - _TALK - {"F", "AP"}) or (kind in _ICONS and "Name" in keys)
    if action is not None and action_of(judgement.step.old, was) is None:
        return action, "makes viewers do something on a click on"
    if keys & _LEADS:
        return "action-added", "changes where a click leads on"
    if keys & _IDENTITY:
        return "annotation-changed", "changes of which kind it is:"
    if "F" in keys and _hides(judgement, was, now):
        return "annotation-hidden", "changes where or whether people see"
    if kind not in _SAYS and any(key in keys and was.get(key) for key in _SAID):
        return _REWORDED, "changes the words or the author of"
    return None if kind == "Popup" else _seen_difference(keys, says=says, looks=looks)


def _seen_difference(keys: set[str], *, says: bool, looks: bool) -> tuple[str, str] | None:
    """Return code and words for what people see of it, except for its appearance stream."""
    if keys & _PLACE:
        return "annotation-moved", "moves"
    if says:
        return "annotation-appearance-changed", "changes the words of"
    return ("annotation-appearance-changed", "changes the looks of") if looks else None


def _hides(judgement: Judgement, was: dict[str, Value], now: dict[str, Value]) -> bool:
    step = judgement.step
    old, new = step.old.value(was.get("F", 0)), step.new.value(now.get("F", 0))
    if not isinstance(old, int) or not isinstance(new, int):
        return True
    changed = (old ^ new) & _SEEN
    return (
        bool(changed) or can_show(step.old, was) != can_show(step.new, now) or _unprints(old, new)
    )


def _unprints(old: int, new: int) -> bool:
    """Whether something that was printed is printed no more."""
    printed = 0x04
    return bool(old & printed) and not new & printed


def _new_look(
    judgement: Judgement,
    page: int | None,
    number: int,
    was: dict[str, Value],
    now: dict[str, Value],
) -> tuple[str, str] | None:
    """An appearance may come where viewers drew one themselves, if it covers nothing."""
    changed = "annotation-appearance-changed", "changes the looks of"
    if has_appearance(judgement.step.old, was) or was.get("Subtype") in _SAYS:
        return changed
    return refusal(judgement, page, number, now)
