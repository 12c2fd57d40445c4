"""What a check of the installation found, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result: which check, how it ended, what was found, and how to mend it."""

    check: str
    level: Level
    message: str
    fix: str = ""
