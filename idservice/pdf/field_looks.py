"""Whether a text field or a choice looks as its value says.

The looks of a field are separate from its value (ISO 32000-2 cl. 12.7.4.3): a file can show
one sum to people and give another to programs. So the text of the looks is compared with the
value, and has to be where people can read it. Where a font or a script does not tell what
people see, that is said.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from idservice.pdf.annotation_flags import can_show
from idservice.pdf.formatted_values import is_formatted
from idservice.pdf.look_visibility import is_in_order, is_readable, light_of_defaults
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks import Budget
from idservice.pdf.shown_text import ShownText, shown_text
from idservice.pdf.widget_values import (
    chosen_values,
    field_flags,
    inherited,
    long_text,
    options,
)

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

_MULTILINE, _PASSWORD, _FILE, _COMBO = 1 << 12, 1 << 13, 1 << 20, 1 << 17
_BULLETS = frozenset("*•●·")
# What is drawn for a character that a font lacks counts as not drawn.
_UNSEEN = re.compile(r"[^!->@-~]")
_FROM_RIGHT = frozenset({"R", "AL", "AN"})


class Agreement(IntEnum):
    """How looks and value agree; nobody knows where a font or a script does not tell."""

    DIFFERS = 0
    UNKNOWN = 1
    AGREES = 2


@dataclass(frozen=True, slots=True)
class Looks:
    """How to look at the widgets of a field: the revision, resources of the form, and the type.

    `signed` are the entries that the widget had before, whose default colour suits its page.
    `drawn_anew` tells that viewers draw the form themselves, so that empty looks may stay.
    """

    view: View
    resources: dict[str, Value]
    kind: str
    signed: dict[str, Value] = field(default_factory=dict)
    drawn_anew: bool = False
    strict: bool = False
    budget: Budget = field(default_factory=Budget)


def text_agreement(looks: Looks, entries: dict[str, Value]) -> Agreement:
    """Say whether the widget of a text field or choice shows the value of its field.

    A widget without looks agrees, because viewers draw it; with `strict`, only when there is
    nothing to show. Raises MalformedPdf for looks that cannot be read.
    """
    view = looks.view
    flags = field_flags(view, entries)
    drawn = view.dictionary(entries.get("AP"))
    texts = _texts(looks, entries)
    if "N" not in drawn:
        empty = not (looks.strict and any(map(_plain, texts)))
        return Agreement.AGREES if empty and not drawn else Agreement.DIFFERS
    if not can_show(view, entries):
        return Agreement.AGREES
    return min(
        (_look_agrees(looks, entries, drawn[key], texts, flags) for key in "NRD" if key in drawn),
        default=Agreement.DIFFERS,
    )


def rich_text_agrees(view: View, entries: dict[str, Value]) -> bool:
    """Whether the rich text of a field says what its value says (table 228)."""
    rich = inherited(view, entries, "RV")
    if rich is None:
        return True
    plain = html.unescape(re.sub(r"<[^>]*>", "", long_text(view, rich)))
    return _plain(plain) == _plain(long_text(view, inherited(view, entries, "V")))


def indexes_agree(view: View, entries: dict[str, Value]) -> bool:
    """Whether the numbers of the chosen options are those of the value (table 234)."""
    numbers = view.items(entries.get("I"))
    known = [value for value, _ in options(view, entries)]
    named = [known[item] for item in numbers if isinstance(item, int) and 0 <= item < len(known)]
    return len(named) == len(numbers) and sorted(named) == sorted(chosen_values(view, entries))


def _look_agrees(
    looks: Looks, entries: dict[str, Value], look: Value, texts: list[str], flags: int
) -> Agreement:
    """Whether one look, at rest or when pointed at, shows one of the texts."""
    stored = looks.view.get(look) if isinstance(look, Reference) else None
    if not isinstance(look, Reference) or stored is None or stored.span is None:
        return Agreement.DIFFERS
    if "Resources" in stored.entries:
        # What its own resources lack is nowhere for a stream that has some (cl. 7.8.3).
        looks = replace(looks, resources={})
    found = shown_text(looks.view, look, looks.resources)
    waits = found.empty and looks.drawn_anew and not looks.strict
    if waits:
        return Agreement.AGREES
    if found.covered or found.pictures or not _can_be_read(looks, entries, look):
        return Agreement.DIFFERS
    return _compared(looks, entries, look, found, texts, flags)


def _can_be_read(looks: Looks, entries: dict[str, Value], look: Reference) -> bool:
    view, budget = looks.view, looks.budget
    default = view.value(inherited(view, looks.signed, "DA"))
    agreed = light_of_defaults(default) if isinstance(default, bytes) else None
    return is_readable(view, look, entries, looks.resources, agreed, budget)


def _compared(
    looks: Looks,
    entries: dict[str, Value],
    look: Reference,
    found: ShownText,
    texts: list[str],
    flags: int,
) -> Agreement:
    """Compare what is shown, in the order in which it is drawn, with what may be shown."""
    lines = looks.kind == "Ch" and not flags & _COMBO
    if lines:
        # A list shows all of its choices, of which one is marked.
        return Agreement.AGREES
    if flags & _PASSWORD:
        hidden = set(found.text) <= _BULLETS
        return Agreement.AGREES if hidden or not found.certain else Agreement.DIFFERS
    from_right = any(
        unicodedata.bidirectional(item) in _FROM_RIGHT for one in texts for item in one
    )
    ordered = from_right or is_in_order(looks.view, look, looks.resources, looks.budget)
    if ordered and any(_agrees(one, found, flags, from_right=from_right) for one in texts):
        return Agreement.AGREES
    if not ordered:
        return Agreement.DIFFERS
    actions = looks.view.dictionary(inherited(looks.view, entries, "AA"))
    if "F" in actions and found.certain:
        told = any(is_formatted(one, found.text) for one in texts)
        return Agreement.AGREES if told else Agreement.UNKNOWN
    return Agreement.DIFFERS if found.certain else Agreement.UNKNOWN


def _texts(looks: Looks, entries: dict[str, Value]) -> list[str]:
    """What the field may show: its value, or for a choice what the form shows for it."""
    view = looks.view
    chosen = chosen_values(view, entries)
    texts = ["".join(chosen)]
    if looks.kind == "Ch":
        shown_as = dict(options(view, entries))
        texts.append("".join(shown_as.get(item, item) for item in chosen))
    return texts


def _agrees(value: str, found: ShownText, flags: int, *, from_right: bool) -> bool:
    """A box of several lines shows perhaps only the first ones."""
    expected, seen = _plain(value), _plain(found.text)
    if flags & _MULTILINE and seen and expected.startswith(seen):
        return True
    if flags & _FILE:
        return expected.endswith(seen)
    return sorted(expected) == sorted(seen) if from_right else expected == seen


def _plain(value: str) -> str:
    """The characters of a text that every font and encoding has, without blanks."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", value))
