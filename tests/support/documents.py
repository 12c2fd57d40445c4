"""The documents that follow from the code: docs/errors.md and docs/cli.md.

`make docs` writes them; `tests/test_docs.py` fails when one is not what the code says. The last
column of the table of errors, what to do, is written by hand in the document itself and kept.
"""

import re
from collections.abc import Iterator

import click
from click.testing import CliRunner

from idservice.cli.failures import exit_code
from idservice.cli.main import cli
from idservice.errors import IdServiceError
from idservice.web.problems import status_of
from support.source import ROOT

ERRORS = ROOT / "docs" / "errors.md"
CLI = ROOT / "docs" / "cli.md"
ERROR_ROW = re.compile(r"^\| `(?P<code>\w+)` \|.*\| (?P<to_do>[^|]*) \|$", re.MULTILINE)
HELP_WIDTH = 100

ERRORS_HEAD = """\
# Every error, and what to do about it

idservice raises one kind of error, with one stable code for each reason. Over HTTP it becomes a
problem document (RFC 9457) whose `type` ends in the code; on the command line it becomes a message
of three lines on stderr (what is wrong, what to do, the code) and an exit code:

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused, or the check failed |
| 2 | wrong usage or unusable input |
| 3 | the installation is not fit to run |
| 4 | something that is needed does not answer; try again |
| 70 | a fault of idservice itself |
| 130 | interrupted |

Programs should look at the code and never at the text. Codes are only ever added.
"""

FAMILY_HEAD = """\
| code | HTTP | exit | meaning | what to do |
|---|---|---|---|---|"""

CLI_HEAD = """\
# The command line

What `--help` prints, for every command. PINs, passwords and tokens need not stand on the command
line: they come from a prompt that does not echo, from a file or from the environment.
"""


def families() -> list[type[IdServiceError]]:
    """Return the families of errors in the order of the module."""
    return list(IdServiceError.__subclasses__())


def leaves(family: type[IdServiceError]) -> list[type[IdServiceError]]:
    """Return the classes of a family that are raised, in the order of the module."""
    below = family.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [family]


def all_leaves() -> list[type[IdServiceError]]:
    """Return every error that has a code of its own."""
    return [leaf for family in families() for leaf in leaves(family)]


def what_to_do(document: str) -> dict[str, str]:
    """Read the hand-written last column of the tables, by code."""
    return {row["code"]: row["to_do"].strip() for row in ERROR_ROW.finditer(document)}


def errors_document(to_do: dict[str, str]) -> str:
    """Return docs/errors.md as the code has it, with the hand-written column put in."""
    parts = [ERRORS_HEAD]
    for family in families():
        rows = [_error_row(leaf, to_do.get(leaf.code, "")) for leaf in leaves(family)]
        parts.append(
            "\n".join([f"## {_title(family)}\n", _meaning(family), "", FAMILY_HEAD, *rows])
        )
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def cli_document() -> str:
    """Return docs/cli.md: the help of the program and of each of its commands, as printed."""
    sections = [f"## {' '.join(['idservice', *path])}\n\n{_help(path)}" for path in _paths([])]
    return "\n".join([CLI_HEAD, *sections])


def command(path: list[str]) -> click.Command:
    """Return the command with these words after `idservice`; raises KeyError for an unknown one."""
    found: click.Command = cli
    for word in path:
        below = (
            found.get_command(click.Context(found), word)
            if isinstance(found, click.Group)
            else None
        )
        if below is None:
            raise KeyError(" ".join(path))
        found = below
    return found


def write_all() -> None:
    """Write the documents anew."""
    existing = ERRORS.read_text() if ERRORS.exists() else ""
    ERRORS.write_text(errors_document(what_to_do(existing)))
    CLI.write_text(cli_document())


def _error_row(leaf: type[IdServiceError], to_do: str) -> str:
    return f"| `{leaf.code}` | {status_of(leaf)} | {exit_code(leaf)} | {_meaning(leaf)} | {to_do} |"


def _meaning(error: type[IdServiceError]) -> str:
    return " ".join((error.__doc__ or "").split())


def _title(family: type[IdServiceError]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", family.__name__).capitalize()


def _paths(path: list[str]) -> Iterator[list[str]]:
    """Yield the words of this command and of every command below it."""
    yield path
    found = command(path)
    if isinstance(found, click.Group):
        for name in found.list_commands(click.Context(found)):
            yield from _paths([*path, name])


def _help(path: list[str]) -> str:
    runner = CliRunner(env={"COLUMNS": str(HELP_WIDTH), "NO_COLOR": "1"})
    shown = runner.invoke(cli, [*path, "--help"], prog_name="idservice")
    assert shown.exit_code == 0, shown.output
    return f"```text\n{shown.output.rstrip()}\n```\n"


if __name__ == "__main__":
    write_all()
