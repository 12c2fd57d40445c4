"""Where PINs, PUKs and passwords come from: option, file, environment, or the terminal.

A prompt never echoes. Without a terminal nothing is asked: a script must not hang.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from idservice.errors import FileNotReadable, PinMissing

MAX_SECRET_BYTES = 1024

PIN_VARIABLES = {"pin1": "IDSERVICE_PIN1", "pin2": "IDSERVICE_PIN2", "puk": "IDSERVICE_PUK"}
PASSWORD_VARIABLE = "IDSERVICE_PDF_PASSWORD"  # noqa: S105 - the name of a variable, not a password


def read_pin(
    kind: str, *, given: str | None = None, file: Path | None = None, holder: str = ""
) -> str:
    """Return the PIN of a kind (pin1, pin2, puk): option, file, environment, prompt, in this order.

    Raises PinMissing when there is none and no terminal to ask at, FileNotReadable.
    """
    found = _given(given, file, PIN_VARIABLES[kind])
    if found is not None:
        return found
    if not sys.stdin.isatty():
        raise PinMissing(
            f"{kind.upper()} is needed, was not given, and there is no terminal to ask at.",
            f"Give --pin-file FILE or set {PIN_VARIABLES[kind]}.",
        )
    return getpass.getpass(f"{kind.upper()}{f' of {holder}' if holder else ''}: ")


def read_password(*, given: str | None = None, file: Path | None = None) -> str | None:
    """Return the password of a PDF if one was given in any way, else None: never asked for."""
    return _given(given, file, PASSWORD_VARIABLE)


def read_secret_file(path: Path) -> str:
    """Return the first line of a file, without its line end. Raises FileNotReadable."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise FileNotReadable(
            f"{path} cannot be read: {reason}.", "Name a text file whose first line is the secret."
        ) from exc
    return content.split("\n", 1)[0].rstrip("\r")


def pin_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --pin and --pin-file to a command."""
    for option in (
        click.option(
            "--pin-file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Read the PIN from the first line of a file.",
        ),
        click.option(
            "--pin", help="The PIN; a file, IDSERVICE_PIN1/2 or the prompt hide it better."
        ),
    ):
        command = option(command)
    return command


def password_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --password and --password-file to a command."""
    for option in (
        click.option(
            "--password-file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Read the PDF's password from the first line of a file.",
        ),
        click.option("--password", help="Password that opens the PDF (or IDSERVICE_PDF_PASSWORD)."),
    ):
        command = option(command)
    return command


def _given(given: str | None, file: Path | None, variable: str) -> str | None:
    if given is not None:
        return given
    if file is not None:
        return read_secret_file(file)
    return os.environ.get(variable)
