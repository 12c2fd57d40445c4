"""Rules about fonts that a form gets for texts which viewers set themselves.

Programs that open a form put the usual fonts beside those that are there (/Helv and /ZaDb), also
into a dictionary that pages share with the form. What the pages never name shows nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_form import resources_added
from idservice.pdf.changes_judgement import Judgement, same
from idservice.pdf.unused_names import names_unused

if TYPE_CHECKING:
    from idservice.pdf.object_history import Difference
    from idservice.pdf.object_values import Value

_MESSAGE = "adds fonts to the form"


def only_adds_fonts(judgement: Judgement, difference: Difference) -> bool:
    """Tell of fonts that a dictionary of fonts or of resources got, if that is all.

    No content of a page, and no appearance, may have named them before.
    """
    old, new = difference.old, difference.new
    if old is None or new is None or old.span is not None or new.span is not None:
        return False
    names = _added_fonts(judgement, old.value, new.value)
    pages = judgement.roles.places.pages
    if not names or not names_unused(judgement.step.old, pages, names):
        return False
    resources_added(judgement, _MESSAGE)
    return True


def _added_fonts(judgement: Judgement, old: Value, new: Value) -> frozenset[str]:
    """The names of the fonts that are new; none when anything else differs."""
    if not isinstance(old, dict) or not isinstance(new, dict) or "Type" in new:
        return frozenset()
    step = judgement.step
    if isinstance(old.get("Font"), dict) and isinstance(new.get("Font"), dict):
        others = [{key: item for key, item in side.items() if key != "Font"} for side in (old, new)]
        if not same(step.old, others[0], step.new, others[1]):
            return frozenset()
        return _added_fonts(judgement, old["Font"], new["Font"])
    kept = all(same(step.old, item, step.new, new.get(key)) for key, item in old.items())
    added = frozenset(new.keys() - old.keys())
    fonts = all(step.new.dictionary(item).get("Type") == "Font" for item in new.values())
    return added if kept and fonts else frozenset()
