"""Reading a time-stamp token (RFC 3161, RFC 5816, EN 319 422) and verifying it against itself.

What must hold, in this order:
 (1) the structure can be read, is DER, and nothing but zero padding follows it;
 (2) exactly one SignerInfo, content of type id-ct-TSTInfo, of version 1;
 (3) signed attributes exist, are DER, each once and with one value;
 (4) the algorithms are allowed and all claims about them agree;
 (5) one certificate is named by signer identifier and ESS hash: never by its name alone,
     because another certificate of the same name can be put into the bag by anybody;
 (6) that certificate is for time-stamping only, and says so critically;
 (7) the message digest is the digest of the TSTInfo;
 (8) the signature value verifies over the signed attributes as they were sent.
Nothing is decided about trust, time, revocation, or what was stamped: that is the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.cms.algorithms import claimed_algorithm
from idservice.cms.attribute_rules import message_digest, single, token_attribute_findings
from idservice.cms.carried_data import NOTHING_CARRIED, CarriedData, carried_data
from idservice.cms.parsing import SignedData, SignerInfo, parse_signed_data
from idservice.cms.signing_certificate import (
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    Identification,
    choose,
    identify,
    read_reference,
)
from idservice.cms.time_stamp_info import ID_CT_TST_INFO, TimeStampInfo, read_info
from idservice.cms.verification import (
    BROKEN,
    INTACT,
    UNVERIFIABLE,
    claim_findings,
    value_findings,
)
from idservice.crypto import der_reader
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.ber import definite
from idservice.crypto.certificates import load_certificate
from idservice.crypto.recognised import LEGACY_HASHES, SignedWith, recognised_hash, signed_with
from idservice.crypto.recognised_keys import RecognisedKey
from idservice.errors import (
    Finding,
    MalformedCertificate,
    MalformedCms,
    MalformedDer,
    MalformedTimeStamp,
    UnsupportedAlgorithm,
)

_CONSTRUCTED_OCTETS = 0x24
_DIRECTORY_NAME = 0xA4


@dataclass(frozen=True, slots=True)
class TimeStampToken:
    """What one token says and whether it holds.

    `hash` is None when the imprint was made with a hash that is not even recognised (a finding
    tells which). `certificate_der` is the authority's, as signer identifier and ESS hash name it;
    `identified` tells that both did. `integrity` is about rules 7 and 8 alone: "intact",
    "broken" or "unverifiable"; `findings` are in the order of the rules. `algorithm` is the
    name of the signature algorithm when it is recognised, `signed_with` tells its parts.
    `carried` is the evidence about certificates that the structure holds besides.
    """

    token_der: bytes
    serial: int
    gen_time: datetime
    policy: str
    hash: HashAlgorithm | None
    imprint: bytes
    nonce: int | None
    accuracy: timedelta | None
    ordering: bool
    tsa_name_der: bytes | None
    certificates_der: tuple[bytes, ...]
    certificate_der: bytes | None
    identified: bool
    algorithm: str | None
    integrity: str
    findings: tuple[Finding, ...]
    signed_with: SignedWith | None = None
    carried: CarriedData = NOTHING_CARRIED


def read_token(token_der: bytes, certificates_der: Sequence[bytes] = ()) -> TimeStampToken:
    """Read a token, which zeros may follow, and verify it against itself.

    `certificates_der` are certificates that may have signed it besides those it carries,
    for tokens that carry none. Raises MalformedCms for what cannot be read as a token;
    everything else that is wrong becomes a finding.
    """
    findings: list[Finding] = []
    try:
        encoded, signed_data = _read(token_der, findings)
        content = _content(signed_data, findings)
        info = read_info(content)
    except (MalformedDer, MalformedTimeStamp) as exc:
        raise MalformedCms(
            f"The time-stamp token cannot be read: {exc.detail}",
            "Ask for the token as its authority made it.",
        ) from exc
    findings += _info_findings(signed_data, info)
    algorithm = _imprint_hash(info, findings)
    verified = _Verified(UNVERIFIABLE, Identification(None, by_reference=False, findings=()))
    carried = NOTHING_CARRIED
    if len(signed_data.signer_infos) == 1:
        carried = carried_data(signed_data, signed_data.signer_infos[0])
        extended = replace(signed_data, certificates=(*signed_data.certificates, *certificates_der))
        verified = _verify(extended, content, info, findings)
    return TimeStampToken(
        encoded,
        info.serial,
        info.gen_time,
        info.policy,
        algorithm,
        info.imprint.value,
        info.nonce,
        info.accuracy,
        info.ordering,
        info.tsa_name_der,
        signed_data.certificates,
        verified.found.certificate_der,
        verified.found.by_reference,
        verified.algorithm,
        verified.integrity,
        tuple(findings),
        verified.signed_with,
        carried,
    )


def time_stamping_findings(certificate_der: bytes) -> tuple[Finding, ...]:
    """Require a certificate that is for time-stamping alone (RFC 3161 cl. 2.3).

    One extended key usage, critical, with id-kp-timeStamping and nothing else.
    """
    try:
        extensions = load_certificate(certificate_der).extensions
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        if usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]:
            return ()
    except (MalformedCertificate, x509.ExtensionNotFound):
        pass
    return (
        Finding(
            "time_stamp_certificate_purpose",
            "The certificate of the time-stamping authority is not for time-stamping alone, so "
            "whoever holds its key may have been allowed to do something else with it.",
            "Use an authority whose certificate has time-stamping as its only, critical purpose.",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Verified:
    integrity: str
    found: Identification
    algorithm: str | None = None
    signed_with: SignedWith | None = None


def _read(token_der: bytes, findings: list[Finding]) -> tuple[bytes, SignedData]:
    encoded, end = definite(token_der)
    if token_der[end:].strip(b"\x00"):
        findings.append(
            Finding(
                "cms_trailing_data",
                "Data other than zero padding follows the time-stamp token, where nobody "
                "signed it.",
                "Ask for the token as its authority made it.",
            )
        )
    if encoded != token_der[:end]:
        findings.append(
            Finding(
                "cms_not_der",
                "The time-stamp token is BER with indefinite lengths, so its bytes are not unique.",
                "Use an authority that writes DER.",
            )
        )
    return token_der[:end], parse_signed_data(encoded)


def _content(signed_data: SignedData, findings: list[Finding]) -> bytes:
    """Return the octets of the TSTInfo, which BER may have cut into pieces."""
    if signed_data.content is None:
        raise MalformedTimeStamp("it carries no TSTInfo.")
    element = der_reader.read(signed_data.content)
    if element.tag != _CONSTRUCTED_OCTETS:
        return element.octets()
    if not any(item.code == "cms_not_der" for item in findings):
        findings.append(
            Finding(
                "cms_not_der",
                "The content of the time-stamp token comes in pieces, as DER does not allow.",
                "Use an authority that writes DER.",
            )
        )
    return b"".join(item.octets() for item in element.elements().rest())


def _info_findings(signed_data: SignedData, info: TimeStampInfo) -> list[Finding]:
    found = []
    if len(signed_data.signer_infos) != 1:
        found.append(
            Finding(
                "cms_signer_count",
                f"The time-stamp token has {len(signed_data.signer_infos)} signers where it must "
                "have exactly one; which of them counts would be a guess.",
                "Ask for the token as its authority made it.",
            )
        )
    if signed_data.content_type != ID_CT_TST_INFO:
        found.append(
            Finding(
                "cms_content_type",
                f"The token is for content of type {signed_data.content_type}, not for a "
                "time-stamp.",
                "Use the token of a time-stamping authority.",
            )
        )
    if info.version != 1:
        found.append(
            Finding(
                "time_stamp_version",
                f"The time-stamp says it has version {info.version}, and only version 1 exists.",
                "Use an authority that follows RFC 3161.",
            )
        )
    if not info.is_der:
        found.append(
            Finding(
                "time_stamp_not_der",
                "A part of what the time-stamp says is written in another form than DER.",
                "Use an authority that writes DER.",
            )
        )
    if info.critical_extensions:
        found.append(
            Finding(
                "time_stamp_extension_unknown",
                "The time-stamp has extensions that must be understood and are not: "
                f"{', '.join(info.critical_extensions[:5])}.",
                "Use an authority that follows EN 319 422 cl. 5.2, which allows none of these.",
            )
        )
    return found


def _imprint_hash(info: TimeStampInfo, findings: list[Finding]) -> HashAlgorithm | None:
    try:
        algorithm = recognised_hash(info.imprint.algorithm_oid)
    except UnsupportedAlgorithm as exc:
        findings.append(Finding("algorithm_not_allowed", exc.detail, exc.fix))
        return None
    if algorithm in LEGACY_HASHES:
        findings.append(
            Finding(
                "algorithm_legacy",
                f"The hash in the time-stamp is {algorithm.name}, which is computed, and is not on "
                "the list of hashes to rely upon.",
                "Use an authority that stamps SHA-256 or stronger.",
            )
        )
    if len(info.imprint.value) != algorithm.size:
        findings.append(
            Finding(
                "time_stamp_imprint_length",
                f"The hash in the time-stamp does not have the length of {algorithm.name}, so it "
                "is the hash of nothing.",
                "Ask for another time-stamp.",
            )
        )
    return algorithm


def _verify(
    signed_data: SignedData, content: bytes, info: TimeStampInfo, findings: list[Finding]
) -> _Verified:
    signer = signed_data.signer_infos[0]
    # Rule 3.
    findings += token_attribute_findings(signer, ID_CT_TST_INFO)
    # Rule 4.
    algorithm, mismatches = claimed_algorithm(signer)
    findings += mismatches
    findings += claim_findings(signed_data, signer)
    # Rule 5.
    found = _signing_certificate(signed_data, signer, findings)
    # Rules 6 to 8.
    faults: tuple[Finding, ...] = ()
    used: RecognisedKey | None = None
    if found.certificate_der is not None:
        findings += time_stamping_findings(found.certificate_der)
        findings += _name_findings(info, found.certificate_der)
        if algorithm is not None:
            used, faults = value_findings(signer, algorithm, found.certificate_der)
    tied, differs = _digest(signer, content)
    findings += (*differs, *faults)
    broken = differs or any(item.code == "signature_invalid" for item in faults)
    intact = used is not None and tied
    integrity = BROKEN if broken else INTACT if intact else UNVERIFIABLE
    if algorithm is None:
        return _Verified(integrity, found)
    described = signed_with(algorithm, None if used is None else used.bits)
    return _Verified(integrity, found, algorithm.name, described)


def _signing_certificate(
    signed_data: SignedData, signer: SignerInfo, findings: list[Finding]
) -> Identification:
    """Rule 5; of two ESS attributes the newer decides and the older must agree."""
    references = []
    for oid in (SIGNING_CERTIFICATE_V2, SIGNING_CERTIFICATE):
        value = single(signer, oid)
        if value is not None:
            reference, faults = read_reference(oid, value)
            findings += faults
            references += [reference] if reference is not None else []
    if not references and not any(item.code.startswith("signing_cert") for item in findings):
        findings.append(
            Finding(
                "signing_certificate_attribute_missing",
                "The time-stamp token does not say which certificate it was made with, so another "
                "certificate for the same key could take its place.",
                "Use an authority that follows RFC 5816.",
            )
        )
    named = identify(signed_data, signer.signer)
    found = choose(named, references[0] if references else None)
    for other in references[1:]:
        if found.by_reference and found.certificate_der is not None:
            agreed = choose((found.certificate_der,), other)
            found = found if agreed.by_reference else agreed
    findings += found.findings
    return found


def _name_findings(info: TimeStampInfo, certificate_der: bytes) -> tuple[Finding, ...]:
    """RFC 3161 cl. 2.4.2: the name, when given, is one of the certificate's subject names."""
    if info.tsa_name_der is None or info.tsa_name_der[0] != _DIRECTORY_NAME:
        return ()
    try:
        named = der_reader.read(info.tsa_name_der).elements().take().encoded
        if x509.Name.from_bytes(named) == load_certificate(certificate_der).subject:
            return ()
    except (MalformedCertificate, MalformedDer, ValueError, TypeError):
        pass
    return (
        Finding(
            "time_stamp_name_mismatch",
            "The time-stamp names another authority than the certificate it was made with.",
            "Rely on the certificate only; the name is a hint.",
        ),
    )


def _digest(signer: SignerInfo, content: bytes) -> tuple[bool, tuple[Finding, ...]]:
    """Rule 7: whether a message digest ties the attributes to the content, and if it differs."""
    expected = message_digest(signer)
    if expected is None:
        return False, ()
    try:
        if recognised_hash(signer.digest_algorithm.oid).digest(content) == expected:
            return True, ()
    except UnsupportedAlgorithm:
        return False, ()
    return True, (
        Finding(
            "digest_mismatch",
            "What the time-stamp says is not what its authority signed: it was changed.",
            "Do not rely on this time-stamp; ask for the token as it was made.",
        ),
    )
