"""A fuzz run: `python -m support.fuzz` changes honest inputs and gives them to every parser.

Each input follows from the seed of the run, the parser and a number, so that any of them can be
made again: `--repeat NAME:NUMBER`. Inputs run in processes of their own with 512 MB of address
space; more than five seconds, a dead process, or any error but our own is a fault, and its
input is kept. The run ends with 1 when there was one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from support.fuzz_mutations import mutate
from support.fuzz_targets import TARGETS

SECONDS = 5
MEMORY_BYTES = 512 * 1024 * 1024
BATCH = 500
_GRACE = 5.0
_EVERY = 5.0
_MAX_FAULTS = 20


class TooSlow(BaseException):
    """An input took longer than it may; no handler of a parser can take it for its own."""


@dataclass(slots=True)
class Score:
    """What came of the inputs of one parser."""

    done: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0


def made(name: str, seed: str, number: int) -> bytes:
    """Make one input of a run again."""
    target = TARGETS[name]
    seeds = _seeds(name)
    chance = random.Random(f"{seed}:{name}:{number}")  # noqa: S311 - repeatable
    return mutate(chance.choice(seeds), target.kind, chance, seeds)


_SEEDS: dict[str, list[bytes]] = {}


def _seeds(name: str) -> list[bytes]:
    if name not in _SEEDS:
        _SEEDS[name] = TARGETS[name].seeds()
    return _SEEDS[name]


def _too_slow(_: int, __: FrameType | None) -> None:
    raise TooSlow


def run_one(name: str, data: bytes) -> str:
    """Give one input to a parser; return what came of it, a fault with its last line."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return TARGETS[name].run(data)
    except TooSlow:
        return f"fault: took more than {SECONDS} seconds"
    except MemoryError:
        return "fault: took more than 512 MB"
    except Exception as exc:  # noqa: BLE001 - this is what is looked for
        place = traceback.extract_tb(exc.__traceback__)[-1]
        return f"fault: {type(exc).__name__}: {exc} ({place.filename}:{place.lineno})"[:300]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _serve(name: str, seed: str, orders: Connection, current: Any) -> None:
    """Run batches of inputs until there are no more; `current` tells the number of the input."""
    signal.signal(signal.SIGALRM, _too_slow)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while (order := orders.recv()) is not None:
        first, count = order
        outcomes: Counter[str] = Counter()
        faults = []
        slowest = 0.0
        started = time.perf_counter()
        for number in range(first, first + count):
            current.value = number
            data = made(name, seed, number)
            begun = time.perf_counter()
            outcome = run_one(name, data)
            slowest = max(slowest, time.perf_counter() - begun)
            outcomes[outcome.partition(":")[0]] += 1
            if outcome.startswith("fault"):
                faults.append((number, outcome))
        orders.send((outcomes, faults, slowest, time.perf_counter() - started))


class Worker:
    """One process and what it is at."""

    def __init__(self, name: str, seed: str) -> None:
        self._name, self._seed = name, seed
        self._start()
        self.order: tuple[int, int] | None = None

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self._current = context.Value("q", -1, lock=False)
        arguments = (self._name, self._seed, theirs, self._current)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self._moved = self._current.value, time.monotonic()

    def give(self, order: tuple[int, int]) -> None:
        """Give the next batch."""
        self.order = order
        self._moved = -1, time.monotonic()
        self.pipe.send(order)

    def lost(self) -> int | None:
        """Return the number of the input that ended or stopped the process, if one did."""
        now: int = self._current.value
        if now != self._moved[0]:
            self._moved = now, time.monotonic()
        stuck = time.monotonic() - self._moved[1] > SECONDS + _GRACE
        if self._process.is_alive() and not stuck:
            return None
        self._process.kill()
        self._process.join()
        return max(now, 0)

    def again(self, after: int) -> None:
        """Start another process, behind the input that ended the last one."""
        assert self.order is not None
        first, count = self.order
        self._start()
        self.give((after + 1, first + count - after - 1))

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def fuzz(name: str, rounds: int, seed: str, workers: int, folder: Path, *, quiet: bool) -> Score:
    """Run one parser over so many inputs."""
    _seeds(name)
    score = Score()
    orders = iter([(at, min(BATCH, rounds - at)) for at in range(0, rounds, BATCH)])
    staff = [Worker(name, seed) for _ in range(workers)]
    busy = [worker for worker in staff if _next(worker, orders)]
    told = started = time.monotonic()
    while busy and len(score.faults) < _MAX_FAULTS:
        ready = multiprocessing.connection.wait([worker.pipe for worker in busy], timeout=0.5)
        for worker in list(busy):
            if worker.pipe in ready:
                _take(worker, score, busy, orders)
            elif (number := worker.lost()) is not None:
                _lost(worker, number, score, busy, orders)
        if not quiet and time.monotonic() - told > _EVERY:
            told = time.monotonic()
            rate = score.done / (told - started)
            left = (rounds - score.done) / max(rate, 1e-9)
            line = f"{name}: {score.done:,} of {rounds:,}, {rate:,.0f}/s, {left / 60:.0f} min left"
            print(line, file=sys.stderr, flush=True)
    for worker in staff:
        worker.end()
    for number, _ in score.faults:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{number}").write_bytes(made(name, seed, number))
    return score


def _next(worker: Worker, orders: Any) -> bool:
    order = next(orders, None)
    if order is not None:
        worker.give(order)
    return order is not None


def _take(worker: Worker, score: Score, busy: list[Worker], orders: Any) -> None:
    try:
        outcomes, faults, slowest, seconds = worker.pipe.recv()
    except EOFError:
        number = worker.lost()
        _lost(worker, number or 0, score, busy, orders)
        return
    score.done += sum(outcomes.values())
    score.outcomes += outcomes
    score.faults += faults
    score.slowest = max(score.slowest, slowest)
    score.seconds += seconds
    if not _next(worker, orders):
        busy.remove(worker)


def _lost(worker: Worker, number: int, score: Score, busy: list[Worker], orders: Any) -> None:
    score.faults.append((number, "fault: the process ended or did not answer"))
    assert worker.order is not None
    score.done += 1
    if number + 1 < sum(worker.order):
        worker.again(number)
    elif not _next(worker, orders):
        busy.remove(worker)


def _repeat(which: str, seed: str) -> int:
    name, _, number = which.partition(":")
    data = made(name, seed, int(number))
    sys.stdout.flush()
    signal.signal(signal.SIGALRM, _too_slow)
    outcome = run_one(name, data)
    print(f"{which}: {len(data)} bytes, {outcome}")
    return int(outcome.startswith("fault"))


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; return 1 when there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m support.fuzz")
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help=", ".join(TARGETS))
    parser.add_argument("--rounds", type=int, default=1_000_000, help="inputs for each parser")
    parser.add_argument("--seed", default="1", help="another seed gives other inputs")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--folder", type=Path, default=Path("fuzz-faults"))
    parser.add_argument("--quiet", action="store_true", help="print no progress")
    parser.add_argument("--repeat", metavar="PARSER:NUMBER", help="make one input again, run it")
    chosen = parser.parse_args(arguments)
    if chosen.repeat:
        return _repeat(chosen.repeat, chosen.seed)
    unknown = [name for name in chosen.parsers if name not in TARGETS]
    if unknown or chosen.rounds < 1 or chosen.workers < 1:
        parser.error(f"no such parser: {', '.join(unknown)}" if unknown else "numbers start at 1")
    failed = False
    print(
        f"{'parser':22}{'inputs':>10}{'read':>10}{'refused':>10}{'faults':>8}{'slowest':>9}{'1/s':>9}"
    )
    for name in chosen.parsers or TARGETS:
        score = fuzz(
            name, chosen.rounds, chosen.seed, chosen.workers, chosen.folder, quiet=chosen.quiet
        )
        failed = failed or bool(score.faults)
        rate = score.done / score.seconds * chosen.workers if score.seconds else 0
        print(
            f"{name:22}{score.done:10,}{score.outcomes['read']:10,}{score.outcomes['refused']:10,}"
            f"{len(score.faults):8}{score.slowest:8.2f}s{rate:9,.0f}",
            flush=True,
        )
        for number, text in score.faults:
            print(f"  {name}:{number} {text}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
