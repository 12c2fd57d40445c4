"""The two validation policies that come along."""

from idservice.services.validation_policies import shipped_policy

STRICT = shipped_policy("strict")
LENIENT = shipped_policy("lenient")
