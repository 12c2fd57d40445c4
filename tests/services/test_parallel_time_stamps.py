"""Many processes stamp at once, and are killed: no serial twice, no time before another."""

import contextlib
import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from idservice.services.assembly import Services
from idservice.store import time_stamps
from support.homes import environment
from support.parallel_time_stamps import THREADS, Told, assert_never_back, recorded

ROOT = Path(__file__).parents[2]
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
PROCESSES = 3
EACH = 12
KILLS = 3
ENDLESS = 1_000_000


@contextlib.contextmanager
def issuing(services: Services, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start processes that issue at the same moment; end them whatever happens."""
    settings = services.settings
    arguments = [str(settings.home), settings.database.url, str(count)]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "support.parallel_time_stamps", *arguments],
            env={**environment(settings.home), "PYTHONPATH": PATHS},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for process in started:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait(30)


def told_by(process: "subprocess.Popen[str]") -> list[Told]:
    """Read what a process told; a line that was cut off by a kill counts for nothing."""
    out, _ = process.communicate(timeout=60)
    lines = [line.split() for line in out.splitlines(keepends=True) if line.endswith("\n")]
    return [Told(int(a), int(b), c, dt.datetime.fromisoformat(d)) for a, b, c, d in lines]


def check(services: Services, told: list[list[Told]]) -> None:
    """Hold what must be true of all tokens, those included of which nobody knows."""
    tokens = [item for process in told for item in process]
    assert len({item.serial for item in tokens}) == len(tokens)
    with services.database.read() as connection:
        records = recorded(connection)
        last = time_stamps.latest_gen_time(connection)
    for item in tokens:
        assert records[item.serial].gen_time == item.gen_time
    assert last is not None
    newest = max(record.gen_time for record in records.values())
    assert last.replace(microsecond=0) == newest
    assert_never_back(tokens)


def test_processes_never_share_a_serial_and_never_go_back(any_services: Services) -> None:
    """Three processes with four threads each, on either database."""
    with issuing(any_services, EACH) as processes:
        told = [told_by(process) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert [len(items) for items in told] == [THREADS * EACH] * PROCESSES
    check(any_services, told)
    with any_services.database.read() as connection:
        assert len(recorded(connection)) == PROCESSES * THREADS * EACH


def test_who_is_killed_loses_nothing_that_was_told(any_services: Services) -> None:
    """A kill -9 in the middle of stamping: every token that left has its record."""
    chance = random.Random(20261123)  # noqa: S311 - the same moments in every run
    told: list[list[Told]] = []
    while len(told) < KILLS:
        with issuing(any_services, ENDLESS) as processes:
            for process in processes:
                time.sleep(chance.uniform(0.02, 0.3))
                process.send_signal(signal.SIGKILL)
                told.append(told_by(process))
    assert sum(map(len, told)) > KILLS
    check(any_services, told)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_thousands_of_tokens_have_thousands_of_serials(any_services: Services) -> None:
    """The same for longer."""
    each = 3_000 // PROCESSES // THREADS
    with issuing(any_services, each) as processes:
        told = [told_by(process) for process in processes]
    assert sum(map(len, told)) == PROCESSES * THREADS * each
    check(any_services, told)
