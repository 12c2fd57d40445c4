"""The one place where errors become messages for people and exit codes for scripts.

0 done · 1 refused or failed · 2 wrong usage or unusable input · 3 the installation is not
fit · 4 something needed does not answer, try again · 70 a fault of idservice itself ·
130 interrupted. Messages go to stderr, results to stdout.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback

from idservice.errors import (
    Configuration,
    Dependency,
    FileNotReadable,
    FileNotWritable,
    IdServiceError,
    InternalError,
    MalformedCrl,
    MalformedInput,
    MalformedOcsp,
    MalformedTimeStamp,
    PdfPasswordWrong,
    UnknownFormat,
    Unsupported,
    ValidationPolicyInvalid,
)

DONE = 0
FAILED = 1
UNUSABLE = 2
MISCONFIGURED = 3
TRY_AGAIN = 4
OWN_FAULT = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130

MAX_TEXT = 1000
"""Characters of one text from outside that are shown; nobody reads more of a message."""

_OUTPUT_FAULTS = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG})

# The first class that fits decides; what is not listed is FAILED.
_EXIT_CODES: tuple[tuple[type[IdServiceError], int], ...] = (
    (FileNotReadable, UNUSABLE),
    (UnknownFormat, UNUSABLE),
    (PdfPasswordWrong, UNUSABLE),
    # From a service that was asked, and no input of the command.
    (MalformedTimeStamp, FAILED),
    (MalformedOcsp, FAILED),
    (MalformedCrl, FAILED),
    (MalformedInput, UNUSABLE),
    (Unsupported, UNUSABLE),
    # A policy is named with a command as well as in the settings.
    (ValidationPolicyInvalid, UNUSABLE),
    (Configuration, MISCONFIGURED),
    (InternalError, OWN_FAULT),
    (Dependency, TRY_AGAIN),
)


def exit_code(error: type[IdServiceError]) -> int:
    """Return the exit code of a command that ends with this class of error."""
    for family, code in _EXIT_CODES:
        if issubclass(error, family):
            return code
    return FAILED


def message(error: IdServiceError) -> str:
    """Return what a person reads: what is wrong and why it matters, what to do, the code."""
    lines = [f"idservice: {printable(error.detail)}"]
    if error.fix:
        lines.append(f"  to do: {printable(error.fix)}")
    lines.append(f"  code:  {error.code}")
    return "\n".join(lines)


def report(error: BaseException) -> int:
    """Tell about an error on stderr and return the exit code."""
    if isinstance(error, IdServiceError):
        # Where there is no room for messages either, the exit code has to do.
        with contextlib.suppress(OSError):
            print(message(error), file=sys.stderr, flush=True)
        return exit_code(type(error))
    return _report_own_fault(error)


def is_about_output(error: OSError) -> bool:
    """Whether an error is about the standard output: of a stream without a name, and full."""
    return error.filename is None and error.errno in _OUTPUT_FAULTS


def report_lost_output(error: OSError) -> int:
    """Tell on stderr that the results could not be written, and return the exit code."""
    return report(
        FileNotWritable(
            f"The results cannot be written to the standard output: {error.strerror}. What the "
            "command did before that is done.",
            "Look at what was done, and let the output go where there is room.",
        )
    )


def printable(text: str, limit: int = MAX_TEXT) -> str:
    """Make text from outside harmless for a terminal, and bound its length.

    Control and direction marks are escaped, line ends as well: a name with a line end in it
    could write a line of its own, such as a verdict.
    """
    shown = text if len(text) <= limit else text[:limit] + "…"
    return "".join(
        character if character.isprintable() else _escaped(character) for character in shown
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _report_own_fault(error: BaseException) -> int:
    if os.environ.get("IDSERVICE_LOG__LEVEL", "").lower() == "debug":
        traceback.print_exception(error, file=sys.stderr)
    else:
        print(
            f"idservice: a fault of idservice itself stopped the command "
            f"({type(error).__name__}); nothing was left half done.\n"
            "  to do: run it again with IDSERVICE_LOG__LEVEL=debug and report what it prints",
            file=sys.stderr,
        )
    return OWN_FAULT
