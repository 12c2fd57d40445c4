"""Certification paths at a given time to given trust anchors (RFC 5280 cl. 6.1).

`build_path` looks for a path from a certificate to an anchor and validates it:
 (1) names chain, and each signature verifies under the key of the issuer;
 (2) every certificate is within its validity period;
 (3) issuers are CAs, allowed to sign certificates, within their path length;
 (4) every name is one that the authorities above may certify, and policies agree along the
     path; no critical extension is left unprocessed;
 (5) the certificate may be used for the purpose asked for, and its authorities may certify
     for it.
Revocation is not looked at, and neither is whose certificate it is. An anchor may be a root,
an issuing CA, or the certificate itself. What an anchor's certificate says of its own limits
is respected (RFC 5937): its path length, key usage, name and policy constraints; only its
period may be left to the caller.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from cryptography import x509

from idservice.errors import (
    CertificateConstraintsViolated,
    CertificateExpired,
    CertificateNotTrusted,
    CertificateNotYetValid,
    IdServiceError,
)
from idservice.pki.name_constraints import require_names
from idservice.pki.path_certificate import PathCertificate, read_certificate
from idservice.pki.path_policies import PolicyInputs, policies_of
from idservice.pki.path_rules import (
    AUTHENTICATION,
    SIGNING,
    Purpose,
    require_issuer_fit,
    require_issuer_purposes,
    require_purpose,
    require_wanted_policies,
    verify_issued,
)

MAX_DEPTH = 10
"""Certificates in a path, anchor included."""

MAX_SIGNATURE_CHECKS = 200
"""Signatures verified in one search, so that a bag of look-alikes cannot cost much."""

MAX_ALL_CHECKS = 1_000
"""Signatures verified in all searches of one validation together."""

MAX_PATHS = 30
"""Paths whose signatures verify and that are held against the other rules."""

MAX_CANDIDATES = 256
MAX_STEPS = 2_000
"""Certificates looked at in one search: signatures are remembered, chains of them are not."""

__all__ = ["AUTHENTICATION", "SIGNING", "Purpose", "SignatureChecks", "ValidPath", "build_path"]


@dataclass(frozen=True, slots=True)
class ValidPath:
    """A path that holds: the certificate first, the anchor last; and the policies it is under.

    `policies` is None when the path allows any policy.
    """

    certificates: tuple[x509.Certificate, ...]
    policies: frozenset[str] | None

    @property
    def anchor(self) -> x509.Certificate:
        """The trust anchor that the path ends in."""
        return self.certificates[-1]


class SignatureChecks:
    """The signatures of certificates that were verified, each once, and how many more may be."""

    def __init__(self, most: int = MAX_ALL_CHECKS) -> None:
        """Allow for so many signatures."""
        self._left = most
        self._found: dict[tuple[bytes, bytes, bool], IdServiceError | None] = {}

    @property
    def left(self) -> int:
        """How many signatures may still be verified."""
        return self._left

    def know(self, child: PathCertificate, issuer: PathCertificate, *, legacy: bool) -> bool:
        """Whether asking about two certificates costs nothing any more."""
        return (child.der, issuer.der, legacy) in self._found

    def failure(
        self, child: PathCertificate, issuer: PathCertificate, *, legacy: bool
    ) -> IdServiceError | None:
        """Verify that one certificate issued another; return why not, None when it did."""
        key = (child.der, issuer.der, legacy)
        if key not in self._found:
            self._left -= 1
            self._found[key] = _failure(child, issuer, legacy=legacy)
        return self._found[key]


def build_path(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: dt.datetime | None,
    *,
    purpose: Purpose | None = None,
    policies: PolicyInputs | None = None,
    legacy: bool = False,
    checks: SignatureChecks | None = None,
) -> ValidPath:
    """Return a valid path from `leaf` to one of the anchors at the time `at` (aware UTC).

    None leaves rule (2) to the caller, who then judges the periods by proofs of existence.
    `policies` are the caller's inputs of RFC 5280 cl. 6.1.1; any policy unless given. With
    `legacy`, signatures with old algorithms are verified, for a caller who judges them by dates.
    Searches with the same `checks` share what they found and what they may cost.

    Raises CertificateNotTrusted without a path, CertificateExpired or
    CertificateNotYetValid for the leaf's own period, CertificateConstraintsViolated for
    any other rule, CertificateWrongPurpose for the purpose, UnsupportedAlgorithm when a
    signature of the path uses one that is not allowed, MalformedCertificate.
    """
    search = _Search(intermediates, anchors, checks or SignatureChecks(), legacy=legacy)
    first: IdServiceError | None = None
    for path in search.paths(read_certificate(leaf)):
        try:
            return _validated(path, at, purpose, policies)
        except IdServiceError as exc:
            first = first or exc
            search.require_more()
    raise first or search.refusal()


class _Search:
    """Depth-first search from a certificate upwards, verifying each signature on the way."""

    def __init__(
        self,
        intermediates: Sequence[x509.Certificate],
        anchors: Sequence[x509.Certificate],
        checks: SignatureChecks,
        *,
        legacy: bool,
    ) -> None:
        self._legacy, self._checks = legacy, checks
        self._anchors = tuple(read_certificate(item) for item in anchors)
        self._intermediates = tuple(_readable(intermediates[:MAX_CANDIDATES]))
        self._checks_left = MAX_SIGNATURE_CHECKS
        self._steps_left = MAX_STEPS
        self._paths_left = MAX_PATHS
        self._failure: IdServiceError | None = None

    def paths(self, leaf: PathCertificate) -> Iterator[tuple[PathCertificate, ...]]:
        """Yield every chain of verified signatures from the leaf to an anchor."""
        if any(anchor.der == leaf.der for anchor in self._anchors):
            yield (leaf,)
            return
        yield from self._above((leaf,))

    def require_more(self) -> None:
        """Count a path that was refused. Raises CertificateNotTrusted after too many."""
        self._paths_left -= 1
        self._require_budget(self._paths_left)

    def refusal(self) -> IdServiceError:
        """Return why there is no path: the first signature that failed, or no issuer at all."""
        return self._failure or CertificateNotTrusted(
            "The certificate does not chain to a certificate authority that is trusted here.",
            "If you trust its authority, give the authority's certificate with --trust.",
        )

    def _above(self, path: tuple[PathCertificate, ...]) -> Iterator[tuple[PathCertificate, ...]]:
        child = path[-1]
        self._steps_left -= 1
        self._require_budget(self._steps_left)
        for anchor in self._anchors:
            if child.names_issuer(anchor) and self._holds(child, anchor):
                yield (*path, anchor)
        if len(path) >= MAX_DEPTH - 1:
            return
        # RFC 5280 cl. 6.1: no certificate twice; nor two with the same name and key.
        seen = {(item.subject, item.spki_der) for item in path}
        for item in sorted(self._intermediates, key=child.prefers, reverse=True):
            if (item.subject, item.spki_der) in seen or not child.names_issuer(item):
                continue
            if self._holds(child, item):
                yield from self._above((*path, item))

    def _holds(self, child: PathCertificate, issuer: PathCertificate) -> bool:
        if not self._checks.know(child, issuer, legacy=self._legacy):
            self._checks_left -= 1
            self._require_budget(min(self._checks_left, self._checks.left - 1))
        failure = self._checks.failure(child, issuer, legacy=self._legacy)
        self._failure = self._failure or failure
        return failure is None

    @staticmethod
    def _require_budget(left: int) -> None:
        if left < 0:
            raise CertificateNotTrusted(
                f"No path was found within {MAX_SIGNATURE_CHECKS} signature checks, or "
                f"{MAX_ALL_CHECKS} for the whole document; the certificates that came along seem "
                "made to mislead.",
                "Ask for the document with the certificates of its chain only.",
            )


def _failure(
    child: PathCertificate, issuer: PathCertificate, *, legacy: bool
) -> IdServiceError | None:
    try:
        verify_issued(child, issuer, legacy=legacy)
    except IdServiceError as exc:
        return exc
    return None


def _readable(certificates: Sequence[x509.Certificate]) -> Iterator[PathCertificate]:
    """Certificates that merely came along are left out when they cannot be read."""
    for item in certificates:
        try:
            yield read_certificate(item)
        except IdServiceError:
            continue


def _validated(
    path: tuple[PathCertificate, ...],
    at: dt.datetime | None,
    purpose: Purpose | None,
    inputs: PolicyInputs | None,
) -> ValidPath:
    """Apply rules (2) to (5) to a path whose signatures verify."""
    leaf = path[0]
    if at is not None:
        _require_period(leaf, at)
    for depth, issuer in enumerate(path[1:], start=1):
        if at is not None:
            _require_issuer_period(issuer, at)
        below = sum(not item.is_self_issued for item in path[1:depth])
        require_issuer_fit(issuer, below)
    for item in path:
        item.require_processed()
    require_names(path)
    policies = policies_of(path, inputs)
    if purpose is not None:
        require_wanted_policies(policies, purpose)
        require_purpose(leaf, purpose)
        for issuer in path[1:-1]:
            require_issuer_purposes(issuer, purpose)
    return ValidPath(tuple(item.certificate for item in path), policies)


def _require_period(leaf: PathCertificate, at: dt.datetime) -> None:
    if at < leaf.not_before:
        raise CertificateNotYetValid(
            f"The certificate is valid from {leaf.not_before:%Y-%m-%d %H:%M} UTC only.",
            "Check the clock, or wait.",
        )
    if at > leaf.not_after:
        raise CertificateExpired(
            f"The certificate expired on {leaf.not_after:%Y-%m-%d %H:%M} UTC.",
            "Use a certificate that is valid; an old signature needs a time-stamp as proof.",
        )


def _require_issuer_period(issuer: PathCertificate, at: dt.datetime) -> None:
    if not issuer.not_before <= at <= issuer.not_after:
        _refuse(
            f"The certificate of the authority {issuer.label} was not valid at the time asked "
            "about, so nothing it issued can be relied upon then."
        )


def _refuse(detail: str) -> NoReturn:
    raise CertificateConstraintsViolated(detail, "Use certificates of another authority.")
