"""What each revision of a PDF changed, signed or not, and who signed it.

The changes after the first signature are those that a validation judges; those before it,
which nobody forbade, are only told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.errors import MalformedPdf
from idservice.pades.facts import read_facts
from idservice.pdf.changes import ObjectChange, analyse_changes
from idservice.pdf.document import open_document
from idservice.pdf.frame import read_frame
from idservice.pdf.limits import MAX_BYTES
from idservice.pdf.object_history import ObjectHistory
from idservice.pdf.revisions import Revision, RevisionHistory, read_history
from idservice.validation.differences import RevisionChange, RevisionDifference
from idservice.validation.facts import Change, DocumentFacts

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.frame import PdfData


def read_differences(
    data: PdfData, *, password: str | None = None, max_bytes: int = MAX_BYTES
) -> tuple[RevisionDifference, ...]:
    """Compare every revision of a PDF with the one before it, oldest first.

    Raises NotAPdf, InputTooLarge, PdfPasswordWrong, and MalformedPdf for a file of which it
    is not certain what it holds.
    """
    facts = read_facts(data, password=password, max_bytes=max_bytes)
    document = open_document(data, password=password, max_bytes=max_bytes)
    history = read_history(data, read_frame(data))
    if not history.revisions:
        raise MalformedPdf("The PDF has no complete revision.", "Ask for an undamaged file.")
    first = history.revisions[0]
    counts = _counts(document, history, first)
    told = _told(document, history, first, facts)
    return tuple(
        RevisionDifference(
            item.number,
            history.revisions[index - 1].end if index else 0,
            item.end,
            *counts.get(item.number, (0, 0, 0)),
            tuple(one.id for one in facts.signatures if one.revision == item.number),
            tuple(one.id for one in facts.time_stamps if one.end and item.ends_at(one.end)),
            tuple(told.get(item.number, ())),
        )
        for index, item in enumerate(history.revisions)
    )


def _counts(
    document: PdfDocument, history: RevisionHistory, first: Revision
) -> dict[int, tuple[int, int, int]]:
    """How many objects each revision added, changed and removed."""
    found: dict[int, tuple[int, int, int]] = {}
    for step in ObjectHistory(document, history, first).steps():
        added = sum(item.old is None for item in step.changed.values())
        removed = sum(item.new is None for item in step.changed.values())
        found[step.revision] = added, len(step.changed) - added - removed, removed
    return found


def _told(
    document: PdfDocument, history: RevisionHistory, first: Revision, facts: DocumentFacts
) -> dict[int, list[RevisionChange]]:
    """What is said about the changes of each revision."""
    oldest = min(
        (item for item in facts.signatures if item.revision is not None),
        key=lambda item: item.revision or 0,
        default=None,
    )
    signed = oldest.revision if oldest is not None and oldest.revision is not None else None
    found: dict[int, list[RevisionChange]] = {}
    for change in analyse_changes(document, history, first):
        if signed is None or change.revision <= signed:
            found.setdefault(change.revision, []).append(_unjudged(change))
    for judged in oldest.changes if oldest is not None else ():
        found.setdefault(judged.revision or history.revisions[-1].number, []).append(
            _judged(judged)
        )
    return found


def _unjudged(change: ObjectChange) -> RevisionChange:
    return RevisionChange(change.code, change.page, change.message, None)


def _judged(change: Change) -> RevisionChange:
    return RevisionChange(change.code, change.page, change.message, change.verdict.value)
