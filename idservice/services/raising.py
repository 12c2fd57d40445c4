"""One document on its way to a level: what is appended to it, and what it still lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from idservice.crypto.algorithms import SHA256
from idservice.errors import MalformedInput, Unsupported, Verification
from idservice.pades.dss import StoreItems, read_store, vri_key
from idservice.pades.extension import prepare_time_stamp, store_update
from idservice.pades.material import KeptEvidence, Proof, Signed, contents_by_owner, merged
from idservice.pdf.document import PdfDocument, open_document
from idservice.services.growing_document import GrowingDocument
from idservice.services.status_collection import StatusCollection
from idservice.services.time_stamping import TimeStampSource, TrustedTimeStamp
from idservice.services.trusted_paths import Path as CertificatePath
from idservice.services.trusted_paths import TrustedPaths


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


@dataclass(frozen=True, slots=True)
class Stamped:
    """A document time-stamp that was appended, and as the proof that it is from now on."""

    stamp: TrustedTimeStamp
    proof: Proof


class Raising:
    """One document on its way to a level."""

    def __init__(
        self,
        sources: Sources,
        document: GrowingDocument,
        password: str | None,
        max_bytes: int,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the document, which grows, and where the proofs come from."""
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

    def document_time_stamp(self, source: TimeStampSource) -> Stamped:
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
        return Stamped(stamp, proof)

    def lasting(self, proofs: Sequence[Proof]) -> dict[Proof, CertificatePath]:
        """Return the time-stamps that prove something today, with the paths of their authorities.

        They are trusted, and their authority's certificate is valid or was valid when one of
        the others was made over them (EN 319 102-1 cl. 5.6.2.3).
        """
        now = self._clock()
        found: dict[Proof, CertificatePath] = {}
        for proof in sorted(proofs, key=lambda one: (one.end, one.gen_time), reverse=True):
            try:
                path = self._sources.authorities.require(
                    proof.certificate_der, proof.certificates, proof.gen_time
                )
            except (Verification, MalformedInput, Unsupported):
                continue
            ends = min(item.not_valid_after_utc for item in path)
            over = [newer.gen_time for newer in found if newer.end > proof.end]
            if any(at <= ends for at in (now, *over)):
                found[proof] = path
        return found

    def missing(
        self,
        rests: Mapping[Signed, Proof],
        lasting: Mapping[Proof, CertificatePath],
        *,
        every: bool,
    ) -> dict[str, StoreItems]:
        """Collect what the store does not prove yet, by signature.

        Needed are all signers, and the time-stamps that they rest on; with `every` all of
        `lasting`, and fresh proofs about the newest of them.
        """
        document = self._open()
        store = read_store(document)
        kept = KeptEvidence(store.ocsps, store.crls)
        contents = contents_by_owner(document)
        newest = max(lasting, key=lambda proof: proof.end) if every else None
        needed = [
            (item.owner, self._signer(item, proof), proof.gen_time, False)
            for item, proof in rests.items()
        ]
        needed += [
            # What is kept about the newest document time-stamp was had before it was made.
            (proof.owner, lasting[proof], proof.gen_time, proof == newest)
            for proof in (lasting if every else dict.fromkeys(rests.values()))
        ]
        collected: dict[str, list[StoreItems]] = {}
        for owner, path, after, fresh in needed:
            if fresh or not kept.proves(path, after=after):
                items = self._sources.statuses.collect(path, after=after, revoked_later=True)
                collected.setdefault(vri_key(contents[owner]), []).append(items)
        return {key: merged(parts) for key, parts in collected.items()}

    def require_signers(self, unproved: Sequence[Signed]) -> None:
        """Require trusted signers whose certificates are good now, when the proof is made.

        Raises as `TrustedPaths.require` and `StatusCollection.require_own_good`.
        """
        now = self._clock()
        for item in unproved:
            path = self._sources.signers.require(item.certificate_der, item.certificates, now)
            self._sources.statuses.require_own_good(path, after=now)

    def _signer(self, item: Signed, proof: Proof) -> CertificatePath:
        at = proof.gen_time
        path = self._sources.signers.require(item.certificate_der, item.certificates, at)
        self._sources.statuses.require_own_good(path, after=at, revoked_later=True)
        return path

    def _open(self) -> PdfDocument:
        return open_document(
            self._document.data, password=self._password, max_bytes=self._max_bytes
        )
