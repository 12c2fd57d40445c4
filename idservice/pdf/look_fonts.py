"""Whether the glyphs of a font are what its codes mean, as far as a later revision can say.

A font that comes with the look may have any drawing under any code (ISO 32000-2 cl. 9.9), so
only fonts that were there before, and those that every viewer brings along, show what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import same
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.standard_fonts import standard_name
from idservice.pdf.text_codes import is_unicode_map

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

_FILES = ("FontFile", "FontFile2", "FontFile3")


def shows_what_it_says(old_view: View, view: View, font: Value) -> bool:
    """Whether a font of a look was there before, or is one that viewers have themselves."""
    if isinstance(font, Reference):
        was, now = old_view.get(font), view.get(font)
        if was is not None and now is not None and same(old_view, font, view, font):
            return True
    entries = view.dictionary(font)
    below = view.items(entries.get("DescendantFonts"))
    holders = [entries, *(view.dictionary(item) for item in below)]
    described = [view.dictionary(holder.get("FontDescriptor")) for holder in holders]
    if any(key in descriptor for descriptor in described for key in _FILES):
        return False
    if entries.get("Subtype") == "Type0":
        return is_unicode_map(view.value(entries.get("Encoding")))
    standard = standard_name(entries.get("BaseFont")) is not None
    return standard and entries.get("Subtype") in {"Type1", "TrueType"}
