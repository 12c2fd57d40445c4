"""`idservice bench`: signatures per second, bare and complete, and how they compare."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(help="Measure signatures per second on one core, and the ratios that count.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="A tenth of a second for each operation and round.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also write the report to this file.",
)
def bench(rounds: int, quick: bool, json_file: Path | None) -> None:
    """Run the measurements, print the tables, and keep the report when asked."""
    from rich.console import Console

    from idservice.bench.core import run_bench
    from idservice.bench.report import print_report

    messages = Console(stderr=True)
    with messages.status("warming up") as status:
        report = run_bench(rounds, 0.1 if quick else 0.5, progress=status.update)
    print_report(report, Console())
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
        messages.print(f"report written to {json_file}")
