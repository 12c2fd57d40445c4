"""What is in a PDF: its revisions, its signatures with their CMS, and its security store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from idservice.errors import Finding, IdServiceError
from idservice.inspection.certificates import certificate, revocation_list
from idservice.inspection.messages import ocsp_response, signed_data
from idservice.inspection.plain import camel_case, guarded
from idservice.pades.differences import read_differences
from idservice.pades.dss import read_store
from idservice.pades.facts import read_facts
from idservice.pdf.byte_range import read_contents
from idservice.pdf.document import open_document
from idservice.pdf.limits import MAX_BYTES
from idservice.pdf.signatures import signature_dictionaries

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.frame import PdfData

Content = dict[str, Any]
Explained = tuple[Content, tuple[Finding, ...]]

_MAX_SHOWN = 50


def pdf(data: PdfData, password: str | None = None, max_bytes: int = MAX_BYTES) -> Explained:
    """Explain a PDF. Raises NotAPdf, InputTooLarge, PdfPasswordWrong.

    A damaged one is explained as far as its signatures can be found.
    """
    facts = read_facts(data, password=password, max_bytes=max_bytes)
    found: Content = {
        "signatures": [
            {
                "id": item.id,
                "level": item.level,
                "integrity": item.integrity.value,
                "coverage": item.coverage.value,
                "revision": item.revision,
                "signedBytes": item.end,
                "algorithm": item.algorithm,
                "claimedSigningTime": _time(item.claimed_signing_time),
                "findings": _told(item.findings),
            }
            for item in facts.signatures
        ],
        "timeStamps": [
            {
                "id": item.id,
                "time": _time(item.gen_time),
                "issuedBy": item.issued_by,
                "integrity": item.integrity.value,
                "signedBytes": item.end,
                "findings": _told(item.findings),
            }
            for item in facts.time_stamps
        ],
    }
    try:
        document = open_document(data, password=password, max_bytes=max_bytes)
        differences = read_differences(data, password=password, max_bytes=max_bytes)
    except IdServiceError as exc:
        return found, (*facts.findings, Finding(exc.code, exc.detail, exc.fix))
    structure = _structure(document)
    revisions = [_names(asdict(item)) for item in differences]
    signed = _dictionaries(data, document)
    store = _store(document)
    whole = {**structure, "revisions": revisions, **found, "signatureDictionaries": signed}
    return {**whole, "securityStore": store}, facts.findings


def _structure(document: PdfDocument) -> Content:
    major, minor = document.version
    encryption = document.encryption
    return {
        "version": f"{major}.{minor}",
        "pages": len(document.pdf.pages),
        "crossReferences": document.xref_kind.name.lower(),
        "encryption": None
        if encryption is None
        else {
            "revision": encryption.revision,
            "strings": encryption.string_method,
            "streams": encryption.stream_method,
        },
        "certification": document.form.certification,
        "signatureFields": [
            {"name": item.name, "signed": item.is_signed}
            for item in document.form.signature_fields[:_MAX_SHOWN]
        ],
    }


def _dictionaries(data: PdfData, document: PdfDocument) -> list[Content]:
    """Each signature dictionary as written, with what its /Contents is."""
    found = []
    for item in signature_dictionaries(document)[:_MAX_SHOWN]:
        contents = None if item.node is None else read_contents(data, item.node)[0]
        found.append(
            {
                "field": item.name,
                "object": item.object_number,
                "place": item.place,
                "type": item.type,
                "subFilter": item.sub_filter,
                "date": item.date,
                "entries": sorted(item.keys),
                "contents": None if contents is None else _explained(signed_data, contents),
            }
        )
    return found


def _store(document: PdfDocument) -> Content | None:
    store = read_store(document)
    kinds = (
        ("certificates", store.certs, certificate),
        ("ocspResponses", store.ocsps, ocsp_response),
        ("revocationLists", store.crls, revocation_list),
    )
    if not any(items for _, items, _ in kinds) and not store.vri and not store.faults:
        return None
    found: Content = {
        name: [_explained(read, item) for item in items[:_MAX_SHOWN]] for name, items, read in kinds
    }
    found["vri"] = {
        key: {
            "certificates": len(items.certs),
            "ocspResponses": len(items.ocsps),
            "revocationLists": len(items.crls),
        }
        for key, items in list(store.vri.items())[:_MAX_SHOWN]
    }
    found["faults"] = list(store.faults)
    return found


def _explained(read: Callable[[bytes], Explained], der: bytes) -> Content:
    try:
        content, faults = guarded(read, der)
    except IdServiceError as exc:
        return {"fault": exc.detail}
    return {**content, "faults": _told(faults)} if faults else content


def _told(findings: tuple[Finding, ...]) -> list[Content]:
    return [{"code": item.code, "message": item.message} for item in findings]


def _names(value: Any) -> Any:
    if isinstance(value, dict):
        return {camel_case(key): _names(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_names(item) for item in value]
    return value


def _time(time: Any) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")
