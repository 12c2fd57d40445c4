"""The evidence that a document carries about certificates, each piece read once.

Nobody signed the security store itself: what is in it counts only as far as it verifies.
`statements` verifies OCSP answers (RFC 6960 cl. 3.2) and revocation lists (RFC 5280
cl. 6.3) about one certificate; for which time they are good enough is not decided here.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.ades.algorithm_facts import algorithm_facts
from idservice.crypto.certificates import load_certificate
from idservice.errors import IdServiceError, MalformedInput, StatusAnswerMismatch
from idservice.pki.crl import MAX_CRL_BYTES, CrlFacts, read_crl
from idservice.pki.crl_scope import list_makers
from idservice.pki.crl_status import CrlStatus, ListStatus, status_from_list, together
from idservice.pki.ocsp_response import (
    OcspAnswerFacts,
    OcspStatus,
    read_answer,
    require_status,
    responder_ids,
)
from idservice.pki.signed_values import describe_value
from idservice.validation.evidence import RevocationState, StatementSource
from idservice.validation.facts import AlgorithmFacts, EvidenceKind, StoredEvidence

MAX_STATEMENTS = 64
"""Statements about one certificate whose signatures are verified, the newest first."""

MAX_LISTS_BYTES = MAX_CRL_BYTES
"""What all revocation lists of one validation may have together: a million entries and more."""

_STATES = {
    "good": RevocationState.VALID,
    "revoked": RevocationState.REVOKED,
    "unknown": RevocationState.UNKNOWN,
}
_HOLD = "certificateHold"
_COMPROMISE = frozenset({"keyCompromise", "cACompromise"})


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """What one answer or list says about a certificate, and who signed it.

    `no_check` tells that the signer's certificate need not be asked about. `end` is how many
    bytes of the document hold it; None when it was given beside the document. `der` is the
    answer or the list (of lists that speak together, the last one), `produced_at` when it was
    signed if it says so, `algorithms` are with what.
    """

    source: StatementSource
    state: RevocationState
    this_update: dt.datetime
    next_update: dt.datetime | None
    revoked_at: dt.datetime | None
    reason: str | None
    end: int | None
    signer: x509.Certificate
    no_check: bool
    der: bytes
    produced_at: dt.datetime | None
    algorithms: AlgorithmFacts | None


@dataclass(frozen=True, slots=True)
class StatementsFound:
    """Statements that verify, and why others about the same certificate do not."""

    verified: tuple[VerifiedStatement, ...]
    refused: tuple[str, ...]


class CarriedEvidence:
    """The certificates, OCSP answers and revocation lists of one document."""

    def __init__(self, evidence: Sequence[StoredEvidence]) -> None:
        """Take what was found in the document; nothing is read before it is asked for."""
        self._evidence = tuple(evidence)

    @cached_property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The certificates that can be read."""
        return load_readable(tuple(item.der for item in self._of(EvidenceKind.CERTIFICATE)))

    @cached_property
    def unreadable(self) -> int:
        """How many pieces are not what they should be."""
        certificates = sum(1 for _ in self._of(EvidenceKind.CERTIFICATE)) - len(self.certificates)
        read = len(self._answers) + len(self._lists)
        answers = sum(1 for _ in self._of(EvidenceKind.OCSP))
        statements = answers + len(self._lists_der)
        return certificates + statements - read

    def statements(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        signers: Sequence[x509.Certificate] = (),
    ) -> StatementsFound:
        """Verify everything that is said about a certificate, which this issuer issued.

        `signers` are further certificates of which one may have signed an answer or a list.
        """
        verified: list[VerifiedStatement] = []
        refused: list[str] = []
        lists: list[tuple[_List, ListStatus]] = []
        known = (*signers, *self.certificates)
        for candidate in self._candidates(certificate, issuer):
            try:
                if isinstance(candidate, _List):
                    deltas = self._deltas
                    lists.append((candidate, candidate.verify(certificate, issuer, known, deltas)))
                else:
                    responders = (*signers, *self._named_by(candidate))
                    verified.append(candidate.verify(certificate, issuer, responders))
            except StatusAnswerMismatch:
                # About something else: nothing was claimed that is not so.
                continue
            except IdServiceError as exc:
                refused.append(exc.detail)
        verified += _of_lists(lists)
        said = [item for item in verified if item.state is not RevocationState.NOT_COVERED]
        return StatementsFound(tuple(said), (*refused, *self._left_out))

    def _candidates(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> list[_Answer | _List]:
        serial = certificate.serial_number
        answers = [
            item for item in self._by_serial.get(serial, ()) if item.is_about(certificate, issuer)
        ]
        makers = list_makers(certificate)
        lists = [item for item in self._lists if item.crl.issuer in makers]
        found: list[_Answer | _List] = [*answers, *lists]
        found.sort(key=lambda item: item.time, reverse=True)
        return found[:MAX_STATEMENTS]

    @cached_property
    def _deltas(self) -> tuple[CrlFacts, ...]:
        return tuple(item.crl for item in self._lists if item.crl.base_number is not None)

    @cached_property
    def _answers(self) -> tuple[_Answer, ...]:
        found = []
        for item in self._of(EvidenceKind.OCSP):
            try:
                facts = read_answer(item.der)
            except IdServiceError:
                continue
            if facts.basic is not None:
                found.append(_Answer(facts, item.end, facts.basic.produced_at))
        return tuple(found)

    @cached_property
    def _by_serial(self) -> Mapping[int, Sequence[_Answer]]:
        """The answers by the serial numbers that they name."""
        found: dict[int, list[_Answer]] = {}
        for item in self._answers:
            singles = () if item.facts.basic is None else item.facts.basic.singles
            for serial in {single.cert_id.serial for single in singles}:
                found.setdefault(serial, []).append(item)
        return found

    def _named_by(self, answer: _Answer) -> Sequence[x509.Certificate]:
        """The certificates of the document that an answer may name as its responder's."""
        basic = answer.facts.basic
        name = None if basic is None else basic.responder_name_der or basic.responder_key_hash
        return () if name is None else self._by_responder.get(name, ())

    @cached_property
    def _by_responder(self) -> Mapping[bytes, Sequence[x509.Certificate]]:
        """The certificates by what an answer may call a responder (RFC 6960 cl. 4.2.1)."""
        found: dict[bytes, list[x509.Certificate]] = {}
        for item in self.certificates:
            with contextlib.suppress(MalformedInput):
                for key in responder_ids(item.public_bytes(Encoding.DER)):
                    found.setdefault(key, []).append(item)
        return found

    @cached_property
    def _lists(self) -> tuple[_List, ...]:
        found = []
        for item in self._lists_der:
            try:
                crl = read_crl(item.der)
            except IdServiceError:
                continue
            found.append(_List(crl, item.end, crl.this_update))
        return tuple(found)

    @cached_property
    def _lists_der(self) -> tuple[StoredEvidence, ...]:
        """The lists that are read: as many as may be in one validation."""
        found, left = [], MAX_LISTS_BYTES
        for item in self._of(EvidenceKind.CRL):
            left -= len(item.der)
            if left < 0:
                break
            found.append(item)
        return tuple(found)

    @property
    def _left_out(self) -> tuple[str, ...]:
        count = sum(1 for _ in self._of(EvidenceKind.CRL)) - len(self._lists_der)
        if not count:
            return ()
        told = f"the revocation lists have more than {MAX_LISTS_BYTES} bytes together"
        return (f"{told}, so {count} of them were not read.",)

    def _of(self, kind: EvidenceKind) -> Iterator[StoredEvidence]:
        return (item for item in self._evidence if item.kind is kind)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One OCSP answer of the document."""

    facts: OcspAnswerFacts
    end: int | None
    time: dt.datetime

    def is_about(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Whether one of its statuses names the certificate, by its issuer and number."""
        basic = self.facts.basic
        serial = certificate.serial_number
        return basic is not None and any(
            item.cert_id.serial == serial and item.cert_id.names(certificate, issuer)
            for item in basic.singles
        )

    def verify(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        responders: Sequence[x509.Certificate],
    ) -> VerifiedStatement:
        """Verify the answer about a certificate. Raises what `require_status` raises."""
        status = require_status(
            self.facts, certificate, issuer, at=None, legacy=True, responders=responders
        )
        responder = status.responder_certificate
        basic = self.facts.basic
        return VerifiedStatement(
            StatementSource.OCSP,
            _ocsp_state(status, certificate),
            status.this_update,
            status.next_update,
            status.revoked_at,
            status.reason,
            self.end,
            responder,
            status.responder_exempt and responder != issuer,
            self.facts.response_der,
            status.produced_at,
            None if basic is None else algorithm_facts(describe_value(responder, basic.algorithm)),
        )


@dataclass(frozen=True, slots=True)
class _List:
    """One revocation list of the document."""

    crl: CrlFacts
    end: int | None
    time: dt.datetime

    def verify(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        signers: Sequence[x509.Certificate],
        deltas: Sequence[CrlFacts],
    ) -> ListStatus:
        """Verify the list and look the certificate up. Raises as `status_from_list`."""
        return status_from_list(
            self.crl, certificate, issuer, signers=signers, deltas=deltas, legacy=True
        )

    def algorithms(self, signer: x509.Certificate) -> AlgorithmFacts | None:
        """With what the list was signed, under the key of this certificate."""
        return algorithm_facts(describe_value(signer, self.crl.algorithm))


def _of_lists(found: Sequence[tuple[_List, ListStatus]]) -> Iterator[VerifiedStatement]:
    """What lists say alone or together; only lists of equal algorithms are joined."""
    groups: dict[AlgorithmFacts | None, list[tuple[_List, ListStatus]]] = {}
    for one, status in found:
        groups.setdefault(one.algorithms(status.signer), []).append((one, status))
    for algorithms, items in groups.items():
        yield from _together(items, algorithms)


def _together(
    found: Sequence[tuple[_List, ListStatus]], algorithms: AlgorithmFacts | None
) -> Iterator[VerifiedStatement]:
    """What lists say together is proved to exist where the last of them stands."""
    for item in together(status for _, status in found):
        parts = [one for one, status in found if status is item]
        if not parts:
            parts = [one for one, status in found if status.signer == item.signer]
        ends = [one.end for one in parts]
        known = [end for end in ends if end is not None]
        status = item.status
        yield VerifiedStatement(
            StatementSource.CRL,
            _list_state(status),
            status.this_update,
            status.next_update,
            _invalid_since(status),
            status.reason,
            max(known) if len(known) == len(ends) else None,
            item.signer,
            no_check=False,
            der=parts[-1].crl.crl_der,
            produced_at=None,
            algorithms=algorithms,
        )


def load_readable(certificates_der: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Load certificates that came along; what cannot be read helps nobody."""
    loaded = []
    for item in certificates_der:
        try:
            loaded.append(load_certificate(item))
        except MalformedInput:
            continue
    return tuple(loaded)


def _state(state: str, reason: str | None) -> RevocationState:
    found = _STATES.get(state, RevocationState.UNKNOWN)
    hold = found is RevocationState.REVOKED and reason == _HOLD
    return RevocationState.SUSPENDED if hold else found


def _ocsp_state(status: OcspStatus, certificate: x509.Certificate) -> RevocationState:
    """A responder that forgets expired certificates says nothing by calling one good.

    RFC 6960 cl. 4.4.4: the archive cutoff tells since when it remembers them.
    """
    state = _state(status.state, status.reason)
    ended = certificate.not_valid_after_utc
    remembered = status.archive_cutoff is not None and status.archive_cutoff <= ended
    if state is RevocationState.VALID and status.this_update > ended and not remembered:
        return RevocationState.NOT_COVERED
    return state


def _list_state(status: CrlStatus) -> RevocationState:
    """A list that dropped expired certificates says nothing about one that it does not name."""
    state = _state(status.state, status.reason)
    return RevocationState.NOT_COVERED if state is RevocationState.UNKNOWN else state


def _invalid_since(status: CrlStatus) -> dt.datetime | None:
    """With a compromised key, what was made since the compromise counts for nothing.

    RFC 5280 cl. 5.3.2: the invalidity date lies before the revocation.
    """
    if status.revoked_at is None or status.invalid_since is None:
        return status.revoked_at
    if status.reason not in _COMPROMISE:
        return status.revoked_at
    return min(status.revoked_at, status.invalid_since)
