"""Worker processes that take chunks of work, and what happens when one of them dies.

The processes are forked, so that an opened key goes to them in memory and by no other
way; whatever must not be shared (database connections, sessions of a key store) is
opened by each of them. Nobody writes anything down for a chunk but the parent, after the
worker has answered.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_FORK = multiprocessing.get_context("fork")
_PATIENCE_SECONDS = 10.0

Work = Callable[[Sequence[Job]], Sequence[Result]]
"""What a worker does with one chunk: as many results as jobs, in their order."""

StartWorker = Callable[[int], Work[Job, Result]]
"""Called in the new process with its number; returns what it does with chunks."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Job, Result]):
    """A chunk with its results; None when the worker died at it."""

    worker: int
    jobs: tuple[Job, ...]
    results: tuple[Result, ...] | None


@dataclass(slots=True)
class _Worker(Generic[Job]):
    number: int
    process: ForkProcess
    connection: Connection
    jobs: tuple[Job, ...] = field(default=())


class WorkerPool(Generic[Job, Result]):
    """A number of worker processes; use it as a context manager."""

    def __init__(self, count: int, start: StartWorker[Job, Result]) -> None:
        """Make ready for `count` workers; they are forked on entering."""
        self._count = count
        self._start = start
        self._workers: list[_Worker[Job]] = []
        self._stopping = False

    def __enter__(self) -> WorkerPool[Job, Result]:
        """Fork the workers. Call it while this process has one thread."""
        for number in range(self._count):
            self._workers.append(self._forked(number))
        return self

    def __exit__(self, *_: object) -> None:
        """Let the workers finish the chunk they are at, and wait for them."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(_PATIENCE_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def stop(self) -> None:
        """Hand out no more chunks; those that workers are at still come back."""
        self._stopping = True

    def run(self, chunks: Iterable[tuple[Job, ...]]) -> Iterator[Answer[Job, Result]]:
        """Yield every chunk's answer as it comes; the next is handed out after the yield returns.

        So the caller may make results durable before the worker goes on. A worker that
        died is replaced.
        """
        waiting = deque(chunks)
        idle = list(self._workers)
        while True:
            while idle and waiting and not self._stopping:
                self._hand_out(idle.pop(), waiting.popleft())
            busy = [worker for worker in self._workers if worker.jobs]
            if not busy:
                return
            for answer, worker in self._answers(busy):
                yield answer
                idle.append(worker)

    def _answers(
        self, busy: list[_Worker[Job]]
    ) -> Iterator[tuple[Answer[Job, Result], _Worker[Job]]]:
        ready = wait([worker.connection for worker in busy])
        for worker in busy:
            if worker.connection not in ready:
                continue
            jobs, worker.jobs = worker.jobs, ()
            results: tuple[Result, ...] | None = _received(worker.connection)
            answer: Answer[Job, Result] = Answer(worker.number, jobs, results)
            yield answer, worker if results is not None else self._replaced(worker)

    def _hand_out(self, worker: _Worker[Job], jobs: tuple[Job, ...]) -> None:
        worker.jobs = jobs
        # A worker that is already gone is noticed when its answer is awaited.
        with contextlib.suppress(OSError):
            worker.connection.send(jobs)

    def _replaced(self, dead: _Worker[Job]) -> _Worker[Job]:
        dead.connection.close()
        dead.process.join(_PATIENCE_SECONDS)
        place = self._workers.index(dead)
        self._workers[place] = self._forked(dead.number)
        return self._workers[place]

    def _forked(self, number: int) -> _Worker[Job]:
        ours, theirs = _FORK.Pipe()
        inherited = [worker.connection for worker in self._workers] + [ours]
        process = _FORK.Process(
            target=_serve, args=(number, theirs, inherited, self._start), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(number, process, ours)


def usable_processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _received(connection: Connection) -> tuple[Result, ...] | None:
    try:
        return tuple(connection.recv())
    except (EOFError, OSError):
        return None


def _serve(
    number: int,
    connection: Connection,
    inherited: Sequence[Connection],
    start: StartWorker[Job, Result],
) -> None:
    """Work until the parent closes its end, which it also does by dying."""
    for other in inherited:
        other.close()
    # The parent decides what an interruption means; a worker finishes what it is at.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    work = start(number)
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send(work(connection.recv()))
