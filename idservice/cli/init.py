"""`idservice init`: bring a home folder into being, once."""

from __future__ import annotations

import click

from idservice.cli.context import AppContext


@click.command()
@click.option("--migrate", is_flag=True, help="Bring the schema of an existing home up to date.")
@click.option(
    "--public-url",
    help="Address under which clients reach the service; it goes into the certificates.",
)
@click.pass_obj
def init(app: AppContext, migrate: bool, public_url: str | None) -> None:
    """Create keys, database and test people in the home folder.

    Refuses to overwrite anything. All or nothing: if it is interrupted, run it again.
    """
    if migrate:
        _migrate(app)
    else:
        initialise(app, public_url)
        print(f"Initialised {app.settings.home}")
        print("Next: idservice serve")


def initialise(app: AppContext, public_url: str | None) -> None:
    """Make the home, telling each step on stderr."""
    from idservice.cli.terminal import talk
    from idservice.services import installation

    app.override("server", {"public_url": public_url})
    console = talk()
    installation.initialise(
        app.settings,
        address=public_url,
        tell=lambda step: console.print(f"  creating  {step}", style="dim"),
    )


def initialise_if_new(app: AppContext, *, public_url: str | None) -> None:
    """Make the home if `init` was never run in it, or was interrupted."""
    from idservice.services import installation

    if installation.is_new(app.settings):
        initialise(app, public_url)


def _migrate(app: AppContext) -> None:
    from idservice.services import installation

    before, after = installation.migrate(app.settings)
    if before == after:
        print(f"The schema is up to date ({after})")
    else:
        print(f"The schema went from {before} to {after}")
