"""Time-stamps and statements that were copied, forged or damaged never help a signature.

Everything is judged offline, by the root alone. Times are counted from AT.
"""

import datetime as dt
import io
from collections.abc import Callable

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from idservice.errors import IdServiceError
from idservice.pdf.document import open_document
from idservice.pdf.update import Update
from idservice.services.revocation import NoRevocationSource
from idservice.services.trust import MAX_UNTRUSTED, TrustContext, find_paths
from idservice.validation.facts import (
    DocumentFacts,
    Integrity,
    TimeStampFacts,
    TimeStampKind,
)
from support.long_term import (
    DAY,
    GOOD,
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
    responder,
    revocation_list,
    sign,
    stamper,
    store,
)
from support.offline import PASSED, codes, outcome, shown, validate
from support.pki import AT, CertificatePair, leaf, root_ca
from support.pki import intermediate_ca as issuing_below

SECOND = dt.timedelta(seconds=1)


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


def test_what_a_later_revision_leaves_out_still_counts() -> None:
    """Nobody can take evidence away by appending an empty store; that it was left out is listed."""
    document = open_document(archived())
    update = Update(document)
    update.put(document.catalog["/DSS"].objgen, b"<< /Type /DSS >>")
    found = shown(archived() + bytes(update.finish().data), AT + 6 * YEAR)
    assert (found["indication"], found["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_LTA")
    assert found["changes"]["items"][-1]["code"] == "dss-entry-removed"


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


def test_many_time_stamps_of_strangers_cost_little() -> None:
    """After so many authorities of nobody no more are looked for; none of them proves anything."""
    issuer = issuing_below(root_ca("Elsewhere"))
    unit = stamper(issuer, until=AT + YEAR)
    stamps = [
        TimeStampFacts(
            f"T{number}",
            TimeStampKind.SIGNATURE,
            Integrity.INTACT,
            (),
            AT,
            certificate_der=unit.der,
            # A bag of its own each time, so that nothing is remembered.
            certificates=(unit.der, *(issuer.der for _ in range(number))),
            end=100,
        )
        for number in range(2 * MAX_UNTRUSTED)
    ]
    facts = DocumentFacts("PAdES", (), (), tuple(stamps))
    root = authorities().root.certificate
    context = TrustContext((root,), (), NoRevocationSource(), AT + HOUR)
    paths = find_paths(facts, context).time_stamps
    told = [item.findings[0].message for item in paths]
    assert all(item.path is None for item in paths)
    assert sum("not looked at any more" in item for item in told) == MAX_UNTRUSTED
