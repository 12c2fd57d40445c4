"""What one worker process of a batch does with a chunk of files.

For a chunk: read and prepare every file; in one write transaction look once more at
person, certificate and PIN, write the audit rows and make the values, which are in the
journal, synced, before the transaction is committed; then write the outputs. A value that
the journal kept from a killed batch is verified and used; the key is not used again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from idservice.errors import (
    Configuration,
    Dependency,
    FileNotReadable,
    FileNotWritable,
    IdServiceError,
)
from idservice.pades.pending import PendingSignature
from idservice.services.batch_journal import Journal, JournalEntry
from idservice.services.file_signing import (
    BegunFile,
    FileOrder,
    FileSigner,
    SignedFile,
    SourceState,
)
from idservice.services.signature_options import SignatureOptions


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """A folder of files to sign, the folder for the outputs, and how all of them are signed."""

    source: Path
    target: Path
    options: SignatureOptions = field(default_factory=SignatureOptions)
    password: str | None = None
    repair: bool = False
    replace: bool = False

    def file(self, name: str) -> FileOrder:
        """Return the order for one file, named relative to the folder."""
        return FileOrder(
            self.source / name,
            self.target / name,
            self.options,
            self.password,
            self.repair,
            self.replace,
        )


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One file, and the value that a killed batch left for it."""

    file: str
    kept: JournalEntry | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one file: it was signed, or an error says why not."""

    file: str
    seconds: float
    signed: SignedFile | None = None
    source: SourceState | None = None
    error: IdServiceError | None = None

    @property
    def stops_the_batch(self) -> bool:
        """Whether the next file would fail alike."""
        return isinstance(self.error, (Configuration, Dependency))


class BatchWorker:
    """Signs chunks; lives in a process of its own, with a journal of its own."""

    def __init__(self, signer: FileSigner, order: BatchOrder, journal: Journal) -> None:
        """Take an opened key, what all files share, and the journal."""
        self._signer = signer
        self._order = order
        self._journal = journal
        self._all_delivered = True

    def __call__(self, jobs: Sequence[BatchJob]) -> list[BatchResult]:
        """Sign a chunk and return one result for each job, when all outputs are durable."""
        if self._all_delivered:
            # The parent has written down everything that came before.
            self._journal.drop()
        chunk = [_Item(job, self._order.file(job.file)) for job in jobs]
        with ExitStack() as stack:
            for item in chunk:
                with item.noting_errors():
                    self._begin(item, stack)
            self._make_values([item for item in chunk if item.begun is not None])
            for item in chunk:
                with item.noting_errors():
                    self._deliver(item)
        self._all_delivered = all(item.value is None or item.signed for item in chunk)
        return [item.result() for item in chunk]

    def _begin(self, item: _Item, stack: ExitStack) -> None:
        """Read and prepare a file, or take up what the journal kept for it."""
        _require_recordable(item.job.file)
        kept = item.job.kept
        item.order.target.parent.mkdir(parents=True, exist_ok=True)
        if kept is not None:
            pending = PendingSignature.from_bytes(kept.pending_bytes)
            begun = self._signer.begin_again(item.order, pending, stack)
            if begun is not None and begun.sha256 == kept.source_sha256:
                item.begun, item.value, item.is_kept = begun, kept.value, True
                return
        item.begun = self._signer.begin(item.order, stack)

    def _make_values(self, items: Sequence[_Item]) -> None:
        """Make the values of a chunk in one transaction: all of them, or none."""
        if not items:
            return
        fresh = [item for item in items if not item.is_kept]

        def keep(values: Sequence[bytes]) -> None:
            pairs = zip(fresh, values, strict=True)
            self._journal.add([item.entry(value) for item, value in pairs])

        try:
            values = self._signer.make_values(
                [item.begun for item in fresh if item.begun is not None],
                again=[item.begun for item in items if item.begun is not None and item.is_kept],
                before_commit=keep,
            )
        except IdServiceError as exc:
            # Not committed, so never to be used: the journal must not bring the values back.
            if self._all_delivered:
                self._journal.drop()
            for item in items:
                item.error = exc
            return
        for item, value in zip(fresh, values, strict=True):
            item.value = value

    def _deliver(self, item: _Item) -> None:
        if item.begun is None or item.value is None or item.error is not None:
            return
        if item.is_kept:
            item.signed = self._signer.delivered_before(item.begun, item.value)
        if item.signed is None:
            item.signed = self._signer.finish(item.begun, item.value, made_here=not item.is_kept)


def _require_recordable(file: str) -> None:
    """Refuse a name that no record can hold, before it spoils the transaction of a chunk."""
    try:
        file.encode()
    except UnicodeEncodeError as exc:
        raise FileNotReadable(
            "The name of the file is not valid UTF-8, so the signature could not be recorded.",
            "Rename the file, and go on with --resume.",
        ) from exc


@dataclass(slots=True)
class _Item:
    """One file on its way through the steps."""

    job: BatchJob
    order: FileOrder
    started: float = field(default_factory=time.monotonic)
    begun: BegunFile | None = None
    value: bytes | None = None
    is_kept: bool = False
    signed: SignedFile | None = None
    error: IdServiceError | None = None

    @contextlib.contextmanager
    def noting_errors(self) -> Iterator[None]:
        """Let an error end this file, and no other."""
        try:
            yield
        except IdServiceError as exc:
            self.error = exc
        except OSError as exc:
            self.error = FileNotWritable(
                f"{self.order.target} cannot be written: {exc.strerror or exc}.",
                "Check that its folder can be made and has space.",
            )

    def entry(self, value: bytes) -> JournalEntry:
        """Return what the journal keeps of this file."""
        if self.begun is None:
            msg = "a file that was not begun has no value"
            raise ValueError(msg)
        return JournalEntry(self.job.file, self.begun.sha256, self.begun.pending.to_bytes(), value)

    def result(self) -> BatchResult:
        """Return what the parent is told."""
        seconds = time.monotonic() - self.started
        if self.begun is None or self.signed is None:
            return BatchResult(self.job.file, seconds, error=self.error)
        return BatchResult(self.job.file, seconds, self.signed, self.begun.source)
