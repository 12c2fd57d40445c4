"""Somebody sets the clock of the machine while the service runs: time-stamps stop at once.

libfaketime sets the clock of one process and leaves its monotonic clock alone, as setting the
real clock does.
"""

import contextlib
import http.client
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import read_response
from idservice.crypto.algorithms import SHA256
from idservice.errors import TimeStampRefused
from support.commands import RunningService, running_service
from support.programs import require_program

IMPRINT = bytes(32)
QUERY = build_request(IMPRINT, SHA256, nonce=1)
GRANTED = "granted"
TIME_NOT_AVAILABLE = "timeNotAvailable"
WORKERS = 2


class MovableClock:
    """The clock of a service: an offset in a file that libfaketime reads anew each time."""

    def __init__(self, folder: Path) -> None:
        """Begin with the true time."""
        self.file = folder / "faketime"
        self.move(0)

    def move(self, seconds: float) -> None:
        """Set the clock this far from the true time."""
        written = self.file.with_suffix(".new")
        written.write_text(f"{seconds:+.3f}\n")
        written.replace(self.file)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program see this clock."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def library() -> Path:
    """The library for programs with threads, which the package of `faketime` brings."""
    require_program("faketime")
    [found] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return found


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> MovableClock:
    """The clock of the service; every test leaves it at the true time."""
    return MovableClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def service(
    home_template: Path, clock: MovableClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service with two workers that sees the movable clock."""
    home = tmp_path_factory.mktemp("set-clock") / "home"
    shutil.copytree(home_template, home)
    with serving(home, clock) as running:
        yield running


@contextlib.contextmanager
def serving(home: Path, clock: MovableClock) -> Iterator[RunningService]:
    """Serve a home by a movable clock, and end the service at once.

    All its processes are killed: under libfaketime `time.sleep` fails, which the server calls
    when a worker ends before it does, and its lock is not let go by who is killed alone.
    """
    with running_service(home, IDSERVICE_LOG__LEVEL="error", **clock.environment) as running:
        try:
            yield running
        finally:
            family = [running.process.pid, *workers_of(running)]
            for process in family:
                os.kill(process, signal.SIGKILL)
            running.process.wait(20)


def answer(service: RunningService) -> str:
    """Ask for a time-stamp, on a new connection so that any worker may answer."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/timestamp-query"}
        connection.request("POST", "/tsa", QUERY, headers)
        reply = connection.getresponse().read()
    try:
        read_response(reply, imprint=IMPRINT, hash=SHA256, nonce=1)
    except TimeStampRefused as refused:
        found = re.search(r"status 2, (\w+)", refused.detail)
        assert found is not None
        return found[1]
    return GRANTED


def answers(service: RunningService) -> set[str]:
    """Ask often enough that every worker answers."""
    return {answer(service) for _ in range(8 * WORKERS)}


def workers_of(service: RunningService) -> list[int]:
    """The processes that the service started."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    return [int(child) for child in children.read_text().split()]


@pytest.mark.parametrize("seconds", [0.8, -0.8, 3600, -86_400])
def test_a_clock_that_is_set_stops_time_stamps_at_once(
    service: RunningService, clock: MovableClock, seconds: float
) -> None:
    """Within a second no worker stamps any more; set right again, all do."""
    assert answers(service) == {GRANTED}
    clock.move(seconds)
    moved = time.monotonic()
    first, seconds_until = answer(service), time.monotonic() - moved
    others = answers(service)
    clock.move(0)
    assert (first, others) == (TIME_NOT_AVAILABLE, {TIME_NOT_AVAILABLE})
    assert seconds_until < 1
    assert answers(service) == {GRANTED}


def test_a_small_step_is_borne(service: RunningService, clock: MovableClock) -> None:
    """Less than half a second forward, as NTP may correct, goes on."""
    assert answers(service) == {GRANTED}
    clock.move(0.2)
    stepped = answers(service)
    clock.move(0)
    time.sleep(0.25)  # what was stamped in the meantime lies ahead of the true time
    assert stepped == {GRANTED}


def test_a_clock_behind_the_last_time_stamp_is_refused_by_a_new_service(
    home: Path, tmp_path: Path
) -> None:
    """Nothing has drifted since its start, but the database knows of a later time."""
    clock = MovableClock(tmp_path)
    clock.move(30)
    with serving(home, clock) as first:
        assert answer(first) == GRANTED
    clock.move(0)
    with serving(home, clock) as second:
        assert answers(second) == {TIME_NOT_AVAILABLE}
