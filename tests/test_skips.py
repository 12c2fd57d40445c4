"""What `tests/conftest.py` and `tests/support/programs.py` promise about skipping."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.programs import require_program

TESTS = Path(__file__).parent

SKIPPING_TEST = """
import pytest

def test_wants_to_skip():
    pytest.skip("{reason}")
"""


def run_skipping_test(folder: Path, reason: str, *, ci: bool) -> subprocess.CompletedProcess[str]:
    """Run a test that skips for `reason` in a process of its own, under our own conftest."""
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (folder / "test_it.py").write_text(SKIPPING_TEST.format(reason=reason))
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{TESTS}:{TESTS.parent}"} | (
        {"CI": "true"} if ci else {}
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_program_skips_on_a_developers_machine(tmp_path: Path) -> None:
    """Outside CI a test whose program is missing is skipped and says why."""
    run = run_skipping_test(tmp_path, "needs: pdfsig", ci=False)
    assert run.returncode == 0
    assert "1 skipped" in run.stdout


@pytest.mark.parametrize("reason", ["needs: pdfsig", "some other reason"])
def test_a_skip_fails_in_ci(tmp_path: Path, reason: str) -> None:
    """In CI every skip fails the run and its reason is shown."""
    run = run_skipping_test(tmp_path, reason, ci=True)
    assert run.returncode == 1
    assert f"nothing may skip, but this wants to: {reason}" in run.stdout


def test_foreign_documents_may_be_absent_in_ci(tmp_path: Path) -> None:
    """The one allowed reason, a corpus with licences of its own, skips in CI too."""
    run = run_skipping_test(tmp_path, "corpus: its folder is not given", ci=True)
    assert run.returncode == 0
    assert "1 skipped" in run.stdout


def test_a_program_that_exists_is_found() -> None:
    """A program on the PATH is returned with its full path."""
    assert Path(require_program("sh")).is_absolute()


def test_a_program_that_is_missing_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason to skip names the Debian package that brings the program."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(pytest.skip.Exception, match=r"needs: pdfsig.*apt install poppler-utils"):
        require_program("pdfsig")
