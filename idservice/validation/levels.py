"""The level that a signature has: by what is there and genuine (EN 319 142-1 cl. 6).

B    the signature itself;
T    there is a time-stamp over it, genuine whoever may trust its authority;
LT   the document carries verified statements that neither the certificates of the signer
     nor those of the time-stamps over the signature were revoked then;
LTA  a genuine document time-stamp covers all of these.

The level says what the document brings along. Whether that is still enough today is the
verdict's matter, so that a document does not lose its level when a certificate expires.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from idservice.validation.certificates import Role, Use, speaks
from idservice.validation.evidence import (
    CertificatePath,
    PathCertificateFacts,
    RevocationState,
)
from idservice.validation.facts import TimeStampKind
from idservice.validation.time_stamps import JudgedTimeStamp
from idservice.validation.validation_policy import Freshness

_B = "_B"


def reached_level(
    level: str,
    signer: CertificatePath | None,
    stamps: Sequence[JudgedTimeStamp],
    freshness: Freshness,
) -> str:
    """Name the level; `level` is what the format alone allows.

    `stamps` are those over the signature or over what holds it. Without a path of the
    signer to an anchor nobody can tell whose statements count.
    """
    genuine = [item for item in stamps if item.stands]
    times = [item.facts.gen_time for item in genuine if item.facts.gen_time is not None]
    if not level.endswith(_B) or not times:
        return level
    stem = level.removesuffix(_B)
    needed = list(_needed(signer, genuine, min(times), freshness))
    carried = [item for item in needed if item is not None]
    if signer is None or not carried or len(carried) < len(needed):
        return f"{stem}_T"
    archived = any(
        item.facts.kind is TimeStampKind.DOCUMENT and (item.facts.end or 0) >= max(carried)
        for item in genuine
    )
    return f"{stem}_LTA" if archived else f"{stem}_LT"


def _needed(
    signer: CertificatePath | None,
    genuine: Sequence[JudgedTimeStamp],
    best: dt.datetime,
    freshness: Freshness,
) -> Iterator[int | None]:
    """Where the statement about each certificate that needs one stands; None without it."""
    uses = [(signer, Use(Role.SIGNER, best, best, proved=True))]
    for item in genuine:
        time = item.facts.gen_time
        if item.facts.kind is TimeStampKind.SIGNATURE and time is not None:
            uses.append((item.path, Use(Role.TIME_STAMP, time, time, proved=True)))
    for path, use in uses:
        if path is None:
            yield None
            continue
        for depth, certificate in enumerate(path.certificates[:-1]):
            if certificate.names_source:
                yield _first_end(certificate, depth, use, freshness)


def _first_end(
    certificate: PathCertificateFacts, depth: int, use: Use, freshness: Freshness
) -> int | None:
    """How many bytes of the document hold the first statement that speaks for a use."""
    ends = (
        item.end
        for item in certificate.statements
        if item.state is not RevocationState.UNKNOWN
        and speaks(item, certificate, depth, use, freshness)
    )
    return min((item for item in ends if item is not None), default=None)
