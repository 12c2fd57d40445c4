"""`idservice verify`: the signatures of files, for people and for programs.

Works in any folder. Inside a home the authorities and the revocation state of that home
count; elsewhere only what --trust names.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idservice.cli import failures
from idservice.cli.content_options import ContentWishes, content_options
from idservice.cli.evidence_options import EvidenceWishes, evidence_options
from idservice.cli.explanation import explain
from idservice.cli.judging_options import JudgingWishes, judging_options
from idservice.cli.report_options import ReportWishes, report_options
from idservice.cli.secrets_input import password_options, read_password
from idservice.cli.terminal import plain, print_json, results
from idservice.cli.trust_files import read_trust_file
from idservice.cli.trust_list_options import TrustListWishes, trust_list_options
from idservice.errors import (
    Finding,
    IdServiceError,
    NotInitialised,
)

if TYPE_CHECKING:
    from rich.tree import Tree

    from idservice.cli.context import AppContext
    from idservice.presentation.report_tree import Line
    from idservice.services.evidence_at_hand import OutsideEvidence
    from idservice.services.listed_services import ListedServices
    from idservice.services.validation import (
        TrustedCertificate,
        Validation,
        ValidationReport,
    )

_STYLES = {"good": "bold green", "bad": "bold red", "open": "bold yellow", "strong": "bold"}
_MAX_NAME = 200


class _Time(click.ParamType[dt.datetime]):
    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.datetime:
        """Read an ISO 8601 time; one without a zone is UTC."""
        if isinstance(value, dt.datetime):
            return value
        try:
            time = dt.datetime.fromisoformat(str(value))
            return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time such as 2026-06-01T12:00:00Z", param, ctx)


@dataclass(frozen=True, slots=True)
class _Trusted:
    """What the caller trusts: authorities, services of trusted lists; and evidence to use."""

    anchors: tuple[TrustedCertificate, ...]
    services: ListedServices
    outside: OutsideEvidence


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file and line.")
@password_options
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also trust the certificates in this PEM file (may be repeated).",
)
@click.option(
    "--at",
    type=_Time(),
    help="Validate as of this time (ISO 8601) instead of now; the report is marked with it.",
)
@trust_list_options
@evidence_options
@report_options
@content_options
@judging_options
@click.pass_obj
def verify(
    context: AppContext,
    files: tuple[Path, ...],
    as_json: bool,
    password: str | None,
    password_file: Path | None,
    trust: tuple[Path, ...],
    at: dt.datetime | None,
    trust_lists: TrustListWishes,
    evidence: EvidenceWishes,
    reports: ReportWishes,
    content: ContentWishes,
    judging: JudgingWishes,
) -> int:
    """Verify every signature in FILES and say what can be relied upon.

    Ends with 0 when every file has a signature and every signature is TOTAL-PASSED, with 1
    when anything else is to be said about one, with 2 when a file cannot be used at all. A
    file is a PDF, or a CAdES signature (.p7s) with the file that it is over beside it.
    """
    reports.require_one_file(len(files))
    reports.require_free()
    content.require_one_file(len(files))
    secret = read_password(given=password, file=password_file)
    # Certificates of strangers make the library warn; the report says what matters.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        validation = _validation(context)
        anchors = tuple(item for path in trust for item in read_trust_file(path))
        trusted = _Trusted(anchors, trust_lists.services(), evidence.outside())
        codes = [
            _report(validation, path, secret, at, trusted, as_json, reports, content, judging)
            for path in files
        ]
    return max(codes)


def _report(
    validation: Validation,
    path: Path,
    password: str | None,
    at: dt.datetime | None,
    trusted: _Trusted,
    as_json: bool,
    reports: ReportWishes,
    content: ContentWishes,
    judging: JudgingWishes,
) -> int:
    """Report about one file and return the exit code that it asks for."""
    try:
        report = _validate(validation, path, password, at, trusted, reports, content, judging)
    except IdServiceError as exc:
        return _report_unusable(path, exc, as_json)
    if as_json:
        print_json(report.to_json(), indent=None)
    else:
        _show(report, as_of=at is not None)
        if judging.explain:
            explain(report)
    return failures.DONE if report.passed else failures.FAILED


def _report_unusable(path: Path, error: IdServiceError, as_json: bool) -> int:
    """Say which file was not validated and why; a program gets its object all the same."""
    from idservice.services.validation import ValidationReport

    if as_json:
        reason = Finding(error.code, error.detail, error.fix)
        print_json(ValidationReport(str(path), None, (), (reason,)).to_json(), indent=None)
    name = failures.printable(str(path), _MAX_NAME)
    named = type(error)(f"{name} was not validated: {error.detail}", error.fix)
    print(failures.message(named), file=sys.stderr)
    return failures.exit_code(type(error))


def _validate(
    validation: Validation,
    path: Path,
    password: str | None,
    at: dt.datetime | None,
    trusted: _Trusted,
    reports: ReportWishes,
    content: ContentWishes,
    judging: JudgingWishes,
) -> ValidationReport:
    from idservice.services.documents import open_document

    # A file beyond the limit is mapped and not read: that it is too large goes into the report.
    with (
        open_document(path, sys.maxsize) as document,
        content.of(path, document.data) as signed,
    ):
        report = validation.validate(
            document.data,
            str(path),
            content=None if signed is None else signed.data,
            password=password,
            at=at,
            policy=judging.policy(),
            extra_anchors=trusted.anchors,
            extra_services=trusted.services,
            outside=trusted.outside,
        )
        reports.write(report, document, validation.settings, password)
        document.require_unchanged()
        if signed is not None:
            signed.require_unchanged()
        return report


def _validation(context: AppContext) -> Validation:
    """Take the validation of the home, or one without anchors where there is no home."""
    # Loading what only a home needs would take as long as all the rest.
    if context.settings.keys.secret_file.exists():
        with contextlib.suppress(NotInitialised):
            services = context.services()
            services.confined_reader.start()
            return services.validation
    return _without_home(context)


def _without_home(context: AppContext) -> Validation:
    from idservice.services.confinement import ConfinedReader

    reader = ConfinedReader(context.settings.validation)
    reader.start()
    # While that process loads what reads documents, this one loads what judges them.
    from idservice.services.validation import validation_without_home

    return validation_without_home(context.settings.validation, reader)


def _show(report: ValidationReport, *, as_of: bool) -> None:
    from rich.tree import Tree

    from idservice.presentation.report_tree import headline, report_tree

    sentence, whole = headline(report), report_tree(report, as_of=as_of)
    results().print(plain(sentence.text, _STYLES[sentence.tone]))
    tree = Tree(plain(whole.text))
    _add(tree, whole)
    results().print(tree)


def _add(tree: Tree, line: Line) -> None:
    for item in line.below:
        _add(tree.add(plain(item.text, _STYLES.get(item.tone, ""))), item)
