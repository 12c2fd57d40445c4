"""When a signature existed, and what was true of its certificates then: one thing changed each.

Everything is judged offline, by the root alone. Times are counted from AT.
"""

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from support import pdfs
from support.long_term import (
    DAY,
    HOUR,
    MINUTE,
    YEAR,
    about_signer,
    answer,
    archive,
    archived,
    authorities,
    long_term,
    material,
    revocation_list,
    revoked,
    sign,
    stamper,
    store,
)
from support.offline import PASSED, codes, outcome, shown, validate
from support.pki import AT, CertificatePair, extension, leaf, root_ca
from support.pki import intermediate_ca as issuing_below

SECOND = dt.timedelta(seconds=1)
TOO_OLD = ("INDETERMINATE", "TRY_LATER", ["revocation_data_stale"])


# ------------------------------------- time-stamp before, at or after an event

EVENT = AT + 10 * MINUTE
ORDERS = {"before": -MINUTE, "equal": 0 * MINUTE, "after": MINUTE}


@pytest.mark.parametrize("reason", ["unspecified", "superseded", "key_compromise"])
@pytest.mark.parametrize("order", list(ORDERS))
def test_a_revoked_signer_needs_an_earlier_time_stamp(order: str, reason: str) -> None:
    """What existed before the revocation stays good, whatever its reason; nothing else does."""
    signer = authorities().signer
    statement = answer(signer, AT + 30 * MINUTE, revoked(EVENT, reason))
    found = shown(about_signer(EVENT + ORDERS[order], statement, by=signer))
    if order == "before":
        assert (found["indication"], codes(found, "warnings")) == (PASSED[0], ["revoked_later"])
    else:
        assert (found["indication"], found["subIndication"], codes(found)) == (
            "INDETERMINATE",
            "REVOKED_NO_POE",
            ["certificate_revoked"],
        )
        assert found["trust"]["verdict"] == "untrusted"


@pytest.mark.parametrize(("stamped", "passes"), [(AT, True), (AT + 7 * MINUTE, False)])
def test_a_compromise_counts_from_its_own_date(stamped: dt.datetime, passes: bool) -> None:  # noqa: FBT001
    """A list may tell that a key was compromised before it was revoked (RFC 5280 cl. 5.3.2)."""
    found = authorities()
    told = revocation_list(
        found.issuing,
        AT + 30 * MINUTE,
        (found.signer, EVENT),
        compromised_at=AT + 5 * MINUTE,
    )
    document = store(
        sign(stamp_at=stamped),
        ocsps=[answer(found.stamper, AT + 30 * MINUTE)],
        crls=[told, revocation_list(found.root, AT - DAY)],
    )
    expected = PASSED if passes else ("INDETERMINATE", "REVOKED_NO_POE")
    assert outcome(document) == expected


@pytest.mark.parametrize("order", list(ORDERS))
def test_an_expired_signer_needs_an_earlier_time_stamp(order: str) -> None:
    """A certificate is valid up to its last second (RFC 5280 cl. 4.1.2.5)."""
    stamped = EVENT + ORDERS[order]
    template = authorities().signer.certificate
    signer = leaf(
        authorities().issuing,
        not_before=template.not_valid_before_utc,
        not_after=EVENT,
    )
    statement = answer(signer, min(stamped, EVENT))
    found = outcome(about_signer(stamped, statement, by=signer), AT + HOUR)
    expected = ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE") if order == "after" else PASSED
    assert found == expected


@pytest.mark.parametrize(
    ("made", "revoked_at", "sub_indication", "code"),
    [
        (AT - DAY, AT - 2 * DAY, "REVOKED_CA_NO_POE", "certificate_ca_revoked"),
        (AT - 200 * DAY, None, "TRY_LATER", "revocation_data_stale"),
    ],
    ids=["revoked", "list too old"],
)
def test_what_is_wrong_with_the_authority_is_told_once(
    made: dt.datetime, revoked_at: dt.datetime | None, sub_indication: str, code: str
) -> None:
    """That the statements of its responder count for nothing then follows, and is not told."""
    found = authorities()
    entries = [] if revoked_at is None else [(found.issuing, revoked_at)]
    statements = [answer(item, AT + MINUTE) for item in (found.signer, found.stamper)]
    lists = [revocation_list(found.root, made, *entries)]
    signature = shown(store(sign(), ocsps=statements, crls=lists))
    assert (signature["subIndication"], codes(signature)) == (sub_indication, [code])
    assert "TEST long-term issuing" in signature["errors"][0]["message"]


def test_a_suspension_leaves_it_open() -> None:
    """A certificate on hold when it was used may become good again."""
    signer = authorities().signer
    statement = answer(signer, AT + 30 * MINUTE, revoked(AT - DAY, "certificate_hold"))
    assert outcome(about_signer(AT, statement, by=signer)) == ("INDETERMINATE", "TRY_LATER")


def test_a_signature_after_the_revocation_fails() -> None:
    """A signature over a time-stamp that is later than the revocation was made after it."""
    found = authorities()
    before = archive(sign(stamp_at=None), AT + HOUR)
    document = store(
        sign(before, stamp_at=AT + 2 * HOUR),
        ocsps=[
            answer(found.signer, AT + 3 * HOUR, revoked(EVENT)),
            *[answer(item, AT + 3 * HOUR) for item in (found.stamper, found.archive)],
        ],
        crls=[revocation_list(found.root, AT - DAY)],
    )
    first, second = validate(document, AT + 4 * HOUR).to_json()["signatures"]
    assert (first["indication"], first["subIndication"]) == ("INDETERMINATE", "REVOKED_NO_POE")
    assert (second["indication"], second["subIndication"]) == ("TOTAL-FAILED", "REVOKED")


def test_a_signature_after_the_expiry_fails() -> None:
    """A signature over a time-stamp that is later than the certificate's end was made after it."""
    found = authorities()
    signer = leaf(found.issuing, not_before=AT - DAY, not_after=EVENT)
    document = sign(archive(pdfs.baseline(), AT + HOUR), stamp_at=AT + 2 * HOUR, by=signer)
    units = [answer(item, AT + 3 * HOUR) for item in (found.stamper, found.archive)]
    lists = [revocation_list(found.root, AT - DAY)]
    late = store(document, ocsps=units, crls=lists)
    assert outcome(late, AT + 4 * HOUR) == ("TOTAL-FAILED", "EXPIRED")


def test_a_signature_older_than_its_certificate_fails() -> None:
    """A time-stamp from before the certificate was valid shows that the signature is none of it."""
    signer = leaf(authorities().issuing, not_before=AT + DAY, not_after=AT + YEAR)
    found = outcome(sign(by=signer), AT + 2 * DAY)
    assert found[0] != "TOTAL-PASSED"
    statement = answer(signer, AT + DAY + HOUR)
    document = about_signer(AT, statement, by=signer)
    assert outcome(document, AT + 2 * DAY) == ("TOTAL-FAILED", "NOT_YET_VALID")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (AT - 3 * SECOND, ("INDETERMINATE", "TRY_LATER")),
        (AT - 2 * SECOND, PASSED),
        (AT, PASSED),
        (AT + 30 * MINUTE, PASSED),
    ],
    ids=["before", "within the accuracy of a time-stamp", "at once", "after"],
)
def test_an_answer_must_speak_for_the_time_of_the_signature(
    made: dt.datetime, expected: tuple[str, str | None]
) -> None:
    """An answer from before the time-stamp would hide a revocation in between."""
    signer = authorities().signer
    assert outcome(about_signer(AT, answer(signer, made), by=signer)) == expected


LISTS = x509.CRLDistributionPoints(
    [
        x509.DistributionPoint(
            [x509.UniformResourceIdentifier("http://ca.example/ca.crl")], None, None, None
        )
    ]
)
RESPONDER = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP,
            x509.UniformResourceIdentifier("http://ca.example/ocsp"),
        )
    ]
)


@pytest.mark.parametrize(
    ("names", "made", "outcome_code", "warnings"),
    [
        ((LISTS,), AT - DAY, (*PASSED, []), ["revocation_list_older"]),
        ((LISTS, RESPONDER), AT - DAY, TOO_OLD, []),
        ((RESPONDER,), AT - DAY, TOO_OLD, []),
        ((LISTS, RESPONDER), AT + MINUTE, (*PASSED, []), []),
    ],
    ids=["lists alone", "a responder as well", "a responder alone", "a list from after"],
)
def test_an_older_list_counts_only_where_there_is_no_responder(
    names: tuple[x509.ExtensionType, ...],
    made: dt.datetime,
    outcome_code: tuple[str, str | None, list[str]],
    warnings: list[str],
) -> None:
    """Where a responder can be asked, a list from before could hide a revocation in between."""
    found = authorities()
    places = [extension(item, critical=False) for item in names]
    signer = leaf(found.issuing, not_before=AT - DAY, not_after=AT + DAY, extensions=places)
    known = revocation_list(found.issuing, made, days=2)
    signature = shown(about_signer(AT, by=signer, lists=(known,)))
    told = signature["indication"], signature["subIndication"], codes(signature)
    assert told == outcome_code
    assert codes(signature, "warnings") == warnings
    level = "PAdES_BASELINE_T" if outcome_code is TOO_OLD else "PAdES_BASELINE_LT"
    assert signature["level"] == level


# ------------------------------------------------------- time-stamp authorities


def with_unit(unit: CertificatePair, status: Any, at: dt.datetime, *, archive_at: Any) -> bytes:
    """A document stamped by a unit of which this became known later, perhaps archived before."""
    found = authorities()
    document = store(
        sign(unit=unit),
        ocsps=[answer(item, AT + MINUTE) for item in (found.signer, unit, found.archive)],
        crls=[revocation_list(found.root, AT - DAY)],
    )
    if archive_at is not None:
        document = archive(document, archive_at)
    return store(document, ocsps=[answer(unit, at, status)])


@pytest.mark.parametrize(
    ("reason", "archive_at", "valid"),
    [
        ("key_compromise", None, False),
        ("key_compromise", AT + 2 * MINUTE, True),
        ("key_compromise", AT + HOUR, False),
        ("superseded", None, True),
    ],
    ids=["compromised", "archived before", "archived after", "ended without harm"],
)
def test_a_revoked_authority_proves_only_what_was_archived_before(
    reason: str,
    archive_at: dt.datetime | None,
    valid: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    """RFC 3161 cl. 4: with a compromised key, all its time-stamps are in doubt."""
    unit = stamper(authorities().issuing, until=AT + 3 * YEAR)
    status = revoked(AT + 30 * MINUTE, reason)
    document = with_unit(unit, status, AT + 90 * MINUTE, archive_at=archive_at)
    found = shown(document, AT + 2 * HOUR)
    stamp = found["timeStamps"][0]
    assert (stamp["indication"] == "TOTAL-PASSED") is valid
    assert ("time_stamp_revoked" in codes(found, "warnings")) is not valid
    if not valid:
        assert stamp["subIndication"] == "REVOKED_NO_POE"


def test_an_expired_time_stamp_proves_nothing() -> None:
    """Without an archive time-stamp its certificate must still be valid."""
    found = shown(long_term(), AT + 4 * YEAR)
    (stamp,) = found["timeStamps"]
    assert stamp["subIndication"] == "OUT_OF_BOUNDS_NO_POE"
    assert codes(found, "warnings") == ["time_stamp_expired"]
    assert found["bestSignatureTime"] == "2030-05-31T12:00:00Z"


def test_the_earliest_valid_time_stamp_counts() -> None:
    """Of several time-stamps one that holds is enough."""
    stranger = stamper(issuing_below(root_ca("Elsewhere")), until=AT + YEAR)
    document = store(sign(stamp_at=AT + MINUTE), **material(AT + 2 * MINUTE))
    assert shown(document)["bestSignatureTime"] == "2026-06-01T12:01:00Z"
    document = archive(archive(document, AT + 3 * MINUTE), AT + 4 * MINUTE, stranger)
    found = shown(document)
    assert found["bestSignatureTime"] == "2026-06-01T12:01:00Z"
    assert [item["subIndication"] for item in found["timeStamps"]] == [
        None,
        None,
        "NO_CERTIFICATE_CHAIN_FOUND",
    ]
    assert codes(found, "warnings") == ["time_stamp_not_trusted"]


def test_time_stamps_must_be_in_order() -> None:
    """A time-stamp over another one cannot be older than that."""
    document = archive(long_term(), AT - HOUR)
    assert outcome(document) == ("INDETERMINATE", "TIMESTAMP_ORDER_FAILURE")


def test_a_time_stamp_of_the_future_proves_nothing() -> None:
    """As of an earlier time it did not exist."""
    found = shown(archived(), AT - HOUR)
    assert all("time_stamp_in_future" in codes(item) for item in found["timeStamps"])
    assert found["bestSignatureTime"] == "2026-06-01T11:00:00Z"


def test_an_answer_of_the_future_says_nothing() -> None:
    """As of an earlier time nobody had said yet that the certificate was not revoked."""
    found = shown(archived(), AT - HOUR)
    assert (found["subIndication"], codes(found)) == (
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        ["revocation_data_missing"],
    )
