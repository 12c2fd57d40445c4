"""The decision about one signature: a pure function of facts, trust and nothing else.

The steps are those of EN 319 102-1 cl. 5.3.4: (1) format check, (2) identification of
the signing certificate, (3) validation context, (4) X.509 validation, (5) cryptographic
verification, (6) acceptance. All steps are judged, so that the report names every fault.
The sub-indication is the first one of the gravest kind: what makes a signature fail for
good outweighs what only cannot be decided, because a changed document stays changed
whoever signed it.

What was appended later has a verdict of its own: what is permitted is only listed, what is
forbidden makes the signature fail, and what is not judged here leaves it INDETERMINATE with
SIG_CONSTRAINTS_FAILURE, while the signed revision itself keeps its integrity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from idservice.errors import Finding
from idservice.validation.facts import (
    ChangeVerdict,
    Coverage,
    Integrity,
    SignatureFacts,
    TrustFacts,
    worst_change,
)
from idservice.validation.rules import Indication, Rule, SubIndication, rule_for


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a signature, and why; both lists in the order of the steps."""

    indication: Indication
    sub_indication: SubIndication | None
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def decide(signature: SignatureFacts, trust: TrustFacts) -> Verdict:
    """Judge a signature by everything that is known about it."""
    findings = (*signature.findings, *trust.findings, *_own_findings(signature))
    judged = sorted(((rule_for(item.code), item) for item in dict.fromkeys(findings)), key=_rank)
    errors = tuple(item for rule, item in judged if rule.sub_indication is not None)
    warnings = tuple(item for rule, item in judged if rule.sub_indication is None)
    if not errors:
        return Verdict(Indication.TOTAL_PASSED, None, (), warnings)
    sub_indication = judged[0][0].sub_indication or SubIndication.FORMAT_FAILURE
    return Verdict(sub_indication.indication, sub_indication, errors, warnings)


def _rank(judged: tuple[Rule, Finding]) -> tuple[int, int]:
    """Order: what fails, what cannot be decided, what is only told; each by step."""
    rule = judged[0]
    if rule.sub_indication is None:
        return 2, rule.step
    return int(rule.sub_indication.indication is not Indication.TOTAL_FAILED), rule.step


def _change_findings(signature: SignatureFacts) -> Iterator[Finding]:
    """What the changes after a signed revision are worth, whoever signed it."""
    verdict = worst_change(signature.changes)
    told = [item.message for item in signature.changes if item.verdict is verdict]
    if verdict is ChangeVerdict.FORBIDDEN:
        yield Finding(
            "changes_forbidden",
            f"The document was changed after this signature in a way that is not permitted. "
            f"{told[0]}",
            "Do not rely on what the document shows now; ask for the file as it was signed.",
        )
    elif verdict is ChangeVerdict.NOT_ANALYSED:
        yield Finding(
            "changes_not_analysed",
            f"The document was changed after this signature in a way that is not judged here. "
            f"{told[0]} The signed revision itself is judged separately.",
            "Look at the signed revision alone, or ask for the file as it was signed.",
        )


def _own_findings(signature: SignatureFacts) -> tuple[Finding, ...]:
    """Findings that follow from facts that no reader would call a fault."""
    findings = list(_change_findings(signature))
    known = {rule_for(item.code).sub_indication for item in signature.findings}
    if signature.integrity is not Integrity.INTACT and known <= {None}:
        findings.append(
            Finding(
                "integrity_unverifiable",
                "The signature could not be verified over the document.",
                "Ask the signer for the file as it was signed.",
            )
        )
    if signature.coverage is Coverage.BROKEN and SubIndication.FORMAT_FAILURE not in known:
        findings.append(
            Finding(
                "coverage_no_revision",
                "The signature does not cover the file or a revision of it.",
                "Do not rely on this file; ask the signer for the original.",
            )
        )
    return tuple(findings)
