"""What a reader found in a document, before anybody decides what it means.

These values are the whole input of `validation.policy`, together with the context of
the validation. They hold no verdict: a finding has a code, and `validation.rules` says
what the code is worth.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from idservice.errors import Finding

PADES = "PAdES"
"""The format of every signed PDF."""

CADES = "CAdES"
"""The format of every CMS signature that is no PDF."""


class Integrity(Enum):
    """Whether the signature verifies over the bytes that it says it covers."""

    INTACT = "intact"
    BROKEN = "broken"
    UNVERIFIABLE = "unverifiable"


class Coverage(Enum):
    """Whether those bytes are a whole file, a whole revision of it, or neither."""

    WHOLE_FILE = "whole-file"
    REVISION = "revision"
    BROKEN = "broken"


class ChangeVerdict(Enum):
    """What is known about everything that was appended after a signed revision."""

    NONE = "none"
    PERMITTED = "permitted"
    NOT_ANALYSED = "not-analysed"
    FORBIDDEN = "forbidden"


class ChangeKind(Enum):
    """What a later change does, for a policy that allows some kinds and not others."""

    SIGNATURE = "signature"
    TIME_STAMP = "time-stamp"
    EVIDENCE = "evidence"
    FORM_FILLING = "form-filling"
    ANNOTATION = "annotation"
    METADATA = "metadata"
    NO_EFFECT = "no-effect"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was appended after a signed revision, and whether it may be.

    `revision` is the one that brought it, `page` (from 1) the page on which it shows; both
    are None where there is none. `verdict` is by the signatures of the document themselves;
    a policy may refuse more. `covered_by` is the id of an added signature that shows over
    what was signed, None for everything else. `is_foreseen` tells that a certification of the
    document permits such changes in so many words (ISO 32000-2 cl. 12.8.2.2), so that whoever
    signed it knew of them.
    """

    code: str
    revision: int | None
    page: int | None
    message: str
    verdict: ChangeVerdict = ChangeVerdict.NOT_ANALYSED
    kind: ChangeKind = ChangeKind.CONTENT
    covered_by: str | None = None
    is_foreseen: bool = False


def worst_change(changes: tuple[Change, ...]) -> ChangeVerdict:
    """Return the verdict on all changes together: one that is forbidden outweighs the rest."""
    order = tuple(ChangeVerdict)
    return max((item.verdict for item in changes), key=order.index, default=ChangeVerdict.NONE)


@dataclass(frozen=True, slots=True)
class AlgorithmFacts:
    """With what something was signed, whether or not that is good enough.

    `signature` is the scheme ("rsa", "rsa-pss", "ecdsa", "plain-ecdsa", "dsa", "ed25519",
    "ed448", "ml-dsa-65"), `digest` a name such as "sha256", None where the scheme fixes it;
    `key_bits` the size of the modulus or of the field. `mask_digest` is the hash of the mask
    generation of RSA-PSS where that is another one.
    """

    signature: str
    digest: str | None
    key_bits: int | None
    mask_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a signer said about the signature; nobody has verified any of it.

    `roles` are claimed roles, `commitments` and `signature_policy` object identifiers or names.
    `signature_policy_digest` is that of its document, such as "sha256:…" in hexadecimal digits,
    `signature_policy_uri` where it can be read. `mime_type` and `content_description` are about
    the signed file.
    """

    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    roles: tuple[str, ...] = ()
    commitments: tuple[str, ...] = ()
    signature_policy: str | None = None
    signature_policy_digest: str | None = None
    signature_policy_uri: str | None = None
    mime_type: str | None = None
    content_description: str | None = None


class TimeStampKind(Enum):
    """What a time-stamp is over: the value of one signature, or the document so far."""

    SIGNATURE = "signature-time-stamp"
    DOCUMENT = "document-time-stamp"


@dataclass(frozen=True, slots=True)
class TimeStampFacts:
    """Everything that the file says about one time-stamp (RFC 3161).

    `findings` tell also when the imprint is not of what it stands at; then it proves nothing
    here. `gen_time` is None when the token cannot be read, `accuracy` is in seconds. The
    token stands in the first `end` bytes of the file; one over the document covers these
    bytes, except itself. `imprint` is the message imprint: the name of the digest and its value.
    `der` is the token itself, without zeros behind it.
    """

    id: str
    kind: TimeStampKind
    integrity: Integrity
    findings: tuple[Finding, ...]
    gen_time: dt.datetime | None = None
    accuracy: float = 0.0
    certificate_der: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    issued_by: str | None = None
    algorithm: str | None = None
    end: int | None = None
    algorithms: AlgorithmFacts | None = None
    imprint: tuple[str, bytes] | None = None
    der: bytes | None = None


class EvidenceKind(Enum):
    """What one entry of a security store is (EN 319 142-1 cl. 5.4.2)."""

    CERTIFICATE = "certificate"
    OCSP = "ocsp"
    CRL = "crl"


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """One certificate, OCSP answer or revocation list that the document carries.

    The first `end` bytes of the file, read alone, hold it: a time-stamp over them proves
    that it existed. None stands for what was given beside the file and exists since now.
    Nothing about it was verified.
    """

    kind: EvidenceKind
    der: bytes
    end: int | None


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """Everything that the file says about one signature.

    `certificate_der` is the signing certificate when one was found, `identified` tells
    that the signature itself names it by hash; `certificates` are all that came along,
    trusted by nobody yet. The signature covers the first `end` bytes of the file, except
    its own value; `time_stamps` are those over this value. `format_name` is the /SubFilter of a
    PDF, `value` the signature value, `digest` that of the covered bytes: the name of the
    algorithm and the value.
    """

    id: str
    level: str
    integrity: Integrity
    coverage: Coverage
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...] = ()
    certificate_der: bytes | None = None
    identified: bool = False
    certificates: tuple[bytes, ...] = ()
    algorithm: str | None = None
    claimed_signing_time: dt.datetime | None = None
    revision: int | None = None
    end: int | None = None
    time_stamps: tuple[TimeStampFacts, ...] = ()
    algorithms: AlgorithmFacts | None = None
    claims: Claims = Claims()
    format_name: str | None = None
    digest: tuple[str, bytes] | None = None
    value: bytes | None = None


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """Everything that was found in one document; `findings` concern no single signature.

    `time_stamps` are those over the document, oldest first; `evidence` is what its security
    stores hold (/DSS), each piece once.
    """

    format: str
    signatures: tuple[SignatureFacts, ...]
    findings: tuple[Finding, ...] = ()
    time_stamps: tuple[TimeStampFacts, ...] = ()
    evidence: tuple[StoredEvidence, ...] = ()


class TrustVerdict(Enum):
    """Whether the signing certificate is trusted at the control time."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrustFacts:
    """What path building and revocation said about a signing certificate.

    `anchor` names the trust anchor of the path, when there is one.
    """

    verdict: TrustVerdict
    anchor: str | None
    findings: tuple[Finding, ...]
