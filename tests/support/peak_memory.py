"""The most memory that a command ever had, as the system counts it."""

import subprocess
import sys
from pathlib import Path

from support.commands import command
from support.homes import environment

# A process inherits the peak of whoever started it, so a small one stands between it and us.
_MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
unit = 1 if sys.platform == "darwin" else 1024
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit, file=sys.stderr)
"""


def peak_memory(home: Path, *arguments: str | Path) -> int:
    """Run one command to its good end; return the bytes of its largest process, at the most."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command(*arguments)],
        cwd=home.parent,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    code, peak = done.stderr.split()[-2:]
    assert code == "0", done.stderr
    return int(peak)
