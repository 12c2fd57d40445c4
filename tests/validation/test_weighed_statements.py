"""Statements about one certificate that differ: which of them counts, and when."""

from __future__ import annotations

import datetime as dt

import pytest

from idservice.validation.certificates import PathJudgement, Role, Use, judge_path
from idservice.validation.evidence import (
    CertificatePath,
    PathCertificateFacts,
    RevocationState,
    Statement,
    StatementSource,
)
from idservice.validation.proofs import Proofs
from support.policies import STRICT

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

GOOD, HELD = RevocationState.VALID, RevocationState.SUSPENDED
REVOKED, UNKNOWN = RevocationState.REVOKED, RevocationState.UNKNOWN


def said(
    state: RevocationState,
    at: dt.datetime | None,
    withdrawn: dt.datetime | None = None,
    produced: dt.datetime | None = None,
) -> Statement:
    """A statement of a time; without one it is of the authority itself."""
    source = StatementSource.AUTHORITY if at is None else StatementSource.OCSP
    return Statement(source, state, at, None, withdrawn, produced_at=produced)


def judged(*statements: Statement, proved_at: dt.datetime | None = None) -> PathJudgement:
    """Judge a signer's certificate, now or at the time at which the signature existed."""
    period = (NOW - 300 * DAY, NOW + 300 * DAY)
    leaf = PathCertificateFacts("CN=leaf", "leaf", *period, statements, names_source=True)
    anchor = PathCertificateFacts("CN=root", "root", *period)
    time = proved_at or NOW
    use = Use(Role.SIGNER, time, time, proved_at is not None)
    return judge_path(CertificatePath((leaf, anchor)), use, Proofs(NOW, ()), STRICT)


def codes(judgement: PathJudgement) -> list[str]:
    """The codes of what was found."""
    return [item.code for item in judgement.findings]


HOLD = said(HELD, NOW - 2 * DAY, NOW - 3 * DAY)


def test_a_suspension_counts_until_it_is_lifted() -> None:
    """Who is on hold, and of whom nothing newer is known, is on hold."""
    assert codes(judged(HOLD)) == ["certificate_suspended"]
    assert codes(judged(HOLD, said(GOOD, NOW - 3 * DAY))) == ["certificate_suspended"]


def test_a_newer_good_lifts_a_suspension() -> None:
    """What the authority says later of the same certificate ends the suspension."""
    found = judged(HOLD, said(GOOD, NOW))
    assert (codes(found), found.holds) == ([], True)
    assert [item.state for item in found.reliances[0].statements] == [GOOD]


def test_the_authority_itself_lifts_a_suspension() -> None:
    """Our own records speak of now, so an older hold in the document is over."""
    assert codes(judged(HOLD, said(GOOD, None))) == []
    assert codes(judged(said(HELD, None, NOW - HOUR), said(GOOD, NOW))) == ["certificate_suspended"]


def test_unknown_lifts_no_suspension() -> None:
    """Who does not know the certificate cannot say that it is good again."""
    assert codes(judged(HOLD, said(UNKNOWN, NOW))) == ["certificate_suspended"]


def test_what_was_signed_during_a_suspension_is_not_decided() -> None:
    """A signature that is proved to be of that time stays on hold when it was lifted later."""
    inside = judged(HOLD, said(GOOD, NOW), proved_at=NOW - 2 * DAY - HOUR)
    assert codes(inside) == ["certificate_suspended"]


def test_what_was_signed_before_a_suspension_passes() -> None:
    """A suspension that began after the signature was proved to exist does not touch it."""
    before = judged(HOLD, said(GOOD, NOW), proved_at=NOW - 4 * DAY)
    assert before.holds
    assert codes(before) == ["revoked_later"]


def test_a_revocation_is_for_ever() -> None:
    """Nobody takes back a revocation, not even the authority's own later word."""
    revoked = said(REVOKED, NOW - 2 * DAY, NOW - 3 * DAY)
    assert codes(judged(revoked, said(GOOD, NOW), said(GOOD, None))) == ["certificate_revoked"]


@pytest.mark.parametrize("state", [REVOKED, HELD])
def test_a_withdrawal_in_the_future_counts_from_when_it_was_said(state: RevocationState) -> None:
    """An older good answer does not win until a date that a later statement made up."""
    future = said(state, NOW - HOUR, NOW + 100 * DAY)
    found = judged(said(GOOD, NOW - 2 * HOUR), future)
    assert not found.holds
    assert codes(found) == ["certificate_revoked" if state is REVOKED else "certificate_suspended"]


def test_a_withdrawal_after_this_update_counts_from_when_the_answer_was_made() -> None:
    """A responder that tells of an older list may know of what happened since."""
    later = said(REVOKED, NOW - 2 * HOUR, NOW - HOUR, produced=NOW)
    found = judged(said(GOOD, NOW), later, proved_at=NOW - HOUR - HOUR / 2)
    assert (codes(found), found.holds) == (["revoked_later"], True)


def test_good_beside_unknown_is_told() -> None:
    """The statement that knows the certificate counts, and the report says that one did not."""
    found = judged(said(GOOD, NOW), said(UNKNOWN, NOW))
    assert (codes(found), found.holds) == (["revocation_status_disputed"], True)


def test_unknown_alone_refuses() -> None:
    """A certificate that no statement knows is not relied upon."""
    assert codes(judged(said(UNKNOWN, NOW))) == ["certificate_unknown"]


def test_the_authority_that_never_issued_it_is_believed() -> None:
    """An embedded answer does not outweigh the records of the issuing authority."""
    found = judged(said(GOOD, NOW), said(UNKNOWN, None))
    assert (codes(found), found.holds) == (["certificate_unknown"], False)
