"""Verifying a detached CMS signature against the rules of PAdES.

What must hold, in this order (RFC 5652 cl. 5, EN 319 142-1 cl. 6.3):
 (1) the structure can be read, is DER, and nothing but zero padding follows it;
 (2) exactly one SignerInfo, no content inside, content type id-data;
 (3) signed attributes exist, are DER, each once and with one value;
 (4) content-type and message-digest are there, no attribute that PAdES forbids;
 (5) the algorithms are allowed and all claims about them agree;
 (6) one certificate is named by signer identifier and ESS hash;
 (7) the message digest is the digest of the signed bytes;
 (8) the signature value verifies over the signed attributes as they were sent.
Nothing is decided about trust, time or revocation. Every fault becomes a finding, so
that a report can name all of them; `integrity` is about rules 7 and 8 alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idservice.cms.algorithms import (
    CMS_ALGORITHM_PROTECTION,
    claimed_algorithm,
    legacy_key_findings,
    protection_findings,
)
from idservice.cms.attribute_rules import (
    MESSAGE_DIGEST,
    attribute_findings,
    message_digest,
    single,
)
from idservice.cms.carried_data import NOTHING_CARRIED, CarriedData, carried_data
from idservice.cms.claimed import NOTHING_CLAIMED, Claimed, read_claims
from idservice.cms.parsing import SignedData, SignerInfo, parse_signed_data
from idservice.cms.remarks import SIGNATURE_TIME_STAMP, unsigned_remarks
from idservice.cms.signing_certificate import (
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    EssReference,
    choose,
    identify,
    read_reference,
)
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.ber import definite
from idservice.crypto.certificates import subject_public_key_info
from idservice.crypto.der_reader import context
from idservice.crypto.recognised import (
    RecognisedAlgorithm,
    SignedWith,
    hash_parameters_fit,
    recognised_hash,
    signed_with,
)
from idservice.crypto.recognised_keys import RecognisedKey, verify_recognised
from idservice.errors import (
    Finding,
    MalformedCms,
    MalformedDer,
    MalformedKey,
    SignatureInvalid,
    UnsupportedAlgorithm,
)

INTACT = "intact"
BROKEN = "broken"
UNVERIFIABLE = "unverifiable"

ID_DATA = "1.2.840.113549.1.7.1"

DigestOf = Callable[[HashAlgorithm], bytes]


@dataclass(frozen=True, slots=True)
class CmsFacts:
    """What one CMS signature says and whether it holds.

    `certificate_der` is the signing certificate when one was found; `identified` tells
    that the ESS hash named it too. `findings` are in the order of the numbered rules;
    `remarks` are about parts that nobody signed and no rule asks for. `time_stamps` are the
    tokens over the value `signature`, as they came along; they were not looked at, and
    neither was `carried`, the evidence about certificates. `signed_with` tells scheme, hash and
    size of the key, whether or not they are good enough; `digest` is that of what was signed;
    `claimed` is what the signer says in signed attributes.
    """

    integrity: str
    findings: tuple[Finding, ...]
    certificate_der: bytes | None = None
    identified: bool = False
    certificates: tuple[bytes, ...] = ()
    algorithm: str | None = None
    content_type: str | None = None
    signed_attributes: tuple[str, ...] = ()
    signature: bytes | None = None
    time_stamps: tuple[bytes, ...] = ()
    remarks: tuple[Finding, ...] = ()
    signed_with: SignedWith | None = None
    carried: CarriedData = NOTHING_CARRIED
    digest: tuple[str, bytes] | None = None
    claimed: Claimed = NOTHING_CLAIMED


def verify_detached(contents: bytes, digest_of: DigestOf) -> CmsFacts:
    """Verify the CMS in `contents`, which zeros may follow.

    `digest_of` returns the digest of the signed bytes with a given hash. Never raises
    for what the signature is: all faults are findings.
    """
    findings: list[Finding] = []
    try:
        # Rule 1.
        signed_data = _read(contents, findings)
        # Rule 2.
        signer = _only_signer(signed_data)
    except (MalformedCms, MalformedDer) as exc:
        unreadable = Finding("cms_unreadable", exc.detail, exc.fix)
        return CmsFacts(UNVERIFIABLE, (*findings, unreadable))
    findings += _content_findings(signed_data)
    if signer is None:
        return CmsFacts(
            UNVERIFIABLE,
            (*findings, signer_count(signed_data)),
            certificates=signed_data.certificates,
            content_type=signed_data.content_type,
        )
    # Rules 3 and 4.
    findings += attribute_findings(signer)
    return verify_signer(signed_data, signer, tuple(findings), digest_of)


def verify_signer(
    signed_data: SignedData,
    signer: SignerInfo,
    findings: tuple[Finding, ...],
    digest_of: DigestOf,
    *,
    detached: bool = True,
) -> CmsFacts:
    """Verify one SignerInfo by the rules 5 to 8, after `findings` by the rules before.

    `digest_of` returns the digest of what was signed with a given hash. With `detached`
    content inside the structure keeps the integrity unverifiable: what was signed is then not
    the document. Never raises for what the signature is.
    """
    found_so_far = list(findings)
    # Rule 5.
    algorithm, mismatches = claimed_algorithm(signer)
    found_so_far += mismatches
    found_so_far += claim_findings(signed_data, signer)
    # Rule 6.
    reference, faults = _reference(signer)
    found_so_far += faults
    found = choose(identify(signed_data, signer.signer), reference)
    found_so_far += found.findings
    # Rules 7 and 8.
    integrity, used = UNVERIFIABLE, None
    if signed_data.content is None or not detached:
        integrity, used, faults = _integrity(signer, algorithm, found.certificate_der, digest_of)
        found_so_far += faults
    return CmsFacts(
        integrity,
        tuple(found_so_far),
        found.certificate_der,
        found.by_reference,
        signed_data.certificates,
        None if algorithm is None else algorithm.name,
        signed_data.content_type,
        tuple(item.oid for item in signer.signed_attributes),
        signer.signature,
        tuple(
            value
            for item in signer.unsigned_attributes
            if item.oid == SIGNATURE_TIME_STAMP
            for value in item.values
        ),
        unsigned_remarks(signed_data, signer),
        None if algorithm is None else signed_with(algorithm, None if used is None else used.bits),
        carried_data(signed_data, signer),
        _digest(signer, digest_of),
        read_claims(signer),
    )


def _read(contents: bytes, findings: list[Finding]) -> SignedData:
    encoded, end = definite(contents)
    if contents[end:] != bytes(len(contents) - end):
        findings.append(
            Finding(
                "cms_trailing_data",
                "Data other than zero padding follows the CMS signature inside /Contents, where "
                "nobody signed it.",
                "Ask the signer for the file as it was signed.",
            )
        )
    if encoded != contents[:end]:
        findings.append(
            Finding(
                "cms_not_der",
                "The CMS signature is BER with indefinite lengths where PAdES asks for DER, so "
                "its bytes are not unique.",
                "Sign again with a program that writes DER.",
            )
        )
    return parse_signed_data(encoded)


def _only_signer(signed_data: SignedData) -> SignerInfo | None:
    return signed_data.signer_infos[0] if len(signed_data.signer_infos) == 1 else None


def signer_count(signed_data: SignedData) -> Finding:
    """Return the finding that a structure does not have exactly one signer."""
    return Finding(
        "cms_signer_count",
        f"The CMS structure has {len(signed_data.signer_infos)} signers where a PDF signature "
        "has exactly one; which of them counts would be a guess.",
        "Give every signer a signature field of their own.",
    )


def _content_findings(signed_data: SignedData) -> list[Finding]:
    findings = []
    if signed_data.content is not None:
        findings.append(
            Finding(
                "cms_content_present",
                "The CMS structure carries content of its own, although a PDF signature is over "
                "the bytes of the file.",
                "Sign again with a detached signature.",
            )
        )
    if signed_data.content_type != ID_DATA:
        findings.append(
            Finding(
                "cms_content_type",
                f"The CMS structure is for content of type {signed_data.content_type}, not for "
                "plain data.",
                "Sign again with the content type id-data.",
            )
        )
    return findings


def claim_findings(signed_data: SignedData, signer: SignerInfo) -> list[Finding]:
    """Return what the structure says about versions and algorithms that does not agree."""
    findings: list[Finding] = _structure_version(signed_data)
    listed = [item.oid for item in signed_data.digest_algorithms]
    if len(set(listed)) != len(listed):
        findings.append(
            Finding(
                "digest_algorithm_repeated",
                "The list of digest algorithms at the head of the CMS structure names one twice, "
                "as no program writes it: something was put in after signing.",
                "Ask the signer for the file as it was signed.",
            )
        )
    plain = all(hash_parameters_fit(item) for item in signed_data.digest_algorithms)
    if signer.digest_algorithm.oid not in listed or not plain:
        findings.append(
            Finding(
                "digest_algorithm_not_listed",
                "The digest algorithm of the signer is not in the list at the head of the CMS "
                "structure, or the list is not plain.",
                "Sign again with a program that follows RFC 5652.",
            )
        )
    protection = single(signer, CMS_ALGORITHM_PROTECTION)
    if protection is not None:
        findings += protection_findings(signer, protection)
    return findings


def _structure_version(signed_data: SignedData) -> list[Finding]:
    if signed_data.version == _expected_version(signed_data):
        return []
    return [
        Finding(
            "cms_version",
            f"The CMS structure has version {signed_data.version}, which does not belong to what "
            "is in it.",
            "Sign again with a program that follows RFC 5652.",
        )
    ]


def _expected_version(signed_data: SignedData) -> int:
    """RFC 5652 cl. 5.1: which version belongs to what is inside."""
    kinds = {item[0] for item in signed_data.certificate_choices}
    if context(3) in kinds or any(item[0] == context(1) for item in signed_data.revocation):
        return 5
    if context(2) in kinds:
        return 4
    plain = signed_data.content_type == ID_DATA and context(1) not in kinds
    signers = {item.version for item in signed_data.signer_infos}
    return 1 if plain and signers <= {1} else 3


def _reference(signer: SignerInfo) -> tuple[EssReference | None, tuple[Finding, ...]]:
    for oid in (SIGNING_CERTIFICATE_V2, SIGNING_CERTIFICATE):
        value = single(signer, oid)
        if value is not None:
            return read_reference(oid, value)
    return None, (
        Finding(
            "signing_certificate_attribute_missing",
            "The signature does not say which certificate it was made with, so another "
            "certificate for the same key could take its place.",
            "Sign again with the attribute signing-certificate-v2 (PAdES baseline).",
        ),
    )


def _integrity(
    signer: SignerInfo,
    algorithm: RecognisedAlgorithm | None,
    certificate_der: bytes | None,
    digest_of: DigestOf,
) -> tuple[str, RecognisedKey | None, tuple[Finding, ...]]:
    """Rules 7 and 8; both are evaluated, because both are worth telling."""
    findings: list[Finding] = []
    if _digest_differs(signer, digest_of):
        findings.append(_digest_mismatch())
    used: RecognisedKey | None = None
    if algorithm is not None and certificate_der is not None:
        used, faults = value_findings(signer, algorithm, certificate_der)
        findings += faults
    if any(item.code in ("digest_mismatch", "signature_invalid") for item in findings):
        return BROKEN, used, tuple(findings)
    # Without a message digest the signed attributes say nothing about the document.
    tied = message_digest(signer) is not None
    return INTACT if used is not None and tied else UNVERIFIABLE, used, tuple(findings)


def value_findings(
    signer: SignerInfo, algorithm: RecognisedAlgorithm, certificate_der: bytes
) -> tuple[RecognisedKey | None, tuple[Finding, ...]]:
    """Verify the signature value over the signed attributes as they were sent (rule 8).

    Returns the key when the value verifies under it, and what is to be said.
    """
    if signer.signed_attributes_der is None:
        return None, ()
    try:
        spki_der = subject_public_key_info(certificate_der)
        key = verify_recognised(spki_der, algorithm, signer.signature, signer.signed_attributes_der)
    except SignatureInvalid as exc:
        return None, (Finding("signature_invalid", exc.detail, exc.fix),)
    except UnsupportedAlgorithm as exc:
        return None, (Finding("algorithm_not_allowed", exc.detail, exc.fix),)
    except (MalformedKey, MalformedDer) as exc:
        return None, (Finding("signing_certificate_unreadable", exc.detail, exc.fix),)
    return key, legacy_key_findings(key)


def _digest(signer: SignerInfo, digest_of: DigestOf) -> tuple[str, bytes] | None:
    try:
        algorithm = recognised_hash(signer.digest_algorithm.oid)
    except UnsupportedAlgorithm:
        return None
    return algorithm.name, digest_of(algorithm)


def _digest_differs(signer: SignerInfo, digest_of: DigestOf) -> bool:
    """Whether the signed message digest is another than that of the signed bytes."""
    expected = message_digest(signer)
    if expected is None:
        return False
    try:
        return expected != digest_of(recognised_hash(signer.digest_algorithm.oid))
    except UnsupportedAlgorithm:
        return False


def _digest_mismatch() -> Finding:
    return Finding(
        "digest_mismatch",
        "The signed bytes are not those that were signed: the document was changed after signing.",
        "Use the original file; this copy must not be relied upon.",
    )


__all__ = [
    "BROKEN",
    "INTACT",
    "MESSAGE_DIGEST",
    "UNVERIFIABLE",
    "CmsFacts",
    "verify_detached",
    "verify_signer",
]
