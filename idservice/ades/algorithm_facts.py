"""How the facts of a validation name the algorithms of a signature or token."""

from __future__ import annotations

from collections.abc import Iterable

from idservice.crypto.recognised import SignedWith
from idservice.errors import Finding
from idservice.validation.facts import AlgorithmFacts


def algorithm_facts(found: SignedWith | None) -> AlgorithmFacts | None:
    """Return scheme, digest and size of the key; None for algorithms that nobody could name."""
    if found is None:
        return None
    return AlgorithmFacts(found.scheme, found.digest, found.key_bits, found.mask_digest)


def baseline_form(findings: Iterable[Finding]) -> bool:
    """Whether a signature with these findings has the form of a baseline signature.

    An old algorithm is no matter of form: the baseline profiles name none.
    """
    return all(item.code == "algorithm_legacy" for item in findings)
