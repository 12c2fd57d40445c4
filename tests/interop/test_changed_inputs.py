"""A short fuzz run over every parser; `make fuzz` is the long one."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support import fuzz_revisions
from support.attack_documents import signed_base
from support.attacks import judge
from support.fuzz import made, run_one
from support.fuzz_targets import TARGETS

ROUNDS = 300


def test_changed_inputs_are_read_or_refused(tmp_path: Path) -> None:
    """No changed input ends a parser in another way than with a result or one of our errors.

    The run has a process of its own: what this one holds already would count against the limit.
    """
    options = ("--rounds", str(ROUNDS), "--seed", "test", "--workers", "1", "--quiet")
    done = subprocess.run(
        [sys.executable, "-m", "support.fuzz", *options, "--folder", str(tmp_path / "faults")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [(row[0], row[1], row[4]) for row in rows] == [
        (name, str(ROUNDS), "0") for name in TARGETS
    ]


@pytest.mark.parametrize("name", TARGETS)
def test_honest_inputs_are_read(name: str) -> None:
    """What is changed is honest to begin with: at least one input of each kind is read."""
    assert "read" in {TARGETS[name].run(data) for data in TARGETS[name].seeds()}


def test_inputs_can_be_made_again() -> None:
    """The same seed and number give the same bytes, another number gives others."""
    assert made("cms", "test", 7) == made("cms", "test", 7)
    assert made("cms", "test", 7) != made("cms", "test", 8)


def test_a_change_that_is_not_listed_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that passes a page which looks otherwise, without a change, is found out."""
    unchanged = judge(signed_base("table"))
    monkeypatch.setattr(fuzz_revisions, "judge", lambda _: unchanged)
    found = {run_one("later-revision", b"%d" % item).partition(":")[2] for item in range(20)}
    assert any("SilentChange" in item for item in found)


def test_a_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is none of ours is a fault, and is told with its place."""

    def broken(_: bytes) -> object:
        raise KeyError("missing")

    monkeypatch.setitem(TARGETS, "cms", replace(TARGETS["cms"], parse=broken))
    assert run_one("cms", b"").startswith("fault: KeyError")
