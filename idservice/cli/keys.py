"""`idservice keys`: the keys that sign access tokens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from idservice.cli.context import AppContext

if TYPE_CHECKING:
    from idservice.services.token_keys import TokenKey

ACTOR = "command-line"


@click.group()
def keys() -> None:
    """Rotate and list the keys of access tokens."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print the new key as JSON.")
@click.pass_obj
def rotate(app: AppContext, as_json: bool) -> None:
    """Make a new key that signs from now on; the one before stays published for a while."""
    from idservice.cli.terminal import print_json

    key = app.services().token_keys.rotate(actor=ACTOR)
    if as_json:
        print_json(_fields(key))
    else:
        print(f"{key.kid} signs access tokens from now on")


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
@click.pass_obj
def list_keys(app: AppContext, as_json: bool) -> None:
    """List the keys of access tokens, the newest first."""
    from idservice.cli.terminal import print_json, results

    found = app.services().token_keys.list()
    if as_json:
        print_json([_fields(key) for key in found])
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for heading in ("Key", "Algorithm", "Signs from", "Published until"):
        table.add_column(heading, overflow="fold")
    for key in found:
        until = "further notice" if key.retired_at is None else _text(key.published_until)
        table.add_row(key.kid, key.algorithm, _text(key.signs_from), until)
    results().print(table)


def _fields(key: TokenKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "createdAt": key.created_at.isoformat(),
        "signsFrom": key.signs_from.isoformat(),
        "retiredAt": key.retired_at.isoformat() if key.retired_at else None,
        "publishedUntil": key.published_until.isoformat() if key.published_until else None,
    }


def _text(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"
