"""Watching the clock of this machine: was it changed while the process ran?

The wall clock can be set; the monotonic clock cannot. Both are read once when the process
starts; from then on they must tell the same. A difference of more than the limit means that
somebody set the clock, or that it runs wrong, and either way no time that it gives is true.
The reference never moves: a clock that was wrong once is right again only when somebody
has looked at it and starts the process anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from idservice.errors import ClockDrifted


class ClockWatch:
    """The wall clock, held against the monotonic clock since the process started."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        *,
        max_drift: timedelta,
    ) -> None:
        """Read both clocks, now; `monotonic` gives seconds since any moment."""
        self._clock = clock
        self._monotonic = monotonic
        self._max_drift = max_drift
        self._started_at = clock()
        self._started = monotonic()

    def now(self) -> datetime:
        """Return the time of the wall clock, in UTC. Raises ClockDrifted."""
        before = self._monotonic()
        now = self._clock()
        # A process that is stopped between the two readings would see a drift that is none.
        after = self._monotonic()
        least = self._started_at + timedelta(seconds=before - self._started) - self._max_drift
        most = self._started_at + timedelta(seconds=after - self._started) + self._max_drift
        if not least <= now <= most:
            drift = now - self._started_at - timedelta(seconds=before - self._started)
            raise ClockDrifted(
                f"The clock has moved {drift.total_seconds():+.3f} s against the monotonic clock "
                "since the service started, so no time that it gives can be relied on.",
                "Set the clock right (chronyc tracking tells) and restart the service.",
            )
        return now
