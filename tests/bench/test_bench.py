"""The benchmark measures what it says, and its report adds up."""

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from idservice.bench import core, peer
from idservice.bench.core import run_bench
from idservice.bench.material import make_material, sample_pdf
from idservice.bench.report import BenchReport, Measurement, print_report
from idservice.bench.workloads import core_workloads
from idservice.cli.bench import bench
from idservice.pdf.document import open_document


def test_sample_is_sound_and_about_three_kilobytes() -> None:
    """The measured PDF opens strictly and has the size that the figures are quoted for."""
    pdf = sample_pdf()
    assert open_document(pdf).pages.count == 1
    assert 3000 <= len(pdf) <= 4000


@pytest.mark.parametrize("kind", ["P-256", "P-384"])
def test_measured_signatures_are_complete(kind: str) -> None:
    """What the PAdES operation makes is a real signature over the sample."""
    pdf = sample_pdf()
    by_name = {item.name: item for item in core_workloads(make_material(kind), pdf)}
    update = by_name[f"PAdES-B-B {kind}"].run()
    assert isinstance(update, bytes)
    assert open_document(pdf + update).is_signed


def test_run_measures_everything_in_each_round() -> None:
    """Every operation has one rate for each round, and CPU time of its own."""
    said: list[str] = []
    report = run_bench(2, 0.005, with_peer=False, progress=said.append)
    assert len(report.measurements) == 10
    assert all(len(item.per_second) == 2 for item in report.measurements)
    assert all(item.cpu_seconds > 0 for item in report.measurements)
    assert len(said) == 20
    assert len(report.ratios) == 6


def test_peer_does_the_same_work() -> None:
    """PyHanko's operation signs the same sample."""
    pytest.importorskip("pyhanko", reason="needs: pyhanko")
    pdf = sample_pdf()
    out = peer.peer_workload(make_material("P-256"), pdf).run()
    assert isinstance(out, io.BytesIO)
    assert open_document(out.getvalue()).is_signed


def test_missing_peer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyHanko the report says so and has no ratio to it."""
    monkeypatch.setattr(core, "peer_is_installed", lambda: False)
    report = run_bench(1, 0.001)
    assert report.remarks == (peer.MISSING,)
    assert not any("pyHanko" in ratio.denominator for ratio in report.ratios)


def test_ratios_are_of_the_same_round() -> None:
    """A ratio is the median of the ratios of each round, not the ratio of medians."""
    fast = Measurement("bare P-256", (100.0, 200.0, 400.0), 0.01)
    slow = Measurement("CMS P-256", (50.0, 50.0, 100.0), 0.02)
    (ratio,) = BenchReport(3, 0.1, 3000, (fast, slow)).ratios
    assert (ratio.lowest, ratio.median, ratio.highest) == (0.25, 0.25, 0.5)
    assert fast.median == 200.0
    assert fast.spread == 0.75


def test_report_prints_and_serialises() -> None:
    """The table names operations, ratios and remarks; the JSON holds the same."""
    items = (Measurement("bare P-256", (2.0,), 0.5), Measurement("CMS P-256", (1.0,), 1.0))
    report = BenchReport(1, 0.1, 3000, items, ("a remark",))
    console = Console(file=io.StringIO(), width=120)
    print_report(report, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "CMS P-256 / bare P-256" in text
    assert "a remark" in text
    data = json.loads(json.dumps(report.as_json()))
    assert data["ratios"][0]["median"] == 0.5
    assert data["measurements"][1]["perSecond"] == 1.0


def test_command_writes_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`bench --json FILE` prints the tables and keeps the report."""
    monkeypatch.setattr(core, "peer_is_installed", lambda: False)
    target = tmp_path / "report.json"
    result = CliRunner().invoke(bench, ["--rounds", "1", "--quick", "--json", str(target)])
    assert result.exit_code == 0, result.output
    assert "per second" in result.output
    assert json.loads(target.read_text())["rounds"] == 1
