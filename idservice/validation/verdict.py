"""From findings to a verdict: failure outweighs doubt (EN 319 102-1 cl. 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from idservice.errors import Finding
from idservice.validation.rules import Indication, Rule, SubIndication
from idservice.validation.validation_policy import ValidationPolicy


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a signature, and why; both lists in the order of the steps."""

    indication: Indication
    sub_indication: SubIndication | None
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether it is TOTAL-PASSED."""
        return self.indication is Indication.TOTAL_PASSED


def verdict_of(findings: Iterable[Finding], policy: ValidationPolicy) -> Verdict:
    """Judge findings together by a policy, each once.

    The sub-indication is the first one of the gravest kind, in the order of the steps.
    """
    ruled = ((policy.rule(item.code), item) for item in dict.fromkeys(findings))
    judged = sorted(((rule, item) for rule, item in ruled if rule is not None), key=_rank)
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
