"""Document time-stamps: which signature dictionaries hold one (EN 319 142-1 cl. 5.4.3)."""

from __future__ import annotations

from idservice.ades.time_stamps import ReadTimeStamp, read_time_stamp
from idservice.cms.parsing import parse_signed_data
from idservice.cms.time_stamp_info import ID_CT_TST_INFO
from idservice.cms.verification import DigestOf
from idservice.crypto.ber import definite
from idservice.errors import Finding, MalformedInput
from idservice.pades.level import RFC3161
from idservice.pdf.signatures import SignatureDictionary
from idservice.validation.facts import TimeStampKind

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
) -> ReadTimeStamp:
    """Read a document time-stamp; `findings` are what is wrong with its dictionary and range.

    `digest_of` returns the digest of its byte range, None when that cannot be read.
    """
    about = tuple(one for one in findings if one.code not in _NOT_FOR_TIME_STAMPS)
    return read_time_stamp(
        item.name or f"object {item.object_number}",
        TimeStampKind.DOCUMENT,
        contents,
        digest_of,
        about,
        end,
    )
