"""OCSP answers of which one thing is changed, in the manner and by the names of OpenSSL's set.

There, ND stands for an answer that the authority signs itself and D for one by a delegate; 1
is about an end entity below an intermediate authority, 2 about that authority, 3 about an end
entity below the root. `Form` is one of these six. Answers are encoded with asn1crypto, not
with the product's writer.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from asn1crypto import core, ocsp
from asn1crypto import x509 as asn1_x509

from support.long_term import (
    DAY,
    GOOD,
    MINUTE,
    START,
    YEAR,
    answer,
    authorities,
    ocsp_source,
    responder,
    revocation_list,
    sign,
    store,
)
from support.pki import AT, CertificatePair, intermediate_ca, leaf, root_ca

SAID = AT + MINUTE
"""When the answers are produced: a minute after the time-stamp of the signature."""

FORMS = ("ND1", "ND2", "ND3", "D1", "D2", "D3")


@dataclass(frozen=True, slots=True)
class SetAuthorities:
    """A root with an intermediate authority, a signer below each, and a delegate of each."""

    root: CertificatePair
    issuing: CertificatePair
    below_issuing: CertificatePair
    below_root: CertificatePair
    delegate_of_issuing: CertificatePair
    delegate_of_root: CertificatePair


@cache
def set_authorities() -> SetAuthorities:
    """The standing authorities of the set; those of time-stamps are others."""
    end = AT + 10 * YEAR
    root = root_ca("TEST set root", not_before=START, not_after=end)
    issuing = intermediate_ca(
        root, "TEST set issuing", not_before=START, not_after=end, extensions=ocsp_source()
    )
    return SetAuthorities(
        root,
        issuing,
        leaf(issuing, not_before=START, not_after=end, extensions=ocsp_source()),
        leaf(root, not_before=START, not_after=end, extensions=ocsp_source()),
        responder(issuing),
        responder(root),
    )


@dataclass(frozen=True, slots=True)
class Form:
    """About whom an answer is, who issued that certificate, who answers, and who signed."""

    name: str
    subject: CertificatePair
    issuer: CertificatePair
    responder: CertificatePair
    signer: CertificatePair

    @property
    def delegated(self) -> bool:
        """Whether a delegate answers for the authority."""
        return self.responder is not self.issuer


def form(name: str) -> Form:
    """Return one of the six forms."""
    found = set_authorities()
    subject, issuer, signer = {
        "1": (found.below_issuing, found.issuing, found.below_issuing),
        "2": (found.issuing, found.root, found.below_issuing),
        "3": (found.below_root, found.root, found.below_root),
    }[name[-1]]
    delegate = found.delegate_of_issuing if issuer is found.issuing else found.delegate_of_root
    return Form(name, subject, issuer, issuer if name.startswith("ND") else delegate, signer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Every part of an answer; a fault replaces one of them."""

    name_hash: bytes
    key_hash: bytes
    serial: int
    key: CertificatePair
    named: ocsp.ResponderId
    certificates: tuple[bytes, ...]
    status: ocsp.CertStatus = GOOD
    this_update: dt.datetime = SAID
    next_update: dt.datetime | None = None
    produced_at: dt.datetime = SAID
    others: tuple[dict[str, Any], ...] = ()
    extensions: tuple[dict[str, Any], ...] = ()
    single_extensions: tuple[dict[str, Any], ...] = ()
    spoilt: bool = False

    def with_(self, **changes: Any) -> "Draft":
        """Copy with some parts replaced."""
        return replace(self, **changes)

    def single(self, **changes: Any) -> dict[str, Any]:
        """The one SingleResponse, as asn1crypto takes it."""
        found: dict[str, Any] = {
            "cert_id": {
                "hash_algorithm": {"algorithm": "sha1"},
                "issuer_name_hash": self.name_hash,
                "issuer_key_hash": self.key_hash,
                "serial_number": self.serial,
            },
            "cert_status": self.status,
            "this_update": self.this_update,
            "next_update": self.next_update,
            "single_extensions": list(self.single_extensions) or None,
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def encode(self) -> bytes:
        """Sign the answer and return it in DER."""
        parts: dict[str, Any] = {
            "responder_id": self.named,
            "produced_at": self.produced_at,
            "responses": [self.single(), *self.others],
        }
        if self.extensions:
            parts["response_extensions"] = list(self.extensions)
        data = ocsp.ResponseData(parts)
        signer = self.key.signer()
        value = bytearray(signer.sign(data.dump()))
        value[-1] ^= self.spoilt
        basic = ocsp.BasicOCSPResponse(
            {
                "tbs_response_data": data,
                "signature_algorithm": {"algorithm": f"{signer.algorithm.hash.name}_ecdsa"},
                "signature": bytes(value),
                "certs": [asn1_x509.Certificate.load(item) for item in self.certificates],
            }
        )
        contents = {
            "response_type": "basic_ocsp_response",
            "response": core.ParsableOctetString(basic.dump()),
        }
        answered = {"response_status": "successful", "response_bytes": contents}
        encoded: bytes = ocsp.OCSPResponse(answered).dump()
        return encoded


def draft(of: Form) -> Draft:
    """A draft that is right: "good", and current a minute after the time-stamp."""
    issuer = asn1_x509.Certificate.load(of.issuer.der)
    return Draft(
        name_hash=issuer.subject.sha1,
        key_hash=issuer.public_key.sha1,
        serial=of.subject.certificate.serial_number,
        key=of.responder,
        named=named_by_key(of.responder),
        certificates=(of.responder.der,) if of.delegated else (),
    )


def named_by_key(pair: CertificatePair) -> ocsp.ResponderId:
    """The responder ID that is the hash of a key."""
    return ocsp.ResponderId("by_key", asn1_x509.Certificate.load(pair.der).public_key.sha1)


def named_by_name(pair: CertificatePair) -> ocsp.ResponderId:
    """The responder ID that is the subject of a certificate."""
    return ocsp.ResponderId("by_name", asn1_x509.Certificate.load(pair.der).subject)


def invalid_signature(certificate_der: bytes) -> bytes:
    """The certificate with another last bit, so that nobody's key made its signature."""
    return certificate_der[:-1] + bytes((certificate_der[-1] ^ 1,))


@cache
def _signed(name: str) -> bytes:
    return sign(by=form(name).signer)


def document(
    of: Form, *answers: bytes, issuing_der: bytes | None = None, others: bool = True
) -> bytes:
    """A document signed by the signer of a form, with these answers in its security store.

    All that is not what the form is about is there and right: the certificates, of which the
    issuing authority's may be replaced, the answer about the signer in form 2 or about the
    issuing authority in form 1 (unless `others` is false), and the time-stamp's evidence.
    """
    found = authorities()
    about = [answer(found.stamper, SAID), *answers, *(other_answers(of) if others else ())]
    issuing = set_authorities().issuing.der if issuing_der is None else issuing_der
    certificates = [found.issuing.der, issuing]
    lists = [revocation_list(found.root, AT - DAY)]
    return store(_signed(of.name), ocsps=about, crls=lists, certs=certificates)


def other_answers(of: Form) -> Sequence[bytes]:
    """What the path of a form needs beside the answer that the form is about."""
    beside = {"1": "2", "2": "1", "3": None}[of.name[-1]]
    return () if beside is None else (draft(form(f"D{beside}")).encode(),)
