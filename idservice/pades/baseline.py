"""The four levels of PAdES baseline signatures (EN 319 142-1 cl. 6)."""

from __future__ import annotations

from enum import Enum


class Baseline(Enum):
    """A level; the value is what people write."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"

    @property
    def rank(self) -> int:
        """The place in the order of levels, from 0."""
        return tuple(Baseline).index(self)

    def includes(self, other: Baseline) -> bool:
        """Whether a signature of this level is also one of the other."""
        return self.rank >= other.rank
