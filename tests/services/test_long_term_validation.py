"""Validation with time-stamps and revocation data, each case with one thing changed.

Everything is judged offline, by the root alone: what counts is in the document. Times are
counted from AT, at which the documents are signed.
"""

import datetime as dt
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from idservice.errors import IdServiceError
from idservice.services.validation import Validation, ValidationReport
from idservice.settings import ValidationSettings
from support.long_term import (
    DAY,
    GOOD,
    HOUR,
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
    revoked,
    sign,
    stamper,
    store,
)
from support.pki import AT, CertificatePair, leaf, root_ca
from support.pki import intermediate_ca as issuing_below

LIMITS = ValidationSettings(
    max_document_bytes=10_000_000, cpu_seconds=5, memory_bytes=512 * 1024 * 1024, parallel=1
)
NOW = AT + HOUR
SECOND = dt.timedelta(seconds=1)


def validate(
    document: bytes, at: dt.datetime = NOW, anchors: Sequence[CertificatePair] | None = None
) -> ValidationReport:
    """Validate offline, trusting the standing root unless told otherwise."""
    trusted = [authorities().root] if anchors is None else anchors
    validation = Validation(
        LIMITS, clock=lambda: at, anchors=[item.certificate for item in trusted]
    )
    return validation.validate(document, "a.pdf")


def shown(document: bytes, at: dt.datetime = NOW) -> dict[str, Any]:
    """The report about the one signature."""
    (signature,) = validate(document, at).to_json()["signatures"]
    assert isinstance(signature, dict)
    return signature


def outcome(document: bytes, at: dt.datetime = NOW) -> tuple[str, str | None]:
    """Indication and sub-indication of the one signature."""
    found = shown(document, at)
    return found["indication"], found["subIndication"]


def codes(signature: dict[str, Any], kind: str = "errors") -> list[str]:
    """The codes of errors or warnings."""
    return [item["code"] for item in signature[kind]]


PASSED = ("TOTAL-PASSED", None)
OUT_OF_BOUNDS = ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


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
        "2038-05-29 12:00 UTC, and no newer time-stamp was added in time."
    )
    assert reason in found["errors"][0]["message"]
    assert "no newer time-stamp was added in time" in report.sentence()
    assert codes(found, "warnings") == ["time_stamp_not_valid", "time_stamp_not_valid"]


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


# ------------------------------------- time-stamp before, at or after an event

EVENT = AT + 10 * MINUTE
ORDERS = {"before": -MINUTE, "equal": 0 * MINUTE, "after": MINUTE}


def about_signer(stamp_at: dt.datetime, *statements: bytes, by: CertificatePair) -> bytes:
    """A document time-stamped then, with these statements about its signer."""
    found = authorities()
    good = answer(found.stamper, AT + 30 * MINUTE)
    lists = [revocation_list(found.root, AT - DAY)]
    return store(sign(stamp_at=stamp_at, by=by), ocsps=[good, *statements], crls=lists)


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
        (AT - 2 * MINUTE, ("INDETERMINATE", "TRY_LATER")),
        (AT - 30 * SECOND, PASSED),
        (AT, PASSED),
        (AT + 30 * MINUTE, PASSED),
    ],
    ids=["before", "within the tolerance of clocks", "at once", "after"],
)
def test_an_answer_must_speak_for_the_time_of_the_signature(
    made: dt.datetime, expected: tuple[str, str | None]
) -> None:
    """An answer from before the time-stamp would hide a revocation in between."""
    signer = authorities().signer
    assert outcome(about_signer(AT, answer(signer, made), by=signer)) == expected


def test_a_list_that_was_current_is_enough_and_told() -> None:
    """Of an authority that only makes lists, the next one comes when it comes."""
    found = authorities()
    known = revocation_list(found.issuing, AT - DAY, days=2)
    document = store(
        sign(),
        ocsps=[answer(found.stamper, AT + MINUTE)],
        crls=[known, revocation_list(found.root, AT - DAY)],
    )
    signature = shown(document)
    assert (signature["indication"], codes(signature, "warnings")) == (
        PASSED[0],
        ["revocation_list_older"],
    )


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
    stamp = shown(document, AT + 2 * HOUR)["timeStamps"][0]
    assert (stamp["indication"] == "TOTAL-PASSED") is valid
    if not valid:
        assert stamp["subIndication"] == "REVOKED_NO_POE"


def test_an_expired_time_stamp_proves_nothing() -> None:
    """Without an archive time-stamp its certificate must still be valid."""
    found = shown(long_term(), AT + 4 * YEAR)
    (stamp,) = found["timeStamps"]
    assert stamp["subIndication"] == "OUT_OF_BOUNDS_NO_POE"
    assert "time_stamp_not_valid" in codes(found, "warnings")
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


# ------------------------------------------------------------- what never helps


def test_a_time_stamp_of_another_signature_never_helps() -> None:
    """A token that was copied is over another value; it is told and the level stays B."""
    copied = _tokens(sign())[0]
    document = store(sign(stamp_at=None, tokens=[copied]), **material(AT + MINUTE))
    found = shown(document, AT + 6 * YEAR)
    (stamp,) = found["timeStamps"]
    assert (stamp["indication"], stamp["subIndication"]) == ("TOTAL-FAILED", "HASH_FAILURE")
    assert (found["level"], found["subIndication"]) == ("PAdES_BASELINE_B", "OUT_OF_BOUNDS_NO_POE")


def _tokens(document: bytes) -> list[bytes]:
    """The tokens of the one signature of a document, as another program reads them."""
    (embedded,) = PdfFileReader(io.BytesIO(document)).embedded_signatures
    attributes = embedded.signer_info["unsigned_attrs"]
    return [value.dump() for item in attributes for value in item["values"]]


def test_a_document_time_stamp_of_another_document_is_refused() -> None:
    """One that was copied proves nothing, and nobody may append it."""
    document = archive(long_term(), AT + 2 * MINUTE, over=b"another document")
    found = shown(document)
    assert found["level"] == "PAdES_BASELINE_LT"
    assert "document_time_stamp_broken" in codes(found)
    assert found["timeStamps"][1]["subIndication"] == "HASH_FAILURE"


def _foreign_responder() -> CertificatePair:
    return responder(issuing_below(root_ca("Elsewhere"), "TEST long-term issuing"))


def _no_responder() -> CertificatePair:
    return responder(authorities().issuing, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)


def _expired_responder() -> CertificatePair:
    return responder(authorities().issuing, until=AT - DAY)


FORGED: dict[str, Callable[[CertificatePair], bytes]] = {
    "about another certificate": lambda _: answer(leaf(authorities().issuing), AT + MINUTE),
    "of another issuer": lambda one: answer(
        one, AT + MINUTE, issuer=issuing_below(root_ca("Elsewhere"))
    ),
    "signature changed": lambda one: answer(one, AT + MINUTE, changed=True),
    "responder of another authority": lambda one: answer(one, AT + MINUTE, by=_foreign_responder()),
    "certificate not for OCSP": lambda one: answer(one, AT + MINUTE, by=_no_responder()),
    "responder expired before": lambda one: answer(one, AT + MINUTE, by=_expired_responder()),
    "signed by the signer": lambda one: answer(one, AT + MINUTE, by=one),
    "no answer at all": lambda _: b"\x30\x03\x0a\x01\x06",
    "garbage": lambda _: b"garbage",
}


@pytest.mark.parametrize("kind", list(FORGED))
def test_forged_evidence_never_helps(kind: str) -> None:
    """An answer that does not verify is as good as none, and breaks nothing either."""
    signer = authorities().signer
    wrong = FORGED[kind](signer)
    found = shown(about_signer(AT, wrong, by=signer))
    assert (found["indication"], found["level"]) == ("INDETERMINATE", "PAdES_BASELINE_T")
    assert codes(found) == ["revocation_data_missing"]
    right = about_signer(AT, wrong, answer(signer, AT + MINUTE), by=signer)
    assert outcome(right) == PASSED


def test_what_was_refused_is_told() -> None:
    """A statement about the signer that does not verify is named with the reason."""
    signer = authorities().signer
    wrong = answer(signer, AT + MINUTE, changed=True)
    found = shown(about_signer(AT, wrong, by=signer))
    assert codes(found, "warnings") == ["revocation_data_refused"]


def test_evidence_cannot_be_backdated_with_a_key_that_expired() -> None:
    """An answer that no time-stamp covers in time counts for nothing once its key is old."""
    signer = authorities().signer
    found = authorities()
    bare = archive(
        store(
            sign(),
            ocsps=[answer(found.stamper, AT), answer(found.archive, AT)],
            crls=[revocation_list(found.root, AT - DAY)],
        ),
        AT + MINUTE,
    )
    document = store(bare, ocsps=[answer(signer, AT + MINUTE, GOOD)])
    assert outcome(document) == PASSED
    assert outcome(document, AT + 31 * DAY) == ("INDETERMINATE", "REVOCATION_OUT_OF_BOUNDS_NO_POE")


def test_garbage_in_the_security_store_is_told_and_breaks_nothing() -> None:
    """What cannot be read is passed over; what can be read still counts."""
    good = material(AT + MINUTE)
    junk = [b"", b"\x30\x80", b"\x00" * 100]
    document = store(
        sign(),
        ocsps=[*good["ocsps"], *junk],
        crls=[*good["crls"], *junk],
        certs=[authorities().issuing.der, *junk],
    )
    report = validate(document)
    assert report.passed
    assert [item.code for item in report.errors] == ["security_store_damaged"]


def test_without_anchors_nothing_is_trusted() -> None:
    """A complete document of strangers is intact and not trusted."""
    report = validate(archived(), anchors=[])
    (found,) = report.to_json()["signatures"]
    assert (found["integrity"], found["trust"]["verdict"]) == ("intact", "unknown")
    assert found["subIndication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    assert found["level"] == "PAdES_BASELINE_T"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_flipped_byte_of_an_archive_passes_later(data: st.DataObject) -> None:
    """When all rests on the document time-stamp, one changed byte anywhere shows."""
    document = archived()
    flipped = bytearray(document)
    position = data.draw(st.integers(0, len(document) - 1))
    flipped[position] ^= data.draw(st.integers(1, 255))
    try:
        report = validate(bytes(flipped), AT + 6 * YEAR)
    except IdServiceError:
        return
    gap = document.rindex(b"/Contents <"), document.rindex(b">", 0, document.rindex(b"endobj"))
    # Hexadecimal digits mean the same in both cases, and nobody can sign them.
    same = gap[0] < position < gap[1] and bytes(flipped).lower() == document.lower()
    assert not report.passed or same
