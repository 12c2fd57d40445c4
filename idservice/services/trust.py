"""Whether the certificate of a signature is trusted: its path, then its revocation.

Steps (3) and (4) of EN 319 102-1 cl. 5.3.4. The result holds findings and no verdict
about the signature; integrity and coverage never depend on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from idservice.crypto.certificates import load_certificate
from idservice.errors import (
    CertificateNotTrusted,
    Finding,
    MalformedInput,
    Unsupported,
    Verification,
)
from idservice.pki.bag import Strangers, strangers
from idservice.pki.path import SIGNING, ValidPath, build_path
from idservice.services.revocation import RevocationSource, RevocationState, RevocationStatus
from idservice.validation.facts import SignatureFacts, TrustFacts, TrustVerdict

_ASK = "Ask the authority that issued the certificate whether it is still valid."


@dataclass(frozen=True, slots=True)
class TrustContext:
    """What trust is judged by: anchors, other known authorities, revocation and the time."""

    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    revocation: RevocationSource
    at: dt.datetime


def assess_trust(signature: SignatureFacts, context: TrustContext) -> TrustFacts:
    """Build the path of a signing certificate and ask about each certificate in it.

    Raises nothing for what the certificates are. Raises Dependency when the revocation
    source does not answer: a report without it would say too little.
    """
    if signature.certificate_der is None:
        return TrustFacts(TrustVerdict.UNKNOWN, None, ())
    came_along = _loaded(signature.certificates)
    try:
        path = build_path(
            load_certificate(signature.certificate_der),
            (*context.intermediates, *came_along),
            context.anchors,
            context.at,
            purpose=SIGNING,
        )
    except (Verification, MalformedInput, Unsupported) as exc:
        return _without_path(exc, context)
    findings = tuple(
        finding
        for depth, (certificate, issuer) in enumerate(
            zip(path.certificates, path.certificates[1:], strict=False)
        )
        for finding in _revocation_findings(certificate, issuer, depth, context)
    )
    unreadable = len(signature.certificates) - len(came_along)
    findings += _stranger_findings(strangers(came_along, path), unreadable)
    return TrustFacts(_verdict(findings), _anchor_name(path), findings)


def _stranger_findings(found: Strangers, unreadable: int) -> tuple[Finding, ...]:
    findings = []
    altered = len(found.altered) + unreadable
    if altered:
        findings.append(
            Finding(
                "certificate_altered",
                f"{altered} of the certificates inside the signature cannot be read, or were not "
                "made by the authority that they name: they were altered after signing.",
                "Ask the signer for the file as it was signed.",
            )
        )
    if found.unrelated:
        findings.append(
            Finding(
                "certificate_unrelated",
                f"{len(found.unrelated)} of the certificates inside the signature have nothing to "
                "do with its signer; anybody can have put them in, and nothing rests on them.",
                "",
            )
        )
    return tuple(findings)


def _without_path(
    error: Verification | MalformedInput | Unsupported, context: TrustContext
) -> TrustFacts:
    code = error.code
    if isinstance(error, Unsupported):
        code = "algorithm_not_allowed"
    elif isinstance(error, MalformedInput):
        code = "certificate_chain_malformed"
    unknown = isinstance(error, CertificateNotTrusted) and not context.anchors
    return TrustFacts(
        TrustVerdict.UNKNOWN if unknown else TrustVerdict.UNTRUSTED,
        None,
        (Finding(code, error.detail, error.fix),),
    )


def _revocation_findings(
    certificate: x509.Certificate, issuer: x509.Certificate, depth: int, context: TrustContext
) -> tuple[Finding, ...]:
    status = context.revocation.status(certificate, issuer)
    if status.state is RevocationState.VALID:
        return ()
    if status.state is RevocationState.UNKNOWN:
        return (
            Finding(
                "certificate_unknown",
                "The certificate verifies under our own authority, but was never recorded as "
                "issued here.",
                "Treat it as forged, and have the authority's key examined.",
            ),
        )
    if status.state is RevocationState.NOT_COVERED:
        return (_no_data(certificate),)
    if status.since is not None and status.since > context.at:
        return (
            Finding(
                "revoked_later",
                f"The certificate was {status.state.value} on {status.since:%Y-%m-%d %H:%M} UTC, "
                "after the time that was asked about.",
                "",
            ),
        )
    return (_withdrawn(status, depth),)


def _withdrawn(status: RevocationStatus, depth: int) -> Finding:
    since = "" if status.since is None else f" since {status.since:%Y-%m-%d %H:%M} UTC"
    if status.state is RevocationState.SUSPENDED:
        return Finding(
            "certificate_suspended",
            f"The certificate is suspended{since}; whether it will be valid again is not decided.",
            "Validate again later, or ask the authority that issued it.",
        )
    reason = "" if not status.reason else f" ({status.reason})"
    return Finding(
        "certificate_revoked" if depth == 0 else "certificate_ca_revoked",
        f"The certificate is revoked{since}{reason}, and nothing proves that the signature was "
        "made before.",
        "Ask for a new signature; only a time-stamp could have proved that this one is older.",
    )


def _no_data(certificate: x509.Certificate) -> Finding:
    if _names_source(certificate):
        return Finding(
            "revocation_data_missing",
            "The certificate names a place that knows whether it was revoked; nothing from there "
            "is known here, and this version does not fetch it.",
            _ASK,
        )
    return Finding(
        "revocation_not_available",
        "The certificate names no place that knows whether it was revoked.",
        _ASK,
    )


def _names_source(certificate: x509.Certificate) -> bool:
    extensions = certificate.extensions
    try:
        extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        pass
    else:
        return True
    try:
        access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(item.access_method == AuthorityInformationAccessOID.OCSP for item in access)


def _verdict(findings: Sequence[Finding]) -> TrustVerdict:
    codes = {item.code for item in findings}
    if codes & {
        "certificate_revoked",
        "certificate_ca_revoked",
        "certificate_suspended",
        "certificate_unknown",
    }:
        return TrustVerdict.UNTRUSTED
    if "revocation_data_missing" in codes:
        return TrustVerdict.UNKNOWN
    return TrustVerdict.TRUSTED


def _anchor_name(path: ValidPath) -> str:
    return path.anchor.subject.rfc4514_string()


def _loaded(certificates_der: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Load what came along; what cannot be read helps nobody."""
    loaded = []
    for item in certificates_der:
        try:
            loaded.append(load_certificate(item))
        except MalformedInput:
            continue
    return tuple(loaded)
