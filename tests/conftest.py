"""Rules for all tests: no settings leak in from outside, and nothing skips unnoticed in CI."""

import os
from collections.abc import Generator, Iterator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from support.programs import is_forbidden_skip

pytest_plugins = [
    "support.homes",
    "support.postgres",
    "support.people",
    "support.hsm",
    "support.hsm_homes",
    "support.level_bench",
]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# Speed depends on the machine, so no test fails for being slow; CI repeats the same examples.
_LOCAL = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("local", _LOCAL)
settings.register_profile("ci", _LOCAL, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """Hide the developer's own IDSERVICE_* settings, and coverage, from what tests start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("IDSERVICE_")]:
            patch.delenv(name)
        # Coverage follows the test processes only: programs that they start, and kill, run free.
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test in CI that wants to skip."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a whole test module in CI that wants to skip."""
    return _refuse_skip((yield))


def _refuse_skip(report: Report) -> Report:
    """Turn a forbidden skip into a failure that names its reason."""
    if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if is_forbidden_skip(reason):
            report.outcome = "failed"
            report.longrepr = f"In CI nothing may skip, but this wants to: {reason}"
    return report
