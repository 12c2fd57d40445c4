"""What a person sees of `idservice sign --batch`: rate, time left, and what failed."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

from idservice.cli import failures
from idservice.cli.terminal import plain, plain_lines, print_json, talk

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from idservice.services.batch_signing import BatchOutcome, BatchProgress, BatchSigning
    from idservice.services.batch_worker import BatchResult

LINE_SECONDS = 5.0
"""Where nobody looks at a terminal, a line about the progress comes this often."""

FRAME_SECONDS = 0.1
MAX_LISTED = 100
"""Failures that are listed at the end; the manifest has all of them."""


def run_batch(batch: BatchSigning, *, resume: bool, as_json: bool) -> int:
    """Run a batch and show it; return the exit code.

    An interruption lets the files under way be finished, and says how to go on.
    """
    with _stopping(batch), _view() as view:
        outcome = batch.run(resume=resume, tell=view.show)
    if as_json:
        print_json(_summary(outcome, view), indent=None)
    else:
        _print_end(outcome, view)
    if outcome.stopped and outcome.stopped_by is None:
        return failures.INTERRUPTED
    codes = [failures.exit_code(type(item.error)) for item in outcome.failures if item.error]
    return max(codes, default=failures.DONE)


@dataclass(slots=True)
class _View:
    """The live line: a bar on a terminal, a plain line every few seconds elsewhere."""

    bar: Progress | None
    started: float = field(default_factory=time.monotonic)
    told_at: float = field(default_factory=time.monotonic)
    signed: int = 0
    task: TaskID | None = None

    @property
    def rate(self) -> float:
        """Files signed a second in this run."""
        return self.signed / max(time.monotonic() - self.started, 1e-6)

    def show(self, progress: BatchProgress, result: BatchResult | None) -> None:
        """Show how far the batch is; the first call has no result."""
        self.signed = progress.signed
        done = progress.total - progress.left
        if self.bar is not None:
            if self.task is None:
                self.task = self.bar.add_task("Signing", total=progress.total, rate="", failed=0)
            shown = f"{self.rate:,.0f}/s"
            self.bar.update(self.task, completed=done, rate=shown, failed=progress.failed)
            if time.monotonic() - self.told_at >= FRAME_SECONDS:
                self.told_at = time.monotonic()
                self.bar.refresh()
        elif result is None or time.monotonic() - self.told_at >= LINE_SECONDS:
            self.told_at = time.monotonic()
            left = f", {progress.left / self.rate:.0f} s left" if self.signed else ""
            talk().print(
                f"{done} of {progress.total} files, {progress.failed} failed, "
                f"{self.rate:,.0f}/s{left}"
            )


@contextlib.contextmanager
def _view() -> Iterator[_View]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = talk()
    if not console.is_terminal:
        yield _View(None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
    )
    # Without a thread of its own: workers are forked while the bar is shown.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        yield _View(bar)


@contextlib.contextmanager
def _stopping(batch: BatchSigning) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the batch after the files that are under way."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        batch.stop()

    before: dict[signal.Signals, Callable[..., Any] | int | None] = {
        number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_end(outcome: BatchOutcome, view: _View) -> None:
    progress, console = outcome.progress, talk()
    for result in outcome.failures[:MAX_LISTED]:
        if result.error is not None:
            console.print(plain(f"{result.file} was not signed", style="bold red"))
            console.print(plain_lines(failures.message(result.error).splitlines()))
    if len(outcome.failures) > MAX_LISTED:
        console.print(f"… and {len(outcome.failures) - MAX_LISTED} more; the manifest has all.")
    before = f", {progress.done_before} were signed before" if progress.done_before else ""
    console.print(
        f"{progress.signed} signed, {progress.failed} failed{before} ({view.rate:,.0f} files/s)"
    )
    if outcome.stopped:
        console.print(
            f"{progress.left} files are left: go on with the same command and --resume.",
            style="yellow",
        )


def _summary(outcome: BatchOutcome, view: _View) -> dict[str, Any]:
    progress = outcome.progress
    return {
        "total": progress.total,
        "signedBefore": progress.done_before,
        "signed": progress.signed,
        "failed": progress.failed,
        "left": progress.left,
        "filesPerSecond": round(view.rate, 1),
        "failures": [
            {"file": item.file, "code": item.error.code, "message": item.error.detail}
            for item in outcome.failures[:MAX_LISTED]
            if item.error is not None
        ],
    }
