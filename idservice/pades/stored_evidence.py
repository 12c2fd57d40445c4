"""What the security stores of all revisions hold, and since which revision (cl. 5.4.2).

A later revision may replace the store and leave something out; what an earlier one held is
still in the file and still counts. For each piece it is told how many bytes of the file
hold it, because a time-stamp over these bytes proves that it existed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from idservice.ades.gathering import gather
from idservice.errors import Finding
from idservice.pades.dss import SecurityStore, StoreItems
from idservice.validation.facts import EvidenceKind, StoredEvidence

_MAX_TOLD = 5


@dataclass(frozen=True, slots=True)
class StoreAt:
    """The security store of the document that the first `end` bytes of the file are."""

    store: SecurityStore
    end: int


def gather_evidence(
    stores: Iterable[StoreAt], embedded: Iterable[StoredEvidence] = ()
) -> tuple[tuple[StoredEvidence, ...], tuple[Finding, ...]]:
    """Return each piece once, with the shortest part of the file that holds it; and faults.

    `embedded` are pieces that stand inside of signatures and time-stamps.
    """
    ordered = sorted(stores, key=lambda item: item.end)
    faults = dict.fromkeys(fault for item in ordered for fault in item.store.faults)
    pieces = (
        StoredEvidence(kind, der, item.end) for item in ordered for kind, der in _pieces(item.store)
    )
    found, too_much = gather((*pieces, *embedded))
    if too_much:
        faults["it holds more than is read"] = None
    return found, _findings(faults)


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
