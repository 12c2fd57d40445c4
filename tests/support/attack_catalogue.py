"""The whole catalogue: every family of attacks, and every honest change."""

from __future__ import annotations

from functools import cache

from support import (
    attacks_actions,
    attacks_alias,
    attacks_annotations,
    attacks_comments,
    attacks_filling,
    attacks_forgery,
    attacks_messages,
    attacks_readers,
    attacks_saving,
    attacks_shadow,
    attacks_signatures,
    attacks_structure,
    honest_commenting,
    honest_filling,
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
    attacks_signatures,
    attacks_alias,
    attacks_actions,
    attacks_structure,
    attacks_messages,
    attacks_readers,
)

# Not refused, and why; that the change is listed is required all the same.
_WHOSE = "whoever may fill a field in may fill it with anything, and is told to have done so"
_DRAWN = "what viewers draw of themselves, where the file does not say how it looks"
LISTED_ONLY = {
    f"fill-evil/{name}": _WHOSE
    for name in [
        "empty",
        "hidden",
        "white",
        "tiny",
        "flat",
        "outside",
        "outside-by-matrix",
        "covered-by-box",
        "covered-by-path",
        "written-as-path",
        "clipped",
        "box-empty",
        "box-elsewhere",
        "layer",
        "transparent",
        "masked",
        "font-symbols",
        "font-of-drawings",
        "font-missing",
        "look-when-pointed-at",
        "look-when-pressed",
        "look-of-signature",
        "look-kept",
        "rich-value",
        "characteristics",
        "box-half",
        "box-unknown",
        "box-look",
        "radio-unknown",
        "choice-index",
    ]
} | {
    "eaa-disguised/caret-large": _DRAWN,
    "eaa-disguised/free-text-line": _DRAWN,
    "catalog/role-map": "names of structure may be added, and no name is shown",
}
# What programs of good will write and what is refused all the same, with the argument.
REFUSED_ALTHOUGH_HONEST = {
    "fill/by-pypdf": "the update takes the document information away, title included",
    "fill/box-by-pypdf": "likewise",
    "comment/pypdf-note": "likewise",
    "comment/pypdf-highlight": "likewise, and how viewers draw its red is not said in the file",
}


@cache
def all_attacks() -> tuple[Variant, ...]:
    """Every variant of every attack."""
    return tuple(item for family in _FAMILIES for item in family.variants())


_HONEST = (honest_keeping, honest_filling, honest_commenting)


@cache
def all_honest_changes() -> tuple[Variant, ...]:
    """Every variant of every honest change."""
    return tuple(item for family in _HONEST for item in family.variants())
