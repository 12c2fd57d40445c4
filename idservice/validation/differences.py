"""What a revision of a document changed, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """One thing that a revision changed.

    `page` counts from 1, None where it shows nowhere. `verdict` is what it means to the first
    signature ("permitted", "forbidden", "not-analysed"); None when nobody had signed before.
    """

    code: str
    page: int | None
    message: str
    verdict: str | None


@dataclass(frozen=True, slots=True)
class RevisionDifference:
    """One revision: the bytes that it consists of, its objects, who signed it, and its changes.

    It reaches from byte `start` up to `end`. `signatures` and `time_stamps` are the fields that
    sign exactly what the file was then. The first revision changes nothing.
    """

    number: int
    start: int
    end: int
    added: int
    changed: int
    removed: int
    signatures: tuple[str, ...]
    time_stamps: tuple[str, ...]
    changes: tuple[RevisionChange, ...]
