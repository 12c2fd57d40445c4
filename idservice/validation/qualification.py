"""Whether a signature is qualified: a pure decision (eIDAS articles 26 to 40, ETSI TS 119 615).

Three questions are asked of the signing certificate, by what it claims and what the
trusted list says of the service that issued it:
 (1) was it qualified when it was issued, and at the best-signature-time (cl. 4.4);
 (2) is it for electronic signatures or for seals;
 (3) was its key in a qualified device (QSCD) at the best-signature-time (cl. 4.5).
The answers and the indication give one level, in the names that EU DSS and SiVa use.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from idservice.validation.rules import Indication
from idservice.validation.trust_services import (
    PathService,
    QualifiedClaims,
    ServiceStanding,
    TrustServices,
)

NOT_APPLICABLE = "NA"

LEVELS = tuple(
    f"{prefix}{kind}{suffix}"
    for prefix, suffix in (("QE", ""), ("ADE", "_QC"), ("ADE", ""))
    for kind in ("SIG", "SEAL", "S")
)
"""What a signature that passes may be qualified as (TS 119 615 cl. 4.6), the best first."""

_ISSUING, _TIME_STAMPING = "CA/QC", "TSA/QTST"

EIDAS = dt.datetime(2016, 7, 1, tzinfo=dt.UTC)
"""Since when Regulation (EU) No 910/2014 applies; before, policies could claim as well."""

# TS 101 456: QCP public, and QCP public + SSCD.
_OLD_POLICIES = frozenset({"0.4.0.1456.1.1", "0.4.0.1456.1.2"})
_OLD_DEVICE_POLICY = "0.4.0.1456.1.1"

_TYPES = {
    "0.4.0.1862.1.6.1": "signature",
    "0.4.0.1862.1.6.2": "seal",
    "0.4.0.1862.1.6.3": "web",
}
_GRANTED = frozenset({"granted"})
_GRANTED_BEFORE = _GRANTED | {"undersupervision", "supervisionincessation", "accredited"}
_TYPE_QUALIFIERS = {"QCForESig": "signature", "QCForESeal": "seal", "QCForWSA": "web"}
_ADDITIONAL = {
    "ForeSignatures": "signature",
    "ForeSeals": "seal",
    "ForWebSiteAuthentication": "web",
}
_DEVICE = frozenset({"QCWithQSCD", "QCWithSSCD", "QCQSCDManagedOnBehalf"})
_NO_DEVICE = frozenset({"QCNoQSCD", "QCNoSSCD"})
_SUFFIX = {"signature": "SIG", "seal": "SEAL"}


@dataclass(frozen=True, slots=True)
class Qualification:
    """A level such as QESIG, the service behind it if any, and why it is that one."""

    level: str
    service: PathService | None
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as the JSON object of the report."""
        service = self.service
        return {
            "level": self.level,
            "anchorService": None
            if service is None
            else {
                "list": service.scheme,
                "provider": service.provider,
                "service": service.name,
                "testScheme": service.test,
            },
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class _CertificateStatus:
    """What a certificate is at one time; the reasons say why it is not more."""

    type: str | None
    service: PathService | None
    reasons: tuple[str, ...] = ()
    qualified: bool = False
    device: bool = False


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time that is asked about, in words too; `issued` decides by which law it is judged."""

    time: dt.datetime
    words: str
    issued: dt.datetime


def qualify_signature(
    found: TrustServices | None,
    indication: Indication,
    issued: dt.datetime | None,
    best_signature_time: dt.datetime,
) -> Qualification:
    """Decide the level of a signature; `issued` is the notBefore of its certificate.

    `found` and `issued` are None without a path; `found` also when no list was asked.
    """
    if found is None or issued is None or not found.services:
        return Qualification(
            NOT_APPLICABLE,
            None,
            ("No trusted list knows the service that issued the certificate.",),
        )
    then = _status(found, _Moment(issued, "when it was issued", issued))
    now = _status(found, _Moment(best_signature_time, "at the best-signature-time", issued))
    qualified = then.qualified and now.qualified
    reasons = tuple(dict.fromkeys((*then.reasons, *now.reasons)))
    level = _level(indication, now.type, qualified=qualified, device=now.device)
    return Qualification(level, now.service or then.service or found.services[0], reasons)


def qualify_time_stamp(
    found: TrustServices | None, indication: Indication, time: dt.datetime | None
) -> Qualification:
    """Decide whether a time-stamp is qualified (QTSA) at its own time, or not (TSA).

    Without a path, or when it does not hold, the level is "NA".
    """
    if found is None or time is None or indication is not Indication.TOTAL_PASSED:
        return Qualification(NOT_APPLICABLE, None, ("The time-stamp is not proved to hold.",))
    for service in found.services:
        standing = service.at(time)
        if standing is not None and standing.good and standing.type == _TIME_STAMPING:
            return Qualification("QTSA", service, ())
    service_or_none = found.services[0] if found.services else None
    reason = "No qualified time-stamping service (TSA/QTST) was granted at that time."
    return Qualification("TSA", service_or_none, (reason,))


def _level(indication: Indication, kind: str | None, *, qualified: bool, device: bool) -> str:
    """Combine the answers (TS 119 615 cl. 4.6) into the name of a level."""
    if indication is Indication.TOTAL_FAILED:
        return "NOT_ADES" + ("_QC" if qualified else "") + ("_QSCD" if qualified and device else "")
    prefix = "" if indication is Indication.TOTAL_PASSED else "INDETERMINATE_"
    suffix = _SUFFIX.get(kind or "")
    if qualified and device:
        return f"{prefix}QE{suffix or 'S'}"
    name = f"ADE{suffix or 'S'}"
    return f"{prefix}{name}{'_QC' if qualified else ''}"


def _status(found: TrustServices, at: _Moment) -> _CertificateStatus:
    """Answer the three questions for one time."""
    granted = [
        (service, standing)
        for service in found.services
        if (standing := service.at(at.time)) is not None and _issues_qualified(standing, at.time)
    ]
    if not granted:
        kind = _claimed_type(found.claims, qualified=_claims_qualified(found.claims, at.issued))
        reason = f"The issuing service was not granted as CA/QC {at.words}."
        return _CertificateStatus(kind, None, (reason,))
    # Several entries may name one authority: for signatures, for seals, at other times.
    return _agreed([_with_service(found.claims, *item, at) for item in granted], at)


def _agreed(statuses: list[_CertificateStatus], at: _Moment) -> _CertificateStatus:
    """Take what the entries that speak for the certificate agree on (TS 119 615 cl. 4.4.4)."""
    speaking = [item for item in statuses if item.qualified]
    if not speaking:
        return statuses[0]
    first = speaking[0]
    if any((item.type, item.device) != (first.type, first.device) for item in speaking):
        reason = f"The trusted list says different things about the certificate {at.words}."
        return _CertificateStatus(first.type, first.service, (reason,))
    return first


def _issues_qualified(standing: ServiceStanding, time: dt.datetime) -> bool:
    statuses = _GRANTED if time >= EIDAS else _GRANTED_BEFORE
    return standing.good and standing.type == _ISSUING and standing.status in statuses


def _with_service(
    claims: QualifiedClaims, service: PathService, standing: ServiceStanding, at: _Moment
) -> _CertificateStatus:
    qualifiers = standing.qualifiers
    reasons = []
    qualified = _claims_qualified(claims, at.issued) or "QCStatement" in qualifiers
    if not qualified:
        reasons.append("The certificate does not claim to be qualified.")
    if "NotQualified" in qualifiers or not standing.determined:
        qualified = False
        reasons.append(f"The trusted list does not let it count as qualified {at.words}.")
    kind = _type(claims, qualifiers, qualified=qualified)
    if qualified and kind not in _served(standing):
        qualified = False
        reasons.append(f"The service was not for certificates of this type {at.words}.")
    device = _device(claims, qualifiers, at.issued)
    if qualified and not device:
        reasons.append(f"Its key is not known to be in a qualified device {at.words}.")
    return _CertificateStatus(kind, service, tuple(reasons), qualified, device)


def _claims_qualified(claims: QualifiedClaims, issued: dt.datetime) -> bool:
    return claims.compliance or (issued < EIDAS and bool(claims.policies & _OLD_POLICIES))


def _type(claims: QualifiedClaims, qualifiers: frozenset[str], *, qualified: bool) -> str | None:
    """Question (2): the list outweighs the certificate; two answers are none."""
    listed = {_TYPE_QUALIFIERS[item] for item in qualifiers & _TYPE_QUALIFIERS.keys()}
    if listed:
        return listed.pop() if len(listed) == 1 else None
    return _claimed_type(claims, qualified=qualified)


def _claimed_type(claims: QualifiedClaims, *, qualified: bool) -> str | None:
    types = {_TYPES[item] for item in claims.types & _TYPES.keys()}
    if types:
        return types.pop() if len(types) == 1 else None
    # EN 319 412-5 cl. 4.2.3: without a type, a qualified certificate is for signatures.
    return "signature" if qualified else None


def _served(standing: ServiceStanding) -> frozenset[str | None]:
    """The types that a service issues; one that says nothing is from before eIDAS."""
    said = {_ADDITIONAL[item] for item in standing.additional & _ADDITIONAL.keys()}
    return frozenset(said or {"signature"})


def _device(claims: QualifiedClaims, qualifiers: frozenset[str], issued: dt.datetime) -> bool:
    """Question (3); a list that says both says nothing."""
    yes, no = bool(qualifiers & _DEVICE), bool(qualifiers & _NO_DEVICE)
    if yes or no:
        return yes and not no
    return claims.device or (issued < EIDAS and _OLD_DEVICE_POLICY in claims.policies)
