"""Signatures with experimental algorithms, where the operator has allowed them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idservice.errors import Finding
    from idservice.validation.facts import DocumentFacts

EXPERIMENTAL = "algorithm_experimental"
ALLOWED = "algorithm_experimental_allowed"


def with_experiments_allowed(facts: DocumentFacts) -> DocumentFacts:
    """Return the facts with experimental algorithms of signatures as a warning, no error."""
    return replace(
        facts,
        signatures=tuple(
            replace(item, findings=tuple(map(_allowed, item.findings))) for item in facts.signatures
        ),
    )


def _allowed(finding: Finding) -> Finding:
    return replace(finding, code=ALLOWED) if finding.code == EXPERIMENTAL else finding
