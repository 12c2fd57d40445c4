"""What an added field may show: one look of one added signature, and nothing else.

A signature in a field of its own may be visible. A document time-stamp has nothing to say to
people, so what shows with one would be content that nobody signed (EN 319 142-1 cl. 5.4.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.annotation_flags import can_show

if TYPE_CHECKING:
    from idservice.pdf.changes_judgement import Judgement

__all__ = ["can_show", "require_signatures_to_show", "shown"]


def shown(name: str) -> str:
    """Return a name as it is put into a message."""
    return repr(name[:80])


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
        new = [number for number, field in judgement.widgets.items() if field == name]
        seen = [
            number
            for number in step.changed
            if number in roles.fields and roles.fields[number].name == name
        ]
        page = judgement.widget_pages.get(name)
        content = judgement.content
        if any(content.hidden_by_widget(step, roles, page, item) for item in new) or any(
            content.hidden_by_widget(step, roles, page, item, was_there=True) for item in seen
        ):
            judgement.covering.add(name)
