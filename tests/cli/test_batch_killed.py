"""A batch that is killed at any moment goes on without signing twice or losing a file."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from idservice.services.assembly import open_services
from support.commands import command
from support.homes import PERSON, PIN2, environment, settings_of
from support.oracles import pdfsig
from support.pdfs import baseline

FILES = 200
BATCHES = 2
"""Each batch is killed again and again until it is done."""

VICTIMS = ("parent", "worker", "everybody")


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_batch_goes_on(home: Path, tmp_path: Path, victim: str) -> None:
    """Each file has one whole output and one use of the key, whoever was killed and when."""
    seed = random.SystemRandom().randrange(1 << 32)
    moments = random.Random(seed)  # noqa: S311 - when to kill, told on failure
    source = tmp_path / "in"
    source.mkdir()
    for number in range(FILES):
        (source / f"{number:04d}.pdf").write_bytes(baseline())
    kills = 0
    for number in range(BATCHES):
        out = tmp_path / f"out-{number}"
        known: dict[str, str] = {}
        while not _ran_to_its_end(home, source, out, victim, moments.uniform(0.0, 0.4)):
            kills += 1
            now = acknowledged(out)
            assert known.items() <= now.items(), (seed, "an acknowledged file was lost or redone")
            known = now
        _require_whole(source, out, seed)
    assert kills or victim == "worker", "nothing was cut short, so nothing was proved"
    _require_one_use_each(home, seed)


def acknowledged(out: Path) -> dict[str, str]:
    """The files that the manifest calls signed, with the digest of each output."""
    found = {}
    for line in (out / "manifest.jsonl").read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n") and (told := json.loads(line)).get("status") == "signed":
            assert told["file"] not in found, "signed twice"
            found[told["file"]] = told["target_sha256"]
    return found


def _ran_to_its_end(home: Path, source: Path, out: Path, victim: str, delay: float) -> bool:
    """Run the batch and kill somebody some time after its first files are acknowledged."""
    manifest = out / "manifest.jsonl"
    before = manifest.stat().st_size if manifest.exists() else 0
    process = subprocess.Popen(
        command(
            *("sign", "--as", PERSON, "--pin", PIN2, "--batch", source, "--out", out),
            *("--workers", "2", "--resume"),
        ),
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not (manifest.exists() and manifest.stat().st_size > before):
        time.sleep(0.005)
    time.sleep(delay)
    if process.poll() is None:
        _kill(process.pid, victim)
    return process.wait() == 0


def _kill(parent: int, victim: str) -> None:
    if victim == "everybody":
        os.killpg(parent, signal.SIGKILL)
    elif victim == "parent":
        os.kill(parent, signal.SIGKILL)
    else:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for child in children[:1]:
            os.kill(int(child), signal.SIGKILL)


def _require_whole(source: Path, out: Path, seed: int) -> None:
    """There is one output for each source, and nothing else, each a whole signed file."""
    expected = {path.name for path in source.iterdir()}
    assert {path.name for path in out.iterdir()} == expected | {"manifest.jsonl"}, seed
    assert acknowledged(out).keys() == expected, seed
    for path in sorted(out.glob("*.pdf")):
        data = path.read_bytes()
        assert data.startswith(baseline()), (seed, path)
        assert data.endswith(b"%%EOF\n"), (seed, path)
    for path in sorted(out.glob("*.pdf"))[:: FILES // 5]:
        [verdict] = pdfsig(path.read_bytes(), out.parent)
        assert verdict.valid, (seed, path)


def _require_one_use_each(home: Path, seed: int) -> None:
    """The audit log has every use of the key: at most one for each output, and none missing.

    A value whose transaction a kill undid was recorded when it was taken up.
    """
    services = open_services(settings_of(home))
    made, taken_up = (
        Counter(
            entry.details["document"]
            for entry in services.audit.entries(action=action, limit=10**6)
        )
        for action in ("signature.made", "signature.resumed")
    )
    services.close()
    for number in range(FILES):
        name = f"{number:04d}.pdf"
        assert made[name] <= BATCHES, (seed, name, "the key was used twice for one output")
        assert made[name] + taken_up[name] >= BATCHES, (seed, name, "a use has no audit row")
