"""The entry point: one group, and a table from which commands are loaded when they are used.

Interaction goes to the terminal, everything else to stderr, results to stdout. `--help`
imports click and nothing more, so the table below holds the one-line helps.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import click

from idservice import __version__

# Command, module, attribute, one line of help; in the order in which people need them.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("serve", "run", "Initialise the home folder if it is new, then serve."),
    "demo": ("demo", "demo", "Tell the whole story: issue, log in, sign, verify, tamper, revoke."),
    "init": ("init", "init", "Create keys, database and test people in the home folder."),
    "serve": ("serve", "serve", "Start the service."),
    "doctor": ("doctor", "doctor", "Check the installation and say how to mend it."),
    "sign": ("sign", "sign", "Sign PDF files."),
    "extend": ("extend", "extend", "Raise the level of signatures, and renew archived files."),
    "verify": ("verify", "verify", "Verify the signatures of files."),
    "inspect": (
        "inspect",
        "inspect",
        "Explain a certificate, CRL, OCSP answer, time-stamp, CMS, PDF or token.",
    ),
    "diff": ("diff", "diff", "Show what each revision of a PDF changed."),
    "login": ("login", "login", "Log in to a running service and print the access token."),
    "person": ("person", "person", "Issue, show, suspend, resume and revoke people."),
    "relying-party": (
        "relying_party",
        "relying_party",
        "Register applications that log people in.",
    ),
    "keys": ("keys", "keys", "Rotate and list the keys of access tokens."),
    "bench": ("bench", "bench", "Measure signatures per second."),
}

EPILOG = """\b
Example:
  idservice init
  idservice sign contract.pdf --as 38001085718
  idservice verify contract.signed.pdf
"""


class CommandTable(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None for a name that is not in the table."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"idservice.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.command(cls=CommandTable, epilog=EPILOG, context_settings={"max_content_width": 100})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="IDSERVICE_HOME",
    default=Path(),
    help="Folder of keys/ and var/; the current folder unless given.",
)
@click.version_option(__version__, message="idservice %(version)s")
@click.pass_context
def cli(ctx: click.Context, home: Path) -> None:
    """Run a complete test e-ID: people, login, PDF signatures and their validation.

    These are test identities: never trust this CA.
    """
    from idservice.cli.context import AppContext

    ctx.obj = AppContext(home)
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run one command and end the process with its documented exit code."""
    _open_missing_streams()
    # SIGTERM unwinds like Ctrl-C, so that what was begun is ended and cleaned up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run(sys.argv[1:])
    sys.exit(_flush() or code)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; nothing escapes as a traceback."""
    from idservice.cli import failures

    try:
        result = cli.main(arguments, prog_name="idservice", standalone_mode=False)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.ClickException as exc:
        exc.show()
        return failures.UNUSABLE
    except (click.Abort, KeyboardInterrupt):
        print("idservice: interrupted", file=sys.stderr)
        return failures.INTERRUPTED
    except OSError as exc:
        return _output_failed(exc)
    except Exception as exc:  # noqa: BLE001 - the outermost handler
        return failures.report(exc)
    return result if isinstance(result, int) else failures.DONE


def _flush() -> int:
    """Write what is still buffered; return an exit code if that fails."""
    try:
        sys.stdout.flush()
    except OSError as exc:
        return _output_failed(exc)
    return 0


def _output_failed(error: OSError) -> int:
    """Return the exit code for an error that is, most likely, about our own output."""
    from idservice.cli import failures

    if isinstance(error, BrokenPipeError):
        # The reader of our output went away (`| head`): there is nobody to tell.
        _drop_output()
        return failures.FAILED
    if not failures.is_about_output(error):
        return failures.report(error)
    _drop_output()
    return failures.report_lost_output(error)


def _drop_output() -> None:
    """Let nothing that is still buffered be written when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_missing_streams() -> None:
    """Open standard streams that the shell closed (`>&-`).

    Otherwise the next file that is opened, such as the database, would take their place.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for the life of the process
