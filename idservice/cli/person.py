"""`idservice person`: issue people and follow their life cycle, on the home folder itself."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli.context import AppContext

if TYPE_CHECKING:
    from idservice.services.persons import PersonView

ACTOR = "command-line"
REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
CODES = ("pin1", "pin2", "puk")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STYLES = {"active": "green", "suspended": "yellow", "revoked": "red", "expired": "yellow"}


class Duration(click.ParamType):
    """A length of time such as 90s, 10m, 12h or 30d; a bare number is seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read the text; a usage error for anything else."""
        found = re.fullmatch(r"([1-9]\d{0,8})([smhd]?)", str(value))
        if found is None:
            self.fail("write 90s, 10m, 12h or 30d", param, ctx)
        return timedelta(seconds=int(found[1]) * _UNITS[found[2] or "s"])


@click.group()
def person() -> None:
    """Issue, show, suspend, resume and revoke people."""


@person.command()
@click.option("--given-name", required=True, help="Given names, as a card prints them.")
@click.option("--surname", required=True, help="Surname.")
@click.option("--code", help="Personal code; made from --birth-date and --sex unless given.")
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]), help="Day of birth.")
@click.option("--sex", type=click.Choice(["male", "female"]), help="Sex, as the code tells it.")
@click.option(
    "--custody",
    type=click.Choice(["server", "card", "both"]),
    default="server",
    show_default=True,
    help="Where the keys are: in this service, in card files, or one pair in each.",
)
@click.option(
    "--card-out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for card files; var/cards in the home unless given.",
)
@click.option("--pin1-file", type=click.Path(path_type=Path), help="Read PIN1 from a file.")
@click.option("--pin2-file", type=click.Path(path_type=Path), help="Read PIN2 from a file.")
@click.option("--puk-file", type=click.Path(path_type=Path), help="Read the PUK from a file.")
@click.option("--ask-pins", is_flag=True, help="Ask for PINs and PUK, without echo.")
@click.option("--valid-for", type=Duration(), help="Validity, such as 90s, 12h or 30d.")
@click.option("--json", "as_json", is_flag=True, help="Print the person as JSON.")
@click.pass_obj
def issue(
    app: AppContext,
    given_name: str,
    surname: str,
    code: str | None,
    birth_date: datetime | None,
    sex: str | None,
    custody: str,
    card_out: Path | None,
    pin1_file: Path | None,
    pin2_file: Path | None,
    puk_file: Path | None,
    ask_pins: bool,
    valid_for: timedelta | None,
    as_json: bool,
) -> None:
    """Issue a person with a pair of keys and certificates.

    PINs come from files, from --ask-pins, or are made and printed this once.
    """
    from idservice.pki.personal_code import Sex
    from idservice.services.person_request import PersonRequest

    if card_out is not None and custody == "server":
        raise click.UsageError("--card-out is for --custody card or both.")
    files = {"pin1": pin1_file, "pin2": pin2_file, "puk": puk_file}
    chosen = {kind: _new_code(kind, file, ask=ask_pins) for kind, file in files.items()}
    services = app.services()
    stem = None
    if custody != "server":
        folder = _card_folder(app, card_out)
        stem = folder / _card_name(given_name, surname, code)
    enrolled = services.persons.issue(
        PersonRequest(
            given_name=given_name,
            surname=surname,
            approver=ACTOR,
            personal_code=code,
            birth_date=birth_date.date() if birth_date else None,
            sex=Sex(sex) if sex else None,
            server=custody != "card",
            card=stem,
            valid_for=valid_for,
            **chosen,
        )
    )
