"""All evidence of one validation: the document's, what was given beside it, what was fetched.

What comes from outside exists since now: it tells the present, and proves nothing about the
past that it does not itself say. It is never counted as part of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509

from idservice.crypto import der_reader
from idservice.crypto.pem import pem_blocks
from idservice.errors import Finding, IdServiceError, MalformedDer, MalformedRevocationData
from idservice.pades.evidence import CarriedEvidence, StatementsFound
from idservice.pki.crl import read_crl
from idservice.pki.ocsp_response import read_answer
from idservice.services.status_fetching import StatusFetching
from idservice.validation.facts import EvidenceKind, StoredEvidence

MAX_GIVEN = 64
"""OCSP answers and revocation lists that are taken from one file."""

_ENUMERATED = 0x0A
_GIVE = "Give an OCSP answer or a revocation list in DER, or some of them in PEM."
_LABELS = {"X509 CRL": EvidenceKind.CRL, "OCSP RESPONSE": EvidenceKind.OCSP}


@dataclass(frozen=True, slots=True)
class OutsideEvidence:
    """What a caller gives beside a document, and whether more may be fetched.

    `online` None leaves that to the settings.
    """

    statements: tuple[StoredEvidence, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    online: bool | None = None


class EvidenceAtHand:
    """The evidence of one validation; each thing is read, and fetched, once."""

    def __init__(
        self,
        carried: Sequence[StoredEvidence],
        given: Sequence[StoredEvidence] = (),
        fetching: StatusFetching | None = None,
    ) -> None:
        """Take what the document carries and what was given beside it."""
        self._carried = CarriedEvidence((*carried, *given))
        self._fetching = fetching

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The certificates that can be read."""
        return self._carried.certificates

    @property
    def unreadable(self) -> int:
        """How many pieces are not what they should be."""
        return self._carried.unreadable

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What could not be fetched, and why."""
        return () if self._fetching is None else self._fetching.findings

    def issuers_of(self, certificate: x509.Certificate) -> tuple[x509.Certificate, ...]:
        """Fetch certificates of the issuer, where the certificate says they are."""
        return () if self._fetching is None else self._fetching.issuers_of(certificate)

    def statements(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        signers: Sequence[x509.Certificate] = (),
    ) -> StatementsFound:
        """Verify everything that is said about a certificate, which this issuer issued."""
        found = self._carried.statements(certificate, issuer, signers)
        if self._fetching is None:
            return found
        fetched = CarriedEvidence(self._fetching.statements_about(certificate, issuer))
        more = fetched.statements(certificate, issuer, signers)
        return StatementsFound((*found.verified, *more.verified), (*found.refused, *more.refused))


def outside_evidence(
    files: Iterable[tuple[str, bytes]],
    certificates: Sequence[x509.Certificate] = (),
    *,
    online: bool | None = None,
) -> OutsideEvidence:
    """Read files, each with its name, that somebody gives beside a document.

    Raises MalformedRevocationData, naming the file.
    """
    found: list[StoredEvidence] = []
    for name, data in files:
        try:
            found += read_statements(data)
        except MalformedRevocationData as exc:
            raise MalformedRevocationData(f"{name}: {exc.detail}", exc.fix) from exc
    return OutsideEvidence(tuple(found), tuple(certificates), online)


def read_statements(data: bytes) -> tuple[StoredEvidence, ...]:
    """Read OCSP answers and revocation lists from PEM (one or more) or DER (one).

    Raises MalformedRevocationData; who gives a file must hear at once that it is none.
    """
    if data.lstrip().startswith(b"-----"):
        blocks = [(_LABELS.get(label), der) for label, der in pem_blocks(data)]
    else:
        blocks = [(_kind(data), data)]
    if not 1 <= len(blocks) <= MAX_GIVEN or any(kind is None for kind, _ in blocks):
        raise _malformed("it holds something else, nothing, or too much")
    return tuple(_read(kind, der) for kind, der in blocks if kind is not None)


def _kind(data: bytes) -> EvidenceKind | None:
    """An OCSP answer begins with its status, a list with what is signed."""
    try:
        first = der_reader.read(data, der_reader.SEQUENCE).elements().take()
    except MalformedDer:
        return None
    return EvidenceKind.OCSP if first.tag == _ENUMERATED else EvidenceKind.CRL


def _read(kind: EvidenceKind, der: bytes) -> StoredEvidence:
    try:
        if kind is EvidenceKind.OCSP:
            read_answer(der)
        else:
            read_crl(der)
    except IdServiceError as exc:
        raise MalformedRevocationData(exc.detail, _GIVE) from exc
    return StoredEvidence(kind, der, None)


def _malformed(reason: str) -> MalformedRevocationData:
    return MalformedRevocationData(
        f"The revocation data cannot be used: {reason}.",
        _GIVE,
    )
