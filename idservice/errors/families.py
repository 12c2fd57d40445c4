"""The base of all errors and their families by cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class IdServiceError(Exception):
    """Base of every error that idservice raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, fix: str = "") -> None:
        """Keep `detail` (what is wrong, why it matters) and `fix` (what to do)."""
        super().__init__(detail)
        self.detail = detail
        self.fix = fix

    def __reduce__(self) -> tuple[type[IdServiceError], tuple[str, str]]:
        """Make errors survive the trip between worker processes."""
        return type(self), (self.detail, self.fix)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader noticed without ending the reading.

    Validation goes on after the first fault, so that a report names all of them:
    what a module would raise it then returns in this form. `code` is stable, and
    validation.rules tells what each code means for the verdict.
    """

    code: str
    message: str
    fix: str = ""


class MalformedInput(IdServiceError):
    """The input does not have the form that its format requires."""

    code = "malformed_input"


class Unsupported(IdServiceError):
    """The input is well formed but uses something that idservice does not do."""

    code = "unsupported"


class Verification(IdServiceError):
    """A check of a signature, certificate or token failed."""

    code = "verification_failed"


class Challenge(IdServiceError):
    """A login challenge cannot be used."""

    code = "challenge_refused"


class RequestRefused(IdServiceError):
    """The request is understood and refused."""

    code = "request_refused"


class Dependency(IdServiceError):
    """Something that the service needs does not answer; trying again may help."""

    code = "dependency_failed"


class Configuration(IdServiceError):
    """The installation is not fit to run; the process does not start."""

    code = "configuration_invalid"
