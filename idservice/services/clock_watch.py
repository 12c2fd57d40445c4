"""Watching the clock of this machine: was it changed while the process ran?

The wall clock can be set; the monotonic clock cannot. Both are read once when the process
starts; from then on they must tell the same. A difference of more than the limit means that
somebody set the clock, or that it runs wrong, and either way no time that it gives is true.
The reference never moves: a clock that was wrong once is right again only when somebody
has looked at it and starts the service anew. Worker processes, those that replace a dead one
too, take over the reference of the service that started them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from idservice.errors import ClockDrifted, SettingsInvalid

REFERENCE_VARIABLE = "IDSERVICE_CLOCK_REFERENCE"
"""In this environment variable a service hands its reference to its workers."""


@dataclass(frozen=True, slots=True)
class ClockReference:
    """What both clocks told at the same moment: an aware time, and seconds."""

    wall: datetime
    monotonic: float

    def text(self) -> str:
        """Write the reference on one line."""
        return f"{self.wall.isoformat()} {self.monotonic!r}"


def read_reference(text: str) -> ClockReference:
    """Read what `ClockReference.text` wrote. Raises SettingsInvalid."""
    wall, _, monotonic = text.partition(" ")
    try:
        reference = ClockReference(datetime.fromisoformat(wall), float(monotonic))
        if reference.wall.tzinfo is None or not math.isfinite(reference.monotonic):
            raise ValueError("no aware time, or no number of seconds")
    except (ValueError, TypeError) as exc:
        raise SettingsInvalid(
            f"{REFERENCE_VARIABLE} is not what a service hands to its workers.",
            "Remove it from the environment.",
        ) from exc
    return reference


class ClockWatch:
    """The wall clock, held against the monotonic clock since the service started."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        *,
        max_drift: timedelta,
        since: ClockReference | None = None,
    ) -> None:
        """Read both clocks, unless `since` tells what they said when the service started.

        `monotonic` gives seconds since any moment that is the same for all processes.
        """
        self._clock = clock
        self._monotonic = monotonic
        self._max_drift = max_drift
        self.reference = since or ClockReference(clock(), monotonic())

    def now(self) -> datetime:
        """Return the time of the wall clock, in UTC. Raises ClockDrifted."""
        before = self._monotonic()
        now = self._clock()
        # A process that is stopped between the two readings would see a drift that is none.
        after = self._monotonic()
        earliest = self._expected(before) - self._max_drift
        latest = self._expected(after) + self._max_drift
        if not earliest <= now <= latest:
            drift = (now - self._expected(before)).total_seconds()
            raise ClockDrifted(
                f"The clock has moved {drift:+.3f} s against the monotonic clock "
                "since the service started, so no time that it gives can be relied on.",
                "Set the clock right (chronyc tracking tells) and restart the service.",
            )
        return now

    def unchecked(self) -> datetime:
        """Return what the wall clock tells, right or wrong: for showing and for traces."""
        return self._clock()

    def _expected(self, monotonic: float) -> datetime:
        return self.reference.wall + timedelta(seconds=monotonic - self.reference.monotonic)
