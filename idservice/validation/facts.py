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


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was appended after a signed revision, and whether it may be.

    `revision` is the one that brought it, `page` (from 1) the page on which it shows; both
    are None where there is none.
    """

    code: str
    revision: int | None
    page: int | None
    message: str
    verdict: ChangeVerdict = ChangeVerdict.NOT_ANALYSED


def worst_change(changes: tuple[Change, ...]) -> ChangeVerdict:
    """Return the verdict on all changes together: one that is forbidden outweighs the rest."""
    order = tuple(ChangeVerdict)
    return max((item.verdict for item in changes), key=order.index, default=ChangeVerdict.NONE)


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """Everything that the file says about one signature.

    `certificate_der` is the signing certificate when one was found, `identified` tells
    that the signature itself names it by hash; `certificates` are all that came along,
    trusted by nobody yet.
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


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """Everything that was found in one document; `findings` concern no single signature."""

    format: str
    signatures: tuple[SignatureFacts, ...]
    findings: tuple[Finding, ...] = ()


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
