"""Killed with kill -9 under load, nothing acknowledged is lost, doubled or half there."""

import sys
from pathlib import Path

import pytest

from support.kill_drill import ANSWERS_AGAIN_SECONDS, DrillReport, run_drill
from support.kill_drill_service import WORKER
from support.people import services_on

FEW = 20
MANY_ON_SQLITE = 640
MANY_ON_POSTGRESQL = 360


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_kills(home: Path, tmp_path: Path) -> None:
    """On SQLite, a service and commands that are killed keep every promise."""
    require_thorough(run_drill(tmp_path, home, FEW, {}), FEW)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_kills_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """On PostgreSQL as well."""
    home = tmp_path / "home"
    services_on(home, postgres_url).close()
    env = {"IDSERVICE_DATABASE__URL": postgres_url}
    require_thorough(run_drill(tmp_path, home, FEW, env), FEW)


@pytest.mark.kill
@pytest.mark.timeout(3600)
def test_hundreds_of_kills(home: Path, tmp_path: Path) -> None:
    """On SQLite, 640 kills change nothing about that."""
    report = run_drill(tmp_path, home, MANY_ON_SQLITE, {})
    sys.stdout.write(f"{report.text()}\n")
    require_thorough(report, MANY_ON_SQLITE)


@pytest.mark.kill
@pytest.mark.timeout(3600)
def test_hundreds_of_kills_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """On PostgreSQL, 360 more: a thousand in all."""
    home = tmp_path / "home"
    services_on(home, postgres_url).close()
    env = {"IDSERVICE_DATABASE__URL": postgres_url}
    report = run_drill(tmp_path, home, MANY_ON_POSTGRESQL, env)
    sys.stdout.write(f"{report.text()}\n")
    require_thorough(report, MANY_ON_POSTGRESQL)


def require_thorough(report: DrillReport, kills: int) -> None:
    """The drill did what it was to do, under load, and the service was back in time."""
    assert report.all_kills >= kills, report.text()
    assert all(count >= kills // 50 for count in report.kills.values()), report.text()
    assert all(report.acknowledged[what] for what in ("certificates", "revocations")), report.text()
    assert report.acknowledged["time-stamps"] > kills // 2, report.text()
    assert report.seen["OCSP answers"], report.text()
    assert report.seen["batches cut short"] + report.seen["commands cut short"], report.text()
    for victim, times in report.answers_again.items():
        # After the parent was killed a whole service starts: on a busy machine as slowly as
        # it did at first, when nobody was killed.
        limit = max(ANSWERS_AGAIN_SECONDS, 2 * report.first_start)
        assert times["median"] <= (ANSWERS_AGAIN_SECONDS if victim == WORKER else limit), (
            report.text()
        )
