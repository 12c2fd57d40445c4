"""OCSP answers with one thing wrong: each single fault is told as what it is."""

import datetime as dt
from collections.abc import Callable
from functools import partial

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.crypto import der
from idservice.errors import (
    CertificateConstraintsViolated,
    IdServiceError,
    MalformedOcsp,
    OcspRefused,
    StatusAnswerInvalid,
    StatusAnswerMismatch,
    StatusAnswerStale,
)
from idservice.pki.ocsp_answer import STATUSES
from idservice.pki.ocsp_building import REVOKED, UNKNOWN, Status, error_answer
from idservice.pki.ocsp_response import read_answer
from support.pki import (
    AT,
    NOT_AFTER,
    NOT_BEFORE,
    CertificatePair,
    chain,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    root_ca,
)
from support.status import HOUR, NONCE, AnswerPlan, delegate, ocsp_delegate, resigned, status_in

SUBJECT, ISSUER = chain().leaf, chain().intermediate
SECOND = dt.timedelta(seconds=1)

# One thing at a time is wrong, in the manner of the OCSP tests of OpenSSL.

OTHER_ROOT = root_ca("TEST Other root")
SAME_NAME = intermediate_ca(OTHER_ROOT)
OTHER_NAME = intermediate_ca(chain().root, "TEST Other intermediate", key=ISSUER.key)
NEVER_ISSUED = leaf(ISSUER)


def key_hash(pair: CertificatePair) -> bytes:
    """The SHA-1 of a public key, which names a responder."""
    return x509.SubjectKeyIdentifier.from_public_key(pair.public_key).digest


def swapped(old: bytes, new: bytes) -> bytes:
    """Exchange bytes of the same length inside the signed part, and sign it again."""
    assert len(old) == len(new)

    def change(tbs: bytes) -> bytes:
        assert tbs.count(old) == 1
        return tbs.replace(old, new)

    return resigned(change)


def tampered() -> bytes:
    """Change the status in the signed part and leave the signature as it was."""
    answer = AnswerPlan(status=Status(UNKNOWN)).build()
    assert answer.count(b"\x82\x00\x18") == 1
    return answer.replace(b"\x82\x00\x18", b"\x80\x00\x18")


CERT_ID = AnswerPlan().cert_id
KEY_ENCIPHERMENT = extension(key_usage(key_encipherment=True), critical=True)
RESTRICTED = extension(
    x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.5"), b"\x05\x00"), critical=True
)

WRONG: dict[str, tuple[type[IdServiceError], Callable[[], bytes]]] = {
    "issuer's name hash": (
        StatusAnswerMismatch,
        lambda: swapped(CERT_ID.issuer_name_hash, bytes(32)),
    ),
    "issuer's key hash": (
        StatusAnswerMismatch,
        lambda: swapped(CERT_ID.issuer_key_hash, bytes(32)),
    ),
    "serial number": (
        StatusAnswerMismatch,
        lambda: AnswerPlan(subject=NEVER_ISSUED).build(),
    ),
    "two statuses": (StatusAnswerMismatch, lambda: AnswerPlan(times=2).build()),
    "nonce": (StatusAnswerMismatch, lambda: AnswerPlan(nonce=bytes(32)).build()),
    "nonce missing": (StatusAnswerMismatch, lambda: AnswerPlan(nonce=None).build()),
    "nonce of a shorter length": (
        StatusAnswerMismatch,
        lambda: AnswerPlan(nonce=NONCE[:31]).build(),
    ),
    "responder ID": (
        StatusAnswerInvalid,
        lambda: resigned(lambda tbs: tbs.replace(key_hash(delegate()), bytes(20))),
    ),
    "responder's certificate missing": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(sent_certificate=SUBJECT.der).build(),
    ),
    "tampered": (StatusAnswerInvalid, tampered),
    "signed by the subject itself": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(responder=SUBJECT).build(),
    ),
    "delegate without the purpose": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(responder=ocsp_delegate(ISSUER, purposes=())).build(),
    ),
    "delegate with another purpose": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(
            responder=ocsp_delegate(ISSUER, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))
        ).build(),
    ),
    "delegate for any purpose": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(
            responder=ocsp_delegate(ISSUER, purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))
        ).build(),
    ),
    "delegate whose key may not sign": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(responder=ocsp_delegate(ISSUER, more=(KEY_ENCIPHERMENT,))).build(),
    ),
    "delegate that is restricted": (
        CertificateConstraintsViolated,
        lambda: AnswerPlan(responder=ocsp_delegate(ISSUER, more=(RESTRICTED,))).build(),
    ),
    "delegate of the root": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(responder=ocsp_delegate(chain().root)).build(),
    ),
    "delegate of an authority with the same name": (
        IdServiceError,
        lambda: AnswerPlan(responder=ocsp_delegate(SAME_NAME)).build(),
    ),
    "delegate of an authority with the same key": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(responder=ocsp_delegate(OTHER_NAME)).build(),
    ),
    "delegate that had ended": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(responder=ocsp_delegate(ISSUER, not_after=AT - SECOND)).build(),
    ),
    "delegate that had not begun": (
        StatusAnswerInvalid,
        lambda: AnswerPlan(
            responder=ocsp_delegate(ISSUER, not_before=AT + SECOND, not_after=NOT_AFTER)
        ).build(),
    ),
    "past its nextUpdate": (
        StatusAnswerStale,
        lambda: AnswerPlan(
            this_update=AT - HOUR, produced_at=AT - HOUR, valid_for=HOUR - SECOND
        ).build(),
    ),
    "older than allowed": (
        StatusAnswerStale,
        lambda: AnswerPlan(this_update=AT - dt.timedelta(seconds=121)).build(),
    ),
    "thisUpdate in the future": (
        StatusAnswerStale,
        lambda: AnswerPlan(this_update=AT + SECOND, produced_at=AT + SECOND).build(),
    ),
    "thisUpdate after producedAt": (
        StatusAnswerStale,
        lambda: AnswerPlan(produced_at=AT - SECOND).build(),
    ),
    **{
        f"error {name}": (OcspRefused, partial(error_answer, name))
        for name in STATUSES.values()
        if name != "successful"
    },
}


@pytest.mark.parametrize(("error", "make"), WRONG.values(), ids=WRONG.keys())
def test_one_thing_that_is_wrong(error: type[IdServiceError], make: Callable[[], bytes]) -> None:
    """Each fault alone is told as what it is."""
    with pytest.raises(error):
        status_in(make())


def changed(old: bytes, new: bytes, plan: AnswerPlan | None = None) -> bytes:
    """Exchange bytes of the same length in the signed part, wherever they are first."""
    assert len(old) == len(new)
    return resigned(lambda tbs: tbs.replace(old, new, 1), plan)


def with_single_extension(encoded: bytes) -> bytes:
    """Put another extension in the place of the archive cutoff, of the same length."""
    cutoff = der.object_identifier("1.3.6.1.5.5.7.48.1.6")
    assert len(encoded) == len(cutoff)
    return changed(cutoff, encoded)


HELD = AnswerPlan(status=Status(REVOKED, AT - HOUR, "certificateHold"))
MALFORMED: dict[str, Callable[[], bytes]] = {
    "responder named in no known way": lambda: changed(b"\xa2\x16\x04\x14", b"\xa3\x16\x04\x14"),
    "state that does not exist": lambda: changed(b"\x80\x00\x18", b"\x83\x00\x18"),
    "reason that does not exist": lambda: changed(b"\x0a\x01\x06", b"\x0a\x01\x07", HELD),
    "reason of two octets": lambda: changed(b"\xa0\x03\x0a\x01\x06", b"\xa0\x03\x0a\x02\x06", HELD),
    "ends before it begins": lambda: AnswerPlan(valid_for=-HOUR).build(),
    "times with fractions": lambda: changed(
        f"{AT:%Y%m%d%H%M%SZ}".encode(), f"{AT:%Y%m%d%H%M%S}.".encode()
    ),
    "cutoff that is no time": lambda: changed(
        b"\x18\x0f" + f"{NOT_BEFORE:%Y%m%d%H%M%SZ}".encode(),
        b"\x04\x0f" + f"{NOT_BEFORE:%Y%m%d%H%M%SZ}".encode(),
    ),
    "signature of no whole octets": lambda: _unused_bits(AnswerPlan().build()),
}


@pytest.mark.parametrize("make", MALFORMED.values(), ids=MALFORMED.keys())
def test_one_thing_that_is_malformed(make: Callable[[], bytes]) -> None:
    """What is not as RFC 6960 has it is refused when it is read, whoever signed it."""
    with pytest.raises(MalformedOcsp):
        read_answer(make())


def test_an_unknown_extension_is_passed_over_unless_critical() -> None:
    """An answer may bring what is not known here, as long as nothing depends on it."""
    unknown = der.object_identifier("1.3.6.1.5.5.7.48.1.99")
    assert status_in(with_single_extension(unknown)).archive_cutoff is None

    def make_critical(tbs: bytes) -> bytes:
        """Put an extension of the same length, critical, in the place of the archive cutoff."""
        cutoff = der.sequence(
            der.object_identifier("1.3.6.1.5.5.7.48.1.6"),
            der.octet_string(b"\x18\x0f" + f"{NOT_BEFORE:%Y%m%d%H%M%SZ}".encode()),
        )
        critical = der.sequence(unknown, b"\x01\x01\xff", der.octet_string(bytes(14)))
        assert len(cutoff) == len(critical)
        return tbs.replace(cutoff, critical)

    with pytest.raises(MalformedOcsp):
        read_answer(resigned(make_critical))


def _unused_bits(answer: bytes) -> bytes:
    basic = read_answer(answer).basic
    assert basic is not None
    return answer.replace(b"\x00" + basic.signature, b"\x01" + basic.signature)
