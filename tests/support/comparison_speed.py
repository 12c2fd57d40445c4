"""How fast files without later changes are validated, by level, beside pyHanko in one run.

`python -m support.comparison_speed` (with `tests` on the path). Every file is a document of its
own, signed once by one of several signers, and every round asks both programs, one after the
other, about files that neither has seen. Both know the same anchors and the same intermediate
authority, and neither fetches. Evidence that a file stores is used by both: pyHanko is given
a context with it, and required to show that no certificate was revoked.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from support import long_term, pdfs
from support.attack_documents import contract
from support.attacks import judge
from support.comparison_peers import PyHankoPeer
from support.long_term import DAY, MINUTE
from support.pdf_writing import IDENTIFIER, stream, stream_pdf, table_pdf
from support.pki import AT, CertificatePair, leaf

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
SIGNERS = 5

Program = Callable[[bytes], bool]


@dataclass(slots=True)
class Timing:
    """Seconds for each file, of ours and of pyHanko."""

    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    """One for each round: the median of pyHanko by the median of ours."""

    def add(self, ours: Sequence[float], peer: Sequence[float]) -> None:
        """Add the times of one round."""
        self.ours += ours
        self.peer += peer
        self.ratios.append(statistics.median(peer) / statistics.median(ours))

    def as_json(self) -> dict[str, object]:
        """The medians in seconds, and the ratio of each round."""
        return {
            "idserviceSeconds": statistics.median(self.ours),
            "pyHankoSeconds": statistics.median(self.peer),
            "ratios": self.ratios,
            "ratio": statistics.median(self.ratios),
        }

    def line(self, level: str) -> str:
        """The same for people."""
        ours, peer = (1000 * statistics.median(item) for item in (self.ours, self.peer))
        return (
            f"{level:6} idservice {ours:7.2f} ms   pyHanko {peer:7.2f} ms   "
            f"{statistics.median(self.ratios):5.1f} × "
            f"({min(self.ratios):.1f} to {max(self.ratios):.1f})"
        )


class FreshDocuments:
    """Makes signed documents of which no two are the same, by several signers in turn."""

    def __init__(self) -> None:
        """Issue certificates to the signers."""
        issuing = long_term.authorities().issuing
        source = long_term.ocsp_source()
        self._signers = itertools.cycle(
            leaf(issuing, not_before=long_term.START, extensions=source) for _ in range(SIGNERS)
        )
        self._numbers = itertools.count(1)

    def make(self, level: str) -> bytes:
        """Sign one more document at a level."""
        number, signer = next(self._numbers), next(self._signers)
        data = _unsigned(number)
        if level == "B-B":
            return long_term.sign(data, stamp_at=None, by=signer)
        data = long_term.sign(data, by=signer)
        if level == "B-T":
            return data
        data = long_term.store(data, **_material(signer))
        return data if level == "B-LT" else long_term.archive(data, AT + 2 * MINUTE)


def _unsigned(number: int) -> bytes:
    """A document with a number on it: a page of text, or a contract in one of two forms."""
    text = stream(b"BT /F1 12 Tf 72 700 Td (Contract number %d) Tj ET" % number)
    kind = number // SIGNERS % 3
    if kind == 0:
        return table_pdf(pdfs.plain_objects(o4=text))
    objects = {**contract(), 4: text}
    if kind == 1:
        return table_pdf(objects, trailer=IDENTIFIER + b" /Info 29 0 R")
    packed = tuple(key for key, body in objects.items() if not body.endswith(b"endstream"))
    return stream_pdf(objects, compressed=packed, version=b"1.7")


@cache
def _list() -> bytes:
    """The one revocation list of the root, which documents of half a year share."""
    return long_term.revocation_list(long_term.authorities().root, AT - 20 * DAY)


def _material(signer: CertificatePair) -> dict[str, list[bytes]]:
    """Answers made for this document, and the list."""
    found = long_term.authorities()
    about = (signer, found.stamper, found.archive)
    return {
        "ocsps": [long_term.answer(item, AT + MINUTE, next_update=AT + DAY) for item in about],
        "crls": [_list()],
    }


def ours(data: bytes) -> bool:
    """Tell whether this product accepts a file."""
    report = judge(data)
    return len(report.signatures) == 1 and report.signatures[0].passed


def measure(levels: Sequence[str], rounds: int, files: int) -> Iterator[tuple[str, Timing]]:
    """Time both on so many new files of each level in every round, after one that warms up.

    Raises AssertionError when one of them refuses a file.
    """
    peer = PyHankoPeer()
    fresh = FreshDocuments()
    found = {level: Timing() for level in levels}
    for number in range(rounds + 1):
        for level, timing in found.items():
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(files):
                data = fresh.make(level)
                for seconds, program in zip(taken, (ours, peer.accepts_untouched), strict=True):
                    seconds.append(_seconds(program, data))
            if number:
                timing.add(*taken)
    yield from found.items()


def _seconds(program: Program, data: bytes) -> float:
    started = time.perf_counter()
    accepted = program(data)
    taken = time.perf_counter() - started
    if not accepted:
        raise AssertionError("an honest file was refused, so its time says nothing")
    return taken


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, and save the result where wanted."""
    parser = argparse.ArgumentParser(description="Time validation beside pyHanko, by level.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=15, help="new files of a level in a round")
    parser.add_argument("--level", action="append", choices=LEVELS, help="only this level")
    parser.add_argument("--json", type=Path, help="where to save the result")
    chosen = parser.parse_args(arguments)
    found = dict(measure(chosen.level or LEVELS, chosen.rounds, chosen.files))
    for level, timing in found.items():
        sys.stdout.write(timing.line(level) + "\n")
    if chosen.json is not None:
        saved = {level: timing.as_json() for level, timing in found.items()}
        chosen.json.write_text(json.dumps(saved, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
