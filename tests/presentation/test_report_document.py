"""docs/validation-reports.md names what the JSON holds."""

import re
from collections.abc import Iterator
from typing import Any

from support.attacks import judge
from support.long_term import archived
from support.source import ROOT

DOCUMENT = ROOT / "docs" / "validation-reports.md"
NAME = re.compile(r"`([A-Za-z0-9]+)`")


def members(value: Any) -> Iterator[str]:
    """Every member's name in a JSON value, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


def test_every_member_of_the_json_is_documented() -> None:
    """Nobody has to guess what a member of the report of an archived document means."""
    named = set(NAME.findall(DOCUMENT.read_text(encoding="utf-8")))
    found = set(members(judge(archived()).to_json()))
    assert {"coveredBy", "imprintDigest", "signaturePolicyUri"} <= found
    assert not found - named
