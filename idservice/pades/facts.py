"""Reading what a PDF says about its signatures; nothing is decided here.

Each signature is read in this order: its dictionary as written, the byte range and what
it covers, the revision that it signed read alone, the CMS signature over those bytes,
and what was appended later. Time-stamps and the security store of each signed revision
are read on the way. A file that cannot be read strictly still has its signatures listed,
because a report that passes over them would help whoever broke it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from idservice.ades.gathering import carried_pieces, gather
from idservice.cms.carried_data import CarriedData
from idservice.errors import (
    Finding,
    IdServiceError,
    InputTooLarge,
    MalformedInput,
    MalformedPdf,
    NotAPdf,
    Unsupported,
    UnsupportedPdf,
)
from idservice.pades.changes import JudgedSignature, document_changes, later_changes
from idservice.pades.dss import SecurityStore, read_store
from idservice.pades.level import (
    format_findings,
)
from idservice.pades.signature_facts import FoundSignature, signature_facts, time_stamp_facts
from idservice.pades.stored_evidence import StoreAt, gather_evidence
from idservice.pades.time_stamps import is_time_stamp
from idservice.pdf.byte_range import ByteRange, coverage, read_byte_range, read_contents
from idservice.pdf.damage import damaged
from idservice.pdf.document import PdfDocument
from idservice.pdf.faulty_document import open_with_faults
from idservice.pdf.frame import PdfData, read_frame
from idservice.pdf.limits import MAX_BYTES
from idservice.pdf.overlaps import Gap, shared_gaps
from idservice.pdf.revisions import RevisionHistory, read_history
from idservice.pdf.signatures import (
    SignatureDictionary,
    field_signature,
    signature_dictionaries,
    signatures_in_bytes,
    usage_rights,
)
from idservice.pdf.stray_objects import require_no_strays
from idservice.validation.facts import (
    PADES,
    Change,
    DocumentFacts,
    Integrity,
    SignatureFacts,
    StoredEvidence,
    TimeStampFacts,
)
from idservice.validation.rules import Indication, rule_for

_MAX_NAMED = 5
_COPIED_BYTES = 16 * 1024 * 1024


def read_facts(
    data: PdfData, *, password: str | None = None, max_bytes: int = MAX_BYTES
) -> DocumentFacts:
    """Read all signatures of a PDF.

    Raises NotAPdf, InputTooLarge, PdfPasswordWrong. A damaged file raises nothing: its
    facts say so, for the file and for each signature that can be found in it.
    """
    if len(data) > max_bytes:
        raise InputTooLarge(
            f"The PDF has {len(data)} bytes where at most {max_bytes} are read.",
            "Validate a smaller document, or raise the size limit in the settings.",
        )
    try:
        # First of all: it is cheap, and refuses tables that would cost much to load.
        history = read_history(data, read_frame(data))
        document = open_with_faults(data, password=password, max_bytes=max_bytes)
        require_no_strays(data, history)
        found = [
            _read(data, item, history, document, password)
            for item in signature_dictionaries(document)
        ]
        found = _without_sharing(found, document, history)
        _require_old_faults(found, document)
    except (NotAPdf, InputTooLarge):
        raise
    except (MalformedInput, Unsupported) as exc:
        return _damaged_facts(data, exc)
    facts = _facts(data, _without_collisions(found), history, document, _usage_rights(document))
    stores = [*_stores(found), StoreAt(read_store(document), len(data))]
    evidence, faults = gather_evidence(stores, facts.evidence)
    return replace(
        facts,
        signatures=tuple(_with_faults(item, document) for item in facts.signatures),
        evidence=evidence,
        findings=(*facts.findings, *faults),
    )


def _require_old_faults(found: Sequence[FoundSignature], document: PdfDocument) -> None:
    """Require every fault that is borne to be older than all signatures. Raises MalformedPdf.

    Who signs accepts what is there; nobody who comes later has an honest reason to write badly.
    """
    ends = [item.byte_range.end for item in found if item.byte_range is not None]
    for fault in document.faults:
        if fault.position is not None and fault.position >= min(ends, default=0):
            raise damaged(f"{fault.what}, and that was written after a signature")


def _with_faults(signature: SignatureFacts, document: PdfDocument) -> SignatureFacts:
    """Say to a signature which faults of the file were borne."""
    if not document.faults:
        return signature
    named = sorted({item.what for item in document.faults})[:_MAX_NAMED]
    borne = Finding(
        "pdf_fault_harmless",
        "The PDF has faults that were there when it was signed and change nothing of what it "
        f"shows: {'; '.join(named)}.",
        "Tell the producer of the document; the signature is none the worse for it.",
    )
    return replace(signature, findings=(*signature.findings, borne))


def _stores(found: Sequence[FoundSignature]) -> list[StoreAt]:
    """The security stores as of each revision that somebody signed or time-stamped."""
    return [
        StoreAt(item.store, item.byte_range.end)
        for item in found
        if item.store is not None and item.byte_range is not None
    ]


def _usage_rights(document: PdfDocument) -> tuple[Finding, ...]:
    if not usage_rights(document):
        return ()
    return (
        Finding(
            "usage_rights_not_validated",
            "The document carries usage rights, which the vendor of a viewer signed; they are not "
            "validated, and say nothing of who signed the document.",
            "",
        ),
    )


def _facts(
    data: PdfData,
    found: Iterable[FoundSignature],
    history: RevisionHistory | None,
    document: PdfDocument | None,
    findings: tuple[Finding, ...] = (),
) -> DocumentFacts:
    """Read all signatures, then what was changed after each of them."""
    signatures: list[tuple[FoundSignature, SignatureFacts]] = []
    stamps: list[TimeStampFacts] = []
    known: list[JudgedSignature] = []
    evidence: list[StoredEvidence] = []
    for item in found:
        one: SignatureFacts | TimeStampFacts
        if is_time_stamp(item.item, item.contents):
            one, carried = time_stamp_facts(data, item)
            stamps.append(one)
        else:
            one, carried = signature_facts(data, item)
            signatures.append((item, one))
        evidence += _embedded(carried, one.end or len(data))
        known.append(_judged(item, one))
    if history is not None:
        changes = None if document is None else document_changes(document, history, known)
        signatures = [
            (item, replace(one, changes=_changes_after(data, item, history, changes)))
            for item, one in signatures
        ]
    ordered = sorted((one for _, one in signatures), key=lambda one: one.revision or 0)
    stamps.sort(key=lambda item: item.end or 0)
    return DocumentFacts(PADES, tuple(ordered), findings, tuple(stamps), gather(evidence)[0])


def _embedded(carried: Iterable[CarriedData], end: int) -> Iterator[StoredEvidence]:
    """The evidence inside of a signature, which the first `end` bytes of the file hold."""
    return (piece for item in carried for piece in carried_pieces(item, end))


def _judged(found: FoundSignature, facts: SignatureFacts | TimeStampFacts) -> JudgedSignature:
    """Say what a signature is worth to earlier ones; one that fails by itself is worth nothing.

    Of a format that is not supported here nobody can tell.
    """
    codes = {finding.code for finding in facts.findings}
    subs = (rule_for(code).sub_indication for code in codes)
    fails = any(sub is not None and sub.indication is Indication.TOTAL_FAILED for sub in subs)
    worthless = fails or "time_stamp_imprint_mismatch" in codes
    known = not any(code.startswith("sub_filter_") for code in codes)
    integrity = Integrity.BROKEN if worthless and known else facts.integrity
    holder = found.item.object_number
    return JudgedSignature(facts.id, holder, found.revision, integrity, found.covered)


def _changes_after(
    data: PdfData,
    found: FoundSignature,
    history: RevisionHistory,
    changes: tuple[Change, ...] | None,
) -> tuple[Change, ...]:
    return later_changes(history, found.revision, found.byte_range, data, changes).items


def _read(
    data: PdfData,
    item: SignatureDictionary,
    history: RevisionHistory,
    document: PdfDocument,
    password: str | None,
) -> FoundSignature:
    """Read dictionary, byte range and contents; then the signed revision alone."""
    findings = format_findings(item)
    if item.node is None:
        return FoundSignature(item, None, None, None, findings)
    contents, faults = read_contents(data, item.node)
    covered = coverage(data, item.node, history)
    gaps, store = covered.findings, None
    if item.place == "field" and covered.byte_range and covered.revision:
        faulty, store = _read_alone(data, item, covered.byte_range.end, document, password)
        gaps += faulty
    return FoundSignature(
        item,
        covered.byte_range,
        covered.revision,
        contents,
        findings + faults + gaps,
        not gaps,
        None if gaps else store,
    )


def _read_alone(
    data: PdfData,
    item: SignatureDictionary,
    end: int,
    document: PdfDocument,
    password: str | None,
) -> tuple[tuple[Finding, ...], SecurityStore | None]:
    """Require that the signed bytes alone are a PDF with this signature in this field.

    Return what is wrong, and the security store that these bytes hold.
    """
    if end == len(data):
        return (), None
    try:
        alone = open_with_faults(_beginning(data, end), password=password)
        same = field_signature(alone, item.name)
    except IdServiceError as exc:
        return (_prefix(f"cannot be read ({exc.detail})"),), None
    if same is None or same.node is None or item.node is None or same.node.start != item.node.start:
        return (_prefix("do not have this signature in this field"),), None
    if alone.catalog.objgen != document.catalog.objgen:
        return (_prefix("have another catalog, so another document is shown now"),), None
    return (), read_store(alone)


def _beginning(data: PdfData, end: int) -> PdfData:
    """Return the first bytes of a file: a copy, which reads faster, unless they are many."""
    return bytes(data[:end]) if end <= _COPIED_BYTES else memoryview(data)[:end]


def _prefix(what: str) -> Finding:
    return Finding(
        "signed_revision_differs",
        f"The signed bytes, read alone, {what}.",
        "Do not rely on this file; ask the signer for the original.",
    )


def _without_sharing(
    found: list[FoundSignature], document: PdfDocument, history: RevisionHistory
) -> list[FoundSignature]:
    """Require that no other object reaches into the value of a signature."""
    gaps = {
        index: Gap(item.item.object_number, here.first_length, here.second_start)
        for index, item in enumerate(found)
        if (here := item.byte_range) is not None
    }
    shared = shared_gaps(document, history, gaps.values())
    fault = Finding(
        "gap_shared",
        "Another object of the file reaches into the value of the signature, so the document "
        "shows bytes that nobody signed.",
        "Do not rely on this file; ask the signer for another one.",
    )
    return [
        replace(item, findings=(*item.findings, fault), covered=False)
        if gaps.get(index) in shared
        else item
        for index, item in enumerate(found)
    ]


def _without_collisions(found: list[FoundSignature]) -> list[FoundSignature]:
    """Require that of two signatures the later one covers the whole earlier one."""
    ordered = sorted(found, key=lambda item: item.byte_range.end if item.byte_range else 0)
    result: list[FoundSignature] = []
    last: ByteRange | None = None
    for item in ordered:
        here = item.byte_range
        if last is not None and here is not None and here.first_length < last.end:
            fault = Finding(
                "byte_range_collision",
                "The signature shares bytes with another one in a way that only tampering "
                "produces: its value stands inside what the other signed.",
                "Do not rely on this file; ask the signers for the original.",
            )
            result.append(replace(item, findings=(*item.findings, fault), covered=False))
        else:
            result.append(item)
        last = here or last
    return result


def _damaged_facts(data: PdfData, error: IdServiceError) -> DocumentFacts:
    """List the signatures of a file that cannot be read, each refused for that reason."""
    code = "pdf_unsupported" if isinstance(error, UnsupportedPdf) else "pdf_damaged"
    damage = Finding(code, error.detail, error.fix)
    try:
        history = read_history(data, read_frame(data))
    except MalformedPdf:
        history = None
    found = [_read_damaged(data, item, history, damage) for item in signatures_in_bytes(data)]
    return _facts(data, found, history, None, (damage,))


def _read_damaged(
    data: PdfData, item: SignatureDictionary, history: RevisionHistory | None, damage: Finding
) -> FoundSignature:
    findings = (damage, *format_findings(item))
    if item.node is None:
        return FoundSignature(item, None, None, None, findings)
    contents, faults = read_contents(data, item.node)
    if history is None:
        byte_range, gaps = read_byte_range(item.node, len(data))
        return FoundSignature(item, byte_range, None, contents, findings + faults + gaps)
    covered = coverage(data, item.node, history)
    findings += faults + covered.findings
    sound = damage.code == "pdf_unsupported" and not covered.findings
    return FoundSignature(item, covered.byte_range, covered.revision, contents, findings, sound)
