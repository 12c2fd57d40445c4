"""A validation report as the XML of ETSI TS 119 102-2 (namespace of its version 1.2.1).

One SignatureValidationReport for each signature; certificates, statements about revocation and
time-stamps are validation objects, to which the reports refer. The report is not signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from idservice.presentation.etsi_elements import (
    DS,
    URN,
    VR,
    XmlElement,
    add,
    add_data,
    add_digest,
    base64_text,
    identity_of,
    main_indication,
    object_uri,
    refer,
    signed_attribute,
    sub_indication,
    time_text,
)
from idservice.presentation.method_uris import method_uri
from idservice.validation.certificate_list import (
    CertificateReport,
    CertificateRole,
    time_stamp_certificates,
)
from idservice.validation.evidence import RevocationState, Statement, StatementSource
from idservice.validation.facts import TimeStampKind
from idservice.validation.process import Outcome
from idservice.validation.rules import Indication, SubIndication

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idservice.validation.certificates import Reliance
    from idservice.validation.report import SignatureReport, ValidationReport
    from idservice.validation.time_stamps import JudgedTimeStamp
    from idservice.validation.verdict import Verdict

_STEP = "urn:idservice:validation-step:"
_LEVEL = "urn:idservice:signature-level:"
_QUALITY = "urn:idservice:qualification:"
_FINDING = "urn:idservice:finding:"
# The standard has no indication for it.
_NOTHING = "urn:idservice:mainindication:noSignatureFound"
_SPEAKERS = {CertificateRole.OCSP_RESPONDER, CertificateRole.CRL_ISSUER}
_IMPLIED = "{http://uri.etsi.org/01903/v1.3.2#}SignaturePolicyImplied"


def etsi_report(report: ValidationReport) -> bytes:
    """Return a report as an XML document in UTF-8."""
    writer = _Writer(report)
    root = etree.Element(f"{{{VR}}}ValidationReport", nsmap={"vr": VR, "ds": DS})
    for item in report.signatures:
        writer.signature(root, item)
    if len(writer.objects):
        root.append(writer.objects)
    if not report.signatures:
        writer.document(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


class _Writer:
    """Writes the parts of one report; each validation object once."""

    def __init__(self, report: ValidationReport) -> None:
        self._report = report
        self.objects = etree.Element(f"{{{VR}}}SignatureValidationObjects")
        self._known: dict[str, str] = {}

    def signature(self, root: XmlElement, item: SignatureReport) -> None:
        """Write the report about one signature."""
        part = add(root, "SignatureValidationReport")
        self._identifier(part, item)
        self._constraints(part, item)
        times = add(part, "ValidationTimeInfo")
        add(times, "ValidationTime", time_text(self._report.at or item.best_signature_time))
        self._best_time(times, item)
        self._signers_document(part, item)
        self._attributes(part, item)
        self._signer(part, item)
        quality = add(part, "SignatureQuality")
        add(quality, "SignatureQualityInformation", _LEVEL + (item.level or item.facts.level))
        add(quality, "SignatureQualityInformation", _QUALITY + item.qualification.level)
        process = add(part, "SignatureValidationProcess")
        add(process, "SignatureValidationProcessID", f"{URN}:validationprocess:LTA")
        self._status(add(part, "SignatureValidationStatus"), item.verdict, item)

    def document(self, root: XmlElement) -> None:
        """Say about a document without any signature that there is nothing to validate."""
        part = etree.Element(f"{{{VR}}}SignatureValidationReport")
        root.insert(0, part)
        status = add(part, "SignatureValidationStatus")
        codes = {item.code for item in self._report.errors}
        if "NO_SIGNATURE_FOUND" in codes:
            add(status, "MainIndication", _NOTHING)
        else:
            add(status, "MainIndication", main_indication(Indication.TOTAL_FAILED))
            add(status, "SubIndication", sub_indication(SubIndication.FORMAT_FAILURE))
        data = add(add(status, "AssociatedValidationReportData"), "AdditionalValidationReportData")
        for item in self._report.errors:
            add_data(data, _FINDING + item.code, item.message)

    def _identifier(self, part: XmlElement, item: SignatureReport) -> None:
        facts = item.facts
        identifier = add(part, "SignatureIdentifier")
        identifier.set("id", identity_of("S", facts.id, str(facts.end)))
        if facts.value is not None:
            value = etree.SubElement(identifier, f"{{{DS}}}SignatureValue")
            value.text = base64_text(facts.value)
        add(identifier, "HashOnly", "false")
        add(identifier, "DocHashOnly", "false")
        add(identifier, "DAIdentifier", facts.id)

    def _constraints(self, part: XmlElement, item: SignatureReport) -> None:
        """Write the policy, and each step of the process with what it came to."""
        report = add(part, "ValidationConstraintsEvaluationReport")
        policy = add(report, "SignatureValidationPolicy")
        named = add(policy, "SignaturePolicyIdentifier")
        etree.SubElement(named, _IMPLIED)
        add(policy, "PolicyName", self._report.policy or "strict")
        for result in item.steps:
            step = add(report, "ValidationConstraint")
            add(step, "ValidationConstraintIdentifier", _STEP + result.step.clause)
            status = add(step, "ConstraintStatus")
            applied = result.outcome is not Outcome.SKIPPED
            add(status, "Status", f"{URN}:constraintStatus:{'applied' if applied else 'disabled'}")
            if applied:
                shown = add(step, "ValidationStatus")
                add(shown, "MainIndication", f"{URN}:mainindication:{result.outcome.value}")

    def _best_time(self, times: XmlElement, item: SignatureReport) -> None:
        best = add(times, "BestSignatureTime")
        add(best, "POETime", time_text(item.best_signature_time))
        proving = [one for one in item.time_stamps if one.time == item.best_signature_time]
        add(best, "TypeOfProof", f"{URN}:poetype:{'validation' if not proving else 'provided'}")
        if proving:
            refer(add(best, "POEObject"), self._time_stamp(proving[0]))

    def _signers_document(self, part: XmlElement, item: SignatureReport) -> None:
        if item.facts.digest is not None:
            add_digest(add(part, "SignersDocument"), *item.facts.digest)

    def _attributes(self, part: XmlElement, item: SignatureReport) -> None:
        """Write what the signer said and what came with it, in the order of the schema."""
        facts, claims = item.facts, item.facts.claims
        found = etree.Element(f"{{{VR}}}SignatureAttributes")
        own = [one for one in item.time_stamps if one.facts.kind is TimeStampKind.SIGNATURE]
        over_all = "DocTimeStamp" if facts.format_name else "ArchiveTimeStamp"
        over = [one for one in item.time_stamps if one.facts.kind is TimeStampKind.DOCUMENT]
        if facts.claimed_signing_time is not None:
            time = time_text(facts.claimed_signing_time)
            add(signed_attribute(found, "SigningTime"), "Time", time)
        _text(found, "DataObjectFormat", "MimeType", claims.mime_type)
        for commitment in claims.commitments:
            attribute = signed_attribute(found, "CommitmentTypeIndication")
            add(attribute, "CommitmentTypeIdentifier", object_uri(commitment))
        policy = None if claims.signature_policy is None else object_uri(claims.signature_policy)
        _text(found, "SigPolicyIdentifier", "SigPolicyId", policy)
        _text(found, "SignatureProductionPlace", "AddressString", claims.location)
        for role in claims.roles:
            details = add(signed_attribute(found, "SignerRole"), "RoleDetails")
            add(details, "Role", role)
            add(details, "EndorsementType", "claimed")
        for stamp in own:
            self._stamp_attribute(found, "SignatureTimeStamp", stamp)
        digest = None if facts.digest is None else base64_text(facts.digest[1])
        _text(found, "MessageDigest", "Digest", digest)
        for stamp in over:
            self._stamp_attribute(found, over_all, stamp)
        _text(found, "Reason", "ReasonElement", claims.reason)
        _text(found, "ContactInfo", "ContactInfoElement", claims.contact)
        _text(found, "SubFilter", "SubFilterElement", (facts.format_name or "").lstrip("/"))
        if len(found):
            part.append(found)

    def _stamp_attribute(self, found: XmlElement, name: str, stamp: JudgedTimeStamp) -> None:
        if stamp.facts.gen_time is None:
            return
        attribute = add(found, name)
        attribute.set("Signed", "false")
        refer(add(attribute, "AttributeObject"), self._time_stamp(stamp))
        add(attribute, "TimeStampValue", time_text(stamp.facts.gen_time))

    def _signer(self, part: XmlElement, item: SignatureReport) -> None:
        signer = next(
            (one for one in item.certificates if one.role is CertificateRole.SIGNER), None
        )
        if signer is None:
            return
        information = add(part, "SignerInformation")
        refer(add(information, "SignerCertificate"), self._certificate(signer))
        if item.signed_by:
            add(information, "Signer", item.signed_by)

    def _status(self, status: XmlElement, verdict: Verdict, item: SignatureReport) -> None:
        add(status, "MainIndication", main_indication(verdict.indication))
        if verdict.sub_indication is not None:
            add(status, "SubIndication", sub_indication(verdict.sub_indication))
        data = add(status, "AssociatedValidationReportData")
        self._chain(data, item)
        self._rests_on(data, item.reliances, item.certificates)
        self._revocation(data, item)
        self._crypto(data, item)
        findings = (*verdict.errors, *verdict.warnings)
        if findings:
            additional = add(data, "AdditionalValidationReportData")
            for finding in findings:
                add_data(additional, _FINDING + finding.code, finding.message)

    def _rests_on(
        self,
        data: XmlElement,
        reliances: Iterable[Reliance],
        certificates: Iterable[CertificateReport],
    ) -> None:
        """Refer to the statements about certificates, and to who made them."""
        found = [self._statement(about, one) for about in reliances for one in about.statements]
        found += [self._certificate(one) for one in certificates if one.role in _SPEAKERS]
        for identity in dict.fromkeys(found):
            refer(add(data, "RelatedValidationObject"), identity)

    def _chain(self, data: XmlElement, item: SignatureReport) -> None:
        path = [
            one
            for one in item.certificates
            if one.role
            in {CertificateRole.SIGNER, CertificateRole.AUTHORITY, CertificateRole.ANCHOR}
        ]
        anchor = next((one for one in path if one.role is CertificateRole.ANCHOR), None)
        if anchor is not None:
            refer(add(data, "TrustAnchor"), self._certificate(anchor))
        signer = next((one for one in path if one.role is CertificateRole.SIGNER), None)
        if signer is None:
            return
        chain = add(data, "CertificateChain")
        refer(add(chain, "SigningCertificate"), self._certificate(signer))
        for one in path:
            if one.role is CertificateRole.AUTHORITY:
                refer(add(chain, "IntermediateCertificate"), self._certificate(one))
        if anchor is not None:
            refer(add(chain, "TrustAnchor"), self._certificate(anchor))

    def _revocation(self, data: XmlElement, item: SignatureReport) -> None:
        """Say which certificate was revoked when, for the first one that was."""
        for reliance in item.reliances:
            for statement in reliance.statements:
                if statement.state is not RevocationState.REVOKED or statement.revoked_at is None:
                    continue
                about = next(
                    (one for one in item.certificates if one.subject == reliance.certificate.name),
                    None,
                )
                if about is None:
                    continue
                found = add(data, "RevocationStatusInformation")
                refer(add(found, "ValidationObjectId"), self._certificate(about))
                add(found, "RevocationTime", time_text(statement.revoked_at))
                reason = statement.reason or "unspecified"
                add(found, "RevocationReason", f"{URN}:revocationReason:{reason}")
                refer(add(found, "RevocationObject"), self._statement(reliance, statement))
                return

    def _crypto(self, data: XmlElement, item: SignatureReport) -> None:
        if item.facts.algorithms is None:
            return
        information = add(data, "CryptoInformation")
        identity = identity_of("S", item.facts.id, str(item.facts.end))
        refer(add(information, "ValidationObjectId"), identity)
        add(information, "Algorithm", method_uri(item.facts.algorithms))
        weak = any(one.code.startswith("algorithm_") for one in item.verdict.errors)
        add(information, "SecureAlgorithm", "false" if weak else "true")

    def _certificate(self, item: CertificateReport) -> str:
        identity = identity_of("C", item.sha256 or item.subject)
        if identity not in self._known:
            made = self._object(identity, "certificate")
            shown = add(made, "ValidationObjectRepresentation")
            if item.der is None:
                add(shown, "URI", f"urn:idservice:certificate:{item.sha256 or identity}")
            else:
                add(shown, "base64", base64_text(item.der))
        return identity

    def _statement(self, about: Reliance, statement: Statement) -> str:
        parts = (about.certificate.name, statement.source.value, str(statement.this_update))
        content = "" if statement.der is None else statement.der.hex()
        identity = identity_of("R", *parts, content)
        if identity not in self._known:
            kinds = {StatementSource.OCSP: "OCSPResponse", StatementSource.CRL: "CRL"}
            made = self._object(identity, kinds.get(statement.source, "other"))
            shown = add(made, "ValidationObjectRepresentation")
            if statement.der is None:
                add(shown, "URI", f"urn:idservice:statement:{statement.source.value}")
            else:
                add(shown, "base64", base64_text(statement.der))
            if statement.produced_at is not None:
                proof = add(made, "POE")
                add(proof, "POETime", time_text(self._report.at or statement.produced_at))
                add(proof, "TypeOfProof", f"{URN}:poetype:validation")
        return identity

    def _time_stamp(self, stamp: JudgedTimeStamp) -> str:
        identity = identity_of("T", stamp.facts.id, str(stamp.facts.gen_time))
        if identity not in self._known:
            made = self._object(identity, "timestamp")
            shown = add(made, "ValidationObjectRepresentation")
            if stamp.facts.der is None:
                add(shown, "URI", f"urn:idservice:time-stamp:{identity}")
            else:
                add(shown, "base64", base64_text(stamp.facts.der))
            if stamp.time is not None and stamp.facts.gen_time is not None:
                add(add(made, "POEProvisioning"), "POETime", time_text(stamp.time))
            nested = add(made, "ValidationReport")
            self._stamp_report(nested, stamp)
        return identity

    def _stamp_report(self, nested: XmlElement, stamp: JudgedTimeStamp) -> None:
        own = time_stamp_certificates(stamp)
        unit = next((one for one in own if one.role is CertificateRole.TIME_STAMPING), None)
        if unit is not None:
            information = add(nested, "SignerInformation")
            refer(add(information, "SignerCertificate"), self._certificate(unit))
            if stamp.facts.issued_by:
                add(information, "Signer", stamp.facts.issued_by)
        status = add(nested, "SignatureValidationStatus")
        add(status, "MainIndication", main_indication(stamp.verdict.indication, block=True))
        if stamp.verdict.sub_indication is not None:
            add(status, "SubIndication", sub_indication(stamp.verdict.sub_indication))
        if stamp.reliances:
            data = add(status, "AssociatedValidationReportData")
            self._rests_on(data, stamp.reliances, own)

    def _object(self, identity: str, kind: str) -> XmlElement:
        self._known[identity] = kind
        made = add(self.objects, "ValidationObject")
        made.set("id", identity)
        add(made, "ObjectType", f"{URN}:validationObject:{kind}")
        return made


def _text(found: XmlElement, name: str, inner: str, value: str | None) -> None:
    """Write a signed attribute that holds one text, where there is one."""
    if value:
        add(signed_attribute(found, name), inner, value)
