"""Proofs of existence: since when it is proved that some bytes existed (EN 319 102-1 cl. 5.6.2.3).

Everything in the file exists at the time of the validation. A valid document time-stamp
proves that the bytes that it covers existed at its own time.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """The first `end` bytes of the file existed at `time`."""

    end: int
    time: dt.datetime


@dataclass(frozen=True, slots=True)
class Proofs:
    """What is proved; `now` is the time of the validation (aware UTC)."""

    now: dt.datetime
    items: tuple[Proof, ...] = ()

    def add(self, end: int, time: dt.datetime) -> Proofs:
        """Return these proofs and one more."""
        return Proofs(self.now, (*self.items, Proof(end, time)))

    def time_of(self, end: int | None) -> dt.datetime:
        """Return the earliest time at which something in the first `end` bytes existed.

        What stands outside of the file (None) is proved to exist now and no earlier.
        """
        return min((item.time for item in self._covering(end)), default=self.now)

    def covers(self, end: int | None) -> bool:
        """Whether a time-stamp covers the first `end` bytes."""
        return bool(self._covering(end))

    def _covering(self, end: int | None) -> tuple[Proof, ...]:
        return () if end is None else tuple(item for item in self.items if item.end >= end)
