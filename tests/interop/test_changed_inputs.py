"""A short fuzz run over every parser; `make fuzz` is the long one."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.fuzz import fuzz, made, run_one
from support.fuzz_targets import TARGETS

ROUNDS = 300


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    """No changed input ends a parser in another way than with a result or one of our errors."""
    score = fuzz(name, ROUNDS, "test", 1, tmp_path, quiet=True)
    assert score.faults == []
    assert score.done == ROUNDS


@pytest.mark.parametrize("name", TARGETS)
def test_honest_inputs_are_read(name: str) -> None:
    """What is changed is honest to begin with: at least one input of each kind is read."""
    assert "read" in {TARGETS[name].run(data) for data in TARGETS[name].seeds()}


def test_inputs_can_be_made_again() -> None:
    """The same seed and number give the same bytes, another number gives others."""
    assert made("cms", "test", 7) == made("cms", "test", 7)
    assert made("cms", "test", 7) != made("cms", "test", 8)


def test_a_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is none of ours is a fault, and is told with its place."""

    def broken(_: bytes) -> object:
        raise KeyError("missing")

    monkeypatch.setitem(TARGETS, "cms", replace(TARGETS["cms"], parse=broken))
    assert run_one("cms", b"").startswith("fault: KeyError")
