"""PINs and passwords: never echoed, never needed on the command line, never asked of a script."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from idservice.cli.secrets_input import read_password, read_pin, read_secret_file
from idservice.errors import FileNotReadable, PinMissing
from support.commands import command
from support.homes import PERSON, PIN2, environment


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"01497", "01497"),
        (b"01497\n", "01497"),
        (b"01497\r\nsecond line", "01497"),
        (b" 01497 \n", " 01497 "),
        ("sõna\n".encode(), "sõna"),
        (b"", ""),
    ],
)
def test_the_first_line_of_a_file_is_the_secret(
    tmp_path: Path, content: bytes, secret: str
) -> None:
    """Line ends of any system are cut off, and nothing else."""
    path = tmp_path / "pin"
    path.write_bytes(content)
    assert read_secret_file(path) == secret


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_without_text_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A missing file and one that is no text give our error, and not their content."""
    path = tmp_path / "pin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileNotReadable):
        read_secret_file(path)


def test_the_order_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option wins over a file, a file over the environment, and each PIN has its variable."""
    path = tmp_path / "pin"
    path.write_text("from file")
    monkeypatch.setenv("IDSERVICE_PIN2", "from environment")
    assert read_pin("pin2", given="given", file=path) == "given"
    assert read_pin("pin2", file=path) == "from file"
    assert read_pin("pin2") == "from environment"
    monkeypatch.setattr("sys.stdin", open(os.devnull, encoding="utf-8"))  # noqa: PTH123, SIM115
    with pytest.raises(PinMissing) as missing:
        read_pin("pin1")
    assert "IDSERVICE_PIN1" in missing.value.fix


def test_a_password_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """No password is None; an empty one given is an empty one."""
    monkeypatch.delenv("IDSERVICE_PDF_PASSWORD", raising=False)
    assert read_password() is None
    assert read_password(given="") == ""
    monkeypatch.setenv("IDSERVICE_PDF_PASSWORD", "open")
    assert read_password() == "open"


def test_a_prompt_does_not_echo(home: Path, tmp_path: Path) -> None:
    """On a terminal the PIN is asked for, its digits do not appear, and the file is signed."""
    document = home / "var" / "contract.pdf"
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("sign", document, "-o", tmp_path / "out.pdf", "--as", PERSON),
        env=environment(home, TERM="dumb"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown = _read_until(master, b"PIN2 of")
    os.write(master, f"{PIN2}\n".encode())
    shown += _read_until(master, None)
    assert process.wait(30) == 0, shown
    assert PIN2.encode() not in shown
    assert (tmp_path / "out.pdf").exists()
    os.close(master)


def _read_until(terminal: int, wanted: bytes | None) -> bytes:
    """Read what a terminal shows until some text appears, or to its end."""
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (wanted is None or wanted not in shown):
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    return shown
