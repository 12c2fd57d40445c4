"""Waiting until threads have ended for the system as well, and not for Python alone.

Python counts a thread as ended a moment before the system does. In that moment C libraries
clean up behind it, under locks of their own; a process forked then inherits such a lock
without the thread that would release it, and waits for it for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE_SECONDS = 0.5
_POLL_SECONDS = 0.0005
_TASKS = Path("/proc/self/task")


def wait_until_gone(threads: Iterable[threading.Thread]) -> None:
    """Wait, half a second at most, for the end of threads that Python counts as ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    ending = [_TASKS / str(thread.native_id) for thread in threads]
    while any(task.exists() for task in ending) and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
