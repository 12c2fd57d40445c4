"""The report about one document: values, their JSON, and lines for people to read.

Three verdicts stand beside each other and are never merged: integrity, coverage with
what was changed later, and trust. The indication is the bottom line of all of them.
Text that comes out of a document is escaped before anybody's terminal sees it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from idservice.errors import Finding
from idservice.validation.certificate_list import CertificateReport
from idservice.validation.certificates import Reliance
from idservice.validation.evidence import CertificatePath
from idservice.validation.facts import (
    Change,
    ChangeVerdict,
    Coverage,
    SignatureFacts,
    TrustFacts,
    worst_change,
)
from idservice.validation.printing import printable
from idservice.validation.process import StepResult
from idservice.validation.qualification import Qualification, qualify_signature
from idservice.validation.report_parts import (
    algorithms_json,
    certificate_json,
    change_json,
    claims_json,
    finding_json,
    statement_json,
    step_json,
    time_json,
    time_stamp_json,
)
from idservice.validation.rules import Indication
from idservice.validation.time_stamps import JudgedTimeStamp
from idservice.validation.verdict import Verdict

__all__ = [
    "FORMAT_FAILURE",
    "NO_SIGNATURE_FOUND",
    "SignatureReport",
    "ValidationReport",
    "printable",
]

NO_SIGNATURE_FOUND = "NO_SIGNATURE_FOUND"
FORMAT_FAILURE = "FORMAT_FAILURE"


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature: what was read, whom it trusts, what was decided.

    `best_signature_time` is the earliest time that a time-stamp proves; without one, the
    time of the validation. The `level` is the one that is reached, None for that of the
    format alone. `judged_changes` are those of the facts with the verdicts that count under the
    policy, None for those of the facts. `reliances` are the statements about the certificates
    of the `path` that hold, the path being None when there is none to an anchor.
    `certificates` are the signer's and all that the verdict rests on; `steps` what each step of
    the process came to.
    """

    facts: SignatureFacts
    trust: TrustFacts
    verdict: Verdict
    signed_by: str | None
    best_signature_time: dt.datetime
    level: str | None = None
    time_stamps: tuple[JudgedTimeStamp, ...] = ()
    reliances: tuple[Reliance, ...] = ()
    judged_changes: tuple[Change, ...] | None = None
    path: CertificatePath | None = None
    certificates: tuple[CertificateReport, ...] = ()
    steps: tuple[StepResult, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """What was changed after the signed revision, with the verdicts that count."""
        return self.facts.changes if self.judged_changes is None else self.judged_changes

    @property
    def qualification(self) -> Qualification:
        """Whether the signature is qualified, by the trusted lists that were asked."""
        path = self.path
        if path is None:
            return qualify_signature(None, self.verdict.indication, None, self.best_signature_time)
        issued = path.certificates[0].not_before
        return qualify_signature(
            path.trust_services, self.verdict.indication, issued, self.best_signature_time
        )

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
                "items": [change_json(item) for item in self.changes],
            },
            "trust": {"verdict": self.trust.verdict.value, "anchor": self.trust.anchor},
            "qualification": self.qualification.to_json(),
            "claimedSigningTime": time_json(facts.claimed_signing_time),
            "bestSignatureTime": time_json(self.best_signature_time),
            "errors": [finding_json(item) for item in verdict.errors],
            "warnings": [finding_json(item) for item in verdict.warnings],
            "timeStamps": [time_stamp_json(item) for item in self.time_stamps],
            "revocation": [
                statement_json(item, statement)
                for item in self.reliances
                for statement in item.statements
            ],
            "subFilter": None if facts.format_name is None else facts.format_name.lstrip("/"),
            "algorithm": facts.algorithm,
            "algorithms": algorithms_json(facts.algorithms),
            "claims": claims_json(facts.claims),
            "certificates": [certificate_json(item) for item in self.certificates],
            "steps": [step_json(item) for item in self.steps],
        }

    @property
    def changes_verdict(self) -> str:
        """What is known about changes after the signed revision.

        Without a signed revision there is nothing to compare with, so nothing was analysed.
        """
        verdict = worst_change(self.changes)
        if verdict is ChangeVerdict.NONE and self.facts.coverage is Coverage.BROKEN:
            verdict = ChangeVerdict.NOT_ANALYSED
        return verdict.value


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """One document: its signatures, and what concerns none of them.

    The format is None for a file that could not be validated at all. `time_stamps` are
    those over the document; `at` is the time as of which it was validated. `policy` and
    `policy_description` name the validation policy that was applied.
    """

    file: str
    format: str | None
    signatures: tuple[SignatureReport, ...]
    errors: tuple[Finding, ...]
    time_stamps: tuple[JudgedTimeStamp, ...] = ()
    at: dt.datetime | None = None
    policy: str | None = None
    policy_description: str | None = None

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
            "errors": [finding_json(item) for item in self.errors],
            "timeStamps": [time_stamp_json(item) for item in self.time_stamps],
            "validationTime": time_json(self.at),
            "policy": None
            if self.policy is None
            else {"name": self.policy, "description": self.policy_description or ""},
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
            who = _listed(
                printable(item.signed_by or "an unknown person") for item in self.signatures
            )
            untouched = all(item.changes_verdict == "none" for item in self.signatures)
            changed = "nothing was changed" if untouched else "only what is permitted was added"
            return f"{name} is validly signed by {who}, and {changed} afterwards."
        return self._refusal()

    def _refusal(self) -> str:
        """Say why not, by the gravest of the signatures that do not pass."""
        name, count = printable(self.file), len(self.signatures)
        failed = min(
            (item for item in self.signatures if not item.passed),
            key=lambda item: item.verdict.indication is not Indication.TOTAL_FAILED,
        )
        reason = _lower(printable(failed.verdict.errors[0].message))
        if count > 1:
            which = self.signatures.index(failed) + 1
            reason += f" That is said of signature {which} of {count}."
        if failed.verdict.indication is Indication.TOTAL_FAILED:
            return f"{name} must not be relied upon: {reason}"
        return f"{name} is not proved to be validly signed: {reason}"


def _listed(names: Iterable[str]) -> str:
    """Join names, each once, as a sentence does."""
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
