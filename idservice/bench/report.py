"""What was measured, as values, as JSON and as a table; ratios are of medians of one run."""

from __future__ import annotations

import platform
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# Ratio, numerator, denominator; a goal stands beside those that have one.
RATIOS: tuple[tuple[str, str, float | None], ...] = (
    ("CMS P-256", "bare P-256", 0.65),
    ("CMS P-384", "bare P-384", None),
    ("PAdES-B-B P-256", "bare P-256", 0.15),
    ("PAdES-B-B P-384", "bare P-384", None),
    ("PAdES-B-B P-256, value verified", "bare P-256 and verify", 0.5),
    ("PAdES-B-B P-384, value verified", "bare P-384 and verify", None),
    ("PAdES-B-B P-256", "pyHanko PAdES-B-B P-256", 100.0),
    ("PAdES-B-B P-384", "pyHanko PAdES-B-B P-384", None),
    ("PAdES-B-T", "bare P-256", 0.07),
    ("PAdES-B-LT", "bare P-256", 0.06),
    ("PAdES-B-LTA", "bare P-256", 0.04),
    ("PAdES-B-T", "bare signatures of PAdES-B-T", None),
    ("PAdES-B-LT", "bare signatures of PAdES-B-LT", None),
    ("PAdES-B-LTA", "bare signatures of PAdES-B-LTA", None),
    ("OCSP with nonce", "bare signatures of OCSP with nonce", None),
    ("TSA token", "bare signatures of TSA token", None),
    ("PAdES-B-T", "pyHanko PAdES-B-T", None),
    ("PAdES-B-LT", "pyHanko PAdES-B-LT", None),
    ("PAdES-B-LTA", "pyHanko PAdES-B-LTA", None),
    ("OCSP with nonce", "bare OCSP builder", None),
    ("TSA token", "pyHanko DummyTimeStamper", None),
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One operation: its rate in each round, and the CPU time that it takes."""

    name: str
    per_second: tuple[float, ...]
    cpu_seconds: float

    @property
    def median(self) -> float:
        """The median rate over the rounds, per second."""
        return statistics.median(self.per_second)

    @property
    def spread(self) -> float:
        """Half the distance between slowest and fastest round, relative to the median."""
        return (max(self.per_second) - min(self.per_second)) / 2 / self.median


@dataclass(frozen=True, slots=True)
class Ratio:
    """How two operations of one run compare: the median of the ratios of each round."""

    numerator: str
    denominator: str
    median: float
    lowest: float
    highest: float
    goal: float | None


@dataclass(frozen=True, slots=True)
class BenchReport:
    """One run: its conditions, its measurements, and remarks about what is missing."""

    rounds: int
    seconds_per_round: float
    pdf_bytes: int
    measurements: tuple[Measurement, ...]
    remarks: tuple[str, ...] = ()

    def measurement(self, name: str) -> Measurement | None:
        """Return the measurement of this name, if it was made."""
        return next((item for item in self.measurements if item.name == name), None)

    @property
    def ratios(self) -> tuple[Ratio, ...]:
        """The ratios whose two operations were both measured."""
        found = []
        for numerator, denominator, goal in RATIOS:
            above, below = self.measurement(numerator), self.measurement(denominator)
            if above is not None and below is not None:
                each = [a / b for a, b in zip(above.per_second, below.per_second, strict=True)]
                middle = statistics.median(each)
                found.append(Ratio(numerator, denominator, middle, min(each), max(each), goal))
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file that later runs can be compared with."""
        return {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "rounds": self.rounds,
            "secondsPerRound": self.seconds_per_round,
            "pdfBytes": self.pdf_bytes,
            "workers": 1,
            "measurements": [
                {
                    "name": item.name,
                    "perSecond": round(item.median, 1),
                    "spread": round(item.spread, 4),
                    "cpuSecondsPerOperation": item.cpu_seconds,
                    "rounds": [round(rate, 1) for rate in item.per_second],
                }
                for item in self.measurements
            ],
            "ratios": [asdict(ratio) for ratio in self.ratios],
            "remarks": list(self.remarks),
        }


def print_report(report: BenchReport, console: Console) -> None:
    """Print rates, then ratios with their goals, then remarks."""
    from rich.table import Table

    rates = Table(title=f"Per second, one core, medians of {report.rounds} rounds")
    for title in ("operation", "per second", "± spread", "CPU µs each"):
        rates.add_column(title, justify="left" if title == "operation" else "right")
    for item in report.measurements:
        rates.add_row(
            item.name, f"{item.median:,.0f}", f"{item.spread:.0%}", f"{item.cpu_seconds * 1e6:,.1f}"
        )
    ratios = Table(title="Ratios within this run")
    for title in ("ratio", "median", "range", "goal"):
        ratios.add_column(title, justify="left" if title == "ratio" else "right")
    for ratio in report.ratios:
        ratios.add_row(
            f"{ratio.numerator} / {ratio.denominator}",
            f"{ratio.median:.3g}",
            f"{ratio.lowest:.3g}–{ratio.highest:.3g}",
            "" if ratio.goal is None else f"≥ {ratio.goal:g}",
        )
    console.print(rates)
    console.print(ratios)
    console.print(
        f"PDF of {report.pdf_bytes:,} bytes; software keys; signed files are not written to disk."
    )
    for remark in report.remarks:
        console.print(f"note: {remark}")
