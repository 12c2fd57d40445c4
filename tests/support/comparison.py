"""Side by side, in one run: what this product, pyHanko and pdfsig say about the same files.

`python -m support.comparison` (with `tests` on the path; `make compare`) prints a table and can
save it as JSON. The files are those of the catalogue of attacks and honest changes, those
that nobody touched after signing, and a collection by other producers where one is at hand.
For each file the three are asked in turn, offline. Time is wall-clock time per file, in this
process for the first two; of pdfsig's, the start of its process is subtracted.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idservice.errors import IdServiceError
from idservice.pades.facts import read_facts
from idservice.validation.facts import ChangeVerdict, Coverage, Integrity, worst_change
from support.attack_catalogue import (
    LISTED_ONLY,
    REFUSED_ALTHOUGH_HONEST,
    all_attacks,
    all_honest_changes,
)
from support.attack_documents import BASES, signed_base
from support.attacks import judge
from support.comparison_peers import PdfsigPeer, PyHankoPeer

OURS, PYHANKO, PDFSIG = "idservice", "pyHanko", "pdfsig"
Ask = Callable[["Sample"], bool]


@dataclass(frozen=True, slots=True)
class Sample:
    """A file with what is to be said of it; with `trusted` its signers' roots are known."""

    name: str
    data: bytes
    accept: bool
    trusted: bool = True
    password: str | None = None


@dataclass(slots=True)
class Tally:
    """What one program said about one set of files; times are seconds for each file."""

    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median time for a file, in seconds."""
        return statistics.median(self.seconds)


Results = dict[str, dict[str, Tally]]


def ours(sample: Sample) -> bool:
    """Tell whether this product accepts a file; where roots are unknown, trust is left out."""
    if sample.trusted:
        report = judge(sample.data)
        passed = all(item.passed for item in report.signatures)
        return bool(report.signatures) and passed and not report.errors
    try:
        facts = read_facts(sample.data, password=sample.password)
    except IdServiceError:
        return False
    harmless = (ChangeVerdict.NONE, ChangeVerdict.PERMITTED)
    return bool(facts.signatures) and all(
        item.integrity is Integrity.INTACT
        and item.coverage is not Coverage.BROKEN
        and worst_change(item.changes) in harmless
        and all(stamp.integrity is Integrity.INTACT for stamp in item.time_stamps)
        for item in facts.signatures
    )


def generated(every: int = 1) -> dict[str, list[Sample]]:
    """The sets of the catalogue; of the two large ones only each `every`-th file."""
    return {
        "untouched": [Sample(base, signed_base(base), accept=True) for base in BASES],
        "attacks": [
            Sample(item.id, item.build(), accept=False)
            for item in all_attacks()[::every]
            if not item.only_level
        ],
        "honest changes": [
            Sample(item.id, item.build(), accept=True) for item in all_honest_changes()[::every]
        ],
    }


def collected(folder: Path) -> dict[str, list[Sample]]:
    """The sets of a collection with a table `expected.tsv`; nothing where there is none."""
    table = folder / "expected.tsv"
    if not table.exists():
        return {}
    found: dict[str, list[Sample]] = {"other producers, bad": [], "other producers, honest": []}
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            bad = row["expected"] in {"invalid", "modified", "reject"}
            if row["kind"] == "signed" and (bad or row["expected"] == "valid"):
                data = (folder / row["file"]).read_bytes()
                password = row["password"].strip() or None
                sample = Sample(row["file"], data, not bad, trusted=False, password=password)
                found[f"other producers, {'bad' if bad else 'honest'}"].append(sample)
    return found


def compare(sets: dict[str, list[Sample]], programs: dict[str, Ask]) -> Results:
    """Ask every program about every file, one after the other for each file."""
    results: Results = {name: {key: Tally() for key in programs} for name in sets}
    for name, samples in sets.items():
        for sample in samples:
            for key, ask in programs.items():
                started = time.perf_counter()
                accepted = ask(sample)
                tally = results[name][key]
                tally.seconds.append(time.perf_counter() - started)
                if accepted is not sample.accept:
                    tally.wrong.append(sample.name)
    return results


def programs(folder: Path) -> dict[str, Ask]:
    """All three programs, or those that are installed."""
    peer = PyHankoPeer()
    asked: dict[str, Ask] = {
        OURS: ours,
        PYHANKO: lambda item: peer.accepts(item.data, item.password, trusted=item.trusted),
    }
    pdfsig = PdfsigPeer.find(folder)
    if pdfsig is not None:
        asked[PDFSIG] = lambda item: pdfsig.accepts(item.data, item.password)
    return asked


def without_start(results: Results, start: float) -> None:
    """Take the time that the process of pdfsig needs to start out of its times."""
    for tallies in results.values():
        if PDFSIG in tallies:
            tallies[PDFSIG].seconds = [max(0.0, item - start) for item in tallies[PDFSIG].seconds]


def lines(sets: dict[str, list[Sample]], results: Results) -> Iterator[str]:
    """The table for people: what was wrong, and the median time for a file."""
    for name, tallies in results.items():
        samples = sets[name]
        if not samples:
            continue
        kind = "false alarms" if samples[0].accept else "detection"
        yield f"{name} ({len(samples)} files)"
        for key, tally in tallies.items():
            share = len(tally.wrong) / len(samples)
            share = share if samples[0].accept else 1 - share
            times = f"median {1000 * tally.median:8.2f} ms"
            ratio = tally.median / tallies[OURS].median
            yield f"  {key:10} {kind} {100 * share:6.1f} %   {times}   {ratio:6.1f} × ours"


def as_json(sets: dict[str, list[Sample]], results: Results) -> dict[str, Any]:
    """The same as an object for programs, with the names of the files told wrongly."""
    return {
        "machine": platform.platform(),
        "python": platform.python_version(),
        "sets": {
            name: {
                "files": len(sets[name]),
                "accept": sets[name][0].accept,
                "programs": {
                    key: {"wrong": tally.wrong, "medianSeconds": tally.median}
                    for key, tally in tallies.items()
                },
            }
            for name, tallies in results.items()
            if sets[name]
        },
    }


def _say(text: Iterable[str]) -> None:
    for line in text:
        sys.stdout.write(line + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print the table, save it; 1 if this product was wrong and nobody argues why."""
    parser = argparse.ArgumentParser(description="Compare this product with pyHanko and pdfsig.")
    parser.add_argument("--collection", type=Path, help="a folder with expected.tsv")
    parser.add_argument("--json", type=Path, help="where to save the result")
    parser.add_argument("--every", type=int, default=1, help="take only each n-th file")
    chosen = parser.parse_args(arguments)
    sets = generated(chosen.every)
    if chosen.collection is not None:
        sets |= collected(chosen.collection)
    with tempfile.TemporaryDirectory() as folder:
        asked = programs(Path(folder))
        results = compare(sets, asked)
        pdfsig = PdfsigPeer.find(Path(folder))
        if pdfsig is not None:
            without_start(results, pdfsig.start_seconds())
    _say(lines(sets, results))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(as_json(sets, results), indent=2) + "\n")
    own = (results[name][OURS].wrong for name in ("untouched", "attacks", "honest changes"))
    argued = LISTED_ONLY.keys() | REFUSED_ALTHOUGH_HONEST.keys()
    return 1 if any(name.split("@")[0] not in argued for names in own for name in names) else 0


if __name__ == "__main__":
    sys.exit(main())
