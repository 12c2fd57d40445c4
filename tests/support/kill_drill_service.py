"""A service of two workers that is killed and comes back, and how soon it answers again."""

import contextlib
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from support.commands import command
from support.homes import environment
from support.ports import free_port

WORKER, PARENT, EVERYBODY = "worker", "parent", "everybody"
VICTIMS = (WORKER, PARENT, EVERYBODY)

GIVE_UP_SECONDS = 60.0
ENDS_SECONDS = 10.0
_PAUSE = 0.02


class VictimService:
    """`idservice serve` as a process group of its own, on a port that stays the same."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        """Make ready to serve a home; nothing runs yet."""
        self.port = free_port()
        self._env = environment(home, **{"IDSERVICE_LOG__LEVEL": "error", **env})
        self._log = home.parent / "service.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process that was started last."""
        assert self._process is not None, "not started"
        return self._process

    def start(self) -> None:
        """Start the service and wait until it answers."""
        self._spawn()
        self._wait_until_it_answers()

    def kill(self, victim: str, choose: Callable[[list[int]], int]) -> float:
        """Kill somebody with SIGKILL; return the seconds until the service answers again.

        Whoever watches over services starts one that ended; so does this.
        """
        if victim == WORKER:
            workers = self.workers()
            if workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(choose(workers), signal.SIGKILL)
        elif victim == PARENT:
            self.process.kill()
        else:
            os.killpg(self.process.pid, signal.SIGKILL)
        killed_at = time.monotonic()
        group = self.process.pid
        if victim != WORKER:
            self.process.wait()
        self._wait_until_it_answers()
        seconds = time.monotonic() - killed_at
        if victim != WORKER:
            _require_gone(group)
        return seconds

    def workers(self) -> list[int]:
        """The worker processes that live, by their ids."""
        found = []
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in task.read_text().split()]
        return [child for child in found if _is_worker(child)]

    def stop(self) -> None:
        """End the service with SIGTERM, and hold that nobody of its group is left."""
        group = self.process.pid
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(GIVE_UP_SECONDS)
        _require_gone(group)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send one request over a connection of its own; return status and whole body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _spawn(self) -> None:
        self.starts += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command("serve", "--port", str(self.port), "--workers", "2"),
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_it_answers(self) -> None:
        """Wait for an answer of this process and no other; start it again when it has ended."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self._spawn()
            if self.workers():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if self.request("GET", "/healthz")[0] == 200:
                        return
            time.sleep(_PAUSE)
        raise AssertionError(f"no answer again: {self._log.read_text()[-2000:]}")


def _require_gone(group: int) -> None:
    """Hold that nobody of a service that ended is left; who is left is killed all the same."""
    deadline = time.monotonic() + ENDS_SECONDS
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(_PAUSE)
        os.killpg(group, signal.SIGKILL)
        raise AssertionError("processes of the service outlived it")


def _is_worker(pid: int) -> bool:
    """Whether a child lives and is no helper of Python's own."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return bool(arguments) and b"resource_tracker" not in arguments
