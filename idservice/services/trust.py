"""The certificate paths of a document, with all that is known about their revocation.

Step (3) of EN 319 102-1 cl. 5.3.4, and what its step (4) needs. Paths are built and
statements verified here; whether they hold at the time that counts is for
`validation.policy`. A path is looked for as of now first; for certificates that expired,
as of their end; and then whatever the times, because proofs of existence may still help.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import islice

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.crypto.certificates import load_certificate
from idservice.errors import (
    CertificateConstraintsViolated,
    CertificateExpired,
    CertificateNotTrusted,
    CertificateNotYetValid,
    CertificateWrongPurpose,
    Finding,
    MalformedInput,
    Unsupported,
    Verification,
)
from idservice.pades.evidence import VerifiedStatement, load_readable
from idservice.pki.bag import strangers
from idservice.pki.path import SIGNING, Purpose, SignatureChecks, ValidPath, build_path
from idservice.pki.path_policies import PolicyInputs
from idservice.pki.path_rules import ANY_SIGNATURE
from idservice.services.evidence_at_hand import EvidenceAtHand
from idservice.services.listed_services import ANY_TYPES, ListedServices
from idservice.services.path_facts import certificate_facts, certificates_used
from idservice.services.revocation import RevocationSource, RevocationState
from idservice.services.signer_findings import (
    stranger_findings,
    unreadable_findings,
    without_commitment,
)
from idservice.services.status_fetching import StatusFetching
from idservice.trustlists.values import ISSUING_TYPES, TIME_STAMPING_TYPES
from idservice.validation.evidence import (
    CertificatePath,
    PathCertificateFacts,
    PathFacts,
    Statement,
    StatementSource,
)
from idservice.validation.facts import DocumentFacts, SignatureFacts, StoredEvidence, TimeStampFacts
from idservice.validation.policy import DocumentPaths, SignaturePaths

MAX_DEPTH = 3
"""How far statements about the signers of statements are followed."""

MAX_UNTRUSTED = 64
"""Time-stamps without a path after which no more are looked for: each search costs much."""

MAX_STATUS_SIGNERS = 64
"""Certificates from inside of signatures that are tried as signers of answers and lists."""

TIME_STAMPING = Purpose(
    "time-stamping",
    ("digital_signature", "content_commitment"),
    frozenset({ExtendedKeyUsageOID.TIME_STAMPING.dotted_string}),
)
"""That it is the only purpose, and critical, is required where the token is read."""

_LISTED_TYPES = {
    SIGNING.name: ISSUING_TYPES,
    TIME_STAMPING.name: TIME_STAMPING_TYPES,
    "": ANY_TYPES,
}
"""The services of trusted lists whose certificates may end a path, by the path's purpose."""


@dataclass(frozen=True, slots=True)
class TrustContext:
    """What trust is judged by: anchors, other known authorities, revocation and the time.

    `given` was brought beside the document; `fetching` may get more.
    """

    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    revocation: RevocationSource
    at: dt.datetime
    given: tuple[StoredEvidence, ...] = ()
    fetching: StatusFetching | None = None
    listed: ListedServices = field(default_factory=ListedServices)


def find_paths(facts: DocumentFacts, context: TrustContext) -> DocumentPaths:
    """Find the paths of all signatures and time-stamps of a document.

    Raises nothing for what the certificates are. Raises Dependency when the revocation
    source does not answer: a report without it would say too little.
    """
    carried = EvidenceAtHand(facts.evidence, context.given, context.fetching)
    finder = PathFinder(carried, context, _bags(facts))
    signers = [finder.of_signer(item) for item in facts.signatures]
    # Those over the document come first: nobody can crowd them out with tokens in a signature.
    stamps = tuple(finder.of_time_stamp(item) for item in facts.time_stamps)
    own = [
        tuple(finder.of_time_stamp(one) for one in item.time_stamps) for item in facts.signatures
    ]
    return DocumentPaths(
        tuple(
            SignaturePaths(finder.with_bag(item, signer, (*stamps, *stamps_over)), stamps_over)
            for item, signer, stamps_over in zip(facts.signatures, signers, own, strict=True)
        ),
        stamps,
        (*unreadable_findings(carried.unreadable), *carried.findings),
    )


def _bags(facts: DocumentFacts) -> tuple[bytes, ...]:
    """The certificates in all signatures and time-stamps, each once, as many as are used."""
    stamps = (one for item in facts.signatures for one in item.time_stamps)
    bags = [item.certificates for item in facts.signatures]
    bags += [item.certificates for item in (*facts.time_stamps, *stamps)]
    found = dict.fromkeys(der for bag in bags for der in bag)
    return tuple(islice(found, MAX_STATUS_SIGNERS))


class PathFinder:
    """Finds paths for one document; what was found once is not looked for again."""

    def __init__(
        self, carried: EvidenceAtHand, context: TrustContext, bags: Sequence[bytes] = ()
    ) -> None:
        """Take the evidence, whom to trust, and the certificates that came in signatures (DER)."""
        self._carried, self._context, self._bags = carried, context, bags
        self._untrusted = 0
        self._checks = SignatureChecks()
        self._statements: dict[
            tuple[x509.Certificate, x509.Certificate, x509.Certificate, int],
            tuple[tuple[Statement, ...], tuple[str, ...]],
        ] = {}
        self._paths: dict[
            tuple[
                x509.Certificate,
                tuple[x509.Certificate, ...],
                Purpose | None,
                PolicyInputs | None,
            ],
            ValidPath,
        ] = {}

    def of_signer(self, signature: SignatureFacts) -> PathFacts:
        """Find the path of a signing certificate."""
        if signature.certificate_der is None:
            return PathFacts(None)
        try:
            path, findings = self._signing_path(signature)
        except (Verification, MalformedInput, Unsupported) as exc:
            return self._without_path(exc)
        return PathFacts(self._with_services(path, SIGNING), findings)

    def _signing_path(self, signature: SignatureFacts) -> tuple[ValidPath, tuple[Finding, ...]]:
        """Build the path of a signer, who may be one without a certificate for commitment."""
        leaf = load_certificate(signature.certificate_der or b"")
        came_along = load_readable(signature.certificates)
        try:
            return self._build(leaf, came_along, SIGNING), ()
        except CertificateWrongPurpose:
            path = self._build(leaf, came_along, ANY_SIGNATURE)
        return path, (without_commitment(),)

    def with_bag(
        self, signature: SignatureFacts, signer: PathFacts, stamps: Sequence[PathFacts]
    ) -> PathFacts:
        """Judge what came along with a signature beside its signer's path.

        What is on a path of its time-stamps, `stamps`, or of a statement, came along for these.
        """
        if signature.certificate_der is None or signer.path is None:
            return signer
        came_along = load_readable(signature.certificates)
        path, findings = self._signing_path(signature)
        found = strangers(came_along, path)
        if found.unrelated:
            used = certificates_used(item.path for item in (signer, *stamps))
            unrelated = tuple(
                item for item in found.unrelated if item.public_bytes(Encoding.DER) not in used
            )
            found = replace(found, unrelated=unrelated)
        unreadable = len(signature.certificates) - len(came_along)
        return replace(signer, findings=(*findings, *stranger_findings(found, unreadable)))

    def of_time_stamp(self, stamp: TimeStampFacts) -> PathFacts:
        """Find the path of a time-stamping authority's certificate."""
        if stamp.certificate_der is None:
            return PathFacts(None)
        try:
            if self._untrusted >= MAX_UNTRUSTED:
                raise CertificateNotTrusted(
                    f"More than {MAX_UNTRUSTED} time-stamps of the document come from authorities "
                    "that are not trusted; this one was not looked at any more.",
                    "Ask for the document without them.",
                )
            leaf = load_certificate(stamp.certificate_der)
            came_along = load_readable(stamp.certificates)
            return PathFacts(self.of_certificate(leaf, came_along, TIME_STAMPING))
        except (Verification, MalformedInput, Unsupported) as exc:
            self._untrusted += 1
            return self._without_path(exc)

    def of_certificate(
        self,
        leaf: x509.Certificate,
        bag: Sequence[x509.Certificate],
        purpose: Purpose | None,
        policies: PolicyInputs | None = None,
    ) -> CertificatePath:
        """Find the path of a certificate for a purpose, and what is said about its revocation.

        `bag` may help to find it; purpose and policies are anything unless given. Raises what
        `build_path` raises.
        """
        path = self._build(leaf, bag, purpose, policies)
        return self._described(path, 0) if purpose is None else self._with_services(path, purpose)

    def _build(
        self,
        leaf: x509.Certificate,
        bag: Sequence[x509.Certificate],
        purpose: Purpose | None,
        policies: PolicyInputs | None = None,
    ) -> ValidPath:
        key = (leaf, tuple(bag), purpose, policies)
        if key not in self._paths:
            try:
                self._paths[key] = self._search(leaf, bag, purpose, policies)
            except CertificateNotTrusted:
                above = self._carried.issuers_of(leaf)
                if not above:
                    raise
                self._paths[key] = self._search(leaf, (*bag, *above), purpose, policies)
        return self._paths[key]

    def _anchors(
        self, certificates: Sequence[x509.Certificate], purpose: Purpose | None
    ) -> tuple[x509.Certificate, ...]:
        """Those that are trusted for all, and services of lists for their own purpose only."""
        types = _LISTED_TYPES.get("" if purpose is None else purpose.name, frozenset())
        return (*self._context.anchors, *self._context.listed.anchors(types, certificates))

    def _with_services(self, path: ValidPath, purpose: Purpose) -> CertificatePath:
        """Describe a path, with the services that lists know behind it."""
        services = self._context.listed.of_path(
            path.certificates,
            _LISTED_TYPES.get(purpose.name, frozenset()),
            required=path.anchor not in self._context.anchors,
        )
        return replace(self._described(path, 0), trust_services=services)

    def _search(
        self,
        leaf: x509.Certificate,
        bag: Sequence[x509.Certificate],
        purpose: Purpose | None,
        policies: PolicyInputs | None,
    ) -> ValidPath:
        others = (*self._context.intermediates, *bag, *self._carried.certificates)
        anchors = self._anchors((leaf, *others), purpose)
        build = partial(
            build_path,
            leaf,
            others,
            anchors,
            purpose=purpose,
            policies=policies,
            legacy=True,
            checks=self._checks,
        )
        for time in (self._context.at, leaf.not_valid_after_utc):
            try:
                return build(at=time)
            except (CertificateExpired, CertificateNotYetValid, CertificateConstraintsViolated):
                continue
        return build(at=None)

    def _described(self, path: ValidPath, depth: int, *, no_check: bool = False) -> CertificatePath:
        pairs = zip(path.certificates, path.certificates[1:], strict=False)
        below = [
            self._certificate(
                certificate, issuer, path.anchor, depth, no_check=no_check and not index
            )
            for index, (certificate, issuer) in enumerate(pairs)
        ]
        return CertificatePath((*below, certificate_facts(path.anchor)))

    def _certificate(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        anchor: x509.Certificate,
        depth: int,
        *,
        no_check: bool,
    ) -> PathCertificateFacts:
        if no_check:
            return certificate_facts(certificate, no_check=True, issuer=issuer)
        statements, refused = self._known(certificate, issuer, anchor, depth)
        return certificate_facts(certificate, statements=statements, refused=refused, issuer=issuer)

    def _known(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        anchor: x509.Certificate,
        depth: int,
    ) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
        key = (certificate, issuer, anchor, depth)
        if key not in self._statements:
            found = self._carried.statements(certificate, issuer, self._status_signers)
            statements = list(self._authority(certificate, issuer))
            if depth < MAX_DEPTH:
                statements += [
                    item
                    for one in found.verified
                    if (item := self._statement(one, issuer, anchor, depth)) is not None
                ]
            self._statements[key] = tuple(statements), found.refused
        return self._statements[key]

    @cached_property
    def _status_signers(self) -> tuple[x509.Certificate, ...]:
        """Certificates of which one may have signed an answer or a list about another one."""
        known = (*self._context.intermediates, *self._context.anchors)
        return (*known, *load_readable(self._bags))

    def _authority(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[Statement, ...]:
        status = self._context.revocation.status(certificate, issuer)
        if status.state is RevocationState.NOT_COVERED:
            return ()
        return (
            Statement(
                StatementSource.AUTHORITY,
                status.state,
                revoked_at=status.since,
                reason=status.reason,
            ),
        )

    def _statement(
        self,
        found: VerifiedStatement,
        issuer: x509.Certificate,
        anchor: x509.Certificate,
        depth: int,
    ) -> Statement | None:
        """Add the path of who signed; without any, the statement is worth nothing.

        It must end in the anchor of the certificate's own path (RFC 5280 cl. 6.3.3 (f)), or
        an authority could be made to disown what another one issued under its name.
        """
        try:
            path = self._build(found.signer, (issuer,), None)
        except (Verification, MalformedInput, Unsupported):
            return None
        if found.signer != issuer and path.anchor != anchor:
            return None
        return Statement(
            found.source,
            found.state,
            found.this_update,
            found.next_update,
            found.revoked_at,
            found.reason,
            found.end,
            self._described(path, depth + 1, no_check=found.no_check),
            found.der,
            found.produced_at,
            found.algorithms,
        )

    def _without_path(self, error: Verification | MalformedInput | Unsupported) -> PathFacts:
        code = error.code
        if isinstance(error, Unsupported):
            code = "algorithm_not_allowed"
        elif isinstance(error, MalformedInput):
            code = "certificate_chain_malformed"
        trusted = self._context.anchors or self._context.listed
        undecided = isinstance(error, CertificateNotTrusted) and not trusted
        return PathFacts(None, (Finding(code, error.detail, error.fix),), undecided)


__all__ = ["TrustContext", "find_paths"]
