"""Signing every PDF of a folder on several processors, so that a kill -9 costs nothing.

    plan ─► chunks ─► workers (read, prepare, value + journal + audit, output) ─► manifest

A file counts as signed once its line in the manifest is durable, and that is written only
when its output is. Whatever dies in between, `--resume` finds for each file one of three
states: acknowledged (left alone), value made (finished with it), or neither (begun anew).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from idservice.errors import (
    FileNotReadable,
    FileNotWritable,
    IdServiceError,
    SourceChanged,
    WorkerDied,
)
from idservice.services.batch_journal import (
    Journal,
    JournalEntry,
    journal_path,
    read_journals,
    remove_journals,
)
from idservice.services.batch_manifest import FAILED, SIGNED, Manifest
from idservice.services.batch_pool import WorkerPool, usable_processors
from idservice.services.batch_worker import BatchJob, BatchOrder, BatchResult, BatchWorker
from idservice.services.file_signing import FileSigner

STATE_FOLDER = ".batch"
CHUNK_FILES = 32
"""Files that share one transaction."""

_CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is: files in all, done before, signed and failed in this run."""

    total: int
    done_before: int = 0
    signed: int = 0
    failed: int = 0

    @property
    def left(self) -> int:
        """How many files are still to be done."""
        return self.total - self.done_before - self.signed - self.failed


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """How a batch ended; `stopped` tells that files are left, and by what error if any."""

    progress: BatchProgress
    failures: tuple[BatchResult, ...]
    stopped: bool
    stopped_by: IdServiceError | None = None


@dataclass(slots=True)
class _Plan:
    jobs: list[BatchJob]
    done: int = 0
    settled: list[BatchResult] = field(default_factory=list)


class BatchSigning:
    """One batch: a folder of sources, a folder of outputs, and a manifest in it."""

    def __init__(
        self,
        order: BatchOrder,
        signer: FileSigner,
        *,
        clock: Callable[[], datetime],
        workers: int | None = None,
    ) -> None:
        """Sign with an opened key; `workers` processes, or one for each usable processor."""
        self._order = order
        self._signer = signer
        self._clock = clock
        self._workers = workers or usable_processors()
        self._stop_asked = False

    def stop(self) -> None:
        """Begin no further files; those under way are finished. Safe in a signal handler."""
        self._stop_asked = True

    def run(
        self, *, resume: bool, tell: Callable[[BatchProgress, BatchResult | None], None]
    ) -> BatchOutcome:
        """Sign what is left; `tell` is called once at the start and after each file.

        Raises FileNotReadable, FileNotWritable, BatchBusy, BatchNotResumable and
        StorageUnavailable. What concerns one file is in the outcome.
        """
        state = self._folders()
        manifest = Manifest(self._order.target)
        try:
            manifest.begin(self._header(), resume=resume)
            plan = self._plan(manifest, _carried_over(state))
            outcome = self._sign(manifest, plan, state, tell)
            if not outcome.progress.left and not outcome.failures:
                remove_journals(state)
                state.rmdir()
            return outcome
        finally:
            manifest.close()

    def _folders(self) -> Path:
        order = self._order
        if not order.source.is_dir():
            raise FileNotReadable(
                f"{order.source} is no folder that can be read.", "Name the folder of the files."
            )
        if order.source.resolve() == order.target.resolve():
            raise FileNotWritable(
                "The folder of the outputs is that of the inputs, which are never replaced.",
                "Name another folder with --out.",
            )
        state = order.target / STATE_FOLDER
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise FileNotWritable(
                f"The folder {order.target} cannot be used: {exc.strerror or exc}.",
                "Name a folder that you may write to.",
            ) from exc
        return state

    def _header(self) -> dict[str, Any]:
        return {
            "source": str(self._order.source.resolve()),
            "signed_by": self._signer.signer_name,
            "certificate_sha256": self._signer.certificate_sha256,
            "level": self._signer.level.value,
            "options_sha256": _digest_of_options(self._order),
            "at": self._now(),
        }

    def _plan(self, manifest: Manifest, kept: Mapping[str, JournalEntry]) -> _Plan:
        lines = manifest.files()
        plan = _Plan([])
        for name in _files(self._order.source, self._order.target):
            line = lines.get(name)
            if line is None or line.get("status") != SIGNED or not self._has_output(line):
                plan.jobs.append(BatchJob(name, kept.get(name)))
            elif self._is_unchanged(name, line):
                plan.done += 1
            else:
                plan.settled.append(BatchResult(name, 0.0, error=_changed(name)))
        return plan

    def _has_output(self, line: Mapping[str, Any]) -> bool:
        try:
            size = (self._order.target / line["file"]).stat().st_size
        except OSError:
            return False
        return bool(size == line.get("target_size"))

    def _is_unchanged(self, name: str, line: Mapping[str, Any]) -> bool:
        path = self._order.source / name
        try:
            status = path.stat()
            if (status.st_size, status.st_mtime_ns) == (line.get("size"), line.get("changed_ns")):
                return True
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return False
        return bool(sha256 == line.get("sha256"))

    def _sign(
        self,
        manifest: Manifest,
        plan: _Plan,
        state: Path,
        tell: Callable[[BatchProgress, BatchResult | None], None],
    ) -> BatchOutcome:
        run = _Run(BatchProgress(plan.done + len(plan.settled) + len(plan.jobs), plan.done), tell)
        tell(run.progress, None)
        for result in plan.settled:
            run.note(result)
        if plan.jobs:
            self._hand_out(manifest, plan.jobs, state, run)
        stopped = run.progress.left > 0
        return BatchOutcome(run.progress, tuple(run.failures), stopped, run.stopped_by)

    def _hand_out(self, manifest: Manifest, jobs: list[BatchJob], state: Path, run: _Run) -> None:
        count = min(self._workers, len(jobs))

        def start(number: int) -> BatchWorker:
            # Who takes the place of a dead worker must not touch what that one left.
            journal = Journal(journal_path(state, f"{number}-{os.getpid()}"))
            return BatchWorker(self._signer, self._order, journal)

        with WorkerPool(count, start) as pool:
            again = self._round(pool, _chunks(jobs, count), manifest, run)
            # Who was at a chunk when a worker died gets one more try, alone.
            last = self._round(pool, [(job,) for job in again], manifest, run)
            for job in last:
                result = BatchResult(job.file, 0.0, error=_died(job.file))
                manifest.add([self._line(result, None)])
                run.note(result)

    def _round(
        self,
        pool: WorkerPool[BatchJob, BatchResult],
        chunks: list[tuple[BatchJob, ...]],
        manifest: Manifest,
        run: _Run,
    ) -> list[BatchJob]:
        """Hand out chunks and write down what became of them; return what workers died at."""
        unanswered: list[BatchJob] = []
        if self._must_stop(run):
            return unanswered
        for answer in pool.run(chunks):
            if answer.results is None:
                unanswered += self._with_kept(answer.jobs)
                continue
            manifest.add([self._line(result, answer.worker) for result in answer.results])
            for result in answer.results:
                run.note(result)
            if self._must_stop(run):
                pool.stop()
        return unanswered

    def _must_stop(self, run: _Run) -> bool:
        return self._stop_asked or run.stopped_by is not None

    def _with_kept(self, jobs: Sequence[BatchJob]) -> list[BatchJob]:
        kept = read_journals(self._order.target / STATE_FOLDER)
        return [replace(job, kept=kept.get(job.file, job.kept)) for job in jobs]

    def _line(self, result: BatchResult, worker: int | None) -> dict[str, Any]:
        line: dict[str, Any] = {"type": "file", "file": result.file, "status": FAILED}
        if result.signed is not None and result.source is not None:
            line |= {
                "status": SIGNED,
                "sha256": result.source.sha256,
                "size": result.source.size,
                "changed_ns": result.source.changed_ns,
                "target_sha256": result.signed.sha256,
                "target_size": result.signed.size,
                "field": result.signed.field_name,
                "level": result.signed.level,
                "repaired": list(result.signed.repaired_faults),
            }
        if result.error is not None:
            error = result.error
            line["error"] = {"code": error.code, "message": error.detail, "fix": error.fix}
        return {**line, "at": self._now(), "worker": worker, "seconds": round(result.seconds, 6)}

    def _now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class _Run:
    """What this run has done so far, told as it happens."""

    progress: BatchProgress
    tell: Callable[[BatchProgress, BatchResult | None], None]
    failures: list[BatchResult] = field(default_factory=list)
    stopped_by: IdServiceError | None = None

    def note(self, result: BatchResult) -> None:
        if result.signed is not None:
            self.progress = replace(self.progress, signed=self.progress.signed + 1)
        else:
            self.progress = replace(self.progress, failed=self.progress.failed + 1)
            self.failures.append(result)
        if result.stops_the_batch:
            self.stopped_by = result.error
        self.tell(self.progress, result)


def _files(source: Path, target: Path) -> Iterator[str]:
    """Name the PDF files below a folder, in order, without following links to folders."""
    inside = target.resolve()
    for folder, names, files in os.walk(source, followlinks=False):
        names[:] = sorted(name for name in names if (Path(folder) / name).resolve() != inside)
        for name in sorted(files):
            if name.lower().endswith(".pdf"):
                yield str((Path(folder) / name).relative_to(source))


def _chunks(jobs: list[BatchJob], workers: int) -> list[tuple[BatchJob, ...]]:
    """Cut the work so that every worker gets some, and no transaction is too large."""
    size = max(1, min(CHUNK_FILES, len(jobs) // (4 * workers)))
    return [tuple(jobs[start : start + size]) for start in range(0, len(jobs), size)]


def _carried_over(state: Path) -> dict[str, JournalEntry]:
    """Put what killed workers left into one journal that no worker of this run touches."""
    kept = read_journals(state)
    carried = journal_path(state, _CARRIED)
    new = carried.with_suffix(".new")
    if kept:
        new.unlink(missing_ok=True)
        journal = Journal(new)
        journal.add(list(kept.values()))
        journal.close()
        new.replace(carried)
    for path in state.glob("*.journal"):
        if path != carried:
            path.unlink()
    return kept


def _digest_of_options(order: BatchOrder) -> str:
    """Tell options apart without writing them down: a text of the signer may be private."""
    described = repr((order.options, order.repair))
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()


def _changed(name: str) -> SourceChanged:
    return SourceChanged(
        f"{name} was changed since this batch signed it, so its output is of an earlier version.",
        "Move the output away and its line out of the manifest, or sign it in another folder.",
    )


def _died(name: str) -> WorkerDied:
    return WorkerDied(
        f"A worker process died twice at {name}, so the file is left out.",
        "Try it alone with `idservice sign`; if that fails too, report it.",
    )
