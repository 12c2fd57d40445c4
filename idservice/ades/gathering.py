"""Evidence from all places of a document: each piece once, within limits.

A piece may stand at several places; the one counts that a time-stamp covers first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from idservice.cms.carried_data import CarriedData
from idservice.crypto.certificates import load_certificate
from idservice.errors import MalformedCertificate
from idservice.validation.facts import EvidenceKind, StoredEvidence

MAX_EVIDENCE_BYTES = 32 * 1024 * 1024
MAX_EVIDENCE = 1024
"""What is handed on to validation, of all places together."""


def gather(pieces: Iterable[StoredEvidence]) -> tuple[tuple[StoredEvidence, ...], bool]:
    """Return each piece once, with the least `end` of all; and whether there was too much."""
    found: dict[tuple[EvidenceKind, bytes], StoredEvidence] = {}
    size = 0
    for item in sorted(pieces, key=_end):
        if (item.kind, item.der) in found:
            continue
        size += len(item.der)
        if size > MAX_EVIDENCE_BYTES or len(found) >= MAX_EVIDENCE:
            return tuple(found.values()), True
        found[item.kind, item.der] = item
    return tuple(found.values()), False


def _end(piece: StoredEvidence) -> float:
    return math.inf if piece.end is None else piece.end


def carried_pieces(carried: CarriedData, end: int) -> Iterator[StoredEvidence]:
    """The evidence of one CMS structure, which the first `end` bytes of the document hold."""
    yield from (
        StoredEvidence(EvidenceKind.CERTIFICATE, item, end) for item in carried.certificates
    )
    yield from (StoredEvidence(EvidenceKind.OCSP, item, end) for item in carried.ocsps)
    yield from (StoredEvidence(EvidenceKind.CRL, item, end) for item in carried.crls)


def certificate_pieces(certificate_der: bytes, end: int) -> Iterator[StoredEvidence]:
    """One certificate of the bag of a signature, where it can be read.

    What is wrong with one that cannot is told about the signature that it came along with.
    """
    try:
        load_certificate(certificate_der)
    except MalformedCertificate:
        return
    yield StoredEvidence(EvidenceKind.CERTIFICATE, certificate_der, end)
