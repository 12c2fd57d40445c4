"""The two validation policies that come along."""

from dataclasses import replace

from idservice.services.validation_policies import shipped_policy
from idservice.validation.validation_policy import OPEN, KeySize, ValidationPolicy

STRICT = shipped_policy("strict")
LENIENT = shipped_policy("lenient")


def relying_on_rsa() -> ValidationPolicy:
    """The strict policy, but relying on RSA with 2048 bits for ever."""
    schemes = {"rsa": (KeySize(2048, OPEN),)}
    algorithms = {
        purpose: replace(dates, schemes={**dates.schemes, **schemes})
        for purpose, dates in STRICT.algorithms.items()
    }
    return replace(STRICT, name="test", algorithms=algorithms)
