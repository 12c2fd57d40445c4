"""Raising signatures to B-T, B-LT and B-LTA: the one place that knows the order of the steps.

The order is what gives each proof its worth (EN 319 142-1 cl. 6.3, EN 319 102-1 cl. 5.6):
 1. a time-stamp proves that the signature existed;
 2. OCSP answers made after it prove that the certificates were still good then, for the
    signer and for the time-stamping authority; they go into the security store;
 3. a document time-stamp over all that keeps the proofs when certificates have expired; the
    proofs about its own authority are put in before it.
Renewing an archive repeats 2 and 3 for the time-stamp that was the last one. Either all
that a level needs is had, or an error says what is missing and nothing is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from idservice.crypto.algorithms import SHA256, SHA384, SHA512
from idservice.errors import TimeStampNotTrusted
from idservice.pades.baseline import Baseline
from idservice.pades.dss import StoreItems, vri_key
from idservice.pades.extension import (
    add_signature_time_stamp,
)
from idservice.pades.material import (
    Proof,
    Signed,
    all_proofs,
    merged,
    signed,
)
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import embed_cms
from idservice.services.growing_document import Data, GrowingDocument
from idservice.services.raising import Raising, Sources
from idservice.services.trusted_paths import Path as CertificatePath
from idservice.validation.facts import DocumentFacts

ATTRIBUTE_BYTES = 64
"""What a token needs around it in the unsigned attributes."""

_ARCHIVE_TRIES = 2
# Authorities need not know SHA-3; a hash of the same strength that all of them know takes its part.
_IMPRINTS = {32: SHA256, 48: SHA384, 64: SHA512}


class Levels:
    """Raises new and existing signatures to a level."""

    def __init__(
        self,
        sources: Sources,
        *,
        clock: Callable[[], datetime],
        max_bytes: int,
        folder: Path | None = None,
    ) -> None:
        """Take the sources; `folder` is where large documents may lie meanwhile."""
        self._sources = sources
        self._clock = clock
        self._max_bytes = max_bytes
        self._folder = folder
        self._archive_path: CertificatePath | None = None

    def room(self, level: Baseline) -> int:
        """Return the bytes to keep free in a new signature beside the signature itself."""
        if level is Baseline.B_B:
            return 0
        return self._sources.signature_stamps.room + ATTRIBUTE_BYTES

    def finish(
        self,
        base: Data,
        pending: PendingSignature,
        cms_der: bytes,
        value: bytes,
        level: Baseline,
        *,
        password: str | None = None,
    ) -> bytes:
        """Return everything to append to `base` so that the new signature has the level.

        `cms_der` is the CMS with the signature `value` in it; the signer's key has no further
        part. Raises the errors of `TimeStamping.time_stamp` and `StatusCollection.collect`,
        and SignatureRoomTooSmall.
        """
        if level is Baseline.B_B:
            return embed_cms(pending, cms_der)
        algorithm = _IMPRINTS[pending.template.algorithm.hash.size]
        stamp = self._sources.signature_stamps.time_stamp(algorithm.digest(value), algorithm)
        update = embed_cms(pending, add_signature_time_stamp(cms_der, stamp.token.token_der))
        if level is Baseline.B_T:
            return update
        template = pending.template
        at = stamp.token.gen_time
        path = self._sources.signers.require(template.certificate_der, template.chain_der, at)
        evidence = merged(
            [
                self._sources.statuses.collect(path, after=at),
                self._sources.statuses.collect(stamp.path, after=at),
            ]
        )
        contents = update[pending.contents_start + 1 : pending.contents_end - 1]
        vri = {vri_key(bytes.fromhex(contents.decode("ascii"))): evidence}
        with GrowingDocument(base, self._folder) as document:
            document.append(update)
            work = Raising(self._sources, document, password, self._max_bytes, self._clock)
            if level is Baseline.B_LT:
                work.store(StoreItems(), vri)
            else:
                self._archive(work, vri, at)
            return document.appended

    def extend(
        self,
        base: Data,
        facts: DocumentFacts,
        level: Baseline,
        *,
        password: str | None = None,
    ) -> bytes:
        """Return everything to append to `base` so that all its signatures have the level.

        `facts` are those of `base`. Nothing is returned (no bytes) when they have it already;
        B-LTA always gets a new document time-stamp. Raises NothingToExtend, SignatureInvalid,
        what `finish` raises, and for a signer who is not trusted or whose certificate had
        expired before the time-stamp what `pki.path.build_path` raises.
        """
        found = signed(facts)
        with GrowingDocument(base, self._folder) as document:
            work = Raising(self._sources, document, password, self._max_bytes, self._clock)
            if level is not Baseline.B_B:
                self._extend(work, found, list(all_proofs(facts)), level)
            return document.appended

    def _extend(
        self, work: Raising, found: Sequence[Signed], proofs: list[Proof], level: Baseline
    ) -> None:
        lasting = work.lasting(proofs)
        unproved = [item for item in found if item.rests_on(lasting) is None]
        if unproved:
            work.require_signers(unproved)
            proofs.append(work.document_time_stamp(self._sources.signature_stamps).proof)
            lasting = work.lasting(proofs)
        if not level.includes(Baseline.B_LT):
            return
        every = level is Baseline.B_LTA
        rests = {item: proof for item in found if (proof := item.rests_on(lasting)) is not None}
        vri = work.missing(rests, lasting, every=every)
        if every:
            self._archive(work, vri, max(proof.gen_time for proof in lasting))
        else:
            work.store(StoreItems(), vri)

    def _archive(self, work: Raising, vri: Mapping[str, StoreItems], after: datetime) -> None:
        """Append the store and, over it, a document time-stamp (steps 2 and 3)."""
        stamps = self._sources.document_stamps
        if self._archive_path is None:
            # Which certificate a unit has is learnt from a token; later ones tell if it changes.
            self._archive_path = stamps.time_stamp(SHA256.digest(b""), SHA256).path
        for _ in range(_ARCHIVE_TRIES):
            size = work.size
            own = self._sources.statuses.collect(self._archive_path, after=after)
            work.store(own, vri)
            stamp = work.document_time_stamp(stamps).stamp
            if stamp.path == self._archive_path:
                return
            self._archive_path = stamp.path
            work.take_back(size)
        raise TimeStampNotTrusted(
            "The time-stamping authority answers with another certificate each time, so the proof "
            "that it was good cannot be put in front of its time-stamp.",
            "Use another authority for document time-stamps.",
        )
