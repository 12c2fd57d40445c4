"""What an attack on a signed document is, what an honest change is, and who judges them.

An attacker has a signed file, no key of its signer, and changes or appends bytes; some attacks
come from a signer who makes a signature that can be read in two ways. Each variant has an id
that stays the same, a family, and the codes of which at least one must be told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509

from idservice.services.revocation import RevocationState, RevocationStatus
from idservice.services.validation import Validation
from idservice.settings import load_settings
from idservice.validation.report import ValidationReport
from support import long_term
from support.attack_documents import signed_base
from support.pki import AT, chain
from support.revision_writing import Revision

NOW = AT + dt.timedelta(hours=6)
"""When everything is judged: all certificates are valid then and nothing is revoked."""

OWN = "own"
"""The base of files that are laid out from the ground."""

Change = Callable[[Revision], object]
Recipes = dict[str, tuple[str, Change]]
"""Changes by name, each with the codes of which one must be told (with blanks between)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One file to be judged: an attack, or an honest change where `codes` are what is listed.

    `base` names the signed document from which `make` derives the file; OWN stands for none.
    The signature number `victim` (from 0, in the order of the base) is the one that is attacked.
    With `only_level` the signature keeps its own worth, but no earlier time is proved for it.
    """

    id: str
    family: str
    base: str
    codes: frozenset[str]
    make: Callable[[bytes], bytes]
    victim: int = 0
    only_level: bool = False

    @property
    def recipe(self) -> str:
        """What is done, whichever document it is done to."""
        return self.id.split("@")[0]

    def build(self) -> bytes:
        """Make the file."""
        return self.make(b"" if self.base == OWN else signed_base(self.base))


def variant(
    family: str,
    name: str,
    base: str,
    codes: Iterable[str],
    make: Callable[[bytes], bytes],
    *,
    victim: int = 0,
    only_level: bool = False,
) -> Variant:
    """Name a variant after its family, its recipe and its base."""
    return Variant(
        f"{family}/{name}@{base}", family, base, frozenset(codes), make, victim, only_level
    )


def revised(change: Change, style: str | None = None) -> Callable[[bytes], bytes]:
    """Turn a change of objects into one of bytes: a revision is appended."""

    def make(data: bytes) -> bytes:
        revision = Revision(data)
        change(revision)
        return revision.build(style)

    return make


def over_bases(family: str, recipes: Recipes, bases: Iterable[str]) -> Iterator[Variant]:
    """Make each change to several signed documents."""
    for base in bases:
        for name, (codes, change) in recipes.items():
            yield variant(family, name, base, codes.split(), revised(change))


class NothingRevoked:
    """Says of every certificate that it is good."""

    def status(
        self,
        certificate: x509.Certificate,  # noqa: ARG002 - the interface
        issuer: x509.Certificate,  # noqa: ARG002 - the interface
    ) -> RevocationStatus:
        """Return VALID."""
        return RevocationStatus(RevocationState.VALID)


@cache
def validation() -> Validation:
    """The product's own validation, by default policy, with the signers of all bases trusted."""
    settings = load_settings(Path("no-home"), {}).validation
    return Validation(
        settings,
        clock=lambda: NOW,
        anchors=(chain().root.certificate, long_term.authorities().root.certificate),
        intermediates=(
            chain().intermediate.certificate,
            long_term.authorities().issuing.certificate,
        ),
        revocation=NothingRevoked(),
    )


def judge(data: bytes) -> ValidationReport:
    """Validate a file in this process."""
    return validation().validate(data, "file.pdf")


def told(report: ValidationReport) -> set[str]:
    """The codes of everything that a report says: errors, warnings and changes."""
    found = {item.code for item in report.errors}
    for signature in report.signatures:
        found |= {item.code for item in signature.verdict.errors}
        found |= {item.code for item in signature.verdict.warnings}
        found |= {item.code for item in signature.facts.changes}
    return found
