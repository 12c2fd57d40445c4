"""The signing core measured against the bare signature and against its peer, in one run.

Rounds are interleaved: every round gives each operation its share of time, one after the
other, so that a busy machine slows all of them alike. Only ratios of one run count.
"""

from __future__ import annotations

import contextlib
import gc
import time
from typing import TYPE_CHECKING

from idservice.bench.levels import DURABLE, LevelMaterial, level_material, level_workloads
from idservice.bench.material import make_material, sample_pdf
from idservice.bench.peer import (
    MISSING,
    PEER_AT_LEVELS,
    peer_is_installed,
    peer_level_workloads,
    peer_workload,
)
from idservice.bench.report import BenchReport, Measurement
from idservice.bench.workloads import Workload, core_workloads

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_ROUNDS = 5
_KINDS = ("P-256", "P-384")
_BATCHES_PER_ROUND = 20


def run_bench(
    rounds: int = MIN_ROUNDS,
    seconds_per_round: float = 0.5,
    *,
    with_peer: bool = True,
    with_levels: bool = True,
    progress: Callable[[str], None] | None = None,
) -> BenchReport:
    """Measure everything in `rounds` interleaved rounds and return the report.

    Each operation gets `seconds_per_round` seconds in each round. `progress` is told what
    runs next. The peer is left out, with a remark, when it is not installed.
    `with_levels` measures time-stamps, OCSP and the levels above B-B as well, for which a
    home is made in a temporary folder.
    """
    with contextlib.ExitStack() as stack:
        material = stack.enter_context(level_material()) if with_levels else None
        return _run(rounds, seconds_per_round, material, progress, with_peer=with_peer)


def _run(
    rounds: int,
    seconds_per_round: float,
    level: LevelMaterial | None,
    progress: Callable[[str], None] | None,
    *,
    with_peer: bool,
) -> BenchReport:
    pdf = sample_pdf()
    materials = [make_material(kind) for kind in _KINDS]
    workloads = [item for material in materials for item in core_workloads(material, pdf)]
    remarks: list[str] = []
    if level is not None:
        workloads += level_workloads(level, pdf)
        remarks.append(DURABLE)
    if with_peer and peer_is_installed():
        workloads += [peer_workload(material, pdf) for material in materials]
        if level is not None:
            workloads += peer_level_workloads(level, pdf)
            remarks.append(PEER_AT_LEVELS)
    elif with_peer:
        remarks.append(MISSING)
    batches = {item.name: _batch_size(item, seconds_per_round) for item in workloads}
    # What was allocated so far stays; the collector need not look at it in every round.
    gc.collect()
    gc.freeze()
    rates: dict[str, list[float]] = {item.name: [] for item in workloads}
    cpu = dict.fromkeys(rates, 0.0)
    count = dict.fromkeys(rates, 0)
    for number in range(rounds):
        for item in workloads:
            if progress is not None:
                progress(f"round {number + 1} of {rounds}: {item.name}")
            done, seconds, cpu_seconds = _measure(item, batches[item.name], seconds_per_round)
            rates[item.name].append(done / seconds)
            cpu[item.name] += cpu_seconds
            count[item.name] += done
    gc.unfreeze()
    measurements = tuple(
        Measurement(name, tuple(rates[name]), cpu[name] / count[name]) for name in rates
    )
    return BenchReport(rounds, seconds_per_round, len(pdf), measurements, tuple(remarks))


def _batch_size(workload: Workload, seconds: float) -> int:
    """How often to run between two looks at the clock; also warms everything up."""
    for _ in range(3):
        workload.run()
    start = time.perf_counter()
    workload.run()
    once = time.perf_counter() - start
    return max(1, int(seconds / _BATCHES_PER_ROUND / once))


def _measure(workload: Workload, batch: int, seconds: float) -> tuple[int, float, float]:
    """Run for about `seconds`; return how often, how long, and the CPU seconds it took."""
    run = workload.run
    done = 0
    cpu_start = time.process_time()
    start = now = time.perf_counter()
    while now - start < seconds:
        for _ in range(batch):
            run()
        done += batch
        now = time.perf_counter()
    return done, now - start, time.process_time() - cpu_start
