"""When nobody can read what a command prints: a clear message, a right exit code, no half work."""

import shlex
import subprocess
from pathlib import Path

import pytest

from support.commands import command
from support.homes import PERSON, PIN2, environment
from support.pdfs import baseline


def shell(home: Path, redirection: str, *arguments: str | Path) -> tuple[int, str]:
    """Run a command with its output redirected; return exit code and what stderr says."""
    line = shlex.join(str(item) for item in command(*arguments))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} {redirection}"],
        cwd=home.parent,
        env=environment(home),
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_full_disk_is_told(home: Path, tmp_path: Path) -> None:
    """What was signed stays signed; that it could not be told is told, with exit code 1."""
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(baseline())
    sign = ("sign", source, "-o", target, "--as", PERSON, "--pin", PIN2)
    code, told = shell(home, ">/dev/full", *sign)
    assert code == 1
    assert "No space left on device" in told
    assert "file_not_writable" in told
    assert target.stat().st_size > source.stat().st_size
    code, told = shell(home, ">/dev/full", "verify", target)
    assert (code, "file_not_writable" in told) == (1, True)


@pytest.mark.parametrize(
    ("redirection", "code"),
    [("| true", 1), (">&-", 0), (">&- 2>&-", 0), (">/dev/full 2>/dev/full", 1)],
)
def test_output_that_goes_nowhere(home: Path, redirection: str, code: int) -> None:
    """A reader that went away ends the command quietly; closed streams do no harm."""
    assert shell(home, redirection, "person", "list") == (code, "")
