"""Levels, later clocks and renewal, judged offline by the root alone.

Times are counted from AT, at which the documents are signed.
"""

import datetime as dt
from collections.abc import Callable

import pytest

from support.long_term import (
    DAY,
    MINUTE,
    YEAR,
    answer,
    archive,
    archived,
    authorities,
    long_term,
    material,
    responder,
    revocation_list,
    sign,
    stamper,
    store,
)
from support.offline import PASSED, codes, outcome, shown, validate
from support.pki import AT

SECOND = dt.timedelta(seconds=1)


# --------------------------------------------------------------------- levels


@pytest.mark.parametrize(
    ("document", "level"),
    [
        (lambda: sign(stamp_at=None), "PAdES_BASELINE_B"),
        (sign, "PAdES_BASELINE_T"),
        (long_term, "PAdES_BASELINE_LT"),
        (archived, "PAdES_BASELINE_LTA"),
        (lambda: archived()[: len(long_term())], "PAdES_BASELINE_LT"),
        (lambda: archive(sign(stamp_at=None), AT), "PAdES_BASELINE_T"),
        (lambda: store(archive(sign(), AT), **material(AT + MINUTE)), "PAdES_BASELINE_LT"),
        (lambda: store(sign(), ocsps=material(AT)["ocsps"]), "PAdES_BASELINE_T"),
    ],
    ids=[
        "no time-stamp",
        "a signature time-stamp",
        "with revocation data",
        "archived",
        "archived, the document time-stamp stripped",
        "a document time-stamp alone",
        "revocation data after the document time-stamp",
        "the list about the issuing authority missing",
    ],
)
def test_the_level_is_what_the_document_brings_along(
    document: Callable[[], bytes], level: str
) -> None:
    """Each level needs its part, and a later part covers nothing that came after it."""
    assert shown(document())["level"] == level


def test_data_in_the_document_are_enough() -> None:
    """B-LT and B-LTA pass offline with the root alone, at the time that the time-stamp proves."""
    for document in (long_term(), archived()):
        found = shown(document)
        assert (found["indication"], found["errors"], found["warnings"]) == ("TOTAL-PASSED", [], [])
        assert found["bestSignatureTime"] == "2026-06-01T12:00:00Z"
        assert found["trust"]["verdict"] == "trusted"
        assert found["changes"]["verdict"] == "permitted"
        assert {item["source"] for item in found["revocation"]} == {"ocsp", "crl"}
        assert all(item["inDocument"] for item in found["revocation"])


def test_time_stamps_are_reported() -> None:
    """Each time-stamp appears with its kind, time, authority and verdict."""
    found = shown(archived())
    rows = [
        (item["type"], item["time"], item["issuedBy"], item["indication"])
        for item in found["timeStamps"]
    ]
    assert rows == [
        ("signature-time-stamp", "2026-06-01T12:00:00Z", "TEST unit", "TOTAL-PASSED"),
        ("document-time-stamp", "2026-06-01T12:02:00Z", "TEST archive unit", "TOTAL-PASSED"),
    ]


# ------------------------------------------------- later clocks, and renewal

RENEWAL = AT + 11 * YEAR


def renewed(at: dt.datetime) -> bytes:
    """An archived document with a second archive time-stamp, of another unit."""
    found = authorities()
    unit = stamper(found.issuing, until=at + 12 * YEAR, common_name="TEST next archive unit")
    later = responder(found.issuing, until=at + 30 * DAY)
    document = store(
        archived(),
        ocsps=[answer(item, at, by=later) for item in (found.archive, unit)],
        crls=[revocation_list(found.root, at - DAY)],
    )
    return archive(document, at + MINUTE, unit)


@pytest.mark.parametrize(
    "after",
    [31 * DAY, 4 * YEAR, 6 * YEAR, 11 * YEAR],
    ids=["responder expired", "time-stamp expired", "signer expired", "nearly all expired"],
)
def test_an_archived_document_outlives_its_certificates(after: dt.timedelta) -> None:
    """While the newest document time-stamp's certificate is valid, the signature passes."""
    found = shown(archived(), AT + after)
    assert (found["indication"], found["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_LTA")
    assert found["bestSignatureTime"] == "2026-06-01T12:00:00Z"


def test_an_archive_that_was_not_renewed_ends_and_says_why() -> None:
    """When the newest document time-stamp has expired, nothing proves anything any more."""
    report = validate(archived(), AT + 13 * YEAR)
    (found,) = report.to_json()["signatures"]
    assert (found["indication"], found["subIndication"]) == (
        "INDETERMINATE",
        "OUT_OF_BOUNDS_NO_POE",
    )
    assert codes(found) == ["certificate_expired"]
    reason = (
        "The time-stamp Timestamp1 does not prove it older: its certificate expired on "
        "2038-05-29 12:00:00 UTC, and no newer time-stamp was added in time."
    )
    assert reason in found["errors"][0]["message"]
    assert "no newer time-stamp was added in time" in report.sentence()
    assert codes(found, "warnings") == ["time_stamp_expired", "time_stamp_expired"]


def test_an_archive_that_was_renewed_in_time_lives_on() -> None:
    """A second archive time-stamp proves that the first one existed while it was valid."""
    found = shown(renewed(RENEWAL), AT + 14 * YEAR)
    assert (found["indication"], found["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_LTA")
    assert found["bestSignatureTime"] == "2026-06-01T12:00:00Z"
    assert len(found["timeStamps"]) == 3


def test_an_archive_that_was_renewed_too_late_does_not() -> None:
    """A time-stamp added after the last one expired proves too little."""
    found = shown(renewed(AT + 13 * YEAR), AT + 14 * YEAR)
    assert (found["indication"], found["subIndication"]) == (
        "INDETERMINATE",
        "OUT_OF_BOUNDS_NO_POE",
    )
    assert "The earliest time that a time-stamp proves is 2039-" in found["errors"][0]["message"]


def test_an_expired_responder_needs_a_proof_for_its_answer() -> None:
    """Without a time-stamp over it, an answer counts while its responder's certificate is valid."""
    assert outcome(long_term(), AT + 29 * DAY) == PASSED
    found = shown(long_term(), AT + 31 * DAY)
    assert found["subIndication"] == "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    assert found["trust"]["verdict"] == "unknown"


def test_an_expired_signer_without_time_stamp_stays_open() -> None:
    """Nothing proves that such a signature was made in time."""
    document = store(sign(stamp_at=None), **material(AT))
    found = shown(document, AT + 6 * YEAR)
    assert (found["subIndication"], codes(found)) == (
        "OUT_OF_BOUNDS_NO_POE",
        ["certificate_expired"],
    )
    assert "No time-stamp proves" in found["errors"][0]["message"]
