"""What was appended after a signed revision, and whether that leaves the signature good.

`pdf.changes` says which objects each revision changes and which of these changes a signed
document bears. Whether an added signature is one is known here: a field with something in it
that is no signature over its own revision is a change of the document like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.pdf.changes import ObjectChange, Permission, analyse_changes
from idservice.pdf.hidden_objects import hidden_objects
from idservice.validation.facts import Change, ChangeKind, ChangeVerdict, Integrity, worst_change

if TYPE_CHECKING:
    from idservice.pdf.byte_range import ByteRange
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.frame import PdfData
    from idservice.pdf.revisions import Revision, RevisionHistory

_VERDICTS = {
    Permission.PERMITTED: ChangeVerdict.PERMITTED,
    Permission.UNJUDGED: ChangeVerdict.NOT_ANALYSED,
    Permission.FORBIDDEN: ChangeVerdict.FORBIDDEN,
}
_BLANKS = b"\x00\t\n\x0c\r "
_MAX_SAID_BYTES = 1024


@dataclass(frozen=True, slots=True)
class JudgedSignature:
    """What is known of one signature or document time-stamp of the file.

    `id` is how the report names it; `holder` is the number of the object in which its
    dictionary stands; `covered` tells that it covers its whole revision but itself.
    """

    id: str
    holder: int
    revision: Revision | None
    integrity: Integrity
    covered: bool


@dataclass(frozen=True, slots=True)
class ChangeAnalysis:
    """Everything that was changed after one signature, and the verdict on it."""

    verdict: ChangeVerdict
    items: tuple[Change, ...]


def document_changes(
    document: PdfDocument, history: RevisionHistory, signatures: Sequence[JudgedSignature]
) -> tuple[Change, ...]:
    """Return what every revision later than the first signed one changes, oldest first.

    One analysis serves all signatures of a file. Raises nothing for what the file is.
    """
    signed = [item.revision for item in signatures if item.revision is not None]
    first = min(signed, key=lambda item: item.number, default=None)
    if first is None or not history.later_than(first):
        return ()
    known = {(item.holder, item.revision.number): item for item in signatures if item.revision}
    found = analyse_changes(document, history, first)
    hidden = (
        _hidden(number, byte) for number, byte in hidden_objects(document.data, history, first)
    )
    return (*(_judged(change, known) for change in found), *hidden)


def later_changes(
    history: RevisionHistory,
    signed: Revision | None,
    byte_range: ByteRange | None,
    data: PdfData,
    changes: tuple[Change, ...] | None,
) -> ChangeAnalysis:
    """Return what was changed after one signature.

    `changes` are those of the document, None for one that cannot be read and compared.
    """
    if byte_range is None or byte_range.end >= history.size:
        return ChangeAnalysis(ChangeVerdict.NONE, ())
    later = history.later_than(signed) if signed is not None else ()
    if changes is None or signed is None:
        items = [_not_compared(revision.number) for revision in later]
    else:
        items = [item for item in changes if (item.revision or 0) > signed.number]
        told = {item.revision for item in items}
        unread = any(item.code == "revision-unreadable" for item in items)
        quiet = (revision for revision in later if revision.number not in told)
        items += () if unread else [_nothing(revision.number) for revision in quiet]
        items.sort(key=lambda item: item.revision or 0)
    covered = max([byte_range.end, *(revision.end for revision in later)])
    items += _loose_bytes(data, covered)
    return ChangeAnalysis(worst_change(tuple(items)), tuple(items))


def _judged(change: ObjectChange, known: dict[tuple[int, int], JudgedSignature]) -> Change:
    """Require an added signature to be one, of the revision that adds it."""
    verdict, code, message = _VERDICTS[change.permission], change.code, change.message
    found = None
    if change.signature is not None:
        found = known.get((change.signature.holder, change.revision))
        if found is None or not found.covered or found.integrity is Integrity.BROKEN:
            verdict, code = ChangeVerdict.FORBIDDEN, "added-signature-invalid"
            message += " It is no valid signature over what the revision holds."
        elif found.integrity is not Integrity.INTACT:
            verdict = ChangeVerdict.NOT_ANALYSED
            message += " It cannot be verified."
    return Change(
        code,
        change.revision,
        change.page,
        message,
        verdict,
        ChangeKind(change.kind.value),
        found.id if change.covers and found is not None else None,
        change.is_foreseen,
    )


def _hidden(number: int, position: int) -> Change:
    return Change(
        "hidden-objects",
        number,
        None,
        f"Revision {number} has, at byte {position} inside of a stream or a string, what reads as "
        "an object or a trailer of the file. Programs that search a damaged file for its objects "
        "would show it.",
        ChangeVerdict.FORBIDDEN,
        ChangeKind.CONTENT,
    )


def _not_compared(number: int) -> Change:
    return Change(
        "revision-appended",
        number,
        None,
        f"Revision {number} was appended after this signature, and the document cannot be "
        "compared with the signed revision.",
    )


def _nothing(number: int) -> Change:
    return Change(
        "revision-without-effect",
        number,
        None,
        f"Revision {number} changes nothing that the document uses.",
        ChangeVerdict.PERMITTED,
        ChangeKind.NO_EFFECT,
    )


def _loose_bytes(data: PdfData, covered: int) -> list[Change]:
    """Bytes behind the last revision, which readers pass over or take for something."""
    size = len(data) - covered
    if size <= 0:
        return []
    blank = size <= _MAX_SAID_BYTES and not bytes(data[covered:]).strip(_BLANKS)
    many = "1 byte that belongs" if size == 1 else f"{size} bytes that belong"
    follow = "follows" if size == 1 else "follow"
    return [
        Change(
            "bytes-appended",
            None,
            None,
            f"{many} to no revision {follow} this signature.",
            ChangeVerdict.PERMITTED if blank else ChangeVerdict.FORBIDDEN,
            ChangeKind.NO_EFFECT if blank else ChangeKind.CONTENT,
        )
    ]
