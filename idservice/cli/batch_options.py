"""Options that sign a whole folder, as one argument of a command: `batch`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

AUTO = "auto"
MAX_WORKERS = 256

_OPTIONS = {
    "batch_folder": click.option(
        "--batch",
        "batch_folder",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Sign every PDF file below a folder, on several processors.",
    ),
    "batch_output": click.option(
        "--out",
        "batch_output",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Folder for the outputs of --batch and its manifest.jsonl.",
    ),
    "batch_workers": click.option(
        "--workers",
        "batch_workers",
        metavar="N|auto",
        callback=lambda _context, _parameter, value: _workers(value),
        help="Worker processes of --batch; auto, the default, is one for each processor.",
    ),
    "batch_resume": click.option(
        "--resume",
        "batch_resume",
        is_flag=True,
        help="Go on with a batch that was stopped or killed, without signing a file twice.",
    ),
}


@dataclass(frozen=True, slots=True)
class BatchChoice:
    """A folder to sign, the folder for the outputs, the number of workers (None: auto)."""

    source: Path
    target: Path
    workers: int | None
    resume: bool


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --batch and what belongs to it; the command gets `batch`, a BatchChoice or None."""

    @functools.wraps(command)
    def with_batch(*args: Any, **options: Any) -> Any:
        asked = {option: options.pop(option) for option in _OPTIONS}
        return command(*args, batch=_choice(**asked), **options)

    wrapped: Callable[..., Any] = with_batch
    for option in reversed(_OPTIONS.values()):
        wrapped = option(wrapped)
    return wrapped


def _workers(value: str | None) -> int | None:
    if value is None or value == AUTO:
        return None
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= MAX_WORKERS:
        raise click.BadParameter(f"a number from 1 to {MAX_WORKERS}, or {AUTO}.")
    return int(value)


def _choice(
    batch_folder: Path | None,
    batch_output: Path | None,
    batch_workers: int | None,
    *,
    batch_resume: bool,
) -> BatchChoice | None:
    if batch_folder is None:
        if batch_output is not None or batch_workers is not None or batch_resume:
            raise click.UsageError("--out, --workers and --resume belong to --batch DIR.")
        return None
    if batch_output is None:
        raise click.UsageError("--batch needs --out DIR, the folder for the signed files.")
    return BatchChoice(batch_folder, batch_output, batch_workers, batch_resume)
