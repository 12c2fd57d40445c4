"""Rich output: results on stdout, talk on stderr, and text from outside made harmless."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from idservice.cli.failures import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.text import Text


PIPE_COLUMNS = 1000
"""Where output is no terminal, nothing is wrapped."""


def results() -> Console:
    """The console for what a command was asked for."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_COLUMNS)


def talk() -> Console:
    """The console for progress, warnings and explanations."""
    from rich.console import Console

    return Console(
        stderr=True, highlight=False, width=None if sys.stderr.isatty() else PIPE_COLUMNS
    )


def plain(text: str, style: str = "") -> Text:
    """One line that is shown as it is: no markup, no control characters, no endless names."""
    from rich.text import Text

    return Text(printable(text), style=style)


def plain_lines(lines: Iterable[str]) -> Text:
    """Several such lines below each other."""
    from rich.text import Text

    return Text("\n").join(plain(line) for line in lines)


def warn(text: str) -> None:
    """Print one warning to stderr."""
    print(f"idservice: warning: {printable(text)}", file=sys.stderr)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a JSON value to stdout; ASCII only, so that no terminal or pipe can mangle it."""
    print(json.dumps(value, indent=indent, ensure_ascii=True))
