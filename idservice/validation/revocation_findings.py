"""What to say of a certificate that was withdrawn, or that nobody issued."""

from __future__ import annotations

from idservice.errors import Finding
from idservice.validation.evidence import RevocationState, Statement
from idservice.validation.moments import moment
from idservice.validation.weighed_statements import since

_ASK_FOR_NEW = (
    "Ask for a new signature; only a time-stamp could have proved that this one is older."
)


def unknown_finding() -> Finding:
    """Say that an authority does not know a certificate under its key."""
    return Finding(
        "certificate_unknown",
        "The certificate verifies under its authority, but that authority does not know it as "
        "issued.",
        "Treat it as forged, and have the authority's key examined.",
    )


def disputed_finding(label: str) -> Finding:
    """Say that a statement does not know a certificate which another one says to be good."""
    return Finding(
        "revocation_status_disputed",
        f"One statement says that the authority does not know the certificate {label}, another "
        "knows it; the one that knows it counts, as a responder forgets what is old.",
        "Ask the authority whether it issued the certificate.",
    )


def later_finding(statement: Statement) -> Finding:
    """Say that a certificate was withdrawn after the time that was asked about."""
    what = "revoked" if statement.state is RevocationState.REVOKED else "suspended"
    return Finding(
        "revoked_later",
        f"The certificate was {what} on {moment(since(statement))}, after the time that was "
        "asked about.",
        "",
    )


def held_finding(statement: Statement) -> Finding:
    """Say that a certificate is suspended."""
    told = "" if statement.revoked_at is None else f" since {moment(since(statement))}"
    return Finding(
        "certificate_suspended",
        f"The certificate is suspended{told}; whether it will be valid again is not decided.",
        "Validate again later, or ask the authority that issued it.",
    )


def revoked_finding(statement: Statement, depth: int, label: str) -> Finding:
    """Say that the certificate at a depth of a path is revoked; `label` names it."""
    told = "" if statement.revoked_at is None else f" since {moment(since(statement))}"
    reason = "" if not statement.reason else f" ({statement.reason})"
    whose = "The certificate" if depth == 0 else f"The certificate of the authority {label}"
    return Finding(
        "certificate_revoked" if depth == 0 else "certificate_ca_revoked",
        f"{whose} is revoked{told}{reason}, and nothing proves that the signature was made before.",
        _ASK_FOR_NEW,
    )
