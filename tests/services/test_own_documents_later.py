"""Documents of our own at every level, validated inside and outside of the home, now and later.

Each moment opens the services of the home anew with a clock of its own, as a machine does
that is started years later. Outside, only the root is trusted and nothing is asked.
"""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from idservice.crypto.certificates import load_certificate
from idservice.pades.baseline import Baseline
from idservice.services.assembly import Services, open_services
from idservice.services.validation import Validation, ValidationReport
from support import pdfs
from support.homes import settings_of
from support.level_bench import LevelBench

LATER = {
    "responder expired": dt.timedelta(days=31),
    "time-stamp expired": dt.timedelta(days=4 * 365),
    "signer expired": dt.timedelta(days=6 * 365),
    "archive about to expire": dt.timedelta(days=11 * 365),
}
TOO_LATE = dt.timedelta(days=13 * 365)
RENEWAL = dt.timedelta(days=11 * 365)
AFTER_RENEWAL = dt.timedelta(days=14 * 365)
NAMES = pdfs.ALL
CLAIMED = {level: f"PAdES_BASELINE_{level.value[2:]}" for level in Baseline}


def outside(bench: LevelBench, clock: Callable[[], dt.datetime]) -> Validation:
    """A validation that trusts the root of the home and knows nothing else of it."""
    root = load_certificate(bench.root_der)
    return Validation(bench.services.settings.validation, clock=clock, anchors=[root])


def require_passed(report: ValidationReport, level: Baseline) -> None:
    """Require that the one signature passes at the level, with permitted changes only."""
    (shown,) = report.to_json()["signatures"]
    assert (shown["indication"], shown["errors"]) == ("TOTAL-PASSED", [])
    assert shown["level"] == CLAIMED[level]
    assert shown["changes"]["verdict"] in ("none", "permitted")


def in_turn() -> Iterator[Any]:
    """Each structure at one level; every third one in the fast tests, the others in the slow."""
    for number, name in enumerate(NAMES):
        marks = [] if number % 3 == 0 else [pytest.mark.slow]
        level = (Baseline.B_LT, Baseline.B_LTA)[number % 2]
        yield pytest.param(name, level, marks=marks, id=f"{name}-{level.value}")


@pytest.mark.parametrize(("name", "level"), list(in_turn()))
def test_each_structure_passes_offline_at_its_level(
    name: str, level: Baseline, level_bench: LevelBench
) -> None:
    """What our own services made is enough for a stranger with the root."""
    case = pdfs.build(name)
    data = level_bench.signed(case.data, level, password=case.password)
    report = outside(level_bench, level_bench.services.clock).validate(
        data, "a.pdf", password=case.password
    )
    require_passed(report, level)


@pytest.mark.parametrize("level", list(Baseline), ids=lambda level: level.value)
def test_every_level_passes_inside_the_home(level: Baseline, level_bench: LevelBench) -> None:
    """The home knows the status of its own certificates, whatever the document brings along."""
    data = level_bench.signed(pdfs.baseline(), level)
    require_passed(level_bench.services.validation.validate(data, "a.pdf"), level)


class Years:
    """A home that is opened at different times."""

    def __init__(self, home: Path) -> None:
        """Begin now."""
        self._home = home
        self.start = dt.datetime.now(dt.UTC).replace(microsecond=0)

    @contextmanager
    def at(self, after: dt.timedelta) -> Iterator[LevelBench]:
        """Open the services so much later."""
        services: Services = open_services(
            settings_of(self._home), clock=lambda: self.start + after
        )
        try:
            yield LevelBench(services)
        finally:
            services.close()


@pytest.fixture(scope="module")
def years(home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Years:
    """One home for the tests of this module; they only add to it."""
    home = tmp_path_factory.mktemp("years") / "home"
    shutil.copytree(home_template, home)
    return Years(home)


@pytest.fixture(scope="module")
def archived(years: Years) -> bytes:
    """A B-LTA document of the start."""
    with years.at(dt.timedelta(minutes=1)) as bench:
        return bench.signed(pdfs.baseline(), Baseline.B_LTA)


@pytest.mark.parametrize("when", list(LATER))
def test_an_archived_document_lives_as_long_as_its_newest_time_stamp(
    when: str, years: Years, archived: bytes
) -> None:
    """Signer, responder and signature time-stamp may have expired, inside and outside."""
    with years.at(LATER[when]) as bench:
        require_passed(bench.services.validation.validate(archived, "a.pdf"), Baseline.B_LTA)
        require_passed(
            outside(bench, bench.services.clock).validate(archived, "a.pdf"), Baseline.B_LTA
        )


def test_an_archived_document_ends_with_its_newest_time_stamp(
    years: Years, archived: bytes
) -> None:
    """Then it is INDETERMINATE, inside and outside, and the report says why."""
    with years.at(TOO_LATE) as bench:
        inside = bench.services.validation.validate(archived, "a.pdf")
        for report in (inside, outside(bench, bench.services.clock).validate(archived, "a.pdf")):
            (shown,) = report.to_json()["signatures"]
            assert (shown["indication"], shown["subIndication"]) == (
                "INDETERMINATE",
                "OUT_OF_BOUNDS_NO_POE",
            )
            assert "no newer time-stamp was added in time" in report.sentence()


def test_an_archived_document_that_was_renewed_lives_on(years: Years, archived: bytes) -> None:
    """A renewal while the time-stamp is valid carries all proofs on."""
    with years.at(RENEWAL) as bench:
        renewed = bench.extended(archived, Baseline.B_LTA)
    with years.at(AFTER_RENEWAL) as bench:
        inside = bench.services.validation.validate(renewed, "a.pdf")
        for report in (inside, outside(bench, bench.services.clock).validate(renewed, "a.pdf")):
            require_passed(report, Baseline.B_LTA)
            (shown,) = report.to_json()["signatures"]
            signed_at = years.start + dt.timedelta(minutes=1)
            assert shown["bestSignatureTime"] == f"{signed_at:%Y-%m-%dT%H:%M:%SZ}"
