"""The level that a signature reaches: by what is there and holds (EN 319 142-1 cl. 6).

B    the signature itself;
T    a time-stamp that holds proves when it existed;
LT   the document carries what shows that neither the certificates of the signer nor those
of the time-stamps over the signature were revoked;
LTA  a document time-stamp that holds covers all of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from idservice.validation.certificates import Reliance
from idservice.validation.facts import TimeStampKind
from idservice.validation.proofs import Proofs
from idservice.validation.time_stamps import JudgedTimeStamp

_B = "_B"


def reached_level(
    level: str,
    reliances: Sequence[Reliance],
    stamps: Sequence[JudgedTimeStamp],
    proofs: Proofs,
    *,
    chained: bool,
) -> str:
    """Name the level; `level` is what the format alone allows.

    `reliances` are about the signer's certificates, `stamps` those over the signature or
    what holds it. Without a path to an anchor (`chained`) nothing shows who was revoked.
    """
    valid = [item for item in stamps if item.time is not None]
    if not level.endswith(_B) or not valid:
        return level
    stem = level.removesuffix(_B)
    own = [item for item in valid if item.facts.kind is TimeStampKind.SIGNATURE]
    needed = [*reliances, *(part for item in own for part in item.reliances)]
    ends = [_first_end(item) for item in needed if item.certificate.names_source]
    carried = [item for item in ends if item is not None]
    if not chained or not carried or len(carried) < len(ends):
        return f"{stem}_T"
    return f"{stem}_LTA" if proofs.covers(max(carried)) else f"{stem}_LT"


def _first_end(reliance: Reliance) -> int | None:
    """Where the first statement stands that the document carries; None without one."""
    ends: Iterable[int | None] = (item.end for item in reliance.statements)
    return min((item for item in ends if item is not None), default=None)
