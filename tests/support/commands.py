"""The command line as people run it: a process of its own, with its output and exit code."""

import contextlib
import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.homes import environment
from support.ports import free_port

START_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def command(*arguments: str | Path) -> list[str]:
    """The command line that runs idservice from the checkout."""
    return [sys.executable, "-m", "idservice", *map(str, arguments)]


def run_idservice(
    home: Path,
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
) -> Transcript:
    """Run one command on a home and return what it printed; stdin is no terminal."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd or home.parent,
        env=environment(home, **(env or {})),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Transcript(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that a test started: its address and its process."""

    url: str
    port: int
    process: "subprocess.Popen[str]"

    def get(self, path: str) -> tuple[int, bytes]:
        """Send GET and return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()


@contextlib.contextmanager
def running_service(home: Path, *arguments: str, **env: str) -> Iterator[RunningService]:
    """Serve a home on a free port, whose origin the demo relying party must know by `env`."""
    port = free_port()
    process = subprocess.Popen(
        command("serve", "--port", str(port), "--workers", "2", *arguments),
        cwd=home.parent,
        env=environment(home, **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    service = RunningService(f"http://127.0.0.1:{port}", port, process)
    try:
        wait_until_healthy(service)
        yield service
    finally:
        stop(process)


def wait_until_healthy(service: RunningService) -> None:
    """Wait for the first answer; fail with what the process printed when it ends before."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            out, err = service.process.communicate()
            raise AssertionError(f"the service ended with {service.process.returncode}: {out}{err}")
        with contextlib.suppress(OSError):
            if service.get("/healthz")[0] == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the service does not answer")


def stop(process: "subprocess.Popen[str]") -> None:
    """End a service as people do, with SIGTERM."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
