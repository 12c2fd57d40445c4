"""Reading the time-stamps of a PDF: their tokens, and whether they are over what they stand at.

A signature time-stamp is over the value of the signature (RFC 3161 appendix A, EN 319 122-1
cl. 5.3); a document time-stamp over a byte range (EN 319 142-1 cl. 5.4.3). Nothing is
decided here, and no certificate is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.x509.oid import NameOID

from idservice.cms.parsing import parse_signed_data
from idservice.cms.time_stamp_info import ID_CT_TST_INFO
from idservice.cms.time_stamp_token import TimeStampToken, read_token
from idservice.cms.verification import DigestOf
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.ber import definite
from idservice.crypto.certificates import load_certificate
from idservice.errors import Finding, MalformedInput
from idservice.pades.level import RFC3161
from idservice.pdf.signatures import SignatureDictionary
from idservice.validation.facts import Integrity, TimeStampFacts, TimeStampKind

MAX_SIGNATURE_TIME_STAMPS = 16
"""Time-stamps over one signature that are read; nobody needs more."""

# In a token these are only told: nobody can choose another encoding for a profit, and
# authorities named their certificate by SHA-1 long after it was weak (RFC 5816 cl. 1).
_ONLY_TOLD = {
    "cms_not_der": "time_stamp_not_der",
    "signing_certificate_sha1": "time_stamp_reference_sha1",
}
# What a signature dictionary must be, and a document time-stamp need not: some producers
# write /Type /Sig, or none at all.
_NOT_FOR_TIME_STAMPS = frozenset({"sub_filter_unsupported", "signature_type"})


def is_time_stamp(item: SignatureDictionary, contents: bytes | None) -> bool:
    """Whether this is a document time-stamp; a mere /SubFilter does not make it one."""
    if item.sub_filter != RFC3161 or contents is None:
        return False
    try:
        token = parse_signed_data(definite(contents)[0])
    except MalformedInput:
        return False
    return token.content_type == ID_CT_TST_INFO and token.content is not None


def document_time_stamp(
    item: SignatureDictionary,
    contents: bytes,
    digest_of: DigestOf | None,
    findings: tuple[Finding, ...],
    end: int | None,
) -> TimeStampFacts:
    """Read a document time-stamp; `findings` are what is wrong with its dictionary and range.

    `digest_of` returns the digest of its byte range, None when that cannot be read.
    """
    about = tuple(one for one in findings if one.code not in _NOT_FOR_TIME_STAMPS)
    return _read(
        item.name or f"object {item.object_number}",
        TimeStampKind.DOCUMENT,
        contents,
        digest_of,
        about,
        end,
    )


def signature_time_stamps(
    name: str, tokens: Sequence[bytes], signature: bytes | None, end: int | None
) -> tuple[TimeStampFacts, ...]:
    """Read the time-stamps over the value of one signature, which `name` names."""

    def digest_of(algorithm: HashAlgorithm) -> bytes:
        return algorithm.digest(signature or b"")

    return tuple(
        _read(
            f"{name} time-stamp {number}",
            TimeStampKind.SIGNATURE,
            token,
            None if signature is None else digest_of,
            (),
            end,
        )
        for number, token in enumerate(tokens[:MAX_SIGNATURE_TIME_STAMPS], start=1)
    )


def _read(
    name: str,
    kind: TimeStampKind,
    token_der: bytes,
    digest_of: DigestOf | None,
    findings: tuple[Finding, ...],
    end: int | None,
) -> TimeStampFacts:
    try:
        token = read_token(token_der)
    except MalformedInput as exc:
        unreadable = Finding("time_stamp_unreadable", exc.detail, exc.fix)
        return TimeStampFacts(name, kind, Integrity.UNVERIFIABLE, (*findings, unreadable), end=end)
    own = tuple(
        Finding(_ONLY_TOLD.get(item.code, item.code), item.message, item.fix)
        for item in token.findings
    )
    copied = _imprint_findings(token, digest_of)
    return TimeStampFacts(
        id=name,
        kind=kind,
        integrity=Integrity.BROKEN if copied else Integrity(token.integrity),
        findings=(*findings, *own, *copied),
        gen_time=token.gen_time,
        accuracy=0.0 if token.accuracy is None else token.accuracy.total_seconds(),
        certificate_der=token.certificate_der,
        certificates=token.certificates_der,
        issued_by=_name(token.certificate_der),
        algorithm=token.algorithm,
        end=end,
    )


def _name(certificate_der: bytes | None) -> str | None:
    """Name the authority as its certificate does: by the common name, else by all."""
    if certificate_der is None:
        return None
    try:
        subject = load_certificate(certificate_der).subject
    except MalformedInput:
        return None
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else subject.rfc4514_string()


def _imprint_findings(token: TimeStampToken, digest_of: DigestOf | None) -> tuple[Finding, ...]:
    """Require the imprint to be of what the time-stamp stands at; copied ones are not."""
    if token.hash is not None and digest_of is not None and digest_of(token.hash) == token.imprint:
        return ()
    if token.hash is None:
        # A finding of the token tells that its hash is not allowed.
        return ()
    return (
        Finding(
            "time_stamp_imprint_mismatch",
            "The time-stamp is not over what it stands at: it was taken from elsewhere, or what "
            "it was made over has been changed.",
            "Do not rely on this time-stamp.",
        ),
    )
