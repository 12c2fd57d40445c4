"""How the facts of a validation name the algorithms of a signature or token."""

from __future__ import annotations

from idservice.crypto.recognised import SignedWith
from idservice.validation.facts import AlgorithmFacts


def algorithm_facts(found: SignedWith | None) -> AlgorithmFacts | None:
    """Return scheme, digest and size of the key; None for algorithms that nobody could name."""
    return None if found is None else AlgorithmFacts(found.scheme, found.digest, found.key_bits)
