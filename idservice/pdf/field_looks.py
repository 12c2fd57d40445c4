"""Whether a text field or a choice looks as its value says.

The looks of a field are separate from its value (ISO 32000-2 cl. 12.7.4.3): a file can show
one sum to people and give another to programs. So the text of the looks is compared with the
value, and has to be where people can read it. Where a font or a script does not tell what
people see, that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from idservice.pdf.annotation_flags import can_show
from idservice.pdf.changes_judgement import same
from idservice.pdf.default_looks import (
    defaults_are_seen,
    font_of_defaults,
    light_of_defaults,
    size_of_defaults,
)
from idservice.pdf.formatted_values import is_formatted
from idservice.pdf.list_looks import marks_chosen
from idservice.pdf.look_fonts import shows_what_it_says
from idservice.pdf.look_lines import is_undisturbed, stands_upright
from idservice.pdf.look_visibility import fills_field, is_even, is_in_order, is_readable
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks import Budget
from idservice.pdf.shown_text import ShownText, shown_text
from idservice.pdf.text_comparison import (
    Reading,
    is_from_right,
    overrides_order,
    reading,
    reading_from_right,
)
from idservice.pdf.widget_values import (
    chosen_values,
    field_flags,
    inherited,
    long_text,
    options,
)

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

_MULTILINE, _PASSWORD, _COMBO = 1 << 12, 1 << 13, 1 << 17
_EDITABLE, _FILE = 1 << 18, 1 << 20
# The size of text in points where the form leaves it to viewers, and how exactly they keep it.
_USUAL_SIZE, _ROUNDED = 12.0, 1.1
_BULLETS = frozenset("*•●·")
_PATH = re.compile(r"[\\/]")


class Agreement(IntEnum):
    """How looks and value agree; nobody knows where a font or a script does not tell."""

    DIFFERS = 0
    UNKNOWN = 1
    AGREES = 2


@dataclass(frozen=True, slots=True)
class Looks:
    """How to look at the widgets of a field: the revision, resources of the form, and the type.

    `before` is the revision before, and `signed` are the entries that the widget had in it.
    `drawn_anew` tells that viewers draw the form themselves, so that empty looks may stay.
    """

    view: View
    before: View
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
    if not (looks.strict or _may_be_shown(looks, entries)):
        return Agreement.DIFFERS
    drawn = view.dictionary(entries.get("AP"))
    kept = same(looks.before, looks.signed.get("AP"), view, entries.get("AP"))
    if looks.drawn_anew and not looks.strict and kept:
        return _drawn_by_viewers(looks, entries)
    if "N" not in drawn:
        shows = looks.strict and any(item.strip() for item in _texts(looks, entries))
        return Agreement.DIFFERS if shows or drawn else _drawn_by_viewers(looks, entries)
    if not can_show(view, entries):
        return Agreement.AGREES
    return min(
        (_look_agrees(looks, entries, drawn[key]) for key in "NRD" if key in drawn),
        default=Agreement.DIFFERS,
    )


def indexes_agree(view: View, entries: dict[str, Value]) -> bool:
    """Whether the numbers of the chosen options are those of the value (table 234)."""
    numbers = view.items(entries.get("I"))
    known = [value for value, _ in options(view, entries)]
    named = [known[item] for item in numbers if isinstance(item, int) and 0 <= item < len(known)]
    return len(named) == len(numbers) and sorted(named) == sorted(chosen_values(view, entries))


def _may_be_shown(looks: Looks, entries: dict[str, Value]) -> bool:
    """Whether the value is one that the field offers, and its defaults let it be seen."""
    return _is_offered(looks, entries) and defaults_are_seen(
        looks.view, entries, looks.before, looks.signed
    )


def _is_offered(looks: Looks, entries: dict[str, Value]) -> bool:
    """Whether a choice has a value that is one of its options, where people may write none."""
    flags = field_flags(looks.view, entries)
    if looks.kind != "Ch" or (flags & _COMBO and flags & _EDITABLE):
        return True
    offered = options(looks.view, entries)
    known = {item for pair in offered for item in pair}
    return not offered or all(item in known for item in chosen_values(looks.view, entries) if item)


def _drawn_by_viewers(looks: Looks, entries: dict[str, Value]) -> Agreement:
    """What viewers draw shows the value, in a font that shows what it says."""
    view = looks.view
    default = view.value(inherited(view, entries, "DA"))
    name = font_of_defaults(default) if isinstance(default, bytes) else None
    font = view.dictionary(looks.resources.get("Font")).get(name or "")
    known = font is None or shows_what_it_says(looks.before, view, font)
    return Agreement.AGREES if known else Agreement.UNKNOWN


def _look_agrees(looks: Looks, entries: dict[str, Value], look: Value) -> Agreement:
    """Whether one look, at rest or when pointed at, shows the value."""
    stored = looks.view.get(look) if isinstance(look, Reference) else None
    if not isinstance(look, Reference) or stored is None or stored.span is None:
        return Agreement.DIFFERS
    if "Resources" in stored.entries:
        # What its own resources lack is nowhere for a stream that has some (cl. 7.8.3).
        looks = replace(looks, resources={})
    found = shown_text(looks.view, look, looks.resources)
    if found.empty and looks.drawn_anew and not looks.strict:
        return _drawn_by_viewers(looks, entries)
    if found.covered or found.pictures or not _can_be_read(looks, entries, look):
        return Agreement.DIFFERS
    return _compared(looks, entries, look, found)


def _can_be_read(looks: Looks, entries: dict[str, Value], look: Reference) -> bool:
    view, budget = looks.view, looks.budget
    agreed = light_of_defaults(_defaults(looks))
    return is_readable(view, look, entries, looks.resources, agreed, budget, _largest(looks))


def _defaults(looks: Looks) -> bytes:
    """The default appearance that was signed; nothing where there was none."""
    found = looks.before.value(inherited(looks.before, looks.signed, "DA"))
    return found if isinstance(found, bytes) else b""


def _largest(looks: Looks) -> float:
    """In which size, in points, a text may be too long for its field."""
    return _ROUNDED * max(size_of_defaults(_defaults(looks)), _USUAL_SIZE)


def _compared(
    looks: Looks, entries: dict[str, Value], look: Reference, found: ShownText
) -> Agreement:
    """Compare what is shown, in the order in which it is drawn, with what may be shown."""
    flags = field_flags(looks.view, entries)
    certain = found.certain and all(
        shows_what_it_says(looks.before, looks.view, font) for font in found.fonts
    )
    if looks.kind == "Ch" and not flags & _COMBO:
        agrees = marks_chosen(looks.view, look, looks.resources, entries, found.text, looks.budget)
    elif flags & _PASSWORD:
        agrees = set(found.text) <= _BULLETS
    else:
        return _text_compared(looks, entries, look, found, certain=certain)
    if not certain:
        return Agreement.UNKNOWN
    return Agreement.AGREES if agrees else Agreement.DIFFERS


def _text_compared(
    looks: Looks, entries: dict[str, Value], look: Reference, found: ShownText, *, certain: bool
) -> Agreement:
    texts = _texts(looks, entries)
    if any(map(overrides_order, texts)):
        return Agreement.DIFFERS
    view, budget, fallback = looks.view, looks.budget, looks.resources
    clear = is_undisturbed(view, look, entries, fallback, budget)
    if not (
        clear and stands_upright(view, look, entries) and is_even(view, look, fallback, budget)
    ):
        return Agreement.DIFFERS
    if any(map(is_from_right, texts)):
        reads = max(reading_from_right(one, found.parts) for one in texts)
    elif not is_in_order(view, look, fallback, budget):
        return Agreement.DIFFERS
    else:
        reads = max(reading(one, found.text) for one in texts)
    if reads is Reading.BEGINNING and field_flags(view, entries) & _MULTILINE:
        # A box of several lines shows the first ones when there are too many.
        full = fills_field(view, look, entries, fallback, budget, _largest(looks))
        reads = Reading.WHOLE if full else Reading.OTHER
    if reads is Reading.WHOLE:
        return Agreement.AGREES if certain else Agreement.UNKNOWN
    if reads is Reading.PARTLY or not found.certain:
        return Agreement.UNKNOWN
    return _formatted(looks, entries, texts, found.text, certain=certain)


def _formatted(
    looks: Looks, entries: dict[str, Value], texts: list[str], seen: str, *, certain: bool
) -> Agreement:
    """A text that is not the value may be how a script of the signed form writes it."""
    view = looks.view
    action = view.dictionary(inherited(view, entries, "AA")).get("F")
    if action is None:
        return Agreement.DIFFERS
    script = long_text(view, view.dictionary(action).get("JS"))
    told = certain and any(is_formatted(one, seen, script) for one in texts)
    return Agreement.AGREES if told else Agreement.UNKNOWN


def _texts(looks: Looks, entries: dict[str, Value]) -> list[str]:
    """What the field may show: its value, or for a choice what the form shows for it."""
    view = looks.view
    chosen = chosen_values(view, entries)
    texts = ["".join(chosen)]
    if looks.kind == "Ch":
        shown_as = dict(options(view, entries))
        texts.append("".join(shown_as.get(item, item) for item in chosen))
    elif field_flags(view, entries) & _FILE:
        texts += [_PATH.split(item)[-1] for item in texts]
    return texts
