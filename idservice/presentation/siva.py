"""A validation report as the JSON of SiVa 3, the signature validation service of Estonia.

Members and their names are those of that service, so that its clients read our reports
unchanged. What is not there is left out, never null. Indications and sub-indications are those
of EN 319 102-1; the level of a signature is decided by `validation.qualification`.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from idservice.crypto.certificates import load_certificate
from idservice.errors import Finding, MalformedInput
from idservice.presentation.method_uris import imprint_der, method_uri
from idservice.validation.certificate_list import (
    CertificateReport,
    CertificateRole,
    time_stamp_certificates,
)
from idservice.validation.evidence import StatementSource
from idservice.validation.facts import TimeStampKind
from idservice.validation.report_parts import time_stamp_qualification
from idservice.validation.rules import Indication

if TYPE_CHECKING:
    from idservice.validation.report import SignatureReport, ValidationReport
    from idservice.validation.time_stamps import JudgedTimeStamp

Json = dict[str, Any]

LEVEL_ERROR = "Signature/seal level do not meet the minimal level required by applied policy"
LEVEL_WARNING = "The signature is not in the Qualified Electronic Signature level"
_POLICY_URL = "http://open-eid.github.io/SiVa/siva3/appendix/validation_policy/#"
_VALIDATION_LEVEL = "ARCHIVAL_DATA"

_QUALIFIED = frozenset({"QESIG", "QESEAL", "QES", "ADESEAL", "ADESEAL_QC"})
_QUALIFIED_CERTIFICATE = frozenset({"ADESIG_QC", "ADES_QC"})
_INDETERMINATE = "INDETERMINATE_"

_SUBJECT = {
    "serialNumber": NameOID.SERIAL_NUMBER,
    "commonName": NameOID.COMMON_NAME,
    "givenName": NameOID.GIVEN_NAME,
    "surname": NameOID.SURNAME,
}
# EN 319 412-1 cl. 5.1.3: before a number stand its kind and its country.
_SEMANTICS = re.compile(r"^(?:PAS|IDC|PNO|TAX|TIN|[A-Z]{2}:)[A-Z]{2}-")


@dataclass(frozen=True, slots=True)
class SivaPolicy:
    """A policy of the service; with `qualified` only qualified certificates pass."""

    name: str
    description: str
    qualified: bool


POLICIES = {
    "POLv3": SivaPolicy(
        "POLv3",
        "Policy for validating Electronic Signatures and Electronic Seals regardless of the legal "
        "type of the signature or seal (according to Regulation (EU) No 910/2014), i.e. the fact "
        "that the electronic signature or electronic seal is either Advanced electronic "
        "Signature (AdES), AdES supported by a Qualified Certificate (AdES/QC) or a Qualified "
        "electronic Signature (QES) does not change the total validation result of the signature.",
        qualified=False,
    ),
    "POLv4": SivaPolicy(
        "POLv4",
        "Policy for validating Qualified Electronic Signatures and Electronic Seals (according to "
        "Regulation (EU) No 910/2014). I.e. signatures that have been recognized as Advanced "
        "electronic Signatures (AdES) and AdES supported by a Qualified Certificate (AdES/QC) do "
        "not produce a positive validation result.",
        qualified=True,
    ),
}
"""The policies by their names."""

DEFAULT_POLICY = "POLv4"


def siva_report(report: ValidationReport, policy: SivaPolicy, report_type: str) -> Json:
    """Return a report as the body of an answer.

    `report_type` is Simple, Detailed (with the steps of the process) or Diagnostic (with
    everything that is known).
    """
    found: Json = {"validationConclusion": _conclusion(report, policy)}
    if report_type == "Detailed":
        found["validationProcess"] = {
            "signatures": [
                {"id": item["id"], "steps": item["steps"]}
                for item in report.to_json()["signatures"]
            ]
        }
    elif report_type == "Diagnostic":
        found["diagnosticData"] = report.to_json()
    return {"validationReport": found}


def _conclusion(report: ValidationReport, policy: SivaPolicy) -> Json:
    signatures = [_signature(item, report.file, policy) for item in report.signatures]
    valid = sum(item["indication"] == Indication.TOTAL_PASSED.value for item in signatures)
    tokens = () if report.signatures else report.time_stamps
    return _without_empty(
        {
            "policy": {
                "policyName": policy.name,
                "policyDescription": policy.description,
                "policyUrl": _POLICY_URL + policy.name,
            },
            "validationTime": _time(report.at),
            "validationLevel": _VALIDATION_LEVEL,
            "validatedDocument": {"filename": report.file},
            "validationWarnings": _contents(report.errors),
            "signatures": signatures,
            "timeStampTokens": [_token(item, report.file) for item in tokens],
        }
    ) | {"signaturesCount": len(signatures), "validSignaturesCount": valid}


def _signature(item: SignatureReport, filename: str, policy: SivaPolicy) -> Json:
    facts, verdict = item.facts, item.verdict
    errors, warnings = _contents(verdict.errors), _contents(verdict.warnings)
    level = item.qualification.level
    indication = verdict.indication.value
    if policy.qualified:
        stem = level.removeprefix(_INDETERMINATE)
        if stem in _QUALIFIED_CERTIFICATE:
            warnings.append({"content": LEVEL_WARNING})
        elif stem not in _QUALIFIED:
            errors.append({"content": LEVEL_ERROR})
            indication = Indication.TOTAL_FAILED.value
    sub = verdict.sub_indication
    required: Json = {
        "id": facts.id,
        "signatureFormat": item.level or facts.level,
        "signatureMethod": method_uri(facts.algorithms),
        "signedBy": _signed_by(item),
        "claimedSigningTime": _time(facts.claimed_signing_time) or "",
        "indication": indication,
    }
    optional: Json = {
        "signatureLevel": level,
        "subjectDistinguishedName": _subject(facts.certificate_der),
        "subIndication": None if sub is None else sub.value,
        "errors": errors,
        "warnings": warnings,
        "info": _info(item),
        "signatureScopes": [_scope(item, filename)],
        "certificates": _certificates(item),
    }
    return required | _without_empty(optional)


def _info(item: SignatureReport) -> Json:
    own = [one for one in item.time_stamps if one.facts.kind is TimeStampKind.SIGNATURE]
    archive = [one for one in item.time_stamps if one.facts.kind is TimeStampKind.DOCUMENT]
    first = next((one for one in own if one.facts.gen_time is not None), None)
    claims = item.facts.claims
    proved = any(one.time is not None for one in item.time_stamps)
    found = {
        "bestSignatureTime": _time(item.best_signature_time) if proved else None,
        "timeAssertionMessageImprint": _imprint(first),
        "ocspResponseCreationTime": _time(_answered(item)),
        "timestampCreationTime": None if first is None else _time(first.facts.gen_time),
        "signerRole": [{"claimedRole": role} for role in claims.roles],
        "signatureProductionPlace": {"city": claims.location} if claims.location else None,
        "signingReason": claims.reason,
        "archiveTimeStamps": [_archive(one) for one in archive],
    }
    return _without_empty(found)


def _answered(item: SignatureReport) -> dt.datetime | None:
    """When the OCSP answer about the signing certificate was made."""
    leaf = None if item.path is None else item.path.certificates[0]
    times = [
        statement.produced_at or statement.this_update
        for reliance in item.reliances
        if leaf is not None and reliance.certificate.name == leaf.name
        for statement in reliance.statements
        if statement.source is StatementSource.OCSP
    ]
    return min((time for time in times if time is not None), default=None)


def _imprint(stamp: JudgedTimeStamp | None) -> str | None:
    if stamp is None or stamp.facts.imprint is None:
        return None
    encoded = imprint_der(*stamp.facts.imprint)
    return None if encoded is None else _base64(encoded)


def _archive(stamp: JudgedTimeStamp) -> Json:
    sub = stamp.verdict.sub_indication
    facts = stamp.facts
    return _without_empty(
        {
            "signedTime": _time(facts.gen_time),
            "indication": _block(stamp),
            "subIndication": None if sub is None else sub.value,
            "signedBy": facts.issued_by,
            "country": _name(facts.certificate_der, NameOID.COUNTRY_NAME),
            "content": None if facts.der is None else _base64(facts.der),
        }
    )


def _block(stamp: JudgedTimeStamp) -> str:
    """Name the indication of a part of a validation (EN 319 102-1 cl. 5.1.2)."""
    return stamp.verdict.indication.value.removeprefix("TOTAL-")


def _token(stamp: JudgedTimeStamp, filename: str) -> Json:
    sub = stamp.verdict.sub_indication
    passed = stamp.verdict.passed
    errors, warnings = _contents(stamp.verdict.errors), _contents(stamp.verdict.warnings)
    level = time_stamp_qualification(stamp).level
    found = {
        "indication": (Indication.TOTAL_PASSED if passed else Indication.TOTAL_FAILED).value,
        "subIndication": None if sub is None else sub.value,
        "signedBy": stamp.facts.issued_by,
        "signedTime": _time(stamp.facts.gen_time),
        "timestampLevel": level if level in {"QTSA", "TSA"} else "N/A",
        "certificates": _listed(time_stamp_certificates(stamp), "ARCHIVE_TIMESTAMP"),
        "timestampScopes": [{"name": filename, "scope": "FULL", "content": "Full document"}],
        "errors": errors,
        "error": errors,
        "warnings": warnings,
        "warning": warnings,
    }
    return _without_empty(found)


def _scope(item: SignatureReport, filename: str) -> Json:
    """Say what is signed: the whole document, or the revision that the signature covers."""
    whole = item.facts.coverage.value == "whole-file"
    found: Json = {
        "name": filename if whole else f"Revision {item.facts.revision or 'unknown'} of {filename}",
        "scope": "FULL" if whole else "PARTIAL",
        "content": "Full document" if whole else "The document ByteRange",
    }
    if item.facts.digest is not None:
        name, value = item.facts.digest
        found |= {"hashAlgo": name.upper().replace("-", "_"), "hash": _base64(value)}
    return found


def _certificates(item: SignatureReport) -> list[Json]:
    found = _listed(item.certificates, "")
    for stamp in item.time_stamps:
        own = stamp.facts.kind is TimeStampKind.SIGNATURE
        kind = "SIGNATURE_TIMESTAMP" if own else "ARCHIVE_TIMESTAMP"
        found += _listed(time_stamp_certificates(stamp), kind)
    return [one for index, one in enumerate(found) if one not in found[:index]]


_TYPES = {CertificateRole.SIGNER: "SIGNING", CertificateRole.OCSP_RESPONDER: "REVOCATION"}


def _listed(certificates: tuple[CertificateReport, ...], time_stamping: str) -> list[Json]:
    """Name the certificates at the beginning of each path, with those that issued them."""
    types = {**_TYPES, CertificateRole.TIME_STAMPING: time_stamping}
    by_subject = {item.subject: item for item in certificates}
    found = []
    for item in certificates:
        kind = types.get(item.role)
        if not kind or item.der is None:
            continue
        issuer = by_subject.get(item.issuer or "")
        found.append(
            _without_empty(
                {
                    "commonName": _common_name(item),
                    "type": kind,
                    "content": _base64(item.der),
                    "issuer": None
                    if issuer is None or issuer.der is None
                    else {"commonName": _common_name(issuer), "content": _base64(issuer.der)},
                }
            )
        )
    return found


def _common_name(item: CertificateReport) -> str:
    return _name(item.der, NameOID.COMMON_NAME) or item.subject


def _signed_by(item: SignatureReport) -> str:
    """Name a signer: surname, given name and number without its kind, else the common name."""
    subject = _subject(item.facts.certificate_der)
    parts = [subject.get(key) for key in ("surname", "givenName", "serialNumber")]
    if None in parts:
        return item.signed_by or ""
    surname, given_name, number = map(str, parts)
    return f"{surname},{given_name},{_SEMANTICS.sub('', number)}"


def _subject(certificate_der: bytes | None) -> Json:
    found = {key: _name(certificate_der, oid) for key, oid in _SUBJECT.items()}
    return _without_empty(found)


def _name(certificate_der: bytes | None, oid: x509.ObjectIdentifier) -> str | None:
    if certificate_der is None:
        return None
    try:
        found = load_certificate(certificate_der).subject.get_attributes_for_oid(oid)
    except MalformedInput:
        return None
    return str(found[0].value) if found else None


def _contents(findings: tuple[Finding, ...]) -> list[Json]:
    return [{"content": item.message} for item in findings]


def _without_empty(found: Json) -> Json:
    return {key: value for key, value in found.items() if value not in (None, "", [], {})}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _time(time: dt.datetime | None) -> str | None:
    return None if time is None else f"{time.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
