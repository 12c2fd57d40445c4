"""The form and the report of a validation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from idservice.web.login_models import RequestModel


class ReportModel(BaseModel):
    """A part of the report; its names are those of `idservice verify --json`."""

    model_config = ConfigDict(frozen=True)


class ValidationFields(RequestModel):
    """What may come beside the document."""

    password: Annotated[
        str | None, Field(max_length=200, description="The password of an encrypted PDF.")
    ] = None
    at: Annotated[
        str | None,
        Field(
            min_length=10,
            max_length=40,
            description="Validate as of this time (RFC 3339) instead of now.",
            json_schema_extra={"format": "date-time"},
        ),
    ] = None
    trust: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=65536,
            description="Further trust anchors: one or more certificates in PEM.",
        ),
    ] = None
    revocation: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=1048576,
            description="OCSP answers and revocation lists to use, in PEM (OCSP RESPONSE, "
            "X509 CRL).",
        ),
    ] = None
    policy: Annotated[
        Literal["strict", "lenient"] | None,
        Field(description="The validation policy; that of the service unless given."),
    ] = None


class ValidationForm(ValidationFields):
    """A document to validate."""

    file: Annotated[
        str,
        Field(
            description="The PDF, or a CMS signature in DER or PEM.",
            json_schema_extra={"format": "binary"},
        ),
    ]
    content: Annotated[
        str | None,
        Field(
            description="The file that a detached CMS signature is over.",
            json_schema_extra={"format": "binary"},
        ),
    ] = None


class FindingAnswer(ReportModel):
    """One thing that was noticed: what it is, why it matters, what to do."""

    code: str
    message: str
    fix: str


class ChangeItem(ReportModel):
    """One change made after the signed revision."""

    code: str
    revision: int | None
    page: int | None
    message: str
    kind: str
    verdict: Literal["none", "permitted", "forbidden", "not-analysed"]
    coveredBy: str | None  # noqa: N815 - the name on the wire
    foreseen: bool


class Changes(ReportModel):
    """What was changed after the signed revision."""

    verdict: Literal["none", "permitted", "forbidden", "not-analysed"]
    items: list[ChangeItem]


class Trust(ReportModel):
    """Whether the signing certificate is trusted, and through which anchor."""

    verdict: Literal["trusted", "untrusted", "unknown"]
    anchor: str | None


Indication = Literal["TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"]


class AlgorithmsAnswer(ReportModel):
    """With what something was signed; the digest is null where the scheme fixes it.

    The digest of the mask generation of RSA-PSS is there where it is another one.
    """

    signature: str
    digest: str | None
    keyBits: int | None  # noqa: N815 - the name on the wire
    maskDigest: str | None  # noqa: N815 - the name on the wire


class ClaimsAnswer(ReportModel):
    """What the signer said; nobody has verified any of it."""

    reason: str | None
    location: str | None
    contact: str | None
    roles: list[str]
    commitments: list[str]
    signaturePolicy: str | None  # noqa: N815 - the name on the wire
    signaturePolicyDigest: str | None  # noqa: N815 - the name on the wire
    signaturePolicyUri: str | None  # noqa: N815 - the name on the wire
    mimeType: str | None  # noqa: N815 - the name on the wire
    contentDescription: str | None  # noqa: N815 - the name on the wire


class CertificateAnswer(ReportModel):
    """One certificate on which the verdict rests, and what it is there for."""

    role: Literal["signer", "authority", "anchor", "time-stamping", "ocsp-responder", "crl-issuer"]
    subject: str
    issuer: str | None
    serialNumber: str | None  # noqa: N815 - the name on the wire
    notBefore: str  # noqa: N815 - the name on the wire
    notAfter: str  # noqa: N815 - the name on the wire
    sha256: str | None
    source: Literal["signature", "document", "trusted", "known", "unknown"]


class StepAnswer(ReportModel):
    """How one step of the process (ETSI EN 319 102-1) ended, what it looked at, and why."""

    step: str
    clause: str
    outcome: Literal["passed", "failed", "indeterminate", "skipped"]
    lookedAt: str  # noqa: N815 - the name on the wire
    reasons: list[FindingAnswer]


class PolicyAnswer(ReportModel):
    """The validation policy that was applied."""

    name: str
    description: str


class RevocationAnswer(ReportModel):
    """One statement that a certificate was good, on which the verdict rests."""

    certificate: str
    source: Literal["ocsp", "crl", "authority"]
    state: Literal["valid", "suspended", "revoked"]
    thisUpdate: str | None  # noqa: N815 - the name on the wire
    nextUpdate: str | None  # noqa: N815 - the name on the wire
    producedAt: str | None  # noqa: N815 - the name on the wire
    revokedAt: str | None  # noqa: N815 - the name on the wire
    reason: str | None
    issuedBy: str | None  # noqa: N815 - the name on the wire
    inDocument: bool  # noqa: N815 - the name on the wire


class TrustServiceAnswer(ReportModel):
    """The service of a trusted list that a certificate leads to."""

    list: str
    provider: str
    service: str
    testScheme: bool  # noqa: N815 - the name on the wire


class QualificationAnswer(ReportModel):
    """Whether something is qualified by trusted lists (ETSI TS 119 615), and why it is not more."""

    level: str
    anchorService: TrustServiceAnswer | None  # noqa: N815 - the name on the wire
    reasons: list[str]


class TimeStampAnswer(ReportModel):
    """One time-stamp (RFC 3161) and what was decided about it."""

    id: str
    type: Literal["signature-time-stamp", "document-time-stamp"]
    time: str | None
    issuedBy: str | None  # noqa: N815 - the name on the wire
    indication: Indication
    subIndication: str | None  # noqa: N815 - the name on the wire
    integrity: Literal["intact", "broken", "unverifiable"]
    anchor: str | None
    errors: list[FindingAnswer]
    warnings: list[FindingAnswer]
    algorithms: AlgorithmsAnswer | None
    qualification: QualificationAnswer
    imprintDigest: str | None  # noqa: N815 - the name on the wire
    certificates: list[CertificateAnswer]
    revocation: list[RevocationAnswer]
    steps: list[StepAnswer]


class SignatureReportAnswer(ReportModel):
    """The verdict about one signature (ETSI EN 319 102-1)."""

    id: str
    signedBy: str | None  # noqa: N815 - the name on the wire
    level: str | None
    indication: Indication
    subIndication: str | None  # noqa: N815 - the name on the wire
    integrity: Literal["intact", "broken", "unverifiable"]
    coverage: Literal["whole-file", "revision", "broken"]
    changes: Changes
    trust: Trust
    claimedSigningTime: str | None  # noqa: N815 - the name on the wire
    bestSignatureTime: str | None  # noqa: N815 - the name on the wire
    errors: list[FindingAnswer]
    warnings: list[FindingAnswer]
    timeStamps: list[TimeStampAnswer]  # noqa: N815 - the name on the wire
    revocation: list[RevocationAnswer]
    qualification: QualificationAnswer
    subFilter: str | None  # noqa: N815 - the name on the wire
    algorithm: str | None
    algorithms: AlgorithmsAnswer | None
    claims: ClaimsAnswer
    certificates: list[CertificateAnswer]
    steps: list[StepAnswer]


class ValidationAnswer(ReportModel):
    """The report about one document."""

    file: str
    format: str
    signaturesCount: int  # noqa: N815 - the name on the wire
    validSignaturesCount: int  # noqa: N815 - the name on the wire
    signatures: list[SignatureReportAnswer]
    errors: list[FindingAnswer]
    timeStamps: list[TimeStampAnswer]  # noqa: N815 - the name on the wire
    validationTime: str | None  # noqa: N815 - the name on the wire
    policy: PolicyAnswer | None
