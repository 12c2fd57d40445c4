"""What an added field may show: one look of one added signature, and nothing else.

A signature in a field of its own may be visible. A document time-stamp has nothing to say to
people, so what shows with one would be content that nobody signed (EN 319 142-1 cl. 5.4.3).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from idservice.pdf.object_values import Value

if TYPE_CHECKING:
    from idservice.pdf.changes_judgement import Judgement
    from idservice.pdf.object_history import View

# Flags of annotations (table 167).
_HIDDEN, _PRINT, _NO_VIEW, _TOGGLE_NO_VIEW = 0x02, 0x04, 0x20, 0x100
_CORNERS = 4


def shown(name: str) -> str:
    """Return a name as it is put into a message."""
    return repr(name[:80])


def can_show(view: View, entries: dict[str, Value]) -> bool:
    """Whether a widget has an area that shows on a screen or in print, now or when pointed at.

    Viewers may draw a widget that brings no appearance (cl. 12.5.3, 12.5.6.19 and 12.7.5.5).
    """
    flags = view.value(entries.get("F", 0))
    flags = flags if isinstance(flags, int) else 0
    unseen = flags & _NO_VIEW and not flags & (_PRINT | _TOGGLE_NO_VIEW)
    if "Rect" not in entries or flags & _HIDDEN or unseen:
        return False
    corners = [item for item in view.items(entries.get("Rect")) if isinstance(item, (int, Decimal))]
    if len(corners) != _CORNERS:
        return True
    return corners[0] != corners[2] and corners[1] != corners[3]


def require_signatures_to_show(judgement: Judgement) -> None:
    """Forbid what shows with an added field and is not the one look of an added signature.

    A document time-stamp has nothing to say to people, so what shows with it hides or adds
    content (EN 319 142-1 cl. 5.4.3). Works when all fields of the revision are judged.
    """
    for name in sorted(judgement.showing):
        added = judgement.signatures.get(name)
        page = judgement.widget_pages.get(name)
        if added is None:
            judgement.forbid(
                "field-added", f"shows something in the field {shown(name)}, which is not signed"
            )
        elif added.is_time_stamp:
            judgement.forbid(
                "time-stamp-visible",
                f"shows something in the field {shown(name)} of a document time-stamp",
                page,
            )
    for name, count in judgement.widget_counts.items():
        if count > 1:
            judgement.forbid(
                "field-added", f"adds the field {shown(name)}, which shows in several places"
            )
    _note_covering(judgement)


def _note_covering(judgement: Judgement) -> None:
    """Note the added signatures that show over words or pictures that were there before.

    Whoever can add a signature could hide content with it (the sneaky signature attack:
    Mladenov and others, 2021); whether the signer is trusted is not known here.
    """
    step, roles = judgement.step, judgement.roles
    for name in sorted((judgement.visible | judgement.showing) & judgement.signatures.keys()):
        numbers = [number for number, field in judgement.widgets.items() if field == name]
        numbers += [
            number
            for number in step.changed
            if number in roles.fields and roles.fields[number].name == name
        ]
        page = judgement.widget_pages.get(name)
        if any(judgement.content.hidden_by_widget(step, roles, page, item) for item in numbers):
            judgement.covering.add(name)
