"""`idservice keys`: the keys of access tokens, authorities and services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from idservice.cli.context import AppContext

if TYPE_CHECKING:
    from idservice.services.key_inventory import InventoryEntry
    from idservice.services.token_keys import TokenKey

ACTOR = "command-line"


@click.group()
def keys() -> None:
    """Rotate, renew and list keys and their certificates."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print the new key as JSON.")
@click.pass_obj
def rotate(app: AppContext, as_json: bool) -> None:
    """Make a new key of access tokens; the one before stays published for a while."""
    from idservice.cli.terminal import print_json

    key = app.services().token_keys.rotate(actor=ACTOR)
    if as_json:
        print_json(_token_fields(key))
    else:
        print(f"{key.kid} signs access tokens from now on")


@keys.command()
@click.option("--all", "every", is_flag=True, help="Renew also what is not due yet.")
@click.option("--json", "as_json", is_flag=True, help="Print the names of what is new as JSON.")
@click.pass_obj
def renew(app: AppContext, every: bool, as_json: bool) -> None:
    """Renew the certificates of OCSP responder and time-stamping units that are due.

    The service does so by itself once two thirds of a certificate's life are over. A key stays
    the same; a key that the home never had is made. Running services notice within seconds.
    """
    from idservice.cli.terminal import print_json

    certificates = app.services().service_certificates
    renewed = certificates.renew(every=every, actor=ACTOR)
    if as_json:
        print_json(list(renewed))
        return
    for name in renewed:
        print(f"{name} has a new certificate")
    if not renewed:
        print("Nothing is due")


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
@click.pass_obj
def list_keys(app: AppContext, as_json: bool) -> None:
    """List the keys of authorities, services and access tokens, with where and how long."""
    from idservice.cli.terminal import print_json
    from idservice.services.key_inventory import key_inventory

    services = app.services()
    held = list(key_inventory(services.authority_keys, services.service_certificates))
    tokens = services.token_keys.list()
    if as_json:
        print_json([*map(_inventory_fields, held), *map(_token_fields, tokens)])
    else:
        _print_inventory(held)
        _print_tokens(tokens)


def _print_inventory(held: Sequence[InventoryEntry]) -> None:
    _print_table(
        ("Certificate", "Key in", "Valid from", "Valid until", "Renewed from"),
        [
            (item.name, item.place, *map(_text, (item.not_before, item.not_after, item.renew_at)))
            for item in held
        ],
    )


def _print_tokens(tokens: Sequence[TokenKey]) -> None:
    _print_table(
        ("Access token key", "Algorithm", "Signs from", "Published until"),
        [
            (
                key.kid,
                key.algorithm,
                _text(key.signs_from),
                "further notice" if key.retired_at is None else _text(key.published_until),
            )
            for key in tokens
        ],
    )


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table

    from idservice.cli.terminal import results

    table = Table(box=None, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    results().print(table)


def _inventory_fields(item: InventoryEntry) -> dict[str, Any]:
    return {
        "kind": "certificate",
        "name": item.name,
        "place": item.place,
        "notBefore": item.not_before.isoformat(),
        "notAfter": item.not_after.isoformat(),
        "renewAt": item.renew_at.isoformat() if item.renew_at else None,
        "sha256": item.sha256,
    }


def _token_fields(key: TokenKey) -> dict[str, Any]:
    return {
        "kind": "access-token",
        "kid": key.kid,
        "algorithm": key.algorithm,
        "createdAt": key.created_at.isoformat(),
        "signsFrom": key.signs_from.isoformat(),
        "retiredAt": key.retired_at.isoformat() if key.retired_at else None,
        "publishedUntil": key.published_until.isoformat() if key.published_until else None,
    }


def _text(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"
