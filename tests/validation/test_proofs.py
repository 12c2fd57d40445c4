"""Proofs of existence and levels, as the pure values and functions they are."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import Finding
from idservice.validation.certificates import PathJudgement, Role, Use, judge_path
from idservice.validation.evidence import (
    CertificatePath,
    PathCertificateFacts,
    PathFacts,
    RevocationState,
    Statement,
    StatementSource,
)
from idservice.validation.facts import Integrity, TimeStampFacts, TimeStampKind
from idservice.validation.levels import reached_level
from idservice.validation.proofs import Proofs
from idservice.validation.time_stamps import judge_document_time_stamps
from support.policies import STRICT

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def certificate(
    name: str = "unit",
    *,
    before: int = -1000,
    after: int = 1000,
    statements: tuple[Statement, ...] = (),
) -> PathCertificateFacts:
    """A certificate that is valid from so many days before NOW until so many days after."""
    return PathCertificateFacts(
        f"CN={name}", name, NOW + before * DAY, NOW + after * DAY, statements, bool(statements)
    )


ANCHOR = certificate("root", before=-5000, after=5000)


def stamp(days: int, end: int | None, *, intact: bool = True) -> TimeStampFacts:
    """A document time-stamp of so many days after NOW over the first bytes."""
    integrity = Integrity.INTACT if intact else Integrity.BROKEN
    findings = () if intact else (Finding("signature_invalid", "It does not verify."),)
    return TimeStampFacts(
        f"T{end}", TimeStampKind.DOCUMENT, integrity, findings, NOW + days * DAY, end=end
    )


def unit(*, after: int = 1000) -> PathFacts:
    """The path of a time-stamping unit of which nobody knows a revocation."""
    return PathFacts(CertificatePath((certificate(after=after), ANCHOR)))


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(-1000, 0)), max_size=8))
def test_a_proof_is_the_earliest_time_of_what_covers(items: list[tuple[int, int]]) -> None:
    """What no time-stamp covers exists now; a longer part is never proved earlier."""
    proofs = Proofs(NOW)
    for end, days in items:
        proofs = proofs.add(end, NOW + days * DAY)
    assert proofs.time_of(None) == NOW
    assert not proofs.covers(None)
    times = [proofs.time_of(end) for end in range(102)]
    assert times == sorted(times)
    assert times[101] == NOW
    for end in range(102):
        known = [NOW + days * DAY for covered, days in items if covered >= end]
        assert proofs.time_of(end) == min(known, default=NOW)
        assert proofs.covers(end) is bool(known)


def test_an_expired_time_stamp_counts_under_a_newer_one() -> None:
    """Newest first: the newer one proves that the older one existed in its period."""
    stamps = (stamp(-900, 10), stamp(-300, 20))
    paths = (unit(after=-200), unit())
    judged, proofs = judge_document_time_stamps(stamps, paths, NOW, STRICT)
    assert [item.verdict.passed for item in judged] == [True, True]
    assert proofs.time_of(10) == NOW - 900 * DAY
    assert proofs.time_of(11) == NOW - 300 * DAY


@pytest.mark.parametrize(
    ("newer", "newer_path"),
    [
        (stamp(-100, 20), unit()),
        (stamp(-300, 5), unit()),
        (stamp(-300, None), unit()),
        (stamp(-300, 20, intact=False), unit()),
        (stamp(-300, 20), unit(after=-10)),
        (stamp(-300, 20), PathFacts(None, (Finding("certificate_not_trusted", "No."),))),
        (stamp(5, 20), unit()),
    ],
    ids=["too late", "covers less", "no range", "broken", "expired", "untrusted", "future"],
)
def test_a_newer_time_stamp_must_hold_itself(newer: TimeStampFacts, newer_path: PathFacts) -> None:
    """One that is too late, covers too little or does not hold rescues nothing."""
    paths = (unit(after=-200), newer_path)
    judged, proofs = judge_document_time_stamps((stamp(-900, 10), newer), paths, NOW, STRICT)
    assert not judged[0].verdict.passed
    assert proofs.time_of(10) >= NOW - 300 * DAY


def judged(statement: Statement, *, at: int, proved_at: int, role: Role) -> PathJudgement:
    """Judge a path about whose first certificate there is one statement."""
    path = CertificatePath((certificate(statements=(statement,)), ANCHOR))
    use = Use(role, NOW + at * DAY, NOW + proved_at * DAY, proved_at < 0)
    return judge_path(path, use, Proofs(NOW), STRICT)


SIGNER_OF_ANSWER = CertificatePath((certificate("responder"), ANCHOR))


def good(days: float, until: float | None = None, source: str = "ocsp") -> Statement:
    """A statement of so many days after NOW that the certificate was good."""
    return Statement(
        StatementSource(source),
        RevocationState.VALID,
        NOW + days * DAY,
        None if until is None else NOW + until * DAY,
        path=SIGNER_OF_ANSWER,
    )


@pytest.mark.parametrize(
    ("statement", "role", "proved_at", "code"),
    [
        (good(-100), Role.SIGNER, -100, None),
        (good(-50), Role.SIGNER, -100, None),
        (good(-100.01), Role.SIGNER, -100, "revocation_data_stale"),
        (good(-100.01, -90), Role.SIGNER, -100, "revocation_data_stale"),
        (good(-100.01, -90, "crl"), Role.SIGNER, -100, None),
        (good(-110, -105, "crl"), Role.SIGNER, -100, "revocation_data_stale"),
        (good(-1, 1), Role.SIGNER, 0, None),
        (good(-2, -1), Role.SIGNER, 0, "revocation_data_stale"),
        (good(-100.9), Role.TIME_STAMP, -100, None),
        (good(-102), Role.TIME_STAMP, -100, "revocation_data_stale"),
        (good(-110, -90), Role.TIME_STAMP, -100, None),
        (good(1), Role.SIGNER, 0, "revocation_data_missing"),
        (Statement(StatementSource.AUTHORITY, RevocationState.VALID), Role.SIGNER, -100, None),
        (
            Statement(StatementSource.AUTHORITY, RevocationState.UNKNOWN),
            Role.SIGNER,
            -100,
            "certificate_unknown",
        ),
    ],
)
def test_a_statement_speaks_for_some_times(
    statement: Statement, role: Role, proved_at: int, code: str | None
) -> None:
    """About a signer it must be newer than the proof; about a unit it may be a day older."""
    found = judged(statement, at=proved_at, proved_at=proved_at, role=role)
    errors = [item.code for item in found.findings if item.code != "revocation_list_older"]
    assert errors == ([] if code is None else [code])
    assert found.holds is (code is None)


def test_a_level_needs_a_genuine_time_stamp() -> None:
    """A broken time-stamp raises nothing; what is no baseline format stays what it is."""
    stamps, _ = judge_document_time_stamps((stamp(-10, 20, intact=False),), (unit(),), NOW, STRICT)
    assert reached_level("PAdES_BASELINE_B", None, stamps, STRICT.freshness) == "PAdES_BASELINE_B"
    stamps, _ = judge_document_time_stamps((stamp(-10, 20),), (unit(),), NOW, STRICT)
    assert reached_level("PAdES_BASELINE_B", None, stamps, STRICT.freshness) == "PAdES_BASELINE_T"
    assert reached_level("PKCS7_B", None, stamps, STRICT.freshness) == "PKCS7_T"
    assert reached_level("PAdES_BES", None, stamps, STRICT.freshness) == "PAdES_BES"
