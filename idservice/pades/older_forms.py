"""The two older forms of PDF signatures (ISO 32000-1 cl. 12.8.3.2 and 12.8.3.3.1).

adbe.x509.rsa_sha1: /Contents is a bare PKCS#1 value over the byte range, with SHA-1. No
attribute names the certificate; /Cert does, and stands inside of what is signed.
adbe.pkcs7.sha1: a CMS structure whose content is the SHA-1 digest of the byte range.
Both are computed; whether they may be relied upon is for the policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idservice.cms.attribute_rules import attribute_findings
from idservice.cms.parsing import SignedData, parse_signed_data
from idservice.cms.verification import (
    BROKEN,
    INTACT,
    UNVERIFIABLE,
    CmsFacts,
    DigestOf,
    signer_count,
    verify_signer,
)
from idservice.crypto import der_reader
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.ber import definite
from idservice.crypto.certificates import subject_public_key_info
from idservice.crypto.recognised import SHA1, RecognisedAlgorithm, SignedWith, signed_with
from idservice.crypto.recognised_keys import verify_rsa_digest
from idservice.errors import (
    Finding,
    MalformedCms,
    MalformedDer,
    MalformedKey,
    SignatureInvalid,
    UnsupportedAlgorithm,
)

_RSA_SHA1 = RecognisedAlgorithm("rsa", SHA1)
_FIX = "Ask for a PAdES signature (ETSI.CAdES.detached)."


def verify_bare_value(
    contents: bytes, certificates: Sequence[bytes], digest_of: DigestOf
) -> CmsFacts:
    """Verify an adbe.x509.rsa_sha1 value, which zeros may follow, under the first certificate.

    `digest_of` returns the digest of the byte range. Never raises for what it is.
    """
    try:
        encoded, end = definite(contents)
        value = der_reader.read(encoded).octets()
    except MalformedDer as exc:
        return CmsFacts(UNVERIFIABLE, (Finding("cms_unreadable", exc.detail, exc.fix),))
    findings = [_legacy(), *_padding(contents[end:])]
    if not certificates:
        findings.append(
            Finding(
                "signing_certificate_missing",
                "The signature dictionary does not hold the certificate of its signer, so nothing "
                "tells who signed.",
                _FIX,
            )
        )
        return CmsFacts(UNVERIFIABLE, tuple(findings), algorithm=_RSA_SHA1.name, signature=value)
    integrity, used, faults = _verify(certificates[0], value, digest_of)
    return CmsFacts(
        integrity,
        (*findings, *faults),
        certificates[0],
        identified=True,
        certificates=tuple(certificates),
        algorithm=_RSA_SHA1.name,
        signature=value,
        signed_with=used,
        digest=(SHA1.name, digest_of(SHA1)),
    )


def verify_digest_content(contents: bytes, digest_of: DigestOf) -> CmsFacts:
    """Verify an adbe.pkcs7.sha1 structure, which zeros may follow.

    `digest_of` returns the digest of the byte range. Never raises for what it is.
    """
    try:
        encoded, end = definite(contents)
        signed_data = parse_signed_data(encoded)
        content = None if signed_data.content is None else _octets(signed_data.content)
    except (MalformedCms, MalformedDer) as exc:
        return CmsFacts(UNVERIFIABLE, (Finding("cms_unreadable", exc.detail, exc.fix),))
    findings = _padding(contents[end:])
    if len(signed_data.signer_infos) != 1 or content is None:
        return _unusable(signed_data, findings, content)
    differs = content != digest_of(SHA1)
    if differs:
        findings.append(
            Finding(
                "digest_mismatch",
                "The signed bytes are not those that were signed: the document was changed after "
                "signing.",
                "Use the original file; this copy must not be relied upon.",
            )
        )
    signer = signed_data.signer_infos[0]

    def digest_of_content(algorithm: HashAlgorithm) -> bytes:
        return algorithm.digest(content)

    found = (*findings, *attribute_findings(signer))
    facts = verify_signer(signed_data, signer, found, digest_of_content, detached=False)
    facts = replace(facts, digest=(SHA1.name, digest_of(SHA1)))
    return replace(facts, integrity=BROKEN) if differs else facts


def _unusable(
    signed_data: SignedData, findings: Sequence[Finding], content: bytes | None
) -> CmsFacts:
    told = list(findings)
    if len(signed_data.signer_infos) != 1:
        told.append(signer_count(signed_data))
    if content is None:
        told.append(
            Finding(
                "cms_content_type",
                "The CMS structure does not hold the digest of the document, as its kind asks.",
                _FIX,
            )
        )
    return CmsFacts(UNVERIFIABLE, tuple(told), certificates=signed_data.certificates)


def _octets(content: bytes) -> bytes:
    return der_reader.read(content).octets()


def _verify(
    certificate_der: bytes, value: bytes, digest_of: DigestOf
) -> tuple[str, SignedWith, tuple[Finding, ...]]:
    try:
        spki_der = subject_public_key_info(certificate_der)
        key = verify_rsa_digest(spki_der, SHA1, value, digest_of(SHA1))
    except SignatureInvalid as exc:
        found = Finding("signature_invalid", exc.detail, exc.fix)
        return BROKEN, signed_with(_RSA_SHA1, None), (found,)
    except UnsupportedAlgorithm as exc:
        found = Finding("algorithm_not_allowed", exc.detail, exc.fix)
        return UNVERIFIABLE, signed_with(_RSA_SHA1, None), (found,)
    except (MalformedKey, MalformedDer) as exc:
        found = Finding("signing_certificate_unreadable", exc.detail, exc.fix)
        return UNVERIFIABLE, signed_with(_RSA_SHA1, None), (found,)
    return INTACT, signed_with(_RSA_SHA1, key.bits), ()


def _legacy() -> Finding:
    return Finding(
        "algorithm_legacy",
        "The signature is made with rsa-sha1, which is verified, and is not on the list of "
        "algorithms to rely upon: others may be able to forge what it protects.",
        _FIX,
    )


def _padding(rest: bytes) -> list[Finding]:
    if not rest.strip(b"\x00"):
        return []
    return [
        Finding(
            "cms_trailing_data",
            "Data other than zero padding follows the signature inside /Contents, where nobody "
            "signed it.",
            "Ask the signer for the file as it was signed.",
        )
    ]
