"""Validating a document: read the facts, find the paths, decide, report (EN 319 102-1 cl. 5.6).

The straight line is `read_facts` → `find_paths` → `decide_document` → `ValidationReport`.
What is decided depends on the document, the anchors, the revocation source and one instant.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idservice.crypto.certificates import load_certificate, load_pem_certificates, readable_name
from idservice.errors import Finding, MalformedInput
from idservice.pdf.frame import PdfData
from idservice.services.confinement import ConfinedReader
from idservice.services.document_reading import (
    DetachedReader,
    FactsReader,
    read_detached_here,
    read_document,
    read_pdf_here,
)
from idservice.services.evidence_at_hand import OutsideEvidence
from idservice.services.listed_services import ListedServices, TrustServiceSource, UsableLists
from idservice.services.path_facts import certificate_facts
from idservice.services.revocation import NoRevocationSource, RevocationSource
from idservice.services.status_fetching import StatusFetching
from idservice.services.status_sources import StatusSources
from idservice.services.trust import TrustContext, find_paths
from idservice.services.validation_policies import chosen_policy
from idservice.settings import ValidationSettings
from idservice.validation.certificate_list import Carried, certificates_of
from idservice.validation.decision import SignatureDecision
from idservice.validation.evidence import PathCertificateFacts
from idservice.validation.experiments import with_experiments_allowed
from idservice.validation.facts import DocumentFacts, EvidenceKind, SignatureFacts
from idservice.validation.policy import decide_document
from idservice.validation.process import StepResult
from idservice.validation.report import (
    FORMAT_FAILURE,
    NO_SIGNATURE_FOUND,
    SignatureReport,
    ValidationReport,
)
from idservice.validation.validation_policy import ValidationPolicy

__all__ = [
    "SignatureReport",
    "StepResult",
    "TrustedCertificate",
    "Validation",
    "ValidationReport",
    "read_trusted",
    "validation_without_home",
]

TrustedCertificate = x509.Certificate
"""A certificate that the caller trusts."""

# EN 319 412-1 cl. 5.1.3: the semantics of a serial number, in front of the number itself.
_SEMANTICS = re.compile(r"(?:PAS|IDC|PNO|TAX|TIN|[A-Z]{2}:)[A-Z]{2}-")


_DAMAGE = frozenset({"cms_damaged", "pdf_damaged"})


class Validation:
    """Decides about documents; keeps nothing between two of them."""

    def __init__(
        self,
        settings: ValidationSettings,
        *,
        clock: Callable[[], dt.datetime],
        anchors: Sequence[x509.Certificate] = (),
        intermediates: Sequence[x509.Certificate] = (),
        revocation: RevocationSource | None = None,
        reader: FactsReader = read_pdf_here,
        detached_reader: DetachedReader = read_detached_here,
        experimental: bool = False,
        listed: TrustServiceSource | None = None,
    ) -> None:
        """Trust `anchors`; `intermediates` only help to find paths; `reader` reads documents.

        The services of trusted lists (`listed`) are trusted for what they are.

        `experimental` lets signatures with experimental algorithms pass. Raises
        ValidationPolicyInvalid when the policy of the settings cannot be used.
        """
        self._policy = chosen_policy(settings.policy)
        self._settings = settings
        self._clock = clock
        self._anchors = tuple(anchors)
        self._intermediates = tuple(intermediates)
        self._readers = (reader, detached_reader)
        self._experimental = experimental
        self._revocation = revocation or NoRevocationSource()
        self._listed = listed

    @property
    def settings(self) -> ValidationSettings:
        """The limits within which documents are read."""
        return self._settings

    @property
    def max_document_bytes(self) -> int:
        """Largest document that is read, in bytes."""
        return self._settings.max_document_bytes

    def validate(
        self,
        document: PdfData,
        filename: str,
        *,
        content: PdfData | None = None,
        password: str | None = None,
        at: dt.datetime | None = None,
        extra_anchors: Sequence[x509.Certificate] = (),
        policy: ValidationPolicy | None = None,
        extra_services: ListedServices | None = None,
        outside: OutsideEvidence | None = None,
    ) -> ValidationReport:
        """Validate all signatures of a document at the time `at` (aware; now unless given).

        Without a `policy` that of the settings applies. `outside` is evidence from beside the
        document.

        The document is a PDF, or a CMS signature over `content`. Whatever is wrong with it is in
        the report, limits of size, time or memory that it exceeds included. Raises UnknownFormat,
        SignedContentMissing and PdfPasswordWrong, where there is nothing to report about, and
        DatabaseUnavailable.
        """
        usable = UsableLists(ListedServices()) if self._listed is None else self._listed.current()
        listed = usable.services.with_others(extra_services or ListedServices())
        outside = outside or OutsideEvidence()
        context = TrustContext(
            (*self._anchors, *extra_anchors),
            (*self._intermediates, *outside.certificates),
            self._revocation,
            at or self._clock(),
            outside.statements,
            self._fetching(outside),
            listed=listed,
        )
        limit = self._settings.max_document_bytes
        facts = read_document(document, content, password, limit, self._readers)
        if self._experimental:
            facts = with_experiments_allowed(facts)
        paths = find_paths(facts, context)
        policy = policy or self._policy
        decided = decide_document(facts, paths, context.at, policy)
        signatures = tuple(
            _report(facts, signature, decision, context.at)
            for signature, decision in zip(facts.signatures, decided.signatures, strict=True)
        )
        return ValidationReport(
            filename,
            facts.format,
            signatures,
            (*_document_errors(facts), *paths.findings, *usable.findings),
            decided.time_stamps,
            context.at,
            policy.name,
            policy.description,
        )

    def _fetching(self, outside: OutsideEvidence) -> StatusFetching | None:
        """What fetches for one validation; None when nothing is to be fetched."""
        online = self._settings.fetch if outside.online is None else outside.online
        if not online:
            return None
        from idservice.transport.fetch import Fetcher

        fetcher = Fetcher(frozenset(item.lower() for item in self._settings.allowed_hosts))
        sources = StatusSources({}, ocsp_urls=(), fetcher=fetcher)
        return StatusFetching(sources, seconds=self._settings.fetch_seconds)


def read_trusted(data: bytes) -> tuple[TrustedCertificate, ...]:
    """Read certificates to trust from PEM (one or more) or DER (one).

    Raises MalformedCertificate, also for one whose extensions cannot be read: who trusts
    it must hear of it here, and not through every document.
    """
    if not data.lstrip().startswith(b"-----"):
        return (load_certificate(data),)
    found = load_pem_certificates(data)
    return tuple(load_certificate(item.public_bytes(Encoding.DER)) for item in found)


def validation_without_home(
    settings: ValidationSettings, reader: ConfinedReader | None = None
) -> Validation:
    """Validate where there are no keys and no database: nothing is trusted by default.

    `reader` reads the documents; a new one unless given.
    """
    reader = reader or ConfinedReader(settings)
    return Validation(
        settings,
        clock=lambda: dt.datetime.now(dt.UTC),
        reader=reader,
        detached_reader=reader.read_detached,
    )


def _report(
    facts: DocumentFacts, signature: SignatureFacts, decision: SignatureDecision, at: dt.datetime
) -> SignatureReport:
    return SignatureReport(
        signature,
        decision.trust,
        decision.verdict,
        _signed_by(signature),
        decision.best_signature_time or at,
        decision.level,
        decision.time_stamps,
        decision.reliances,
        decision.changes,
        decision.path,
        certificates_of(
            _leaf(signature),
            decision.path,
            decision.reliances,
            carried=_carried(facts, signature),
        ),
        decision.steps,
    )


def _carried(facts: DocumentFacts, signature: SignatureFacts) -> Carried:
    stored = {item.der for item in facts.evidence if item.kind is EvidenceKind.CERTIFICATE}
    return Carried(frozenset(signature.certificates), stored)


def _leaf(signature: SignatureFacts) -> PathCertificateFacts | None:
    """Describe the signing certificate, also one without a path to an anchor."""
    if signature.certificate_der is None:
        return None
    try:
        return certificate_facts(load_certificate(signature.certificate_der))
    except MalformedInput:
        return None


def _document_errors(facts: DocumentFacts) -> tuple[Finding, ...]:
    errors = tuple(
        Finding(FORMAT_FAILURE, item.message, item.fix) if item.code in _DAMAGE else item
        for item in facts.findings
    )
    if facts.signatures or any(item.code == FORMAT_FAILURE for item in errors):
        return errors
    nothing = Finding(
        NO_SIGNATURE_FOUND,
        "The document has no signature, so nobody vouches for any of it.",
        "Ask for the signed version of the document.",
    )
    return (nothing, *errors)


def _signed_by(signature: SignatureFacts) -> str | None:
    """Name the subject: surname, given name and code when all are there, else the common name."""
    if signature.certificate_der is None:
        return None
    try:
        subject = load_certificate(signature.certificate_der).subject
    except MalformedInput:
        return None
    parts = [
        _first(subject, oid) for oid in (NameOID.SURNAME, NameOID.GIVEN_NAME, NameOID.SERIAL_NUMBER)
    ]
    if all(parts):
        surname, given_name, number = (part or "" for part in parts)
        return f"{surname},{given_name},{_without_semantics(number)}"
    return _first(subject, NameOID.COMMON_NAME) or readable_name(subject) or None


def _without_semantics(number: str) -> str:
    match = _SEMANTICS.match(number)
    return number if match is None else number[match.end() :]


def _first(subject: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    found = subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None
