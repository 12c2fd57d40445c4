"""The report about one document: values, their JSON, and lines for people to read.

Three verdicts stand beside each other and are never merged: integrity, coverage with
what was changed later, and trust. The indication is the bottom line of all of them.
Text that comes out of a document is escaped before anybody's terminal sees it.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass
from typing import Any

from idservice.errors import Finding
from idservice.validation.certificates import Reliance
from idservice.validation.evidence import Statement
from idservice.validation.facts import (
    Change,
    ChangeVerdict,
    Coverage,
    SignatureFacts,
    TrustFacts,
    worst_change,
)
from idservice.validation.rules import Indication
from idservice.validation.time_stamps import JudgedTimeStamp
from idservice.validation.verdict import Verdict

NO_SIGNATURE_FOUND = "NO_SIGNATURE_FOUND"
FORMAT_FAILURE = "FORMAT_FAILURE"
_MAX_TEXT = 400


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature: what was read, whom it trusts, what was decided.

    `best_signature_time` is the earliest time that a time-stamp proves; without one, the
    time of the validation. The `level` is the one that is reached, None for that of the
    format alone.
    """

    facts: SignatureFacts
    trust: TrustFacts
    verdict: Verdict
    signed_by: str | None
    best_signature_time: dt.datetime
    level: str | None = None
    time_stamps: tuple[JudgedTimeStamp, ...] = ()
    reliances: tuple[Reliance, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the signature is TOTAL-PASSED."""
        return self.verdict.indication is Indication.TOTAL_PASSED

    def to_json(self) -> dict[str, Any]:
        """Return the signature as the JSON object of the report."""
        facts, verdict = self.facts, self.verdict
        sub = verdict.sub_indication
        return {
            "id": facts.id,
            "signedBy": self.signed_by,
            "level": self.level or facts.level,
            "indication": verdict.indication.value,
            "subIndication": None if sub is None else sub.value,
            "integrity": facts.integrity.value,
            "coverage": facts.coverage.value,
            "changes": {
                "verdict": self.changes_verdict,
                "items": [_change_json(item) for item in facts.changes],
            },
            "trust": {"verdict": self.trust.verdict.value, "anchor": self.trust.anchor},
            "claimedSigningTime": _time_json(facts.claimed_signing_time),
            "bestSignatureTime": _time_json(self.best_signature_time),
            "errors": [_finding_json(item) for item in verdict.errors],
            "warnings": [_finding_json(item) for item in verdict.warnings],
            "timeStamps": [time_stamp_json(item) for item in self.time_stamps],
            "revocation": [
                _statement_json(item, statement)
                for item in self.reliances
                for statement in item.statements
            ],
        }

    @property
    def changes_verdict(self) -> str:
        """What is known about changes after the signed revision.

        Without a signed revision there is nothing to compare with, so nothing was analysed.
        """
        verdict = worst_change(self.facts.changes)
        if verdict is ChangeVerdict.NONE and self.facts.coverage is Coverage.BROKEN:
            verdict = ChangeVerdict.NOT_ANALYSED
        return verdict.value


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """One document: its signatures, and what concerns none of them.

    The format is None for a file that could not be validated at all. `time_stamps` are
    those over the document; `at` is the time as of which it was validated.
    """

    file: str
    format: str | None
    signatures: tuple[SignatureReport, ...]
    errors: tuple[Finding, ...]
    time_stamps: tuple[JudgedTimeStamp, ...] = ()
    at: dt.datetime | None = None

    @property
    def valid_signatures_count(self) -> int:
        """How many signatures are TOTAL-PASSED."""
        return sum(item.passed for item in self.signatures)

    @property
    def passed(self) -> bool:
        """Whether there is a signature and every one is TOTAL-PASSED."""
        return bool(self.signatures) and all(item.passed for item in self.signatures)

    def to_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        return {
            "file": self.file,
            "format": self.format,
            "signaturesCount": len(self.signatures),
            "validSignaturesCount": self.valid_signatures_count,
            "signatures": [item.to_json() for item in self.signatures],
            "errors": [_finding_json(item) for item in self.errors],
            "timeStamps": [time_stamp_json(item) for item in self.time_stamps],
            "validationTime": _time_json(self.at),
        }

    def sentence(self) -> str:
        """Say the verdict about the whole document in one sentence."""
        name, count = printable(self.file), len(self.signatures)
        if not count:
            reason = (
                "is damaged or beyond the limits"
                if self.errors and self.errors[0].code == FORMAT_FAILURE
                else ("has no signature")
            )
            return f"{name} {reason}: nothing in it can be relied upon as signed."
        if self.passed:
            who = ", ".join(
                printable(item.signed_by or "an unknown person") for item in self.signatures
            )
            untouched = all(item.changes_verdict == "none" for item in self.signatures)
            changed = "nothing was changed" if untouched else "only what is permitted was added"
            return f"{name} is validly signed by {who}, and {changed} afterwards."
        failed = next(item for item in self.signatures if not item.passed)
        reason = failed.verdict.errors[0].message
        if failed.verdict.indication is Indication.TOTAL_FAILED:
            return f"{name} must not be relied upon: {_lower(printable(reason))}"
        return f"{name} is not proved to be validly signed: {_lower(printable(reason))}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def printable(text: str) -> str:
    """Escape what could move a cursor, hide text or turn its direction; bound the length."""
    shown = text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
    return "".join(
        char if char == " " or unicodedata.category(char)[0] not in "CZ" else f"\\u{ord(char):04x}"
        for char in shown
    )


def time_stamp_json(stamp: JudgedTimeStamp) -> dict[str, Any]:
    """Return a time-stamp and what was decided about it as a JSON object."""
    facts, verdict = stamp.facts, stamp.verdict
    sub = verdict.sub_indication
    return {
        "id": facts.id,
        "type": facts.kind.value,
        "time": _time_json(facts.gen_time),
        "issuedBy": facts.issued_by,
        "indication": verdict.indication.value,
        "subIndication": None if sub is None else sub.value,
        "integrity": facts.integrity.value,
        "anchor": None if stamp.path is None else stamp.path.anchor.name,
        "errors": [_finding_json(item) for item in verdict.errors],
        "warnings": [_finding_json(item) for item in verdict.warnings],
    }


def _statement_json(about: Reliance, statement: Statement) -> dict[str, Any]:
    path = statement.path
    return {
        "certificate": about.certificate.name,
        "source": statement.source.value,
        "state": statement.state.value,
        "thisUpdate": _time_json(statement.this_update),
        "issuedBy": None if path is None else path.certificates[0].name,
        "inDocument": statement.end is not None,
    }


def _finding_json(finding: Finding) -> dict[str, str]:
    return {"code": finding.code, "message": finding.message, "fix": finding.fix}


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "code": change.code,
        "revision": change.revision,
        "page": change.page,
        "message": change.message,
    }


def _time_json(time: dt.datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
