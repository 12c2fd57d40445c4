"""`idservice login`: log in to a running service as a browser with a card would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from idservice.cli.context import AppContext
from idservice.cli.key_options import chosen_key, key_options

if TYPE_CHECKING:
    from idservice.services.login_client import ClientLogin


@click.command()
@key_options
@click.option("--url", help="Address of the service; the home's own unless given.")
@click.option(
    "--origin", help="Origin to sign for; that of the address unless given, as in a browser."
)
@click.option("--relying-party", help="Relying party to log in to; the demo one unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print answer and claims as JSON.")
@click.option("--token-only", is_flag=True, help="Print the access token and nothing else.")
@click.pass_obj
def login(
    app: AppContext,
    person: str | None,
    card: Path | None,
    pin: str | None,
    pin_file: Path | None,
    url: str | None,
    origin: str | None,
    relying_party: str | None,
    as_json: bool,
    token_only: bool,
) -> None:
    """Log in to a running service with PIN1 and print the access token.

    The key is a server key of this home (--as) or a card (--card); the service may be this
    home's or another's that trusts the same people.
    """
    from idservice.cli.secrets_input import read_pin
    from idservice.services.login_client import log_in

    choice = chosen_key(person, card)
    address = url or app.settings.server.public_url
    pin1 = read_pin("pin1", given=pin, file=pin_file, holder=choice.shown)
    key = app.services().own_keys.for_login(choice, pin1)
    key.recheck()
    done = log_in(address, key, origin=origin or origin_of(address), relying_party=relying_party)
    _show(done, as_json=as_json, token_only=token_only)


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, as a browser forms an origin."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _show(done: ClientLogin, *, as_json: bool, token_only: bool) -> None:
    from idservice.cli.terminal import plain, print_json, results

    if token_only:
        print(done.access_token)
    elif as_json:
        print_json({**done.answer, "claims": done.claims})
    else:
        console = results()
        console.print(plain(f"Logged in as {done.claims.get('name', 'an unnamed person')}"))
        for name, value in done.claims.items():
            console.print(plain(f"  {name:12} {value}"))
        console.print("Access token:")
        print(done.access_token)
