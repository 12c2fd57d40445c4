"""Reading a trusted list: its signature first, then what it says, from the signed bytes alone.

ETSI TS 119 612 cl. 5.3 and 5.7. Which certificates may sign it is given: a list cannot say
that of itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from idservice.errors import (
    MalformedTrustedList,
    TrustedListExpired,
    TrustedListNotTrusted,
    TrustedListOlder,
)
from idservice.trustlists.services import TSL, international, read_identity, read_services
from idservice.trustlists.values import Pointer, TrustedList
from idservice.xmlsig.qualifying import read_time
from idservice.xmlsig.reading import (
    XmlElement,
    XmlLimits,
    child,
    child_text,
    children,
    optional_child,
    parse_xml,
    text,
)
from idservice.xmlsig.verification import verify_enveloped

VERSIONS = frozenset({"5", "6"})
"""Versions of the format that are read (cl. 5.3.1)."""

CLOCK_TOLERANCE = dt.timedelta(minutes=5)
_FIX = "Get the list again from where it is published."


def verify_trusted_list(
    document: bytes, signers: Sequence[bytes], limits: XmlLimits | None = None
) -> TrustedList:
    """Return what a list says, if one of `signers` (DER certificates) signed it.

    Raises TrustedListNotTrusted, MalformedTrustedList, and what
    `xmlsig.verification.verify_enveloped` raises. Whether it is current is for
    `require_current`.
    """
    verified = verify_enveloped(document, limits)
    if verified.certificate_der not in signers:
        raise TrustedListNotTrusted(
            "The trusted list is signed with another certificate than those that were named for "
            "its signers, so anybody may have made it.",
            "Name the certificate of the list's operator, from a source that you trust.",
        )
    return _read(parse_xml(verified.content, limits))


def require_current(trusted_list: TrustedList, at: dt.datetime) -> None:
    """Require that a list was issued, and its next update is not overdue (cl. 5.3.15).

    Raises TrustedListExpired, also for a list that was closed.
    """
    if trusted_list.issued > at + CLOCK_TOLERANCE:
        raise TrustedListExpired(
            f"The trusted list {trusted_list.scheme!r} says that it was issued on "
            f"{trusted_list.issued:%Y-%m-%d %H:%M} UTC, which is in the future.",
            "Check the clock.",
        )
    if trusted_list.next_update is None:
        raise TrustedListExpired(
            f"The trusted list {trusted_list.scheme!r} was closed and is not kept up any more.",
            "Use the list that replaces it.",
        )
    if at > trusted_list.next_update:
        raise TrustedListExpired(
            f"A newer version of the trusted list {trusted_list.scheme!r} was due on "
            f"{trusted_list.next_update:%Y-%m-%d %H:%M} UTC: services may have been withdrawn "
            "since.",
            "Get the newest version of the list.",
        )


def require_not_older(trusted_list: TrustedList, before: TrustedList) -> None:
    """Require that a list is not older than one that was used before (cl. 5.3.2).

    Raises TrustedListOlder: somebody may want to hide what the newer one says.
    """
    if (trusted_list.sequence, trusted_list.issued) < (before.sequence, before.issued):
        raise TrustedListOlder(
            f"The trusted list {trusted_list.scheme!r} has the number {trusted_list.sequence}, "
            f"and number {before.sequence} was used before: it hides what changed since.",
            _FIX,
        )


def _read(root: XmlElement) -> TrustedList:
    if root.tag != f"{TSL}TrustServiceStatusList":
        raise MalformedTrustedList("The document is signed, but it is no trusted list.", _FIX)
    scheme = child(root, f"{TSL}SchemeInformation")
    version = child_text(scheme, f"{TSL}TSLVersionIdentifier")
    if version not in VERSIONS:
        raise MalformedTrustedList(
            f"The trusted list has version {version[:20]!r} of the format, which is not read here.",
            "Get the list in version 5 or 6 of the format.",
        )
    update = optional_child(child(scheme, f"{TSL}NextUpdate"), f"{TSL}dateTime")
    return TrustedList(
        international(child(scheme, f"{TSL}SchemeName")),
        international(child(scheme, f"{TSL}SchemeOperatorName")),
        child_text(scheme, f"{TSL}SchemeTerritory"),
        child_text(scheme, f"{TSL}TSLType"),
        _sequence(child_text(scheme, f"{TSL}TSLSequenceNumber")),
        read_time(child_text(scheme, f"{TSL}ListIssueDateTime")),
        None if update is None else read_time(text(update)),
        tuple(_pointers(optional_child(scheme, f"{TSL}PointersToOtherTSL"))),
        tuple(read_services(root)),
    )


def _pointers(element: XmlElement | None) -> list[Pointer]:
    found = []
    for item in children(element, f"{TSL}OtherTSLPointer"):
        identities = children(optional_child(item, f"{TSL}ServiceDigitalIdentities"))
        certificates = tuple(one for identity in identities for one in read_identity(identity)[0])
        found.append(Pointer(child_text(item, f"{TSL}TSLLocation"), certificates))
    return found


def _sequence(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= 12):
        raise MalformedTrustedList("The number of the trusted list is no number.", _FIX)
    return int(written)
