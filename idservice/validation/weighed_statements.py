"""Which of several statements about one certificate counts at which time.

A revocation is for ever, whatever anybody says later (RFC 5280 cl. 5.3.1). A suspension may be
lifted: then a later statement says that the certificate is good again, and the suspension
counts only for what is proved to have been done while it lasted. That the authority does not
know a certificate is a statement about its records of that day: a responder forgets what is
old, so it does not undo what another statement says; but the authority itself forgets nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from idservice.validation.evidence import RevocationState, Statement, StatementSource

_ALWAYS = dt.datetime.min.replace(tzinfo=dt.UTC)
_NOW = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the usable statements about one certificate come to.

    `suspended` is a suspension that was not lifted before the time asked about. `known` are the
    statements of those who know the certificate and that nothing newer overtook; `unknown` tells
    that somebody does not, `disowned` that this is the issuing authority itself.
    """

    revoked: Statement | None
    suspended: Statement | None
    known: tuple[Statement, ...]
    unknown: bool
    disowned: bool


def weigh(statements: Sequence[Statement], proved_at: dt.datetime) -> Weighed:
    """Weigh usable statements for something that is proved to have existed at a time."""
    known = tuple(item for item in statements if item.state is not RevocationState.UNKNOWN)
    lifted = {id(item) for item in known if _is_lifted(item, known, proved_at)}
    counted = tuple(item for item in known if id(item) not in lifted)
    unknown = [item for item in statements if item.state is RevocationState.UNKNOWN]
    return Weighed(
        _earliest(counted, RevocationState.REVOKED),
        _earliest(counted, RevocationState.SUSPENDED),
        counted,
        bool(unknown),
        any(item.source is StatementSource.AUTHORITY for item in unknown),
    )


def since(statement: Statement) -> dt.datetime:
    """Return since when a certificate is withdrawn; without a time, that is since always.

    Whoever says that it *is* withdrawn cannot mean a time after saying so: one in the future
    would let something older that still says "good" win until then.
    """
    if statement.revoked_at is None:
        return _ALWAYS
    if statement.this_update is None:
        return statement.revoked_at
    said_at = max(statement.this_update, statement.produced_at or statement.this_update)
    return min(statement.revoked_at, said_at)


def _is_lifted(item: Statement, known: Sequence[Statement], proved_at: dt.datetime) -> bool:
    if item.state is not RevocationState.SUSPENDED or proved_at <= _said_of(item):
        return False
    return any(
        other.state is RevocationState.VALID and _said_of(other) > _said_of(item) for other in known
    )


def _said_of(statement: Statement) -> dt.datetime:
    """Return the time of which a statement speaks; the authority itself speaks of now."""
    return statement.this_update or _NOW


def _earliest(statements: Sequence[Statement], state: RevocationState) -> Statement | None:
    return min((item for item in statements if item.state is state), key=since, default=None)
