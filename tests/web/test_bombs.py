"""Documents made to exhaust a validator: each is answered in time, and the service lives."""

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import pdfs
from support.bombs import BOMBS, MEGABYTE
from support.signing import signed
from support.web import WebBench, open_web

SECONDS = 5.0
MEMORY = 512 * MEGABYTE
_START = 1.0
"""Seconds of CPU time that starting a process, and ending it, may take beside."""


@pytest.fixture(scope="module")
def web(home_template: Path) -> Iterator[WebBench]:
    """One application for all bombs: what one leaves behind would meet the next."""
    bench = open_web(home_template)
    yield bench
    bench.services.close()


def readers() -> list[int]:
    """The processes of this one that read documents."""
    me, found = os.getpid(), []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == me and b"confined_reader" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def cpu_seconds() -> float:
    """CPU time of this process, of its readers, and of those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for pid in readers():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    running = ticks / os.sysconf("SC_CLK_TCK")
    return time.process_time() + ended.ru_utime + ended.ru_stime + running


def most_memory() -> int:
    """The most bytes that a living reader has held, as far as they were in memory."""
    lines = [
        line
        for pid in readers()
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return max((int(line.split()[1]) * 1024 for line in lines), default=0)


def validate(web: WebBench, document: bytes) -> Any:
    """Send a document and return the answer."""
    return web.client.post("/v1/validation", data=document, content_type="application/pdf")


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_answered_and_the_service_lives(web: WebBench, kind: str) -> None:
    """It is judged, or refused by name, within 5 s of CPU time and 512 MB, and never valid."""
    bomb = BOMBS[kind]()
    before = cpu_seconds()
    answer = validate(web, bomb)
    took = cpu_seconds() - before
    assert answer.status_code in (200, 413), answer.text[:500]
    body = answer.get_json()
    if answer.status_code == 413:
        assert body["code"] == "input_too_large"
        assert body["fix"]
    elif body["signaturesCount"] == 0:
        assert body["errors"]
    assert took < SECONDS + _START, f"{took:.1f} s"
    assert most_memory() <= MEMORY
    good = validate(web, signed(pdfs.baseline()))
    assert good.status_code == 200
    assert good.get_json()["signatures"][0]["integrity"] == "intact"
