"""The steps of the validation process: which there are, and how one ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from idservice.errors import Finding
from idservice.validation.rules import Indication
from idservice.validation.validation_policy import ValidationPolicy


class ProcessStep(Enum):
    """The steps with their clauses of EN 319 102-1 and their names."""

    FORMAT_CHECKING = ("5.2.2", "Format check")
    IDENTIFICATION = ("5.2.3", "Identification of the signing certificate")
    VALIDATION_CONTEXT = ("5.2.4", "Validation context")
    REVOCATION_FRESHNESS = ("5.2.5", "Freshness of revocation data")
    X509_VALIDATION = ("5.2.6", "Certificate validation as of now")
    CRYPTOGRAPHIC_VERIFICATION = ("5.2.7", "Cryptographic verification")
    ACCEPTANCE = ("5.2.8", "Signature acceptance as of now")
    TIME_STAMPS = ("5.4", "Time-stamp validation")
    WITH_TIME = ("5.5", "Validation with time")
    PAST_CERTIFICATE = ("5.6.2.1", "Certificate validation for the proved time")
    PROOFS = ("5.6.2.3", "Proofs of existence")
    PAST_SIGNATURE = ("5.6.2.4", "Signature acceptance for the proved time")
    ARCHIVAL = ("5.6.3", "Availability in the long term")

    @property
    def clause(self) -> str:
        """The clause of EN 319 102-1."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The name of the step for people."""
        return self.value[1]


class Outcome(Enum):
    """How a step ended; SKIPPED where there was nothing for it to look at."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step, how it ended, why, and what it looked at in one or more sentences."""

    step: ProcessStep
    outcome: Outcome
    reasons: tuple[Finding, ...]
    looked_at: str


def step_result(
    step: ProcessStep, found: Iterable[Finding], looked_at: str, policy: ValidationPolicy
) -> StepResult:
    """Return how a step ended that was done: the gravest of its findings decides."""
    reasons = tuple(item for item in dict.fromkeys(found) if policy.rule(item.code) is not None)
    return StepResult(step, _outcome(reasons, policy), reasons, looked_at)


def skipped_step(step: ProcessStep, why: str) -> StepResult:
    """Return a step for which there was nothing to look at."""
    return StepResult(step, Outcome.SKIPPED, (), why)


def _outcome(reasons: Sequence[Finding], policy: ValidationPolicy) -> Outcome:
    rules = (policy.rule(item.code) for item in reasons)
    subs = [rule.sub_indication for rule in rules if rule and rule.sub_indication]
    if any(sub.indication is Indication.TOTAL_FAILED for sub in subs):
        return Outcome.FAILED
    return Outcome.INDETERMINATE if subs else Outcome.PASSED
