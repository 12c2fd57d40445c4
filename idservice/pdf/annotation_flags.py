"""Whether an annotation is seen at all (ISO 32000-2 cl. 12.5.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from idservice.pdf.object_values import Value

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

# Flags of annotations (table 167).
_HIDDEN, _PRINT, _NO_VIEW, _TOGGLE_NO_VIEW = 0x02, 0x04, 0x20, 0x100
_CORNERS = 4


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
