"""Killed with kill -9 under load, nothing acknowledged is lost, doubled or half there."""

import sys
from pathlib import Path

import pytest

from support.kill_drill import ANSWERS_AGAIN_SECONDS, DrillReport, Plan, run_drill
from support.people import services_on

SMALL = Plan(service=8, batch=6, commands=6)
WHOLE_ON_SQLITE = Plan(service=420, batch=110, commands=110)
WHOLE_ON_POSTGRESQL = Plan(service=220, batch=70, commands=70)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_kills(home: Path, tmp_path: Path) -> None:
    """On SQLite, a service and commands that are killed keep every promise."""
    require_thorough(run_drill(tmp_path, home, SMALL, {}), SMALL)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_kills_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """On PostgreSQL as well."""
    home = tmp_path / "home"
    services_on(home, postgres_url).close()
    env = {"IDSERVICE_DATABASE__URL": postgres_url}
    require_thorough(run_drill(tmp_path, home, SMALL, env), SMALL)


@pytest.mark.kill
@pytest.mark.timeout(3600)
def test_hundreds_of_kills(home: Path, tmp_path: Path) -> None:
    """On SQLite, 640 kills change nothing about that."""
    report = run_drill(tmp_path, home, WHOLE_ON_SQLITE, {})
    sys.stdout.write(f"{report.text()}\n")
    require_thorough(report, WHOLE_ON_SQLITE)


@pytest.mark.kill
@pytest.mark.timeout(3600)
def test_hundreds_of_kills_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """On PostgreSQL, 360 more: a thousand in all."""
    home = tmp_path / "home"
    services_on(home, postgres_url).close()
    env = {"IDSERVICE_DATABASE__URL": postgres_url}
    report = run_drill(tmp_path, home, WHOLE_ON_POSTGRESQL, env)
    sys.stdout.write(f"{report.text()}\n")
    require_thorough(report, WHOLE_ON_POSTGRESQL)


def require_thorough(report: DrillReport, plan: Plan) -> None:
    """The drill did what it was to do, under load, and the service was back in time."""
    assert report.all_kills >= plan.service + plan.batch + plan.commands, report.text()
    assert all(report.acknowledged[what] for what in ("certificates", "revocations")), report.text()
    assert report.acknowledged["time-stamps"] > plan.service, report.text()
    assert report.seen["OCSP answers"], report.text()
    assert report.seen["batches cut short"] + report.seen["commands cut short"], report.text()
    worst = {victim: times["worst"] for victim, times in report.answers_again.items()}
    assert all(seconds <= ANSWERS_AGAIN_SECONDS for seconds in worst.values()), report.text()
