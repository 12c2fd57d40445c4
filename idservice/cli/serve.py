"""`idservice serve` and `idservice run`: the service on granian, and a box that says where."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from idservice.cli.context import AppContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from idservice.settings import Settings


def listen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --host, --port and --workers to a command."""
    for option in (
        click.option("--workers", type=click.IntRange(1, 256), help="Worker processes."),
        click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on."),
        click.option("--host", help="Address to listen on; anything but loopback is exposed."),
    ):
        command = option(command)
    return command


@click.command()
@listen_options
@click.pass_obj
def serve(app: AppContext, host: str | None, port: int | None, workers: int | None) -> None:
    """Start the service and serve until stopped with Ctrl-C or SIGTERM."""
    app.override("server", {"host": host, "port": port, "workers": workers})
    _serve(app)


@click.command()
@listen_options
@click.pass_obj
def run(app: AppContext, host: str | None, port: int | None, workers: int | None) -> None:
    """Initialise the home folder if it was never initialised, then serve.

    With --port a new home is made for that port; an existing one keeps its own address.
    """
    from idservice.cli.init import initialise_if_new

    app.override("server", {"host": host, "port": port, "workers": workers})
    initialise_if_new(app, public_url=f"http://127.0.0.1:{port}" if port else None)
    _serve(app)


def _serve(app: AppContext) -> None:
    from idservice.cli import listening
    from idservice.cli.terminal import warn
    from idservice.cli.welcome import welcome
    from idservice.services.addresses import claim
    from idservice.services.clock_watch import REFERENCE_VARIABLE
    from idservice.services.relying_parties import DEMO_RELYING_PARTY

    settings = app.settings
    services = app.services()
    claimed = claim(settings.server.host, settings.server.port)
    missing = services.require_keys()
    services.reconcile()
    services.signing.clean_up()
    people = services.test_people.ready()
    parties = {party.id: party.origins for party in services.relying_parties.list()}
    app.close()  # workers open their own: no connection may be carried over a fork
    demo_origins = parties.get(DEMO_RELYING_PARTY, ())
    for text in listening.warnings(settings, demo_origins):
        warn(text)
    for error in missing:
        warn(f"the service starts without what needs this: {error.detail} {error.fix}")
    _export(settings)
    os.environ[REFERENCE_VARIABLE] = services.clock_watch.reference.text()
    with claimed:
        listening.serve_until_stopped(settings, lambda: welcome(settings, people, demo_origins))


def _export(settings: Settings) -> None:
    """Hand home and command-line options to the workers, which read the environment."""
    os.environ["IDSERVICE_HOME"] = str(settings.home)
    for key in ("host", "port", "workers", "public_url"):
        os.environ[f"IDSERVICE_SERVER__{key.upper()}"] = str(getattr(settings.server, key))
