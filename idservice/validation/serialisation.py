"""Facts as JSON and back, so that a confined process can read a document for another one.

Whoever reads hostile files may be taken over by one; therefore what comes back is plain
data in a known shape and is checked, never unpickled.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import asdict
from typing import Any

from idservice.errors import Finding, MalformedRequest
from idservice.validation.facts import (
    AlgorithmFacts,
    Change,
    ChangeKind,
    ChangeVerdict,
    Claims,
    Coverage,
    DocumentFacts,
    EvidenceKind,
    Integrity,
    SignatureFacts,
    StoredEvidence,
    TimeStampFacts,
    TimeStampKind,
)

# The largest accuracy that a reader of time-stamps gives.
_MAX_SECONDS = 2.0**32


def facts_to_json(facts: DocumentFacts) -> dict[str, Any]:
    """Return facts as a JSON object."""
    return {
        "format": facts.format,
        "signatures": [_signature_to_json(item) for item in facts.signatures],
        "findings": [_finding_to_json(item) for item in facts.findings],
        "timeStamps": [_time_stamp_to_json(item) for item in facts.time_stamps],
        "evidence": [[item.kind.value, _to_base64(item.der), item.end] for item in facts.evidence],
    }


def facts_from_json(value: Any) -> DocumentFacts:
    """Return the facts of a JSON object. Raises MalformedRequest for any other shape."""
    try:
        return DocumentFacts(
            _text(value["format"]),
            tuple(_signature_from_json(item) for item in value["signatures"]),
            tuple(_finding_from_json(item) for item in value["findings"]),
            tuple(_time_stamp_from_json(item) for item in value["timeStamps"]),
            tuple(_evidence_from_json(*item) for item in value["evidence"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as exc:
        raise MalformedRequest(
            "The facts about a document do not have the form that they must have.",
            "Validate the document again.",
        ) from exc


def _signature_to_json(signature: SignatureFacts) -> dict[str, Any]:
    certificate, time = signature.certificate_der, signature.claimed_signing_time
    return {
        "id": signature.id,
        "level": signature.level,
        "integrity": signature.integrity.value,
        "coverage": signature.coverage.value,
        "findings": [_finding_to_json(item) for item in signature.findings],
        "changes": [_change_to_json(item) for item in signature.changes],
        "certificate": None if certificate is None else _to_base64(certificate),
        "identified": signature.identified,
        "certificates": [_to_base64(item) for item in signature.certificates],
        "algorithm": signature.algorithm,
        "claimedSigningTime": None if time is None else time.isoformat(),
        "revision": signature.revision,
        "end": signature.end,
        "timeStamps": [_time_stamp_to_json(item) for item in signature.time_stamps],
        "algorithms": _algorithms_to_json(signature.algorithms),
        "claims": asdict(signature.claims),
        "formatName": signature.format_name,
        "digest": _digest_to_json(signature.digest),
        "value": None if signature.value is None else _to_base64(signature.value),
    }


def _signature_from_json(value: Any) -> SignatureFacts:
    certificate, time = value["certificate"], value["claimedSigningTime"]
    return SignatureFacts(
        id=_text(value["id"]),
        level=_text(value["level"]),
        integrity=Integrity(value["integrity"]),
        coverage=Coverage(value["coverage"]),
        findings=tuple(_finding_from_json(item) for item in value["findings"]),
        changes=tuple(_change_from_json(item) for item in value["changes"]),
        certificate_der=None if certificate is None else _from_base64(certificate),
        identified=value["identified"] is True,
        certificates=tuple(_from_base64(item) for item in value["certificates"]),
        algorithm=_optional_text(value["algorithm"]),
        claimed_signing_time=None if time is None else _time(time),
        revision=_optional_number(value["revision"]),
        end=_optional_number(value["end"]),
        time_stamps=tuple(_time_stamp_from_json(item) for item in value["timeStamps"]),
        algorithms=_algorithms_from_json(value["algorithms"]),
        claims=_claims_from_json(value["claims"]),
        format_name=_optional_text(value["formatName"]),
        digest=_digest_from_json(value["digest"]),
        value=None if value["value"] is None else _from_base64(value["value"]),
    )


def _time_stamp_to_json(stamp: TimeStampFacts) -> dict[str, Any]:
    certificate, time = stamp.certificate_der, stamp.gen_time
    return {
        "id": stamp.id,
        "kind": stamp.kind.value,
        "integrity": stamp.integrity.value,
        "findings": [_finding_to_json(item) for item in stamp.findings],
        "genTime": None if time is None else time.isoformat(),
        "accuracy": stamp.accuracy,
        "certificate": None if certificate is None else _to_base64(certificate),
        "certificates": [_to_base64(item) for item in stamp.certificates],
        "issuedBy": stamp.issued_by,
        "algorithm": stamp.algorithm,
        "end": stamp.end,
        "algorithms": _algorithms_to_json(stamp.algorithms),
        "imprint": _digest_to_json(stamp.imprint),
        "der": None if stamp.der is None else _to_base64(stamp.der),
    }


def _time_stamp_from_json(value: Any) -> TimeStampFacts:
    certificate, time = value["certificate"], value["genTime"]
    return TimeStampFacts(
        id=_text(value["id"]),
        kind=TimeStampKind(value["kind"]),
        integrity=Integrity(value["integrity"]),
        findings=tuple(_finding_from_json(item) for item in value["findings"]),
        gen_time=None if time is None else _time(time),
        accuracy=_seconds(value["accuracy"]),
        certificate_der=None if certificate is None else _from_base64(certificate),
        certificates=tuple(_from_base64(item) for item in value["certificates"]),
        issued_by=_optional_text(value["issuedBy"]),
        algorithm=_optional_text(value["algorithm"]),
        end=_optional_number(value["end"]),
        algorithms=_algorithms_from_json(value["algorithms"]),
        imprint=_digest_from_json(value["imprint"]),
        der=None if value["der"] is None else _from_base64(value["der"]),
    )


def _evidence_from_json(kind: Any, der: Any, end: Any) -> StoredEvidence:
    number = _optional_number(end)
    if number is None:
        raise TypeError("a piece of evidence stands nowhere")
    return StoredEvidence(EvidenceKind(kind), _from_base64(der), number)


def _seconds(value: Any) -> float:
    if not isinstance(value, float) or not 0 <= value < _MAX_SECONDS:
        raise TypeError("an accuracy is none")
    return value


def _finding_to_json(finding: Finding) -> list[str]:
    return [finding.code, finding.message, finding.fix]


def _finding_from_json(value: Any) -> Finding:
    code, message, fix = value
    return Finding(_text(code), _text(message), _text(fix))


def _change_to_json(change: Change) -> list[Any]:
    return [
        change.code,
        change.revision,
        change.page,
        change.message,
        change.verdict.value,
        change.kind.value,
        change.covered_by,
        change.is_foreseen,
    ]


def _change_from_json(value: Any) -> Change:
    code, revision, page, message, verdict, kind, covered_by, is_foreseen = value
    return Change(
        _text(code),
        _optional_number(revision),
        _optional_number(page),
        _text(message),
        ChangeVerdict(verdict),
        ChangeKind(kind),
        _optional_text(covered_by),
        _flag(is_foreseen),
    )


def _algorithms_to_json(algorithms: AlgorithmFacts | None) -> list[Any] | None:
    if algorithms is None:
        return None
    return [
        algorithms.signature,
        algorithms.digest,
        algorithms.key_bits,
        algorithms.mask_digest,
    ]


def _algorithms_from_json(value: Any) -> AlgorithmFacts | None:
    if value is None:
        return None
    signature, digest, key_bits, mask_digest = value
    return AlgorithmFacts(
        _text(signature),
        _optional_text(digest),
        _optional_number(key_bits),
        _optional_text(mask_digest),
    )


def _claims_from_json(value: Any) -> Claims:
    return Claims(
        reason=_optional_text(value["reason"]),
        location=_optional_text(value["location"]),
        contact=_optional_text(value["contact"]),
        roles=tuple(_text(item) for item in value["roles"]),
        commitments=tuple(_text(item) for item in value["commitments"]),
        signature_policy=_optional_text(value["signature_policy"]),
        signature_policy_digest=_optional_text(value["signature_policy_digest"]),
        signature_policy_uri=_optional_text(value["signature_policy_uri"]),
        mime_type=_optional_text(value["mime_type"]),
        content_description=_optional_text(value["content_description"]),
    )


def _digest_to_json(digest: tuple[str, bytes] | None) -> list[str] | None:
    return None if digest is None else [digest[0], _to_base64(digest[1])]


def _digest_from_json(value: Any) -> tuple[str, bytes] | None:
    if value is None:
        return None
    name, digest = value
    return _text(name), _from_base64(digest)


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: Any) -> bytes:
    return base64.b64decode(_text(text), validate=True)


def _time(text: Any) -> dt.datetime:
    time = dt.datetime.fromisoformat(_text(text))
    if time.tzinfo is None:
        raise ValueError("a time has no zone")
    return time


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is none")
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("a flag is none")
    return value


def _optional_number(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError("a number is none")
    return value
