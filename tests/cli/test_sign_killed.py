"""Killed at any moment while signing, no partial file is left and no acknowledged one is lost."""

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from idservice.services.assembly import open_services
from support.commands import command
from support.homes import PERSON, PIN2, environment, settings_of
from support.oracles import pdfsig
from support.pdfs import baseline

KILLS = 40
FILES = 400


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_signing_killed_at_any_moment(home: Path, tmp_path: Path) -> None:
    """Every output there is whole, every acknowledged one is there, and each has its row."""
    seed = random.SystemRandom().randrange(1 << 32)
    moments = random.Random(seed)  # noqa: S311 - when to kill, told on failure
    inputs = tmp_path / "in"
    inputs.mkdir()
    for number in range(FILES):
        (inputs / f"{number}.pdf").write_bytes(baseline())
    interrupted = 0
    for round_number in range(KILLS):
        out = tmp_path / f"out-{round_number}"
        out.mkdir()
        acknowledged, ended = _killed_run(home, inputs, out, moments.uniform(0.0, 0.5))
        interrupted += not ended
        outputs = {path.name: path for path in out.iterdir()}
        assert acknowledged <= outputs.keys(), (seed, round_number)
        for path in outputs.values():
            assert _is_whole(path), (seed, round_number, path)
    assert interrupted >= KILLS * 3 // 4, "most runs must be cut short, or nothing was tested"
    _require_audit_rows(home, tmp_path)


def _killed_run(home: Path, inputs: Path, out: Path, delay: float) -> tuple[set[str], bool]:
    """Sign all inputs, kill the process some time after the first acknowledgement."""
    files = sorted(inputs.iterdir())
    process = subprocess.Popen(
        command("sign", *files, "--out-dir", out, "--as", PERSON, "--pin", PIN2, "--json"),
        env=environment(home, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    process.stdout.close()
    ended = process.wait() == 0
    lines = [line for line in (first + rest).splitlines(keepends=True) if line.endswith(b"\n")]
    done = [json.loads(line) for line in lines]
    return {Path(item["output"]).name for item in done if item["status"] == "signed"}, ended


def _is_whole(path: Path) -> bool:
    """Whether an output is a complete signed file under its final name."""
    data = path.read_bytes()
    return path.suffix == ".pdf" and data.startswith(baseline()) and data.endswith(b"%%EOF\n")


def _require_audit_rows(home: Path, folder: Path) -> None:
    """There is a row for every output, and a sample of the outputs is valid to pdfsig."""
    outputs = sorted(folder.glob("out-*/*.pdf"))
    services = open_services(settings_of(home))
    rows = services.audit.entries(action="signature.made", limit=len(outputs) + KILLS * FILES)
    services.close()
    assert len(rows) >= len(outputs)
    for path in outputs[:: max(1, len(outputs) // 20)]:
        [verdict] = pdfsig(path.read_bytes(), folder)
        assert verdict.valid
