"""A clock that was set while the service runs is noticed, in either direction."""

import datetime as dt
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import ClockDrifted, SettingsInvalid
from idservice.services.clock_watch import ClockReference, ClockWatch, read_reference
from support.pki import AT

LIMIT = dt.timedelta(seconds=0.5)


@dataclass
class TwoClocks:
    """A wall clock that can be set, and a monotonic one that cannot."""

    wall_now: dt.datetime = AT
    monotonic_now: float = 1000.0

    def wall(self) -> dt.datetime:
        """The time of day."""
        return self.wall_now

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self.monotonic_now

    def pass_(self, seconds: float) -> None:
        """Let time pass, for both."""
        self.wall_now += dt.timedelta(seconds=seconds)
        self.monotonic_now += seconds

    def set_(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        self.wall_now += dt.timedelta(seconds=seconds)

    def watch(self, since: ClockReference | None = None) -> ClockWatch:
        """Begin to watch."""
        return ClockWatch(self.wall, self.monotonic, max_drift=LIMIT, since=since)


def test_time_that_passes_is_no_drift() -> None:
    """A clock that nobody sets may run for ten years."""
    clocks = TwoClocks()
    watch = clocks.watch()
    for seconds in (0.1, 60, 86_400, 315_576_000):
        clocks.pass_(seconds)
        assert watch.now() == clocks.wall_now


@pytest.mark.parametrize("direction", [1, -1])
def test_half_a_second_is_borne_and_more_is_not(direction: int) -> None:
    """Exactly the limit passes; a microsecond more is refused, forward and back."""
    clocks = TwoClocks()
    watch = clocks.watch()
    clocks.pass_(3600)
    clocks.set_(direction * 0.5)
    assert watch.now() == clocks.wall_now
    clocks.set_(direction * 0.000_001)
    with pytest.raises(ClockDrifted, match="monotonic"):
        watch.now()


def test_many_small_steps_are_one_drift() -> None:
    """The reference does not move along: a hundred steps of 10 ms are a second."""
    clocks = TwoClocks()
    watch = clocks.watch()
    refused = 0
    for _ in range(100):
        clocks.pass_(60)
        clocks.set_(0.01)
        try:
            watch.now()
        except ClockDrifted:
            refused += 1
    assert refused == 50


def test_a_clock_that_is_set_right_again_is_believed_again() -> None:
    """What counts is the difference now, not that there was one."""
    clocks = TwoClocks()
    watch = clocks.watch()
    clocks.set_(-10)
    with pytest.raises(ClockDrifted):
        watch.now()
    clocks.set_(10)
    assert watch.now() == clocks.wall_now


def test_a_pause_between_the_two_readings_is_no_drift() -> None:
    """A process that is stopped for an hour while it reads the clocks is not refused."""
    clocks = TwoClocks()
    pauses = iter((0, 3600, 0))

    def paused_wall() -> dt.datetime:
        clocks.pass_(next(pauses))
        return clocks.wall_now

    watch = ClockWatch(paused_wall, clocks.monotonic, max_drift=LIMIT)
    assert watch.now() == clocks.wall_now


def test_a_worker_takes_over_the_reference() -> None:
    """A worker that starts after the clock was set knows that it was."""
    clocks = TwoClocks()
    handed = read_reference(clocks.watch().reference.text())
    clocks.pass_(100)
    clocks.set_(3600)
    assert clocks.watch().now() == clocks.wall_now
    with pytest.raises(ClockDrifted):
        clocks.watch(since=handed).now()


@given(
    st.datetimes(timezones=st.just(dt.UTC)),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_reference_is_read_as_it_was_written(wall: dt.datetime, monotonic: float) -> None:
    """No digit of either clock is lost on the way to a worker."""
    reference = ClockReference(wall, monotonic)
    assert read_reference(reference.text()) == reference


@pytest.mark.parametrize(
    "text", ["", "now", "2026-06-01T12:00:00 5", "2026-06-01T12:00:00+00:00 inf", "5 5"]
)
def test_what_is_no_reference_stops_the_start(text: str) -> None:
    """A naive time, no number or no time at all is refused, not guessed at."""
    with pytest.raises(SettingsInvalid, match="IDSERVICE_CLOCK_REFERENCE"):
        read_reference(text)
