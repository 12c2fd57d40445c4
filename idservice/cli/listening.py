"""The server process: granian around the web application, started and stopped cleanly."""

from __future__ import annotations

import ctypes
import importlib
import os
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from idservice.services.origins import is_loopback

if TYPE_CHECKING:
    from idservice.settings import Settings

APPLICATION = "idservice.web.app"
FACTORY = "create_gateway_from_environment"
GRACE_SECONDS = 4
"""How long a worker may finish what it is answering before it is killed."""

MOST_STARTS = 20
STARTS_WITHIN_SECONDS = 10.0
"""Workers that were started again this often in so short a time cannot work: the service ends."""

_PR_SET_PDEATHSIG = 1
_METRICS_PREFIX = "idservice-metrics-"
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def serve_until_stopped(settings: Settings, started: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; every worker has ended on return.

    `started` is called once the port listens.
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    # Loaded once here, the application is shared by all workers that are forked from us.
    importlib.import_module(APPLICATION)
    server = Server(
        f"{APPLICATION}:{FACTORY}",
        address=settings.server.host,
        port=settings.server.port,
        interface=Interfaces.RSGI,
        workers=settings.server.workers,
        websockets=False,
        factory=True,
        log_level=LogLevels.error,
        log_enabled=True,
        workers_kill_timeout=GRACE_SECONDS,
        respawn_failed_workers=True,
    )
    server.respawned_wrks = _Starts()
    server.on_startup(started)
    _let_workers_end_with_us()
    with _metrics_folder():
        server.serve()


def warnings(settings: Settings, demo_origins: Sequence[str]) -> list[str]:
    """Say what about the address may surprise: exposure, or an origin that nobody registered."""
    found = []
    if not is_loopback(settings.server.host):
        found.append(
            f"{settings.server.host} is reachable from the network; these are test identities "
            "whose PINs are public"
        )
    if demo_origins and settings.server.public_url not in demo_origins:
        found.append(
            f"clients reach the service at {settings.server.public_url}, but the demo relying "
            f"party is registered with {', '.join(demo_origins)}, so logins from here fail; add "
            "this address with "
            f"`idservice relying-party add-origin demo {settings.server.public_url}`, or log in "
            f"with `--origin {demo_origins[0]}`"
        )
    return found


class _Starts(dict[int, float]):
    """When each worker was started again, as granian asks before it does so once more.

    granian by itself ends the service when one worker dies twice within seconds. Whatever
    kills workers would thus end all of them, so it is told of a start only when many came
    together.
    """

    def __init__(self) -> None:
        super().__init__()
        self._latest: deque[float] = deque(maxlen=MOST_STARTS)

    def __setitem__(self, worker: int, at: float) -> None:
        self._latest.append(at)
        super().__setitem__(worker, at)

    def get(self, worker: int, default: float = 0.0) -> float:  # type: ignore[override]
        """Return when a worker was started, if it is one of many starts; else `default`."""
        oldest = self._latest[0] if len(self._latest) == MOST_STARTS else 0.0
        if time.monotonic() - oldest > STARTS_WITHIN_SECONDS:
            return default
        return super().get(worker, default)


def _let_workers_end_with_us() -> None:
    """Ask the kernel to kill every forked worker when this process is killed (Linux).

    A worker that went on alone would keep the port, and nobody could start us again. It is
    not asked to end: a worker that has just begun would not hear it, and one that hangs in
    ending would have nobody to kill it. What a kill cuts off was not acknowledged.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "prctl"):
        return
    parent = [os.getpid()]

    def note_parent() -> None:
        parent[0] = os.getpid()

    def end_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent[0]:  # killed before the kernel was asked
            os._exit(1)

    os.register_at_fork(before=note_parent, after_in_child=end_with_parent)


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """Give the workers a fresh folder in which they add up their metrics."""
    _remove_metrics_of_the_dead()
    folder = Path(tempfile.mkdtemp(prefix=f"{_METRICS_PREFIX}{os.getpid()}-"))
    os.environ[_METRICS_VARIABLE] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_metrics_of_the_dead() -> None:
    """Remove the folders of services that were killed; those of others cannot be removed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_METRICS_PREFIX}*-*"):
        pid = folder.name.removeprefix(_METRICS_PREFIX).partition("-")[0]
        if pid.isdecimal() and not _is_running(int(pid)) and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # somebody else's
    return True
