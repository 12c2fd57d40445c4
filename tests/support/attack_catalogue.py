"""The whole catalogue: every family of attacks, and every honest change."""

from __future__ import annotations

from functools import cache

from support import attacks_forgery, attacks_saving, attacks_shadow
from support.attacks import Variant

_FAMILIES = (attacks_forgery, attacks_saving, attacks_shadow)


@cache
def all_attacks() -> tuple[Variant, ...]:
    """Every variant of every attack."""
    return tuple(item for family in _FAMILIES for item in family.variants())
