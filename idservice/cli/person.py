"""`idservice person`: issue people and follow their life cycle, on the home folder itself."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from idservice.cli.context import AppContext
from idservice.cli.person_output import show_issued, show_list, show_person
from idservice.errors import FileNotWritable

ACTOR = "command-line"
REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
SIGNING_KEYS = (
    "P-256",
    "P-384",
    "P-521",
    "RSA-2048",
    "RSA-3072",
    "RSA-4096",
    "Ed25519",
    "ML-DSA-65",
)
CODES = ("pin1", "pin2", "puk")
MAX_LISTED = 100_000

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[timedelta]):
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
    type=click.Choice(["server", "hsm", "card", "both"]),
    default="server",
    show_default=True,
    help="Where the keys are: in this service, in its hardware security module, in card files, "
    "or one pair each in the service and in card files.",
)
@click.option(
    "--card-out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for card files; var/cards in the home unless given.",
)
@click.option(
    "--key",
    "signing_key",
    type=click.Choice(SIGNING_KEYS),
    help="Kind of the signing key; P-384, as a card has it, unless given.",
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
    signing_key: str | None,
    pin1_file: Path | None,
    pin2_file: Path | None,
    puk_file: Path | None,
    ask_pins: bool,
    valid_for: timedelta | None,
    as_json: bool,
) -> None:
    """Issue a person with a pair of keys and certificates.

    PINs come from files, from IDSERVICE_PIN1, IDSERVICE_PIN2 and IDSERVICE_PUK, from
    --ask-pins, or are made and printed this once.
    """
    from idservice.services.person_request import PersonRequest, Sex
    from idservice.services.signing_keys import signing_key_form

    in_card = custody in ("card", "both")
    if card_out is not None and not in_card:
        raise click.UsageError("--card-out is for --custody card or both.")
    files = {"pin1": pin1_file, "pin2": pin2_file, "puk": puk_file}
    chosen = {kind: _new_code(kind, file, ask=ask_pins) for kind, file in files.items()}
    enrolled = app.services().persons.issue(
        PersonRequest(
            given_name=given_name,
            surname=surname,
            approver=ACTOR,
            personal_code=code,
            birth_date=birth_date.date() if birth_date else None,
            sex=Sex(sex) if sex else None,
            server=custody in ("server", "both"),
            hsm=custody == "hsm",
            card=_card_folder(app, card_out) if in_card else None,
            signing_key=signing_key_form(signing_key) if signing_key else None,
            valid_for=valid_for,
            pin1=chosen["pin1"],
            pin2=chosen["pin2"],
            puk=chosen["puk"],
        )
    )
    view = app.services().persons.show(enrolled.personal_code)
    made = {kind: enrolled.pins.of(kind) for kind in CODES if chosen[kind] is None}
    show_issued(view, made, as_json=as_json)


@person.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the people as JSON.")
@click.pass_obj
def list_people(app: AppContext, as_json: bool) -> None:
    """List all people in the order of their personal codes."""
    show_list(app.services().persons.list(limit=MAX_LISTED), as_json=as_json)


@person.command()
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="Print the person as JSON.")
@click.pass_obj
def show(app: AppContext, code: str, as_json: bool) -> None:
    """Show one person: status, certificates, tries left."""
    show_person(app.services().persons.show(code), as_json=as_json)


@person.command()
@click.argument("code")
@click.pass_obj
def suspend(app: AppContext, code: str) -> None:
    """Suspend a person: no login and no signature until resumed."""
    app.services().persons.suspend(code, actor=ACTOR)
    print(f"{code} is suspended")


@person.command()
@click.argument("code")
@click.pass_obj
def resume(app: AppContext, code: str) -> None:
    """End the suspension of a person."""
    app.services().persons.resume(code, actor=ACTOR)
    print(f"{code} is active again")


@person.command()
@click.argument("code")
@click.option(
    "--reason",
    type=click.Choice(REASONS),
    default="unspecified",
    show_default=True,
    help="Why, as a revocation list tells it.",
)
@click.pass_obj
def revoke(app: AppContext, code: str, reason: str) -> None:
    """Revoke a person and all their certificates, for good."""
    app.services().persons.revoke(code, reason, actor=ACTOR)
    print(f"{code} is revoked")


@person.command()
@click.argument("code", required=False)
@click.option("--card", type=click.Path(path_type=Path), help="Card file whose tries to restore.")
@click.option(
    "--which", type=click.Choice(["pin1", "pin2"]), required=True, help="The PIN to unlock."
)
@click.option("--puk-file", type=click.Path(path_type=Path), help="Read the PUK from a file.")
@click.option("--new-pin-file", type=click.Path(path_type=Path), help="Read a new PIN from a file.")
@click.option("--ask-new-pin", is_flag=True, help="Ask for a new PIN, without echo.")
@click.pass_obj
def unblock(
    app: AppContext,
    code: str | None,
    card: Path | None,
    which: str,
    puk_file: Path | None,
    new_pin_file: Path | None,
    ask_new_pin: bool,
) -> None:
    """Unlock PIN1 or PIN2 with the PUK, and replace it if a new one is given.

    The PIN of a card file stays what it is: only the tries counted here are restored.
    """
    from idservice.cli.secrets_input import read_pin
    from idservice.services.persons import Purpose

    if (code is None) == (card is None):
        raise click.UsageError("Give either a personal code or --card FILE.")
    if card is not None and (new_pin_file or ask_new_pin):
        raise click.UsageError("The PIN of a card file cannot be replaced here.")
    puk = read_pin("puk", file=puk_file, holder=code or str(card))
    purpose = next(item for item in Purpose if item.pin == which)
    persons = app.services().persons
    if card is not None:
        persons.unlock_card(card, purpose, puk)
    elif code is not None:
        new_pin = _new_code(which, new_pin_file, ask=ask_new_pin, environment=False)
        persons.unlock(code, purpose, puk, new_pin)
    print(f"{which.upper()} is unlocked")


def _new_code(kind: str, file: Path | None, *, ask: bool, environment: bool = True) -> str | None:
    """Return a PIN or PUK that the user chose: from a file, the environment or by asking."""
    from idservice.cli.secrets_input import PIN_VARIABLES, read_secret_file

    if file is not None:
        return read_secret_file(file)
    if environment and PIN_VARIABLES[kind] in os.environ:
        return os.environ[PIN_VARIABLES[kind]]
    if not ask:
        return None
    chosen: str = click.prompt(
        f"New {kind.upper()}", hide_input=True, confirmation_prompt=True, err=True
    )
    return chosen


def _card_folder(app: AppContext, chosen: Path | None) -> Path:
    folder = chosen or app.settings.state.folder / "cards"
    if not folder.is_dir():
        raise FileNotWritable(
            f"The folder {folder} for card files does not exist.", "Make it, or name another."
        )
    return folder
