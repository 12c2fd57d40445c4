"""`idservice doctor`: check the installation, and say how to mend what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from idservice.cli import failures
from idservice.cli.context import AppContext

if TYPE_CHECKING:
    from idservice.services.diagnosis import Finding

_MARKS = {"ok": "[green]ok[/]  ", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def doctor(app: AppContext, as_json: bool) -> int:
    """Check clock, permissions, database, keys, expiry, port and disk.

    Nothing is changed. Exit 0: nothing failed (there may be warnings); 1: something failed.
    """
    from idservice.cli.terminal import print_json
    from idservice.services.diagnosis import Diagnosis, is_healthy

    findings = Diagnosis(app.settings).run()
    healthy = is_healthy(findings)
    if as_json:
        print_json({"healthy": healthy, "findings": [_fields(item) for item in findings]})
    else:
        _print(findings)
    return failures.DONE if healthy else failures.FAILED


def _print(findings: Sequence[Finding]) -> None:
    from idservice.cli.terminal import plain, results

    console = results()
    for item in findings:
        console.print(f"{_MARKS[item.level.value]}  {item.check:12}", plain(item.message))
        if item.fix and item.level.value != "ok":
            console.print(" " * 20, plain(item.fix), style="bold")


def _fields(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "level": finding.level.value,
        "message": finding.message,
        "fix": finding.fix,
    }
