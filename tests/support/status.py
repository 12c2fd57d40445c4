"""OCSP answers and revocation lists made for tests, right unless a test changes one thing."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import signature_algorithm_der
from idservice.crypto.certificates import subject_name
from idservice.pki.crl_building import CrlContents, RevokedEntry, build_crl
from idservice.pki.ocsp_answer import wrap_basic
from idservice.pki.ocsp_building import GOOD, Period, Responder, Status, build_answer
from idservice.pki.ocsp_cert_id import CertId, make_cert_id
from idservice.pki.ocsp_response import OcspStatus, read_answer, require_status
from support.pki import (
    AT,
    NOT_BEFORE,
    CertificatePair,
    Extension,
    chain,
    extension,
    key_usage,
    leaf,
    name,
)

HOUR = dt.timedelta(hours=1)
NONCE = bytes(range(32))
GOOD_STATUS = Status(GOOD)


def ocsp_delegate(
    issuer: CertificatePair,
    *,
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.OCSP_SIGNING,),
    nocheck: bool = True,
    not_before: dt.datetime = NOT_BEFORE,
    not_after: dt.datetime = dt.datetime(2044, 1, 1, tzinfo=dt.UTC),
    more: tuple[Extension, ...] = (),
) -> CertificatePair:
    """Make a certificate for OCSP signing below `issuer`."""
    wanted = [extension(key_usage(digital_signature=True), critical=True)]
    if purposes:
        wanted.append(extension(x509.ExtendedKeyUsage(purposes), critical=True))
    if nocheck:
        wanted.append(extension(x509.OCSPNoCheck(), critical=False))
    return leaf(
        issuer,
        name("TEST OCSP responder"),
        not_before=not_before,
        not_after=not_after,
        extensions=(*wanted, *more),
    )


@cache
def delegate() -> CertificatePair:
    """The standing OCSP responder of the standing chain."""
    return ocsp_delegate(chain().intermediate)


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """Everything that an OCSP answer is made of; the defaults answer "good" for the leaf."""

    subject: CertificatePair = field(default_factory=lambda: chain().leaf)
    issuer: CertificatePair = field(default_factory=lambda: chain().intermediate)
    responder: CertificatePair = field(default_factory=delegate)
    sent_certificate: bytes | None = None
    status: Status = GOOD_STATUS
    hash_name: str = "sha256"
    this_update: dt.datetime = AT
    valid_for: dt.timedelta = HOUR
    produced_at: dt.datetime = AT
    nonce: bytes | None = NONCE
    times: int = 1

    @property
    def cert_id(self) -> CertId:
        """The CertID of the subject."""
        return make_cert_id(self.subject.certificate, self.issuer.certificate, self.hash_name)

    def build(self) -> bytes:
        """Return the answer in DER."""
        sent = self.sent_certificate or self.responder.der
        return build_answer(
            Responder(self.responder.signer(), sent),
            [(self.cert_id, self.status)] * self.times,
            Period(self.this_update, self.this_update + self.valid_for, NOT_BEFORE),
            produced_at=self.produced_at,
            nonce=self.nonce,
        )


def status_in(
    answer_der: bytes,
    *,
    at: dt.datetime | None = AT,
    nonce: bytes | None = NONCE,
    max_age: dt.timedelta | None = dt.timedelta(minutes=2),
    issuer: CertificatePair | None = None,
) -> OcspStatus:
    """Rely on an answer about the standing leaf."""
    return require_status(
        read_answer(answer_der),
        chain().leaf.certificate,
        (issuer or chain().intermediate).certificate,
        at=at,
        nonce=nonce,
        max_age=max_age,
    )


def resigned(change: Callable[[bytes], bytes], plan: AnswerPlan | None = None) -> bytes:
    """Change the signed bytes of an answer and sign them again with the same key."""
    plan = plan or AnswerPlan()
    basic = read_answer(plan.build()).basic
    assert basic is not None
    signer = plan.responder.signer()
    tbs = change(basic.tbs_der)
    return wrap_basic(
        der.sequence(
            tbs,
            signature_algorithm_der(signer.algorithm),
            der.bit_string(signer.sign(tbs)),
            der.context(0, der.sequence(plan.responder.der)),
        )
    )


def crl_contents(
    issuer: CertificatePair,
    *entries: RevokedEntry,
    number: int = 1,
    this_update: dt.datetime = AT,
    valid_for: dt.timedelta = HOUR,
) -> CrlContents:
    """What a list of this issuer says."""
    key = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return CrlContents(
        subject_name(issuer.der),
        key.value.digest,
        number,
        this_update,
        this_update + valid_for,
        entries,
        NOT_BEFORE,
    )


def built_crl(issuer: CertificatePair, *entries: RevokedEntry) -> bytes:
    """A list of this issuer in DER."""
    return build_crl(crl_contents(issuer, *entries), issuer.signer())


def revoked(pair: CertificatePair, reason: str | None = None) -> RevokedEntry:
    """The entry of a certificate that was revoked an hour before."""
    return RevokedEntry(pair.certificate.serial_number, AT - HOUR, reason)
