"""`idservice demo`: tell the whole story on this machine, in seconds, with real keys."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idservice.cli.context import AppContext
from idservice.errors import ServiceUnavailable

if TYPE_CHECKING:
    from idservice.services.assembly import Services
    from idservice.services.demonstration import Demonstration
    from idservice.settings import Settings

START_SECONDS = 15.0
STOP_SECONDS = 15.0
LOG_NAME = "service.log"


@click.command()
@click.pass_obj
def demo(app: AppContext) -> None:
    """Tell the whole story: issue, log in, sign, verify, tamper, revoke.

    Uses the home folder, which is initialised if it is new, and its service if it runs;
    otherwise one is started for the story and stopped afterwards. The files stay.
    """
    from idservice.cli.init import initialise_if_new
    from idservice.cli.terminal import results
    from idservice.services.demonstration import Demonstration

    started = time.monotonic()
    initialise_if_new(app, public_url=None)
    services = app.services()
    folder = _new_folder(app.settings)
    console = results()
    with _service(services, folder) as address:
        console.print(f"[dim]the service answers at {address}[/]")
        _tell(Demonstration(services, address, folder))
    seconds = time.monotonic() - started
    console.print(f"\nEverything as told, in {seconds:.1f} seconds. The files are in {folder}")


def _tell(story: Demonstration) -> None:
    from idservice.cli.terminal import plain, results

    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("Issue a person", story.issue),
        ("Log in over HTTP", story.log_in),
        ("Write a contract", story.write_contract),
        ("Sign it", story.sign),
        ("Verify it", story.verify),
        ("Change one bit of it", story.tamper),
        ("Verify it again", story.verify_tampered),
        ("Revoke the person", story.revoke),
        ("Log in again", story.log_in_again),
        ("Verify what was signed before", story.verify_after_revocation),
    )
    console = results()
    for number, (title, step) in enumerate(steps, start=1):
        started = time.monotonic()
        seen = step()
        milliseconds = 1000 * (time.monotonic() - started)
        console.print(f"\n[bold cyan]{number}. {title}[/]  [dim]{milliseconds:.0f} ms[/]")
        console.print("  ", plain(seen))


def _new_folder(settings: Settings) -> Path:
    """Make a folder of its own for the files of this telling."""
    name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    parent = settings.state.folder / "demo"
    parent.mkdir(exist_ok=True)
    for suffix in ("", *(f"-{number}" for number in range(2, 1000))):
        with contextlib.suppress(FileExistsError):
            folder = parent / f"{name}{suffix}"
            folder.mkdir()
            return folder
    raise FileExistsError(parent / name)


@contextlib.contextmanager
def _service(services: Services, folder: Path) -> Iterator[str]:
    """Give the address of this home's service: the one that runs, or one that is started."""
    from idservice.services.addresses import local_url
    from idservice.services.demonstration import serves_this_home

    server = services.settings.server
    running = local_url(server.host, server.port)
    if serves_this_home(services, running):
        yield running
        return
    port = _free_port()
    with (folder / LOG_NAME).open("wb") as log:
        process = _start(services.settings, port, log.fileno())
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until(lambda: serves_this_home(services, address), process)
        yield address
    finally:
        _stop(process)


def _start(settings: Settings, port: int, log: int) -> subprocess.Popen[bytes]:
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    # The story's logins are for the home's own origin, wherever the service listens.
    own = {"IDSERVICE_SERVER__PUBLIC_URL": settings.server.public_url}
    return subprocess.Popen(
        [sys.executable, "-m", "idservice", "--home", str(settings.home), "serve", *options],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, **own},
        start_new_session=True,  # Ctrl-C is for us; we stop the service ourselves
    )


def _wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if answers():
            return
        time.sleep(0.05)
    raise ServiceUnavailable(
        "The service for the story did not start.", f"Read {LOG_NAME} in the newest demo folder."
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
