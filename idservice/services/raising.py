"""One document on its way to a level: what is appended to it, and what it still lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from idservice.crypto.algorithms import SHA256
from idservice.pades.dss import StoreItems, read_store, vri_key
from idservice.pades.extension import prepare_time_stamp, store_update
from idservice.pades.material import KeptEvidence, Proof, Signed, contents_by_owner, merged
from idservice.pdf.document import PdfDocument, open_document
from idservice.services.growing_document import GrowingDocument
from idservice.services.status_collection import StatusCollection
from idservice.services.time_stamping import TimeStampSource, TrustedTimeStamp
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
        newest = max(proofs, key=lambda proof: proof.end, default=None) if every else None
        for owner, path, after in self._needed(found, proofs, every=every):
            # What is kept about the newest document time-stamp was had before it was made.
            fresh = newest is not None and owner == newest.owner
            if fresh or not kept.proves(path, after=after):
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
        wanted = all_proofs(found, proofs) if every else relied_upon
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


def all_proofs(found: Sequence[Signed], proofs: Sequence[Proof]) -> list[Proof]:
    """Return the time-stamps over signatures and those over the document."""
    return [*(proof for item in found for proof in item.time_stamps), *proofs]
