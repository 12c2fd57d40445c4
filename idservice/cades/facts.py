"""Reading what a detached CAdES signature says about its file (EN 319 122-1, RFC 5652).

Each SignerInfo is a signature of its own. It covers the whole file beside it or nothing, so
that there are no revisions and no later changes. Content inside of the structure is allowed
in CAdES: without a file it is what was signed, and with one both must be the same bytes.
Nothing is decided here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

from idservice.ades.algorithm_facts import algorithm_facts, baseline_form
from idservice.ades.claims import claim_remarks, signer_claims
from idservice.ades.gathering import carried_pieces, certificate_pieces, gather
from idservice.ades.time_stamps import ReadTimeStamp, signature_time_stamps
from idservice.cades.archive import SIGNATURE_END, ArchiveTimeStamps, read_archive
from idservice.cades.form import SignatureData, signature_der
from idservice.cades.hash_index import ARCHIVE_TIME_STAMP_V3
from idservice.cms.attribute_rules import SIGNING_TIME, cades_attribute_findings, single
from idservice.cms.carried_data import (
    CERTIFICATE_VALUES,
    REVOCATION_VALUES,
    attribute_data,
    revocation_data,
)
from idservice.cms.parsing import SignedData, SignerInfo, parse_signed_data
from idservice.cms.remarks import SIGNATURE_TIME_STAMP, unsigned_remarks
from idservice.cms.verification import ID_DATA, CmsFacts, DigestOf, verify_signer
from idservice.crypto import der_reader
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.ber import definite
from idservice.crypto.der_times import read_time
from idservice.errors import (
    Finding,
    InputTooLarge,
    MalformedCms,
    MalformedDer,
    SignedContentMissing,
)
from idservice.validation.facts import (
    CADES,
    Coverage,
    DocumentFacts,
    Integrity,
    SignatureFacts,
    StoredEvidence,
    TimeStampKind,
)

BASELINE_B = "CAdES_BASELINE_B"
BES = "CAdES_BES"
NOT_ETSI = "CMS_NOT_ETSI"

MAX_SIGNERS = 64
_KNOWN_ATTRIBUTES = frozenset({ARCHIVE_TIME_STAMP_V3, CERTIFICATE_VALUES, REVOCATION_VALUES})
_CONSTRUCTED_OCTETS = 0x24


def read_facts(
    signature: SignatureData, content: SignatureData | None, /, *, max_bytes: int
) -> DocumentFacts:
    """Read all signatures of a CMS file, in DER, BER or PEM, over the file `content`.

    Raises SignedContentMissing when there is nothing that could have been signed, and
    InputTooLarge. A damaged structure raises nothing: its facts say so.
    """
    if content is not None and len(content) > max_bytes:
        raise InputTooLarge(
            f"The signed file has {len(content)} bytes where at most {max_bytes} are read.",
            "Validate a smaller file, or raise the size limit in the settings.",
        )
    try:
        encoded = signature_der(signature)
        structure, end = definite(encoded)
        signed_data = parse_signed_data(structure)
        inside = _content(signed_data)
    except (MalformedCms, MalformedDer) as exc:
        return DocumentFacts(CADES, (), (Finding("cms_damaged", exc.detail, exc.fix),))
    if content is None and inside is None:
        raise SignedContentMissing(
            "The signature stands beside the file that it is over, and that file is not here.",
            "Put the file beside its signature, or name it: --content FILE, or the form's field "
            "content.",
        )
    if len(signed_data.signer_infos) > MAX_SIGNERS:
        raise InputTooLarge(
            f"The signature has more than {MAX_SIGNERS} signers.", "Validate them one by one."
        )
    told = (*_encoding_findings(encoded, structure, end), *_structure_findings(signed_data))
    return _document(signed_data, told, _digest_of(inside if content is None else content))


def _document(
    signed_data: SignedData, told: tuple[Finding, ...], digest_of: DigestOf
) -> DocumentFacts:
    """Read every signer; the archive time-stamps of a single one are over the whole."""
    alone = len(signed_data.signer_infos) == 1
    signatures: list[SignatureFacts] = []
    stamps: list[ReadTimeStamp] = []
    evidence: list[StoredEvidence] = []
    for number, signer in enumerate(signed_data.signer_infos, start=1):
        name = f"Signature{number}"
        archive = read_archive(name, signed_data, signer, digest_of)
        own = _time_stamps(name, signer, archive)
        cms = verify_signer(
            signed_data,
            signer,
            (*told, *cades_attribute_findings(signer, signed_data.content_type)),
            digest_of,
            detached=False,
        )
        cms = replace(cms, remarks=unsigned_remarks(signed_data, signer, _KNOWN_ATTRIBUTES))
        found = _signature(name, signer, cms, own)
        evidence += _evidence(signed_data, signer, archive, (*own, *archive.stamps))
        if alone:
            stamps += archive.stamps
        elif archive.stamps:
            found = replace(found, findings=(*found.findings, _not_judged()))
        signatures.append(found)
    return DocumentFacts(
        CADES, tuple(signatures), (), tuple(item.facts for item in stamps), gather(evidence)[0]
    )


def _signature(
    name: str,
    signer: SignerInfo,
    cms: CmsFacts,
    stamps: Sequence[ReadTimeStamp],
) -> SignatureFacts:
    time = _signing_time(signer)
    shortcomings = () if time is not None else (_time_missing(),)
    sound = baseline_form(cms.findings) and not shortcomings
    return SignatureFacts(
        id=name,
        level=(BASELINE_B if sound else BES) if cms.identified else NOT_ETSI,
        integrity=Integrity(cms.integrity),
        coverage=Coverage.WHOLE_FILE,
        findings=(*cms.findings, *shortcomings, *cms.remarks, *claim_remarks(cms.claimed)),
        certificate_der=cms.certificate_der,
        identified=cms.identified,
        certificates=cms.certificates,
        algorithm=cms.algorithm,
        claimed_signing_time=time,
        end=SIGNATURE_END,
        time_stamps=tuple(item.facts for item in stamps),
        algorithms=algorithm_facts(cms.signed_with),
        claims=signer_claims(cms.claimed),
        digest=cms.digest,
        value=cms.signature,
    )


def _time_stamps(
    name: str, signer: SignerInfo, archive: ArchiveTimeStamps
) -> tuple[ReadTimeStamp, ...]:
    """Read the time-stamps over the value, each with the position since which it is covered."""
    tokens = [
        value
        for item in signer.unsigned_attributes
        if item.oid == SIGNATURE_TIME_STAMP
        for value in item.values
    ]
    read = signature_time_stamps(name, tokens, signer.signature, None)
    return tuple(
        replace(
            item,
            facts=replace(item.facts, end=archive.end_of_attribute(SIGNATURE_TIME_STAMP, token)),
        )
        for item, token in zip(read, tokens, strict=False)
    )


def _evidence(
    signed_data: SignedData,
    signer: SignerInfo,
    archive: ArchiveTimeStamps,
    stamps: Sequence[ReadTimeStamp],
) -> Iterator[StoredEvidence]:
    """Everything that is carried about certificates, with the position of where it stands."""
    for certificate in signed_data.certificates:
        # They may be on the path of a time-stamp or of a statement as well as on the signer's.
        yield from certificate_pieces(certificate, archive.end_of_certificate(certificate))
    for choice in signed_data.revocation:
        yield from carried_pieces(revocation_data(choice), archive.end_of_revocation(choice))
    for item in signer.signed_attributes:
        for value in item.values:
            yield from carried_pieces(attribute_data(item.oid, value), SIGNATURE_END)
    for item in signer.unsigned_attributes:
        for value in item.values:
            end = archive.end_of_attribute(item.oid, value)
            yield from carried_pieces(attribute_data(item.oid, value), end)
    for stamp in stamps:
        # What a token carries beside its own signature is covered by a later one at most.
        behind = 0 if stamp.facts.kind is TimeStampKind.SIGNATURE else 1
        yield from carried_pieces(stamp.carried, (stamp.facts.end or archive.uncovered) + behind)


def _content(signed_data: SignedData) -> bytes | None:
    """Return the octets inside of the structure, which BER may have cut into pieces."""
    if signed_data.content is None:
        return None
    element = der_reader.read(signed_data.content)
    if element.tag == _CONSTRUCTED_OCTETS:
        return b"".join(item.octets() for item in element.elements().rest())
    return element.octets()


def _digest_of(content: SignatureData | None) -> DigestOf:
    """Digest the signed bytes, with each algorithm once."""
    digests: dict[str, bytes] = {}

    def digest_of(algorithm: HashAlgorithm) -> bytes:
        if algorithm.name not in digests:
            digests[algorithm.name] = algorithm.digest(memoryview(content or b""))
        return digests[algorithm.name]

    return digest_of


def _signing_time(signer: SignerInfo) -> dt.datetime | None:
    value = single(signer, SIGNING_TIME)
    try:
        return None if value is None else read_time(der_reader.read(value))
    except MalformedDer:
        return None


def _encoding_findings(encoded: bytes, structure: bytes, end: int) -> Iterator[Finding]:
    if encoded[end:]:
        yield Finding(
            "cms_trailing_data",
            "Data follows the CMS signature in its file, where nobody signed it.",
            "Ask the signer for the signature as it was made.",
        )
    if structure != encoded[:end]:
        yield Finding(
            "cms_ber",
            "The CMS signature is BER with indefinite lengths, so its bytes are not unique.",
            "",
        )


def _structure_findings(signed_data: SignedData) -> Iterator[Finding]:
    if signed_data.content_type != ID_DATA:
        yield Finding(
            "cms_content_type",
            f"The CMS structure is for content of type {signed_data.content_type}, not for plain "
            "data.",
            "Sign again with the content type id-data.",
        )


def _time_missing() -> Finding:
    return Finding(
        "signing_time_missing",
        "The signature does not claim a time of signing, as a CAdES baseline signature does.",
        "Sign again with a program that makes CAdES baseline signatures.",
    )


def _not_judged() -> Finding:
    return Finding(
        "archive_time_stamp_not_judged",
        "The structure has several signers, of whom this one has archive time-stamps; these are "
        "not judged and prove nothing.",
        "",
    )
