"""Independent programs accept our B-T, B-LT and B-LTA, by what is in the file alone."""

from pathlib import Path

import pytest
from pyhanko.sign.ades.report import AdESPassed, AdESSubIndic

from idservice.pades.baseline import Baseline
from support import oracles, pdfs, pyhanko_levels
from support.level_bench import LevelBench

UNREADABLE = {
    "junk-before-header": "pyHanko wants the header at the first byte",
    "password-aes-256-revision-5": "pyHanko does not implement revision 5",
}
NOT_COMPARED = dict.fromkeys(
    ("direct-page", "direct-page-kids-indirect"),
    "pyHanko cannot compare page trees with pages written into them",
)
"""Files whose later changes pyHanko cannot judge; what it says of the signature counts."""

NAMES = [name for name in pdfs.ALL if name not in UNREADABLE]
LEVELS = (Baseline.B_T, Baseline.B_LT, Baseline.B_LTA)
LEVEL_NAMES = dict(
    zip(LEVELS, ("PAdES_BASELINE_T", "PAdES_BASELINE_LT", "PAdES_BASELINE_LTA"), strict=True)
)
IN_TURN = [(name, LEVELS[number % len(LEVELS)]) for number, name in enumerate(NAMES[::3])]


def _judged(name: str, data: bytes, level: Baseline, bench: LevelBench) -> AdESSubIndic:
    reader = pyhanko_levels.open_reader(data, pdfs.build(name).password)
    if level is Baseline.B_LTA:
        compare = name not in NOT_COMPARED
        return pyhanko_levels.archival(reader, bench.root_der, compare=compare)
    # B-T leaves it to the validator to ask for the status of certificates.
    beside = bench.evidence() if level is Baseline.B_T else None
    return pyhanko_levels.with_time(reader, bench.root_der, beside)


def _require_accepted(name: str, level: Baseline, bench: LevelBench, folder: Path) -> None:
    case = pdfs.build(name)
    data = bench.signed(case.data, level, password=case.password)
    assert data.startswith(case.data)
    assert _judged(name, data, level, bench) is AdESPassed.OK
    [own] = bench.services.validation.validate(data, name, password=case.password).signatures
    shown = own.to_json()
    assert (shown["indication"], shown["level"]) == ("TOTAL-PASSED", LEVEL_NAMES[level])
    assert oracles.pdfsig(data, folder, password=case.password)[0].valid
    before = oracles.qpdf_complaints(case.data, folder, password=case.password)
    assert oracles.qpdf_complaints(data, folder, password=case.password) <= before


@pytest.mark.parametrize(("name", "level"), IN_TURN)
def test_pyhanko_accepts_structures_at_a_level(
    name: str, level: Baseline, level_bench: LevelBench, tmp_path: Path
) -> None:
    """Every third file, at one level in turn, holds with revocation required, unfetched."""
    _require_accepted(name, level, level_bench, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.value)
@pytest.mark.parametrize("name", NAMES)
def test_pyhanko_accepts_each_structure_at_every_level(
    name: str, level: Baseline, level_bench: LevelBench, tmp_path: Path
) -> None:
    """Each generated file, at each level, holds with revocation required, unfetched."""
    _require_accepted(name, level, level_bench, tmp_path)


def test_a_level_needs_what_makes_it(level_bench: LevelBench) -> None:
    """Without the evidence of B-LT the same judge does not accept, so it does look at it."""
    data = level_bench.signed(pdfs.build("baseline").data, Baseline.B_T)
    reader = pyhanko_levels.open_reader(data)
    assert pyhanko_levels.with_time(reader, level_bench.root_der) is not AdESPassed.OK
    assert pyhanko_levels.archival(reader, level_bench.root_der) is not AdESPassed.OK


def test_an_archive_can_be_kept_up_for_decades(level_bench: LevelBench) -> None:
    """Had its time-stamps been renewed, pyHanko would accept a B-LTA of today in six years."""
    data = level_bench.signed(pdfs.build("baseline").data, Baseline.B_LTA)
    reader = pyhanko_levels.open_reader(data)
    assert pyhanko_levels.maintainable(reader, level_bench.root_der, 6) is AdESPassed.OK


def test_a_renewed_archive_is_accepted(level_bench: LevelBench) -> None:
    """A second document time-stamp, over the proofs about the first, changes no verdict."""
    data = level_bench.signed(pdfs.build("xref-stream").data, Baseline.B_LTA)
    renewed = level_bench.extended(data, Baseline.B_LTA)
    assert renewed.startswith(data)
    reader = pyhanko_levels.open_reader(renewed)
    assert len(reader.embedded_timestamp_signatures) == 2
    assert pyhanko_levels.archival(reader, level_bench.root_der) is AdESPassed.OK
