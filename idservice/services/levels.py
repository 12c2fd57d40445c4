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
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from idservice.crypto.algorithms import SHA256, SHA384, SHA512
from idservice.errors import TimeStampNotTrusted
from idservice.pades.baseline import Baseline
from idservice.pades.dss import StoreItems, read_store, vri_key
from idservice.pades.extension import (
    add_signature_time_stamp,
    prepare_time_stamp,
    store_update,
)
from idservice.pades.material import (
    KeptEvidence,
    Proof,
    Signed,
    contents_by_owner,
    document_proofs,
    merged,
    signed,
)
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import embed_cms
from idservice.pdf.document import PdfDocument, open_document
from idservice.services.growing_document import Data, GrowingDocument
from idservice.services.status_collection import StatusCollection
from idservice.services.time_stamping import TimeStampSource, TrustedTimeStamp
from idservice.services.trusted_paths import Path as CertificatePath
from idservice.services.trusted_paths import TrustedPaths
from idservice.validation.facts import DocumentFacts

ATTRIBUTE_BYTES = 64
"""What a token needs around it in the unsigned attributes."""

_ARCHIVE_TRIES = 2
# Authorities need not know SHA-3; a hash of the same strength that all of them know takes its part.
_IMPRINTS = {32: SHA256, 48: SHA384, 64: SHA512}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the proofs come from.

    `signature_stamps` are for signatures, `document_stamps` for documents: their authority's
    certificate should outlive the others. `signers` and `authorities` find trusted paths.
    """

    signature_stamps: TimeStampSource
    document_stamps: TimeStampSource
    statuses: StatusCollection
    signers: TrustedPaths
    authorities: TrustedPaths


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
            work = _Raising(self._sources, document, password, self._max_bytes, self._clock)
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
            work = _Raising(self._sources, document, password, self._max_bytes, self._clock)
            proofs = list(document_proofs(facts))
            if level is not Baseline.B_B and any(item.rests_on is None for item in found):
                self._require_signers(found)
                proofs.append(work.document_time_stamp(self._sources.signature_stamps).proof)
            if level.includes(Baseline.B_LT):
                every = level is Baseline.B_LTA
                vri = work.missing(found, proofs, every=every)
                if every:
                    newest = max(proof.gen_time for proof in _all_proofs(found, proofs))
                    self._archive(work, vri, newest)
                else:
                    work.store(StoreItems(), vri)
            return document.appended

    def _require_signers(self, found: Sequence[Signed]) -> None:
        """Require trusted signers whose certificates are valid now, when the proof is made."""
        now = self._clock()
        for item in found:
            if item.rests_on is None:
                self._sources.signers.require(item.certificate_der, item.certificates, now)

    def _archive(self, work: _Raising, vri: Mapping[str, StoreItems], after: datetime) -> None:
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


@dataclass(frozen=True, slots=True)
class _Stamped:
    stamp: TrustedTimeStamp
    proof: Proof


class _Raising:
    """One document on its way to a level."""

    def __init__(
        self,
        sources: Sources,
        document: GrowingDocument,
        password: str | None,
        max_bytes: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._document = document
        self._password = password
        self._max_bytes = max_bytes
        self._clock = clock

    @property
    def size(self) -> int:
        """How many bytes were appended so far."""
        return len(self._document.appended)

    def take_back(self, size: int) -> None:
        """Take back what was appended behind the first `size` bytes."""
        self._document.cut(size)

    def store(self, items: StoreItems, vri: Mapping[str, StoreItems]) -> None:
        """Append to the security store what it lacks."""
        update = store_update(self._open(), items, vri)
        if update:
            self._document.append(update)

    def document_time_stamp(self, source: TimeStampSource) -> _Stamped:
        """Append a document time-stamp over everything there is."""
        pending = prepare_time_stamp(
            self._open(), algorithm=SHA256, room=source.room, at=self._clock()
        )
        stamp = source.time_stamp(pending.imprint, SHA256)
        self._document.append(pending.complete(stamp.token.token_der))
        token = stamp.token
        proof = Proof(
            pending.field_name,
            token.gen_time,
            token.certificate_der or b"",
            token.certificates_der,
            len(self._document.data),
        )
        return _Stamped(stamp, proof)

    def missing(
        self, found: Sequence[Signed], proofs: Sequence[Proof], *, every: bool
    ) -> dict[str, StoreItems]:
        """Collect what the store does not prove yet, by signature.

        Needed are all signers, and the time-stamps that they rest on; with `every` all other
        time-stamps of the document as well.
        """
        document = self._open()
        store = read_store(document)
        kept = KeptEvidence(store.ocsps, store.crls)
        contents = contents_by_owner(document)
        collected: dict[str, list[StoreItems]] = {}
        for owner, path, after in self._needed(found, proofs, every=every):
            if not kept.proves(path, after=after):
                items = self._sources.statuses.collect(path, after=after, revoked_later=True)
                collected.setdefault(vri_key(contents[owner]), []).append(items)
        return {key: merged(parts) for key, parts in collected.items()}

    def _needed(
        self, found: Sequence[Signed], proofs: Sequence[Proof], *, every: bool
    ) -> list[tuple[str, tuple[x509.Certificate, ...], datetime]]:
        needed = []
        relied_upon = []
        for item in found:
            covering = [*item.time_stamps, *(one for one in proofs if one.end > item.end)]
            rests_on = min(covering, key=lambda proof: proof.gen_time)
            path = self._sources.signers.require(
                item.certificate_der, item.certificates, rests_on.gen_time
            )
            needed.append((item.owner, path, rests_on.gen_time))
            relied_upon.append(rests_on)
        wanted = _all_proofs(found, proofs) if every else relied_upon
        for proof in dict.fromkeys(wanted):
            path = self._sources.authorities.require(
                proof.certificate_der, proof.certificates, proof.gen_time
            )
            needed.append((proof.owner, path, proof.gen_time))
        return needed

    def _open(self) -> PdfDocument:
        return open_document(
            self._document.data, password=self._password, max_bytes=self._max_bytes
        )


def _all_proofs(found: Sequence[Signed], proofs: Sequence[Proof]) -> list[Proof]:
    return [*(proof for item in found for proof in item.time_stamps), *proofs]
