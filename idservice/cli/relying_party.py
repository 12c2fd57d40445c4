"""`idservice relying-party`: register applications whose users log in, and list them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from idservice.cli.context import AppContext

if TYPE_CHECKING:
    from idservice.services.relying_parties import RelyingParty

ACTOR = "command-line"


@click.group("relying-party")
def relying_party() -> None:
    """Register applications that log people in."""


@relying_party.command()
@click.argument("identifier", metavar="ID")
@click.option("--name", required=True, help="The name that people read.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    help="An origin from which its users log in, such as https://rp.example.org; repeat for more.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the entry as JSON.")
@click.pass_obj
def add(
    app: AppContext, identifier: str, name: str, origins: tuple[str, ...], as_json: bool
) -> None:
    """Register the relying party ID; its first origin is the default."""
    from idservice.cli.terminal import print_json

    party = app.services().relying_parties.register(
        identifier, name=name, origins=origins, actor=ACTOR
    )
    if as_json:
        print_json(_fields(party))
    else:
        print(f"{party.id} is registered with {', '.join(party.origins)}")


@relying_party.command("add-origin")
@click.argument("identifier", metavar="ID")
@click.argument("origin", metavar="ORIGIN")
@click.option("--json", "as_json", is_flag=True, help="Print the entry as JSON.")
@click.pass_obj
def add_origin(app: AppContext, identifier: str, origin: str, as_json: bool) -> None:
    """Let users of the relying party ID log in from one more ORIGIN as well."""
    from idservice.cli.terminal import print_json

    party = app.services().relying_parties.add_origin(identifier, origin, actor=ACTOR)
    if as_json:
        print_json(_fields(party))
    else:
        print(f"{party.id} is registered with {', '.join(party.origins)}")


@relying_party.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON.")
@click.pass_obj
def list_parties(app: AppContext, as_json: bool) -> None:
    """List the relying parties with their origins."""
    from idservice.cli.terminal import plain, plain_lines, print_json, results

    parties = app.services().relying_parties.list()
    if as_json:
        print_json([_fields(party) for party in parties])
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for heading in ("ID", "Name", "Origins"):
        table.add_column(heading, overflow="fold")
    for party in parties:
        table.add_row(plain(party.id), plain(party.name), plain_lines(party.origins))
    results().print(table)


def _fields(party: RelyingParty) -> dict[str, Any]:
    return {
        "id": party.id,
        "name": party.name,
        "origins": list(party.origins),
        "createdAt": party.created_at.isoformat(),
    }
