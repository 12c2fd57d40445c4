"""OCSP answers: one that is right is relied on, and each single fault is told."""

import datetime as dt
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto import der
from idservice.errors import (
    IdServiceError,
    MalformedOcsp,
    StatusAnswerMismatch,
    StatusAnswerStale,
)
from idservice.pki.ocsp_answer import read_basic_answer, wrap_basic
from idservice.pki.ocsp_building import REVOKED, UNKNOWN, Status
from idservice.pki.ocsp_response import OcspStatus, read_answer, require_status
from support.pki import (
    AT,
    NOT_BEFORE,
    chain,
    intermediate_ca,
    leaf,
    root_ca,
)
from support.status import HOUR, AnswerPlan, delegate, ocsp_delegate, resigned, status_in

SUBJECT, ISSUER = chain().leaf, chain().intermediate
SECOND = dt.timedelta(seconds=1)


def test_a_good_answer_is_relied_on() -> None:
    """Everything that the answer says is in the status, the responder included."""
    found = status_in(AnswerPlan().build())
    assert found == OcspStatus(
        state="good",
        revoked_at=None,
        reason=None,
        this_update=AT,
        next_update=AT + HOUR,
        produced_at=AT,
        archive_cutoff=NOT_BEFORE,
        responder_certificate=delegate().certificate,
        responder_exempt=True,
    )


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha384", "sha512"])
def test_every_cert_id_hash_is_understood(hash_name: str) -> None:
    """The hash of a CertID says which certificate is meant, and nothing more."""
    assert status_in(AnswerPlan(hash_name=hash_name).build()).state == "good"


@pytest.mark.parametrize(
    ("reason", "told"),
    [(None, None), ("unspecified", None), ("certificateHold", "certificateHold")],
)
def test_a_revocation_is_told(reason: str | None, told: str | None) -> None:
    """Time and reason of a revocation come through; "unspecified" is no reason."""
    revoked = Status(REVOKED, AT - HOUR, reason)
    found = status_in(AnswerPlan(status=revoked).build())
    assert (found.state, found.revoked_at, found.reason) == ("revoked", AT - HOUR, told)


def test_unknown_is_a_status() -> None:
    """A responder that does not know the certificate says so, and that is no error."""
    assert status_in(AnswerPlan(status=Status(UNKNOWN)).build()).state == "unknown"


def test_the_issuer_may_answer_itself() -> None:
    """Without a delegate the issuer's own key signs, and its certificate needs no check."""
    found = status_in(AnswerPlan(responder=ISSUER).build())
    assert found.responder_certificate == ISSUER.certificate
    assert found.responder_exempt


def test_a_responder_without_nocheck_is_told() -> None:
    """A delegate without id-pkix-ocsp-nocheck has to be checked itself by the caller."""
    responder = ocsp_delegate(ISSUER, nocheck=False)
    assert not status_in(AnswerPlan(responder=responder).build()).responder_exempt


def test_a_delegate_may_have_ended_since() -> None:
    """What counts is that the responder's certificate was valid when it answered."""
    ended = ocsp_delegate(ISSUER, not_after=AT + SECOND)
    kept = AnswerPlan(responder=ended).build()
    assert status_in(kept, at=None, max_age=None).state == "good"


def test_the_library_reads_what_is_built() -> None:
    """Another reader finds the same in the answer, with the key hash as responder ID."""
    theirs = ocsp.load_der_ocsp_response(AnswerPlan(hash_name="sha1").build())
    assert theirs.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert theirs.responder_key_hash
    assert theirs.this_update_utc == theirs.produced_at_utc == AT
    assert theirs.next_update_utc == AT + HOUR
    assert theirs.certificates == [delegate().certificate]
    assert isinstance(theirs.hash_algorithm, hashes.SHA1)


def test_answers_of_the_library_are_read() -> None:
    """An answer that another library made, named by its responder, is relied on."""
    made = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            SUBJECT.certificate,
            ISSUER.certificate,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.REVOKED,
            AT,
            AT + HOUR,
            AT - HOUR,
            x509.ReasonFlags.key_compromise,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, delegate().certificate)
        .certificates([delegate().certificate])
        .sign(delegate().key, hashes.SHA256())
    )
    basic = ocsp.load_der_ocsp_response(made.public_bytes(Encoding.DER))
    found = require_status(
        read_answer(basic.public_bytes(Encoding.DER)),
        SUBJECT.certificate,
        ISSUER.certificate,
        at=None,
    )
    assert (found.state, found.reason) == ("revoked", "keyCompromise")


def test_a_bare_basic_response_is_read() -> None:
    """What CMS carries without its wrapping is the same answer (RFC 5652 cl. 10.2.1)."""
    answer = AnswerPlan().build()
    inside = read_answer(answer).basic
    assert inside is not None
    basic = answer[answer.index(inside.tbs_der) - 4 :]
    assert read_basic_answer(basic).response_der == answer == wrap_basic(basic)


def test_the_edges_of_time() -> None:
    """At the last second an answer is still good; one later, or with no tolerance, it is not."""
    answer = AnswerPlan(valid_for=dt.timedelta(seconds=30)).build()
    assert status_in(answer, at=AT + 30 * SECOND).state == "good"
    with pytest.raises(StatusAnswerStale):
        status_in(answer, at=AT + 31 * SECOND)
    with pytest.raises(StatusAnswerStale):
        status_in(answer, at=AT - SECOND)
    facts = read_answer(answer)
    early = partial(require_status, facts, SUBJECT.certificate, ISSUER.certificate)
    assert early(at=AT - SECOND, tolerance=SECOND).state == "good"


def test_another_issuer_is_not_answered_for() -> None:
    """The answer of one authority says nothing about certificates of another."""
    with pytest.raises(StatusAnswerMismatch):
        status_in(AnswerPlan().build(), issuer=intermediate_ca(root_ca("TEST Other root")))


@pytest.mark.parametrize("fits", [True, False])
def test_the_hash_of_the_certificate_is_compared(fits: bool) -> None:  # noqa: FBT001 - a case
    """An answer that proves to know the certificate (CertHash) must know this very one."""
    subject = SUBJECT if fits else leaf(ISSUER)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(subject.der)
    value = der.sequence(
        der.sequence(der.object_identifier("2.16.840.1.101.3.4.2.1")),
        der.octet_string(digest.finalize()),
    )
    added = der.sequence(der.object_identifier("1.3.36.8.3.13"), der.octet_string(value))

    def with_hash(tbs: bytes) -> bytes:
        parts = read_answer(AnswerPlan().build()).basic
        assert parts is not None
        single = der.sequence(
            parts.singles[0].cert_id.encoded,
            der.context(0, constructed=False),
            b"\x18\x0f" + f"{AT:%Y%m%d%H%M%SZ}".encode(),
            der.context(1, der.sequence(added)),
        )
        head = tbs[tbs.index(b"\xa2") :][:24]
        return der.sequence(
            head, b"\x18\x0f" + f"{AT:%Y%m%d%H%M%SZ}".encode(), der.sequence(single)
        )

    answer = resigned(with_hash)
    if fits:
        assert status_in(answer, nonce=None).state == "good"
    else:
        with pytest.raises(StatusAnswerMismatch):
            status_in(answer, nonce=None)


BAD = {
    "empty": b"",
    "noise": b"\x00\x01",
    "no status": der.sequence(),
    "status that does not exist": der.sequence(b"\x0a\x01\x04"),
    "successful and empty": der.sequence(b"\x0a\x01\x00"),
    "failed with contents": b"\x30"
    + AnswerPlan().build()[1:].replace(b"\x0a\x01\x00", b"\x0a\x01\x01"),
    "cut off": AnswerPlan().build()[:-1],
    "more behind": AnswerPlan().build() + b"\x00",
    "of another type": AnswerPlan()
    .build()
    .replace(
        der.object_identifier("1.3.6.1.5.5.7.48.1.1"), der.object_identifier("1.3.6.1.5.5.7.48.1.2")
    ),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    """Bytes that are no OCSPResponse never become facts."""
    with pytest.raises(MalformedOcsp):
        read_answer(answer)


@given(st.binary(max_size=300))
def test_noise_is_refused_with_our_errors(data: bytes) -> None:
    """Whatever comes in, only our own errors come out."""
    with pytest.raises(IdServiceError):
        read_answer(data)


REVOKED_ANSWER = AnswerPlan(status=Status(REVOKED, AT - HOUR, "keyCompromise")).build()


@given(st.data())
def test_no_changed_answer_is_relied_on(data: st.DataObject) -> None:
    """With one byte changed an answer is refused, or says exactly what was signed."""
    answer = bytearray(REVOKED_ANSWER)
    position = data.draw(st.integers(0, len(answer) - 1))
    answer[position] ^= data.draw(st.integers(1, 255))
    try:
        found = status_in(bytes(answer))
    except IdServiceError:
        return
    assert (found.state, found.revoked_at, found.reason) == ("revoked", AT - HOUR, "keyCompromise")
