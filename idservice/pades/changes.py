"""What was appended after a signed revision: named, not yet analysed.

Whether an appended revision only adds another signature, or replaces a page, is not
decided in this version. It is therefore listed and never passes for harmless.
"""

from __future__ import annotations

from idservice.pdf.byte_range import ByteRange
from idservice.pdf.revisions import Revision, RevisionHistory
from idservice.validation.facts import Change


def later_changes(
    history: RevisionHistory, signed: Revision | None, byte_range: ByteRange | None
) -> tuple[Change, ...]:
    """Return one item for each revision appended later, and one for loose bytes at the end."""
    if byte_range is None or byte_range.end >= history.size:
        return ()
    later = history.later_than(signed) if signed is not None else ()
    changes = [
        Change(
            "revision-appended",
            revision.number,
            None,
            f"Revision {revision.number} was appended after this signature. This version does "
            "not analyse what it changes; the signed revision itself is unaffected.",
        )
        for revision in later
    ]
    covered = max([byte_range.end, *(revision.end for revision in later)])
    if covered < history.size:
        size = history.size - covered
        message = (
            "1 byte that belongs to no revision follows this signature."
            if size == 1
            else f"{size} bytes that belong to no revision follow this signature."
        )
        changes.append(Change("bytes-appended", None, None, message))
    return tuple(changes)
