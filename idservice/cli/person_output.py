"""How people are shown: tables and panels on a terminal, JSON for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from idservice.services.persons import PersonView

_STYLES = {
    "active": "green",
    "valid": "green",
    "suspended": "yellow",
    "expired": "yellow",
    "revoked": "red",
}


def show_issued(view: PersonView, made: Mapping[str, str], *, as_json: bool) -> None:
    """Print a new person, and this once the PINs that were made."""
    from idservice.cli.terminal import print_json, results
    from idservice.services.person_facts import person_facts

    if as_json:
        print_json({**person_facts(view), "pins": dict(made)})
        return
    show_person(view, as_json=False)
    console = results()
    for kind, value in made.items():
        console.print(f"  {kind.upper():<12}{value}")
    if made:
        console.print("Note the codes now: nobody can show them again.")


def show_list(views: Sequence[PersonView], *, as_json: bool) -> None:
    """Print people as a table, or as a JSON array."""
    from idservice.cli.terminal import plain, print_json, results
    from idservice.services.person_facts import person_facts

    if as_json:
        print_json([person_facts(view) for view in views])
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for heading in ("Code", "Name", "Status", "Keys", "Valid until"):
        table.add_column(heading, overflow="fold")
    for view in views:
        ends = max(record.not_after for record in view.certificates)
        table.add_row(
            view.person.code,
            plain(f"{view.person.given_name} {view.person.surname}"),
            _styled(view.status),
            ", ".join(view.custody),
            f"{ends:%Y-%m-%d %H:%M}",
        )
    results().print(table)


def show_person(view: PersonView, *, as_json: bool) -> None:
    """Print one person with certificates, or as a JSON object."""
    from idservice.cli.terminal import plain, print_json, results
    from idservice.services.person_facts import person_facts

    if as_json:
        print_json(person_facts(view))
        return
    person = view.person
    console = results()
    console.print(plain(f"{person.given_name} {person.surname}", "bold"), person.code)
    console.print("  status     ", _styled(view.status), _reason(view))
    if view.tries_left:
        left = ", ".join(f"{kind.upper()} {count}" for kind, count in view.tries_left.items())
        console.print(f"  tries left  {left}")
    for record in view.certificates:
        console.print(f"  {record.purpose} ({record.custody})", _styled(view.status_of(record)))
        console.print(f"    serial     {record.serial}")
        console.print(
            f"    valid      {record.not_before:%Y-%m-%d %H:%M:%S} to "
            f"{record.not_after:%Y-%m-%d %H:%M:%S} UTC"
        )


def _reason(view: PersonView) -> Text:
    from idservice.cli.terminal import plain

    reason, at = view.person.revocation_reason, view.person.revoked_at
    return plain(f"since {at:%Y-%m-%d %H:%M:%S} UTC, {reason}" if at and reason else "")


def _styled(status: str) -> Text:
    from idservice.cli.terminal import plain

    return plain(status, _STYLES.get(status, ""))
