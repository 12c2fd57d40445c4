"""Which annotations are comments that may be added to a signed page.

A list of subtypes says which may be; what acts, shows only at times, or lies over what was
signed may not, whatever it is called (ISO 32000-2 cl. 12.5.6, table 171).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_covering_page import Harm
from idservice.pdf.changes_judgement import Judgement, is_active
from idservice.pdf.document_roles import text
from idservice.pdf.object_values import Value

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

COMMENTS = {
    "Text": "a note",
    "Highlight": "a highlight",
    "Underline": "an underlining",
    "StrikeOut": "a strike-out",
    "Squiggly": "a wavy underlining",
    "Ink": "a drawing",
    "Caret": "a mark of insertion",
    "Popup": "the window of a comment",
    "Link": "a link",
    "FreeText": "a text",
    "Stamp": "a stamp",
    "Square": "a frame",
    "Circle": "an ellipse",
    "Line": "a line",
    "PolyLine": "a line",
    "Polygon": "a polygon",
}
"""The subtypes that may be added, and what people call them."""

# Entries of annotations that do more than comment (tables 166 to 206 and 333).
_DOES_MORE = frozenset(
    {
        "OC", "FS", "FT", "Ff", "V", "Kids", "MK", "Sound", "Movie", "AF", "3DD", "3DV", "3DA",
        "RichMediaContent", "RichMediaSettings", "FixedPrint", "RO", "OverlayText", "ExData",
        "TrapRegions", "TransformMethod",
    }
)  # fmt: skip
_PRINT, _NO_VIEW, _TOGGLE = 0x04, 0x20, 0x100
_SHOWN = 60
_HARMS = {
    Harm.COVERS: (
        "annotation-covers-content",
        "what was signed can no longer be read under it, or that is not certain",
    ),
    Harm.IMITATES: (
        "annotation-imitates-content",
        "it reads as if it were part of what was signed",
    ),
}


def refusal(
    judgement: Judgement, page: int | None, key: object, entries: dict[str, Value]
) -> tuple[str, str] | None:
    """Return the code and the words for why an annotation may not be; None for a comment.

    `key` names the annotation on its page. Raises nothing for what the file is.
    """
    found = _by_entries(judgement.step.new, entries)
    if found is not None:
        return found
    harm = judgement.content.harm(judgement.step, judgement.roles, page, key, entries)
    return None if harm is None else _HARMS[harm]


def _by_entries(view: View, entries: dict[str, Value]) -> tuple[str, str] | None:
    """Say what the entries alone tell against an annotation."""
    kind = view.value(entries.get("Subtype"))
    flags = view.value(entries.get("F", 0))
    action = action_of(view, entries)
    if action is not None:
        return action, "it makes viewers do something or go to another place"
    if kind == "Redact":
        return "annotation-covers-content", "it is there to make content unreadable"
    if kind not in COMMENTS or not _DOES_MORE.isdisjoint(entries):
        return "annotation-not-permitted", "it is more than a comment"
    if not isinstance(flags, int) or (flags & _NO_VIEW and flags & (_PRINT | _TOGGLE)):
        return "annotation-not-permitted", "it shows in print or when pointed at, and not always"
    return None


def action_of(view: View, entries: dict[str, Value]) -> str | None:
    """Return the code for what an annotation does but going to a place in this document.

    A link to the web does not count as a comment: what was signed would lead where its author
    did not want it to lead.
    """
    action = view.value(entries.get("A"))
    parts = action if isinstance(action, dict) else {}
    if is_active(action) and (parts.get("S") == "JavaScript" or "JS" in parts):
        return "javascript-added"
    if "AA" in entries or "PA" in entries or is_active(entries):
        return "action-added"
    harmless = action is None or (parts.get("S") == "GoTo" and "Next" not in parts)
    return None if harmless else "action-added"


def described(entries: dict[str, Value]) -> str:
    """Return what an annotation is, of whom, and with which words, for a message."""
    kind = entries.get("Subtype")
    what = COMMENTS.get(kind, "an annotation") if isinstance(kind, str) else "an annotation"
    author, words = entries.get("T"), entries.get("Contents")
    if isinstance(author, bytes) and author:
        what += f" by {_quoted(author)}"
    return f"{what} saying {_quoted(words)}" if isinstance(words, bytes) and words else what


def _quoted(value: bytes) -> str:
    """Quote a text so that nothing in it can pass for a part of the message."""
    words = " ".join(text(value).split())
    return repr(words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…")
