"""The command line as a whole: help, exit codes, settings, and never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from idservice import errors
from idservice.cli import failures, main
from idservice.errors import IdServiceError
from support import pdfs
from support.commands import run_idservice
from support.homes import environment
from support.pdf_writing import table_pdf


def _run_and_tell(folder: Path, arguments: list[str], libraries: set[str]) -> tuple[int, str, str]:
    """Run the command line; return its code, what it printed, and which libraries it loaded."""
    code = (
        "import sys\n"
        "from idservice.cli.main import run\n"
        f"code = run({arguments!r})\n"
        f"print(sorted({libraries!r} & sys.modules.keys()), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.strip()


def test_help_needs_click_alone(tmp_path: Path) -> None:
    """`--help` loads none of the libraries that make a command slow to start."""
    heavy = {"sqlalchemy", "cryptography", "pikepdf", "flask", "pydantic", "rich"}
    code, printed, loaded = _run_and_tell(tmp_path, ["--help"], heavy)
    assert (code, loaded) == (0, "[]")
    for name in main.COMMANDS:
        assert name in printed


def test_verify_without_a_home_loads_no_database_and_no_reader_of_pdf(tmp_path: Path) -> None:
    """Outside of a home `verify` loads neither what keeps records nor what reads documents."""
    (tmp_path / "plain.pdf").write_bytes(table_pdf(pdfs.plain_objects()))
    heavy = {"sqlalchemy", "pikepdf", "urllib.request", "flask"}
    code, printed, loaded = _run_and_tell(tmp_path, ["verify", "plain.pdf"], heavy)
    assert (code, loaded) == (failures.FAILED, "[]")
    assert "plain.pdf" in printed


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_explains_itself(tmp_path: Path, name: str) -> None:
    """Each command loads and its help begins with the sentence of the list."""
    done = run_idservice(tmp_path, name, "--help")
    assert done.code == 0
    assert name in done.out
    assert done.err == ""


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    """What is no command ends with exit code 2 and says so."""
    done = run_idservice(tmp_path, "frobnicate")
    assert done.code == 2
    assert "frobnicate" in done.err
    assert done.out == ""


def test_an_unknown_setting_is_refused(home: Path) -> None:
    """A misspelt variable and a misspelt key in the home's file stop every command with 3."""
    done = run_idservice(home, "person", "list", env={"IDSERVICE_SERVER__PROT": "1"})
    assert done.code == 3
    assert "settings_invalid" in done.err
    assert "prot" in done.err
    (home / "config").mkdir()
    (home / "config" / "idservice.toml").write_text("[signing]\nmax_documnt_bytes = 1\n")
    done = run_idservice(home, "person", "list")
    assert done.code == 3
    assert "max_documnt_bytes" in done.err


def test_options_win_over_the_environment(home: Path) -> None:
    """--home on the command line is used instead of IDSERVICE_HOME."""
    done = run_idservice(home, "--home", home.parent / "other", "person", "list")
    assert done.code == 3
    assert "not_initialised" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PinWrong, 1),
        (errors.CertificateRevoked, 1),
        (errors.ChallengeUsed, 1),
        (errors.MalformedPdf, 2),
        (errors.UnsupportedPdf, 2),
        (errors.FileNotReadable, 2),
        (errors.UnknownFormat, 2),
        (errors.NotInitialised, 3),
        (errors.UnsafeDatabase, 3),
        (errors.ServiceUnavailable, 4),
        (errors.InternalError, 70),
        (errors.AddressInUse, 4),
    ],
)
def test_errors_end_with_their_exit_code(error: type[IdServiceError], code: int) -> None:
    """The family of an error decides the exit code, with named exceptions."""
    assert failures.exit_code(error) == code


def test_a_message_says_what_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Detail, fix and code are on stderr, with control characters made visible."""
    code = failures.report(errors.PinWrong("bad\x1b[31m\u202e name", "try again"))
    shown = capsys.readouterr()
    assert code == 1
    assert shown.out == ""
    assert shown.err == (
        "idservice: bad\\x1b[31m\\u202e name\n  to do: try again\n  code:  pin_wrong\n"
    )


def test_an_own_fault_shows_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody expected ends with 70 in two lines; with debug logging the traceback is there."""
    fault = ZeroDivisionError("secret detail")
    assert failures.report(fault) == 70
    shown = capsys.readouterr().err
    assert "secret detail" not in shown
    assert "IDSERVICE_LOG__LEVEL=debug" in shown
    monkeypatch.setenv("IDSERVICE_LOG__LEVEL", "debug")
    failures.report(fault)
    assert "secret detail" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_fault(home: Path) -> None:
    """`idservice … | head -1` ends quietly."""
    shell = f"{sys.executable} -m idservice person list --json | head -1"
    done = subprocess.run(
        ["bash", "-c", shell], env=environment(home), capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("[")
    assert done.stderr == ""
