"""The whole catalogue: every family of attacks, and every honest change."""

from __future__ import annotations

from functools import cache

from support import (
    attacks_actions,
    attacks_alias,
    attacks_annotations,
    attacks_comments,
    attacks_filling,
    attacks_filling_covering,
    attacks_filling_letters,
    attacks_filling_values,
    attacks_forgery,
    attacks_messages,
    attacks_readers,
    attacks_saving,
    attacks_shadow,
    attacks_signatures,
    attacks_structure,
    honest_choosing,
    honest_commenting,
    honest_filling,
    honest_filling_places,
    honest_filling_producers,
    honest_keeping,
)
from support.attacks import Variant

_FAMILIES = (
    attacks_forgery,
    attacks_saving,
    attacks_shadow,
    attacks_annotations,
    attacks_comments,
    attacks_filling,
    attacks_filling_covering,
    attacks_filling_letters,
    attacks_filling_values,
    attacks_signatures,
    attacks_alias,
    attacks_actions,
    attacks_structure,
    attacks_messages,
    attacks_readers,
)

# Not refused, and why; that the change is listed is required all the same.
LISTED_ONLY: dict[str, str] = {}
REFUSED_ALTHOUGH_HONEST: dict[str, str] = {
    "fill/text-with-embedded-font": (
        "a font file that comes with the filling may draw a nine under the code of a two: only a "
        "person who looks can say what it shows, so the signature is INDETERMINATE"
    ),
}
"""What programs of good will write and what is refused all the same, with the argument."""


@cache
def all_attacks() -> tuple[Variant, ...]:
    """Every variant of every attack."""
    return tuple(item for family in _FAMILIES for item in family.variants())


_HONEST = (
    honest_keeping,
    honest_filling,
    honest_filling_places,
    honest_filling_producers,
    honest_choosing,
    honest_commenting,
)


@cache
def all_honest_changes() -> tuple[Variant, ...]:
    """Every variant of every honest change."""
    return tuple(item for family in _HONEST for item in family.variants())
