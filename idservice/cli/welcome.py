"""The box that a started service shows: where it is, who can be used, what to do next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idservice.services.origins import is_loopback

if TYPE_CHECKING:
    from rich.table import Table

    from idservice.services.test_people import ReadyPerson
    from idservice.settings import Settings

SPECIMEN = "contract.pdf"


def welcome(settings: Settings, people: Sequence[ReadyPerson], demo_origins: Sequence[str]) -> None:
    """Print the box on stderr; `demo_origins` are those of the demo relying party."""
    from rich.console import Group
    from rich.panel import Panel

    from idservice.cli.terminal import talk

    url = _address(settings)
    body = Group(
        f"[bold cyan]{url}/[/]      what runs here",
        f"[bold cyan]{url}/docs[/]  the REST interface",
        "",
        _people_table(people),
        f"[dim]{_pins(people)}[/]",
        "",
        "Next, in another terminal:",
        *(f"  [bold]{line}[/]" for line in next_commands(settings, people, demo_origins)),
        "",
        "[yellow]Test identities: never trust this CA.[/]  Ctrl-C stops.",
    )
    title = "[bold]idservice[/] is running"
    talk().print(Panel(body, title=title, title_align="left", expand=False, padding=(1, 2)))


def next_commands(
    settings: Settings, people: Sequence[ReadyPerson], demo_origins: Sequence[str]
) -> list[str]:
    """Return three commands to try next, as they can be typed in the current folder."""
    code = next((person.code for person in people if "server" in person.custody), "CODE")
    program = program_name(settings.home)
    document = _relative(settings.state.folder / SPECIMEN)
    signed = document.with_suffix(".signed.pdf")
    return [
        f"{program} login --as {code}{_where(_address(settings), demo_origins)}",
        f"{program} sign {shlex.quote(str(document))} --as {code}",
        f"{program} verify {shlex.quote(str(signed))}",
    ]


def _address(settings: Settings) -> str:
    """Return where the service answers: a home for another port of this machine keeps that one."""
    server = settings.server
    parts = urlsplit(server.public_url)
    host = parts.hostname or ""
    if parts.scheme != "http" or not is_loopback(host) or (parts.port or 80) == server.port:
        return server.public_url
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}"


def _where(address: str, demo_origins: Sequence[str]) -> str:
    """Return the options of a login at an address that is not the one the home was made for.

    The first origin of the demo relying party is the address of the home.
    """
    if not demo_origins or address == demo_origins[0]:
        return ""
    known = address in demo_origins
    return f" --url {address}" + ("" if known else f" --origin {demo_origins[0]}")


def program_name(home: Path) -> str:
    """Return how this program is called from the current folder, for this home."""
    called = Path(sys.argv[0])
    found = shutil.which("idservice")
    name = "idservice"
    if called.name == "__main__.py":
        name = "python -m idservice"
    elif found is None or not Path(found).samefile(called):
        name = shlex.quote(str(_relative(called.absolute())))
    return name if home == Path.cwd() else f"{name} --home {shlex.quote(str(_relative(home)))}"


def _relative(path: Path) -> Path:
    """The path from the current folder if it lies inside, else as it is."""
    relative = Path(os.path.relpath(path))
    return path if ".." in relative.parts else relative


def _people_table(people: Sequence[ReadyPerson]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("Test person", "Name", "Keys"):
        table.add_column(heading)
    for person in people:
        table.add_row(person.code, person.name, " and ".join(person.custody))
    return table


def _pins(people: Sequence[ReadyPerson]) -> str:
    codes = {(person.pin1, person.pin2, person.puk) for person in people}
    return "\n".join(f"PIN1 {pin1}   PIN2 {pin2}   PUK {puk}" for pin1, pin2, puk in sorted(codes))
