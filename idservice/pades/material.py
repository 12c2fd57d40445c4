"""What the signatures of a document need so that they can be validated later.

Pure: from the facts of a document it tells which time-stamp each signature rests on, which
certificates have to be proved good and since when, and whether a store proves it already
(EN 319 142-1 cl. 6.3, EN 319 102-1 cl. 5.5 and 5.6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from cryptography import x509

from idservice.cms.time_stamp_response import TOLERATED
from idservice.errors import IdServiceError, NothingToExtend, SignatureInvalid
from idservice.pades.dss import StoreItems
from idservice.pdf.byte_range import read_contents
from idservice.pdf.document import PdfDocument
from idservice.pdf.signatures import signature_dictionaries
from idservice.pki.crl import CrlFacts, read_crl
from idservice.pki.crl_status import require_status_from_crl
from idservice.pki.ocsp_response import read_answer, require_status
from idservice.pki.status_places import names_responder
from idservice.validation.facts import (
    ChangeVerdict,
    Coverage,
    DocumentFacts,
    Integrity,
    SignatureFacts,
    TimeStampFacts,
    worst_change,
)

ONE_SECOND = timedelta(seconds=1)
"""OCSP tells whole seconds, rounded down, and time-stamps less (RFC 6960 cl. 4.2.2.1)."""

_Facts = TypeVar("_Facts")
_HARMLESS = TOLERATED | {"time_stamp_reference_sha1"}


@dataclass(frozen=True, slots=True)
class Proof:
    """A time-stamp that holds: its time, its authority's certificate, and what came along.

    `owner` is the field in whose /Contents it stands; `end` is the length in bytes of the
    part of the file in which it stands.
    """

    owner: str
    gen_time: datetime
    certificate_der: bytes
    certificates: tuple[bytes, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that is intact, in the first `end` bytes of the file."""

    owner: str
    certificate_der: bytes
    certificates: tuple[bytes, ...]
    end: int

    def rests_on(self, proofs: Iterable[Proof]) -> Proof | None:
        """Return the earliest of these time-stamps that proves this signature, or None."""
        covering = [proof for proof in proofs if proof.owner == self.owner or proof.end > self.end]
        return min(covering, key=lambda proof: proof.gen_time, default=None)


def all_proofs(facts: DocumentFacts) -> tuple[Proof, ...]:
    """Return the time-stamps that hold, those over signatures first."""
    own = [proof for item in facts.signatures for proof in _proofs(item.time_stamps, item.id)]
    return (*own, *_proofs(facts.time_stamps, None))


def signed(facts: DocumentFacts) -> tuple[Signed, ...]:
    """Return all signatures of a document.

    Raises NothingToExtend without a signature, and SignatureInvalid when one does not hold:
    no time-stamp can mend that, and one would only make it look better.
    """
    if not facts.signatures:
        raise NothingToExtend(
            "The document has no signature, so there is no level to raise.",
            "Sign it first, with --level if you like.",
        )
    return tuple(_signed(item) for item in facts.signatures)


def contents_by_owner(document: PdfDocument) -> dict[str, bytes]:
    """Return the value of /Contents, its padding included, of each signature by its field."""
    found = {}
    for item in signature_dictionaries(document):
        if item.node is not None:
            contents, _ = read_contents(document.data, item.node)
            if contents is not None:
                found[item.name] = contents
    return found


def merged(parts: Sequence[StoreItems]) -> StoreItems:
    """Put several collections into one, each piece once."""
    return StoreItems(
        tuple(dict.fromkeys(one for part in parts for one in part.certs)),
        tuple(dict.fromkeys(one for part in parts for one in part.ocsps)),
        tuple(dict.fromkeys(one for part in parts for one in part.crls)),
    )


class KeptEvidence:
    """The answers and lists that a document carries already, read once."""

    def __init__(self, ocsps: Sequence[bytes], crls: Sequence[bytes]) -> None:
        """Take them in DER; what cannot be read proves nothing."""
        self._answers = tuple(_readable(ocsps, read_answer))
        self._lists = tuple(_readable(crls, read_crl))

    def proves(self, path: Sequence[x509.Certificate], *, after: datetime) -> bool:
        """Tell whether every certificate of a path is proved good after a time.

        `path` has its certificate first and the anchor, which needs no proof, last. As in
        validation, a list from before counts for the first one only if it names no responder.
        """
        return all(
            _exempt(certificate)
            or self._good(
                certificate, issuer, after, older=index > 0 or not names_responder(certificate)
            )
            for index, (certificate, issuer) in enumerate(pairwise(path))
        )

    def _good(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        after: datetime,
        *,
        older: bool,
    ) -> bool:
        for answer in self._answers:
            try:
                status = require_status(answer, certificate, issuer, at=None)
            except IdServiceError:
                continue
            if status.state == "good" and status.this_update + ONE_SECOND > after:
                return True
        lists = [item for item in self._lists if older or item.this_update >= after]
        return any(self._listed_good(item, certificate, issuer, after) for item in lists)

    @staticmethod
    def _listed_good(
        crl: CrlFacts, certificate: x509.Certificate, issuer: x509.Certificate, after: datetime
    ) -> bool:
        try:
            status = require_status_from_crl(crl, certificate, issuer, at=None)
        except IdServiceError:
            return False
        # Lists are made on a schedule: one that was current then is as good as can be had.
        ends = status.next_update or status.this_update
        return status.state == "good" and ends >= after


def _signed(item: SignatureFacts) -> Signed:
    if (
        item.integrity is not Integrity.INTACT
        or item.coverage is Coverage.BROKEN
        or item.certificate_der is None
        or item.end is None
    ):
        raise SignatureInvalid(
            f"The signature {item.id[:80]!r} does not hold, so raising its level would only make "
            "it look better than it is.",
            "See `idservice verify` for what is wrong, and ask the signer for the file as it was "
            "signed.",
        )
    worst = worst_change(item.changes)
    if worst is ChangeVerdict.FORBIDDEN:
        told = next(one.message for one in item.changes if one.verdict is worst)
        raise SignatureInvalid(
            f"The document was changed after the signature {item.id[:80]!r} in a way that is not "
            f"permitted, so raising its level would only make it look better than it is. {told}",
            "Ask for the file as it was signed, and raise that.",
        )
    return Signed(item.id, item.certificate_der, item.certificates, item.end)


def _proofs(found: Sequence[TimeStampFacts], owner: str | None) -> Iterator[Proof]:
    for item in found:
        holds = item.integrity is Integrity.INTACT and not any(
            finding.code not in _HARMLESS for finding in item.findings
        )
        if holds and item.gen_time is not None and item.certificate_der is not None:
            yield Proof(
                owner or item.id,
                item.gen_time,
                item.certificate_der,
                item.certificates,
                item.end or 0,
            )


def _exempt(certificate: x509.Certificate) -> bool:
    try:
        certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    return True


def _readable(encoded: Sequence[bytes], read: Callable[[bytes], _Facts]) -> Iterator[_Facts]:
    for item in encoded:
        try:
            yield read(item)
        except IdServiceError:
            continue
