"""Evidence about certificates that was verified, and has still to be judged by its times.

A path here ends in a trust anchor and its signatures verify; whether its certificates were
valid and not revoked when it mattered is for `validation.certificates` to say. Every
statement about revocation was verified under the key of who made it, with the path of
that one beside it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from idservice.errors import Finding
from idservice.validation.facts import AlgorithmFacts
from idservice.validation.trust_services import TrustServices


class RevocationState(Enum):
    """What is known about a certificate; NOT_COVERED when a source cannot know."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_COVERED = "not-covered"


class StatementSource(Enum):
    """Who says it: an OCSP answer, a revocation list, or the issuing authority asked now."""

    OCSP = "ocsp"
    CRL = "crl"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Statement:
    """One verified statement about whether a certificate is revoked.

    `this_update` is when it was true; None for the authority itself, which knows at once.
    `revoked_at` holds for revoked and suspended. `end` is how many bytes of the document
    hold it, None when it does not come from there. `path` is that of its signer, None for
    the authority. `der` is the answer or the list itself, `produced_at` when it was signed if
    it says so, `algorithms` with what.
    """

    source: StatementSource
    state: RevocationState
    this_update: dt.datetime | None = None
    next_update: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    reason: str | None = None
    end: int | None = None
    path: CertificatePath | None = None
    der: bytes | None = None
    produced_at: dt.datetime | None = None
    algorithms: AlgorithmFacts | None = None


@dataclass(frozen=True, slots=True)
class PathCertificateFacts:
    """One certificate of a path, with what is known about its revocation.

    `name` is its whole subject (RFC 4514), `label` a short form that is safe to show.
    `names_source` tells that the certificate names a place that knows of its revocation;
    `no_check` that it is an OCSP responder's which need not be asked about (RFC 6960
    cl. 4.2.2.2.1). `refused` are the reasons why statements about it were not taken.
    `names_responder` tells that one of these places answers at any time. `der` is the whole
    certificate, `algorithms` with what its issuer signed it.
    """

    name: str
    label: str
    not_before: dt.datetime
    not_after: dt.datetime
    statements: tuple[Statement, ...] = ()
    names_source: bool = False
    no_check: bool = False
    refused: tuple[str, ...] = ()
    names_responder: bool = False
    der: bytes | None = None
    issuer: str | None = None
    serial: int | None = None
    algorithms: AlgorithmFacts | None = None


@dataclass(frozen=True, slots=True)
class CertificatePath:
    """A path whose signatures and constraints hold, at whatever time: the anchor is last.

    `trust_services` are those that trusted lists know behind it, if any list was asked.
    """

    certificates: tuple[PathCertificateFacts, ...]
    trust_services: TrustServices | None = None

    @property
    def anchor(self) -> PathCertificateFacts:
        """The trust anchor, whose revocation nobody is asked about."""
        return self.certificates[-1]


@dataclass(frozen=True, slots=True)
class PathFacts:
    """The path of one certificate, or why there is none.

    `findings` do not depend on time. `undecided` tells that nothing at all is trusted, so
    that having no path says nothing about the certificate.
    """

    path: CertificatePath | None
    findings: tuple[Finding, ...] = ()
    undecided: bool = False
