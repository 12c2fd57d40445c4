"""Options for reports that are written to files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from idservice.services.documents import Document
    from idservice.services.validation import ValidationReport
    from idservice.settings import ValidationSettings

_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class ReportWishes:
    """Which reports are to be written, and whether they may replace files."""

    html: Path | None
    replace: bool

    @property
    def wanted(self) -> bool:
        """Whether any report is to be written."""
        return self.html is not None

    def require_one_file(self, count: int) -> None:
        """Refuse several files: each report is about one."""
        if self.wanted and count != 1:
            raise click.UsageError("A report is about one file; give one FILE with --report.")

    def require_free(self) -> None:
        """Refuse a report that would replace a file, before anything is validated."""
        from idservice.services.documents import require_free_target

        for target in filter(None, (self.html,)):
            require_free_target(target, replace=self.replace)

    def write(
        self,
        report: ValidationReport,
        document: Document,
        settings: ValidationSettings,
        password: str | None,
    ) -> None:
        """Write all reports that are wanted, each whole or not at all."""
        if self.html is not None:
            _write_html(self, report, document, settings, password)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, and pass what they say as the argument `reports`."""

    @click.option(
        "--report",
        "html",
        type=_FILE,
        help="Write a report to read and print to this HTML file, with pictures of the pages.",
    )
    @click.option("--force", is_flag=True, help="Replace existing reports.")
    @wraps(command)
    def wrapped(*args: Any, html: Path | None, force: bool, **options: Any) -> Any:
        return command(*args, reports=ReportWishes(html, force), **options)

    return wrapped


def _write_html(
    wishes: ReportWishes,
    report: ValidationReport,
    document: Document,
    settings: ValidationSettings,
    password: str | None,
) -> None:
    from idservice.cli.terminal import talk
    from idservice.services.documents import new_file
    from idservice.services.html_report import html_report

    assert wishes.html is not None  # noqa: S101 - asked by the caller
    with talk().status("Drawing pages …") as status:
        text = html_report(
            report,
            document.data,
            settings,
            password=password,
            progress=lambda done, most: status.update(f"Drawing pages: {done} of at most {most}"),
        )
    with new_file(wishes.html, replace=wishes.replace) as file:
        file.write(text.encode("utf-8"))
