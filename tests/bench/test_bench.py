"""The benchmark measures what it says, and its report adds up."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from idservice.bench import core, peer
from idservice.bench.core import run_bench
from idservice.bench.levels import KEYS, LevelMaterial, level_material, level_workloads
from idservice.bench.material import make_material, sample_pdf
from idservice.bench.report import BenchReport, Measurement, print_report
from idservice.bench.workloads import core_workloads
from idservice.cli.bench import bench
from idservice.crypto.keys import SoftwareSigner
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
    report = run_bench(2, 0.005, with_peer=False, with_levels=False, progress=said.append)
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
    report = run_bench(1, 0.001, with_levels=False)
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


@pytest.fixture(scope="module")
def level() -> Iterator[LevelMaterial]:
    """Give the home that the levels are measured in."""
    with level_material() as material:
        yield material


def test_levels_use_the_keys_of_their_limit(
    level: LevelMaterial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each operation makes as many signatures as the bare ones beside it, no more."""
    made: list[int] = []
    sign = SoftwareSigner.sign

    def counted(self: SoftwareSigner, data: bytes) -> bytes:
        made.append(1)
        return sign(self, data)

    by_name = {item.name: item for item in level_workloads(level, sample_pdf())}
    for name in KEYS:
        by_name[name].run()  # what is learnt once
    monkeypatch.setattr(SoftwareSigner, "sign", counted)
    for name, keys in KEYS.items():
        counts = []
        for workload in (by_name[name], by_name[f"bare signatures of {name}"]):
            made.clear()
            workload.run()
            counts.append(len(made))
        assert counts == [len(keys)] * 2


@pytest.mark.parametrize("name", ["PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA"])
def test_levels_are_reached(level: LevelMaterial, name: str) -> None:
    """What is measured as a level, by us and by pyHanko, is of that level."""
    pytest.importorskip("pyhanko", reason="needs: pyhanko")
    pdf = sample_pdf()
    ours = {item.name: item for item in level_workloads(level, pdf)}[name].run()
    theirs = {item.name: item for item in peer.peer_level_workloads(level, pdf)}
    other = theirs[f"pyHanko {name}"].run()
    assert isinstance(ours, bytes)
    assert isinstance(other, io.BytesIO)
    for data in (pdf + ours, other.getvalue()):
        [signature] = level.services.validation.validate(data, "a.pdf").signatures
        assert signature.level == name.replace("PAdES-B", "PAdES_BASELINE_").replace("_-", "_")


def test_command_writes_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`bench --json FILE` prints the tables and keeps the report."""
    monkeypatch.setattr(core, "peer_is_installed", lambda: False)
    target = tmp_path / "report.json"
    result = CliRunner().invoke(bench, ["--rounds", "1", "--quick", "--json", str(target)])
    assert result.exit_code == 0, result.output
    assert "per second" in result.output
    assert json.loads(target.read_text())["rounds"] == 1
