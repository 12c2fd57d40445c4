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
    etsi: Path | None
    replace: bool

    @property
    def wanted(self) -> bool:
        """Whether any report is to be written."""
        return self.html is not None or self.etsi is not None

    def require_one_file(self, count: int) -> None:
        """Refuse several files: each report is about one."""
        if self.wanted and count != 1:
            raise click.UsageError(
                "A report is about one file; give one FILE with --report or --etsi-report."
            )

    def require_free(self) -> None:
        """Refuse a report that would replace a file, before anything is validated."""
        from idservice.services.documents import require_free_target

        for target in filter(None, (self.html, self.etsi)):
            require_free_target(target, replace=self.replace)

    def write(
        self,
        report: ValidationReport,
        document: Document,
        settings: ValidationSettings,
        password: str | None,
    ) -> None:
        """Write all reports that are wanted, each whole or not at all."""
        if self.etsi is not None:
            from idservice.presentation.etsi_report import etsi_report

            self._save(self.etsi, etsi_report(report))
        if self.html is not None:
            html = _drawn(report, document, settings, password)
            self._save(self.html, html.encode("utf-8"))

    def _save(self, target: Path, content: bytes) -> None:
        from idservice.services.documents import new_file

        with new_file(target, replace=self.replace) as file:
            file.write(content)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, and pass what they say as the argument `reports`."""

    @click.option(
        "--report",
        "html",
        type=_FILE,
        help="Write a report to read and print to this HTML file, with pictures of the pages.",
    )
    @click.option(
        "--etsi-report",
        "etsi",
        type=_FILE,
        help="Write the report as XML of ETSI TS 119 102-2 to this file.",
    )
    @click.option("--force", is_flag=True, help="Replace existing reports.")
    @wraps(command)
    def wrapped(
        *args: Any, html: Path | None, etsi: Path | None, force: bool, **options: Any
    ) -> Any:
        return command(*args, reports=ReportWishes(html, etsi, force), **options)

    return wrapped


def _drawn(
    report: ValidationReport,
    document: Document,
    settings: ValidationSettings,
    password: str | None,
) -> str:
    from idservice.cli.terminal import talk
    from idservice.services.html_report import html_report

    with talk().status("Drawing pages …") as status:
        return html_report(
            report,
            document.data,
            settings,
            password=password,
            progress=lambda done, most: status.update(f"Drawing pages: {done} of at most {most}"),
        )
