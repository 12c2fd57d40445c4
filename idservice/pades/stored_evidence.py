"""What the security stores of all revisions hold, and since which revision (cl. 5.4.2).

A later revision may replace the store and leave something out; what an earlier one held is
still in the file and still counts. For each piece it is told how many bytes of the file
hold it, because a time-stamp over these bytes proves that it existed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from idservice.errors import Finding
from idservice.pades.dss import SecurityStore, StoreItems
from idservice.validation.facts import EvidenceKind, StoredEvidence

MAX_EVIDENCE_BYTES = 32 * 1024 * 1024
MAX_EVIDENCE = 1024
"""What is handed on to validation, of all revisions together."""

_MAX_TOLD = 5


@dataclass(frozen=True, slots=True)
class StoreAt:
    """The security store of the document that the first `end` bytes of the file are."""

    store: SecurityStore
    end: int


def gather_evidence(
    stores: Iterable[StoreAt],
) -> tuple[tuple[StoredEvidence, ...], tuple[Finding, ...]]:
    """Return each piece once, with the shortest part of the file that holds it; and faults."""
    ordered = sorted(stores, key=lambda item: item.end)
    found: dict[tuple[EvidenceKind, bytes], StoredEvidence] = {}
    faults: dict[str, None] = {}
    size = 0
    for item in ordered:
        faults |= dict.fromkeys(item.store.faults)
        for kind, der in _pieces(item.store):
            if (kind, der) in found:
                continue
            size += len(der)
            if size > MAX_EVIDENCE_BYTES or len(found) >= MAX_EVIDENCE:
                faults["it holds more than is read"] = None
                return tuple(found.values()), _findings(faults)
            found[kind, der] = StoredEvidence(kind, der, item.end)
    return tuple(found.values()), _findings(faults)


def _pieces(store: SecurityStore) -> Iterator[tuple[EvidenceKind, bytes]]:
    for part in (StoreItems(store.certs, store.ocsps, store.crls), *store.vri.values()):
        yield from ((EvidenceKind.CERTIFICATE, item) for item in part.certs)
        yield from ((EvidenceKind.OCSP, item) for item in part.ocsps)
        yield from ((EvidenceKind.CRL, item) for item in part.crls)


def _findings(faults: Iterable[str]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "security_store_damaged",
            f"The security store of the document (/DSS) is not as it should be: {item}. What "
            "can be read of it is used.",
            "",
        )
        for item in list(faults)[:_MAX_TOLD]
    )
