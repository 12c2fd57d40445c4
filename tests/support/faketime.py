"""A clock that is ahead, for programs that tests start: libfaketime, preloaded."""

from pathlib import Path

from support.programs import require_program


def clock_ahead(years: int) -> dict[str, str]:
    """Return the environment of a program whose wall clock, and no other, is years ahead."""
    require_program("faketime")
    [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{years}y",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
