"""Reading one signature of a PDF, or one document time-stamp, where it was found.

Nothing is decided here. What a CMS structure or a token carries about certificates comes
back beside the facts, because it may speak for other signatures too.
"""

from __future__ import annotations

from dataclasses import dataclass

from idservice.ades.algorithm_facts import algorithm_facts, baseline_form
from idservice.ades.claims import claim_remarks, signer_claims
from idservice.ades.time_stamps import signature_time_stamps
from idservice.cms.carried_data import CarriedData
from idservice.cms.verification import CmsFacts, verify_detached
from idservice.crypto.algorithms import HashAlgorithm
from idservice.errors import Finding
from idservice.pades.dss import SecurityStore
from idservice.pades.level import (
    PKCS7_SHA1,
    X509_RSA_SHA1,
    claimed_signing_time,
    level,
    level_findings,
)
from idservice.pades.older_forms import verify_bare_value, verify_digest_content
from idservice.pades.time_stamps import document_time_stamp
from idservice.pdf.byte_range import ByteRange
from idservice.pdf.certificate_entry import read_certificate_entry
from idservice.pdf.frame import PdfData
from idservice.pdf.revisions import Revision
from idservice.pdf.signatures import SignatureDictionary
from idservice.validation.facts import Coverage, Integrity, SignatureFacts, TimeStampFacts


@dataclass(frozen=True, slots=True)
class FoundSignature:
    """One signature dictionary with what was read around it."""

    item: SignatureDictionary
    byte_range: ByteRange | None
    revision: Revision | None
    contents: bytes | None
    findings: tuple[Finding, ...]
    covered: bool = False
    store: SecurityStore | None = None


def signature_facts(
    data: PdfData, found: FoundSignature
) -> tuple[SignatureFacts, tuple[CarriedData, ...]]:
    """Read one signature, its time-stamps included, and the evidence that they carry."""
    digests = None if found.byte_range is None else _Digests(data, found.byte_range)
    cms = _cms(data, found, digests)
    item, revision = found.item, found.revision
    faults = found.findings + cms.findings
    shortcomings = (*level_findings(item, cms), *cms.remarks, *claim_remarks(cms.claimed))
    name = item.name or (f"object {item.object_number}" if item.object_number else "unnamed")
    end = _sound_end(found)
    stamps = signature_time_stamps(name, cms.time_stamps, cms.signature, end)
    facts = SignatureFacts(
        id=name,
        level=level(item, cms, baseline=baseline_form(faults + level_findings(item, cms))),
        integrity=Integrity(cms.integrity),
        coverage=_coverage(found, len(data)),
        findings=faults + shortcomings,
        certificate_der=cms.certificate_der,
        identified=cms.identified,
        certificates=cms.certificates,
        algorithm=cms.algorithm,
        claimed_signing_time=claimed_signing_time(item),
        revision=None if revision is None else revision.number,
        end=end,
        time_stamps=tuple(item.facts for item in stamps),
        algorithms=algorithm_facts(cms.signed_with),
        claims=signer_claims(
            cms.claimed, reason=item.reason, location=item.location, contact=item.contact
        ),
        format_name=item.sub_filter,
        digest=_signed_digest(cms, digests),
        value=cms.signature,
    )
    return facts, (cms.carried, *(item.carried for item in stamps))


def time_stamp_facts(
    data: PdfData, found: FoundSignature
) -> tuple[TimeStampFacts, tuple[CarriedData, ...]]:
    """Read one document time-stamp, and the evidence that it carries."""
    digest_of = None if found.byte_range is None else _Digests(data, found.byte_range)
    read = document_time_stamp(
        found.item, found.contents or b"", digest_of, found.findings, _sound_end(found)
    )
    return read.facts, (read.carried,)


def _sound_end(found: FoundSignature) -> int | None:
    """How many bytes the signature covers, None when the coverage is broken."""
    return found.byte_range.end if found.covered and found.byte_range is not None else None


def _coverage(found: FoundSignature, size: int) -> Coverage:
    if found.byte_range is None or not found.covered:
        return Coverage.BROKEN
    return Coverage.WHOLE_FILE if found.byte_range.end == size else Coverage.REVISION


def _signed_digest(cms: CmsFacts, digests: _Digests | None) -> tuple[str, bytes] | None:
    """The digest of the covered bytes, with the hash that the signature was made with."""
    if digests is None or cms.signed_with is None or cms.signed_with.digest is None:
        return None
    name = cms.signed_with.digest
    return (name, digests.known[name]) if name in digests.known else None


def _cms(data: PdfData, found: FoundSignature, digest_of: _Digests | None) -> CmsFacts:
    if found.contents is None or digest_of is None:
        return CmsFacts(Integrity.UNVERIFIABLE.value, ())
    if found.item.sub_filter == X509_RSA_SHA1 and found.item.node is not None:
        certificates = read_certificate_entry(data, found.item.node)
        return verify_bare_value(found.contents, certificates, digest_of)
    if found.item.sub_filter == PKCS7_SHA1:
        return verify_digest_content(found.contents, digest_of)
    return verify_detached(found.contents, digest_of)


class _Digests:
    """Digests a byte range, with each algorithm once; `known` are those so far, by name."""

    def __init__(self, data: PdfData, ranges: ByteRange) -> None:
        self._data, self._ranges = data, ranges
        self.known: dict[str, bytes] = {}

    def __call__(self, algorithm: HashAlgorithm) -> bytes:
        if algorithm.name not in self.known:
            view, ranges = memoryview(self._data), self._ranges
            state = algorithm.new(view[: ranges.first_length])
            state.update(view[ranges.second_start : ranges.end])
            self.known[algorithm.name] = state.digest()
        return self.known[algorithm.name]
