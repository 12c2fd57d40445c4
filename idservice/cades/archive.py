"""Reading the archive time-stamps of one signer, and since when they cover what it carries.

Positions stand for what is covered: the signature itself is at 1, the archive time-stamps
from the oldest to the newest are at 2, 3, …, and each covers all positions below its own.
What a time-stamp and all newer ones list is at the position of that time-stamp; what is not
listed is behind all of them, and nothing proves its age.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from idservice.ades.time_stamps import ReadTimeStamp, read_time_stamp
from idservice.cades.hash_index import (
    ARCHIVE_TIME_STAMP_V3,
    HashIndex,
    archive_imprint,
    read_hash_index,
)
from idservice.cms.parsing import SignedData, SignerInfo
from idservice.cms.verification import DigestOf
from idservice.crypto.algorithms import HashAlgorithm
from idservice.errors import Finding, MalformedInput, Unsupported
from idservice.validation.facts import TimeStampKind

MAX_ARCHIVE_TIME_STAMPS = 16
"""Archive time-stamps of one signer that are read; one is added every few years."""

SIGNATURE_END = 1
"""The position of the signature itself, which every archive time-stamp covers."""

_LAST = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class _Archive:
    """One archive time-stamp token as it stands, with its index when that can be read."""

    token_der: bytes
    read: ReadTimeStamp
    index: HashIndex | None


@dataclass(frozen=True, slots=True)
class ArchiveTimeStamps:
    """The archive time-stamps of one signer, oldest first, with `end` as their positions."""

    stamps: tuple[ReadTimeStamp, ...]
    _indexes: tuple[HashIndex | None, ...]

    @property
    def uncovered(self) -> int:
        """The position of what no archive time-stamp covers."""
        return SIGNATURE_END + len(self.stamps) + 1

    def end_of_attribute(self, oid: str, value_der: bytes) -> int:
        """Return the position of one value of an unsigned attribute."""
        return self._end([_covers(item, oid, value_der) for item in self._indexes])

    def end_of_certificate(self, choice_der: bytes) -> int:
        """Return the position of one element of `certificates`."""
        return self._end(
            [item is not None and item.covers_certificate(choice_der) for item in self._indexes]
        )

    def end_of_revocation(self, choice_der: bytes) -> int:
        """Return the position of one element of `crls`."""
        return self._end(
            [item is not None and item.covers_revocation(choice_der) for item in self._indexes]
        )

    def _end(self, covered: Sequence[bool]) -> int:
        """The first from which on all cover it."""
        position = self.uncovered
        for number in range(len(covered) - 1, -1, -1):
            if not covered[number]:
                break
            position = SIGNATURE_END + 1 + number
        return position


def read_archive(
    name: str, signed_data: SignedData, signer: SignerInfo, digest_of: DigestOf
) -> ArchiveTimeStamps:
    """Read the archive time-stamps of the signer that `name` names; raise nothing.

    `digest_of` returns the digest of the signed content. A token whose index leaves out an
    older one, or lists what is not there any more, has a finding and proves nothing.
    """
    tokens = [
        value
        for attribute in signer.unsigned_attributes
        if attribute.oid == ARCHIVE_TIME_STAMP_V3
        for value in attribute.values
    ][:MAX_ARCHIVE_TIME_STAMPS]
    found = [
        _read(f"{name} archive time-stamp {number}", token, signed_data, signer, digest_of)
        for number, token in enumerate(tokens, start=1)
    ]
    found.sort(key=lambda item: item.read.facts.gen_time or _LAST)
    stamps = [
        _placed(item, number, [older.token_der for older in found[:number]])
        for number, item in enumerate(found)
    ]
    return ArchiveTimeStamps(tuple(stamps), tuple(item.index for item in found))


def _read(
    name: str, token_der: bytes, signed_data: SignedData, signer: SignerInfo, digest_of: DigestOf
) -> _Archive:
    findings: tuple[Finding, ...] = ()
    index: HashIndex | None = None
    try:
        index = read_hash_index(token_der)
    except (MalformedInput, Unsupported) as exc:
        findings = (_incomplete(exc.detail),)
    else:
        if missing := index.missing(signed_data, signer):
            findings = (_incomplete(f"{missing} of the things that it covers are not there."),)

    def imprint_of(algorithm: HashAlgorithm) -> bytes:
        if index is None:
            return b""
        return archive_imprint(signed_data, signer, index, digest_of(algorithm), algorithm)

    over = None if index is None else imprint_of
    read = read_time_stamp(name, TimeStampKind.DOCUMENT, token_der, over, findings, None)
    return _Archive(token_der, read, index)


def _placed(item: _Archive, number: int, older: Sequence[bytes]) -> ReadTimeStamp:
    """Give an archive time-stamp its position, and require that it covers the older ones."""
    facts = replace(item.read.facts, end=SIGNATURE_END + 1 + number)
    left_out = sum(not _covers(item.index, ARCHIVE_TIME_STAMP_V3, token) for token in older)
    if left_out and item.index is not None:
        fault = _incomplete(f"It does not cover {left_out} of the older archive time-stamps.")
        facts = replace(facts, findings=(*facts.findings, fault))
    return replace(item.read, facts=facts)


def _covers(index: HashIndex | None, oid: str, value_der: bytes) -> bool:
    return index is not None and index.covers_attribute(oid, value_der)


def _incomplete(reason: str) -> Finding:
    return Finding(
        "archive_time_stamp_index",
        f"What the archive time-stamp covers does not hold together: {reason}",
        "Ask for the signature as it was archived.",
    )
