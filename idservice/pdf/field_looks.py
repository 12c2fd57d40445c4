"""Whether a form field looks as its value says.

The looks of a field are separate from its value (ISO 32000-2 cl. 12.7.4.3): a file can show
one sum to people and give another to programs. Texts are compared as far as the fonts tell
them; formats that scripts make of a value are not known here, so such fields are not compared.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.errors import MalformedPdf
from idservice.pdf.document_roles import text
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.shown_text import ShownText, shown_text

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

_MULTILINE, _PASSWORD, _FILE, _COMBO, _RICH = 1 << 12, 1 << 13, 1 << 20, 1 << 17, 1 << 25
_MAX_PARENTS = 64
_MAX_MARK = 2
# What is drawn for a character that a font lacks counts as not drawn.
_UNSEEN = re.compile(r"[^!->@-~]")
_FROM_RIGHT = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True, slots=True)
class Looks:
    """How to look at the widgets of a field: the revision, resources of the form, and the type.

    With `strict`, looks that nobody can read do not agree with anything.
    """

    view: View
    resources: dict[str, Value]
    kind: str
    strict: bool = False


def inherited(view: View, entries: dict[str, Value], key: str) -> Value:
    """Return an entry of a field, or of the nearest one above it that has it (cl. 12.7.4.1)."""
    for _ in range(_MAX_PARENTS):
        if key in entries:
            return entries[key]
        entries = view.dictionary(entries.get("Parent"))
        if not entries:
            break
    return None


def looks_agree(looks: Looks, entries: dict[str, Value]) -> bool:
    """Whether a widget, or a field that is one, shows the value of its field.

    A field without looks of its own agrees, unless it is looked at strictly and has a value
    to show; looks that cannot be read agree with nothing.
    """
    try:
        agrees = _button_agrees if looks.kind == "Btn" else _text_agrees
        return agrees(looks, entries)
    except MalformedPdf:
        return False


def _text_agrees(looks: Looks, entries: dict[str, Value]) -> bool:
    """A text field or a choice shows its text."""
    view = looks.view
    flags = inherited(view, entries, "Ff")
    flags = flags if isinstance(flags, int) else 0
    looks_of = view.dictionary(entries.get("AP"))
    normal = looks_of.get("N")
    texts = _texts(view, looks.kind, flags, entries)
    if not isinstance(normal, Reference) or _is_none(view, normal):
        return normal is None and not (looks.strict and any(map(_plain, texts)))
    actions = view.dictionary(inherited(view, entries, "AA"))
    if flags & (_PASSWORD | _FILE) or "F" in actions or "K" in actions:
        return True
    drawn = [normal, *(looks_of[key] for key in ("R", "D") if key in looks_of)]
    return all(_look_agrees(looks, item, texts, flags) for item in drawn)


def _look_agrees(looks: Looks, look: Value, texts: list[str], flags: int) -> bool:
    """Whether one look of a text field or choice, at rest or when pointed at, shows its text."""
    if not isinstance(look, Reference) or _is_none(looks.view, look):
        return False
    found = shown_text(looks.view, look, looks.resources)
    if found.covered:
        return False
    if found.empty:
        return not (looks.strict and any(map(_plain, texts)))
    if not found.certain:
        return not looks.strict
    lines = looks.kind == "Ch" and not flags & _COMBO
    return any(_agrees(one, found, lines, flags) for one in texts)


def _is_none(view: View, reference: Reference) -> bool:
    stored = view.get(reference)
    return stored is None or stored.span is None


def _texts(view: View, kind: str, flags: int, entries: dict[str, Value]) -> list[str]:
    """What the field may show: its value, or for a choice what the form shows for it."""
    value = view.value(inherited(view, entries, "V"))
    listed = [_text(view, item) for item in value] if isinstance(value, list) else None
    texts = ["".join(listed)] if listed is not None else [_value_text(view, entries)]
    if flags & _RICH:
        rich = _text(view, inherited(view, entries, "RV"))
        texts.append(re.sub(r"<[^>]*>", "", rich))
    if kind == "Ch":
        chosen = listed if listed is not None else texts[:1]
        shown_as = _options(view, entries)
        texts.append("".join(shown_as.get(item, item) for item in chosen))
    return texts


def _value_text(view: View, entries: dict[str, Value]) -> str:
    """A long text may be the data of a stream (table 228)."""
    value = inherited(view, entries, "V")
    stored = view.get(value) if isinstance(value, Reference) else None
    if stored is not None and stored.span is not None and isinstance(value, Reference):
        return text(view.decoded(value))
    return _text(view, value)


def _text(view: View, value: Value) -> str:
    found = view.value(value)
    if isinstance(found, bytes):
        return text(found)
    return found if isinstance(found, str) else ""


def _options(view: View, entries: dict[str, Value]) -> dict[str, str]:
    """What a choice shows for each of its values (table 234)."""
    result: dict[str, str] = {}
    for item in view.items(inherited(view, entries, "Opt")):
        pair = [_text(view, one) for one in view.items(item)]
        if len(pair) == 2:
            result[pair[0]] = pair[1]
    return result


def _agrees(value: str, found: ShownText, lines: bool, flags: int) -> bool:  # noqa: FBT001
    """A list shows all its choices, and a box of several lines perhaps only the first ones."""
    expected, seen = _plain(value), _plain(found.text)
    if lines:
        return True
    if flags & _MULTILINE and seen and expected.startswith(seen):
        return not found.pictures
    from_right = any(unicodedata.bidirectional(item) in _FROM_RIGHT for item in value)
    equal = sorted(expected) == sorted(seen) if from_right else expected == seen
    return equal and not found.pictures


def _plain(value: str) -> str:
    """The characters of a text that every font and encoding has, without blanks."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", value))


def _button_agrees(looks: Looks, entries: dict[str, Value]) -> bool:
    """A check box or radio button shows one of its states, the one that its value names.

    Its looks are marks: no picture, and no text that says something else.
    """
    view = looks.view
    states = view.dictionary(view.dictionary(entries.get("AP")).get("N"))
    state = entries.get("AS")
    value = view.value(inherited(view, entries, "V"))
    chosen = text(value) if isinstance(value, bytes) else value
    if isinstance(state, str) and isinstance(chosen, str) and states:
        fits = state == chosen if chosen in states else state not in states or state == "Off"
        if not fits:
            return False
    if isinstance(chosen, str) and states and "T" in entries and chosen not in {"Off", *states}:
        return False
    if isinstance(state, str) and chosen is None and state not in {"Off", ""}:
        return False
    return all(_is_mark(looks, item) for item in states.values())


def _is_mark(looks: Looks, item: Value) -> bool:
    if not isinstance(item, Reference) or _is_none(looks.view, item):
        return True
    found = shown_text(looks.view, item, looks.resources)
    return found.pictures == 0 and (not found.certain or len(found.text.strip()) <= _MAX_MARK)
