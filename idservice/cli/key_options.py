"""Which key a command uses: --as CODE for a server key, --card FILE for a card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli.secrets_input import pin_options

if TYPE_CHECKING:
    from idservice.services.own_keys import KeyChoice


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --as, --card, --pin and --pin-file to a command."""
    command = pin_options(command)
    command = click.option(
        "--card",
        type=click.Path(path_type=Path),
        help="Card file of the person; wrong tries are counted in this home.",
    )(command)
    return click.option(
        "--as", "person", metavar="CODE", help="Personal code of the person whose key is here."
    )(command)


def chosen_key(person: str | None, card: Path | None) -> KeyChoice:
    """Return the one choice that was made; raise a usage error for none or both."""
    from idservice.services.own_keys import KeyChoice

    if (person is None) == (card is None):
        raise click.UsageError("Give either --as CODE or --card FILE.")
    return KeyChoice(card if card is not None else person or "")
