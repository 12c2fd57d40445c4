"""Reading time-stamp tokens, and whether they are over what they stand at.

A time-stamp over a signature is over its value (RFC 3161 appendix A, EN 319 122-1 cl. 5.3).
Nothing is decided here, and no certificate is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.x509.oid import NameOID

from idservice.ades.algorithm_facts import algorithm_facts
from idservice.cms.carried_data import NOTHING_CARRIED, CarriedData
from idservice.cms.time_stamp_token import TimeStampToken, read_token
from idservice.cms.verification import DigestOf
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.certificates import load_certificate, readable_name
from idservice.errors import Finding, MalformedInput
from idservice.validation.facts import Integrity, TimeStampFacts, TimeStampKind

MAX_SIGNATURE_TIME_STAMPS = 16
"""Time-stamps over one signature that are read; nobody needs more."""

# In a token these are only told: nobody can choose another encoding for a profit, and
# authorities named their certificate by SHA-1 long after it was weak (RFC 5816 cl. 1).
_ONLY_TOLD = {
    "cms_not_der": "time_stamp_not_der",
    "signing_certificate_sha1": "time_stamp_reference_sha1",
}


@dataclass(frozen=True, slots=True)
class ReadTimeStamp:
    """A time-stamp, and the evidence about certificates that its token carries."""

    facts: TimeStampFacts
    carried: CarriedData = NOTHING_CARRIED


def signature_time_stamps(
    name: str, tokens: Sequence[bytes], signature: bytes | None, end: int | None
) -> tuple[ReadTimeStamp, ...]:
    """Read the time-stamps over the value of one signature, which `name` names."""

    def digest_of(algorithm: HashAlgorithm) -> bytes:
        return algorithm.digest(signature or b"")

    return tuple(
        read_time_stamp(
            f"{name} time-stamp {number}",
            TimeStampKind.SIGNATURE,
            token,
            None if signature is None else digest_of,
            (),
            end,
        )
        for number, token in enumerate(tokens[:MAX_SIGNATURE_TIME_STAMPS], start=1)
    )


def read_time_stamp(
    name: str,
    kind: TimeStampKind,
    token_der: bytes,
    digest_of: DigestOf | None,
    findings: tuple[Finding, ...],
    end: int | None,
) -> ReadTimeStamp:
    """Read one token, which zeros may follow; raise nothing for what it is.

    `digest_of` returns the digest of what it must be over, None when nobody knows; `findings`
    are what is wrong with where it stands; `end` is where that ends.
    """
    try:
        token = read_token(token_der)
    except MalformedInput as exc:
        unreadable = Finding("time_stamp_unreadable", exc.detail, exc.fix)
        found = (*findings, unreadable)
        return ReadTimeStamp(TimeStampFacts(name, kind, Integrity.UNVERIFIABLE, found, end=end))
    own = tuple(
        Finding(_ONLY_TOLD.get(item.code, item.code), item.message, item.fix)
        for item in token.findings
    )
    copied = _imprint_findings(token, digest_of)
    facts = TimeStampFacts(
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
        algorithms=algorithm_facts(token.signed_with),
        imprint=None if token.hash is None else (token.hash.name, token.imprint),
        der=token.token_der,
    )
    return ReadTimeStamp(facts, token.carried)


def _name(certificate_der: bytes | None) -> str | None:
    """Name the authority as its certificate does: by the common name, else by all."""
    if certificate_der is None:
        return None
    try:
        subject = load_certificate(certificate_der).subject
    except MalformedInput:
        return None
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else readable_name(subject)


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
