"""What the entries of the catalog are called in a report, when one of them differs.

None of these may change after a signature (ISO 32000-2 table 29): they lead readers
somewhere else, show other layers, or bring files along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import same

if TYPE_CHECKING:
    from idservice.pdf.changes_judgement import Judgement
    from idservice.pdf.object_values import Value

_OUTLINES = ("outlines-changed", "changes the table of contents that viewers show (outlines)")
_DESTINATIONS = ("destinations-changed", "changes where links lead in the document")
_LAYERS = ("optional-content-changed", "changes which layers of the document are shown")
_VIEWING = ("viewer-settings-changed", "changes how viewers show the document")
_FILES = ("embedded-file-added", "changes the files that are attached to the document")
_ACTIONS = ("action-changed", "changes what viewers do")

ENTRIES: dict[str, tuple[str, str]] = {
    "Outlines": _OUTLINES,
    "Dests": _DESTINATIONS,
    "OCProperties": _LAYERS,
    "ViewerPreferences": _VIEWING,
    "PageMode": _VIEWING,
    "PageLayout": _VIEWING,
    "NeedsRendering": _VIEWING,
    "Collection": _FILES,
    "AF": _FILES,
    "EmbeddedFiles": _FILES,
    "PageLabels": ("page-labels-changed", "changes how the pages are numbered"),
    "Lang": ("language-changed", "changes in which language the document is read aloud"),
    "MarkInfo": ("structure-changed", "changes whether the document has a logical structure"),
    "JavaScript": ("javascript-added", "changes scripts of the document"),
    "OpenAction": _ACTIONS,
    "AA": _ACTIONS,
    "Names": ("names-changed", "changes what names in the document stand for"),
    "Pages": ("pages-changed", "shows other pages"),
}
"""Code and words for entries of the catalog, and of the names in it."""


def entry_change(key: str) -> tuple[str, str]:
    """Return the code and the words for a change of an entry of the catalog."""
    return ENTRIES.get(key, ("catalog-changed", f"changes the entry /{key[:40]} of the catalog"))


def names_changed(judgement: Judgement, old: Value, new: Value) -> None:
    """Tell which of the name trees of the document differs (table 32)."""
    step = judgement.step
    told = len(judgement.items)
    was, now = step.old.dictionary(old), step.new.dictionary(new)
    for key in sorted(was.keys() | now.keys()):
        if not same(step.old, was.get(key), step.new, now.get(key)):
            judgement.forbid(*ENTRIES.get(key, ENTRIES["Names"]))
    if len(judgement.items) == told:
        judgement.forbid(*ENTRIES["Names"])
