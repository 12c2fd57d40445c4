"""The parts of a report as JSON objects; their names are those of `idservice verify --json`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from idservice.errors import Finding
from idservice.validation.certificate_list import CertificateReport, time_stamp_certificates
from idservice.validation.certificates import Reliance
from idservice.validation.evidence import Statement
from idservice.validation.facts import AlgorithmFacts, Change, Claims
from idservice.validation.process import StepResult
from idservice.validation.qualification import Qualification, qualify_time_stamp
from idservice.validation.time_stamps import JudgedTimeStamp


def algorithms_json(algorithms: AlgorithmFacts | None) -> dict[str, Any] | None:
    """Return with what something was signed as a JSON object."""
    if algorithms is None:
        return None
    return {
        "signature": algorithms.signature,
        "digest": algorithms.digest,
        "keyBits": algorithms.key_bits,
        "maskDigest": algorithms.mask_digest,
    }


def claims_json(claims: Claims) -> dict[str, Any]:
    """Return what the signer said, and nobody verified, as a JSON object."""
    return {
        "reason": claims.reason,
        "location": claims.location,
        "contact": claims.contact,
        "roles": list(claims.roles),
        "commitments": list(claims.commitments),
        "signaturePolicy": claims.signature_policy,
        "signaturePolicyDigest": claims.signature_policy_digest,
        "signaturePolicyUri": claims.signature_policy_uri,
        "mimeType": claims.mime_type,
        "contentDescription": claims.content_description,
    }


def certificate_json(certificate: CertificateReport) -> dict[str, Any]:
    """Return a certificate, and what it is there for, as a JSON object."""
    return {
        "role": certificate.role.value,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serialNumber": None if certificate.serial is None else f"{certificate.serial:X}",
        "notBefore": time_json(certificate.not_before),
        "notAfter": time_json(certificate.not_after),
        "sha256": certificate.sha256,
        "source": certificate.source.value,
    }


def step_json(result: StepResult) -> dict[str, Any]:
    """Return how a step of the process ended as a JSON object."""
    return {
        "step": result.step.title,
        "clause": result.step.clause,
        "outcome": result.outcome.value,
        "lookedAt": result.looked_at,
        "reasons": [finding_json(item) for item in result.reasons],
    }


def time_stamp_json(stamp: JudgedTimeStamp) -> dict[str, Any]:
    """Return a time-stamp and what was decided about it as a JSON object."""
    facts, verdict = stamp.facts, stamp.verdict
    sub = verdict.sub_indication
    return {
        "id": facts.id,
        "type": facts.kind.value,
        "time": time_json(facts.gen_time),
        "issuedBy": facts.issued_by,
        "indication": verdict.indication.value,
        "subIndication": None if sub is None else sub.value,
        "integrity": facts.integrity.value,
        "anchor": None if stamp.path is None else stamp.path.anchor.name,
        "qualification": time_stamp_qualification(stamp).to_json(),
        "errors": [finding_json(item) for item in verdict.errors],
        "warnings": [finding_json(item) for item in verdict.warnings],
        "algorithms": algorithms_json(facts.algorithms),
        "imprintDigest": None if facts.imprint is None else facts.imprint[0],
        "certificates": [certificate_json(item) for item in time_stamp_certificates(stamp)],
        "revocation": [
            statement_json(item, statement)
            for item in stamp.reliances
            for statement in item.statements
        ],
        "steps": [step_json(item) for item in stamp.steps],
    }


def time_stamp_qualification(stamp: JudgedTimeStamp) -> Qualification:
    """Return whether a time-stamp is qualified, by the trusted lists that were asked."""
    services = None if stamp.path is None else stamp.path.trust_services
    return qualify_time_stamp(services, stamp.verdict.indication, stamp.facts.gen_time)


def statement_json(about: Reliance, statement: Statement) -> dict[str, Any]:
    """Return a statement about a certificate, on which the verdict rests, as a JSON object."""
    path = statement.path
    return {
        "certificate": about.certificate.name,
        "source": statement.source.value,
        "state": statement.state.value,
        "thisUpdate": time_json(statement.this_update),
        "nextUpdate": time_json(statement.next_update),
        "producedAt": time_json(statement.produced_at),
        "revokedAt": time_json(statement.revoked_at),
        "reason": statement.reason,
        "issuedBy": None if path is None else path.certificates[0].name,
        "inDocument": statement.end is not None,
    }


def finding_json(finding: Finding) -> dict[str, str]:
    """Return a finding as a JSON object."""
    return {"code": finding.code, "message": finding.message, "fix": finding.fix}


def change_json(change: Change) -> dict[str, Any]:
    """Return a later change as a JSON object."""
    return {
        "code": change.code,
        "revision": change.revision,
        "page": change.page,
        "message": change.message,
        "kind": change.kind.value,
        "verdict": change.verdict.value,
        "coveredBy": change.covered_by,
        "foreseen": change.is_foreseen,
    }


def time_json(time: dt.datetime | None) -> str | None:
    """Return a time (aware) in UTC, to the second, as RFC 3339 writes it."""
    if time is None:
        return None
    return time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
