"""Documents with time-stamps and revocation data of any time, by authorities of the tests' own.

`authorities()` is a small PKI with the lifetimes of a real one: the answers of its OCSP
responder outlive nothing, its archive time-stamping unit nearly everything. The functions
append to a document what a signer would, at whatever time; a test leaves one thing out or
makes one thing wrong. Answers are encoded with asn1crypto, not with the product's writer.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from asn1crypto import core, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from idservice.cms.signed_data import cms_template
from idservice.crypto.algorithms import SHA256
from idservice.crypto.keys import PrivateKey
from idservice.pades.dss import StoreItems
from idservice.pades.extension import add_signature_time_stamp, prepare_time_stamp, store_update
from idservice.pades.signing import embed_cms, prepare, signature_cms
from idservice.pdf.document import open_document
from support import pdfs
from support.pki import (
    AT,
    CertificatePair,
    Extension,
    extension,
    intermediate_ca,
    leaf,
    name,
    root_ca,
)
from support.time_stamps import forgery, imprint, info_der, time_stamping, token_of

DAY = dt.timedelta(days=1)
YEAR = dt.timedelta(days=365)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
START = AT - YEAR
_ROOM = 4096

GOOD = ocsp.CertStatus("good", core.Null())


def ocsp_source(url: str = "http://ca.example/ocsp") -> tuple[Extension, ...]:
    """Name the OCSP service of a certificate in an extension."""
    place = x509.UniformResourceIdentifier(url)
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
    return (extension(x509.AuthorityInformationAccess([access]), critical=False),)


def _list_source(url: str) -> tuple[Extension, ...]:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return (extension(x509.CRLDistributionPoints([point]), critical=False),)


@dataclass(frozen=True, slots=True)
class Authorities:
    """A root, what is below it, and a signer."""

    root: CertificatePair
    issuing: CertificatePair
    signer: CertificatePair
    responder: CertificatePair
    stamper: CertificatePair
    archive: CertificatePair


def responder(
    issuer: CertificatePair,
    *,
    until: dt.datetime = AT + 30 * DAY,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING,
) -> CertificatePair:
    """Make an OCSP responder that need not be asked about."""
    return leaf(
        issuer,
        name("TEST responder"),
        not_before=START,
        not_after=until,
        extensions=[
            extension(x509.ExtendedKeyUsage([purpose]), critical=True),
            extension(x509.OCSPNoCheck(), critical=False),
        ],
    )


def stamper(
    issuer: CertificatePair,
    *,
    until: dt.datetime,
    common_name: str = "TEST unit",
    key: PrivateKey | None = None,
) -> CertificatePair:
    """Make a time-stamping unit that can be asked about."""
    extensions = (*time_stamping(), *ocsp_source())
    return leaf(
        issuer,
        name(common_name),
        key=key,
        not_before=START,
        not_after=until,
        extensions=extensions,
    )


@cache
def authorities() -> Authorities:
    """The standing authorities: signer 5 years, OCSP 30 days, units 3 and 12 years."""
    root = root_ca("TEST long-term root", not_before=START, not_after=AT + 60 * YEAR)
    issuing = intermediate_ca(
        root,
        "TEST long-term issuing",
        not_before=START,
        not_after=AT + 50 * YEAR,
        extensions=_list_source("http://ca.example/root.crl"),
    )
    signer = leaf(
        issuing,
        not_before=START,
        not_after=AT + 5 * YEAR,
        extensions=ocsp_source(),
    )
    return Authorities(
        root,
        issuing,
        signer,
        responder(issuing),
        stamper(issuing, until=AT + 3 * YEAR),
        stamper(issuing, until=AT + 12 * YEAR, common_name="TEST archive unit"),
    )


def revoked(at: dt.datetime, reason: str = "key_compromise") -> ocsp.CertStatus:
    """The status of a certificate that was revoked (or, on hold, suspended)."""
    return ocsp.CertStatus(
        "revoked", ocsp.RevokedInfo({"revocation_time": at, "revocation_reason": reason})
    )


def answer(
    about: CertificatePair,
    at: dt.datetime,
    status: ocsp.CertStatus = GOOD,
    *,
    by: CertificatePair | None = None,
    issuer: CertificatePair | None = None,
    next_update: dt.datetime | None = None,
    changed: bool = False,
    bare: bool = False,
) -> bytes:
    """Encode an OCSP answer about a certificate, signed by the standing responder or `by`.

    `changed` breaks the signature; `bare` leaves out the certificate of who signed.
    """
    signer = by or authorities().responder
    of = asn1_x509.Certificate.load((issuer or authorities().issuing).der)
    single = {
        "cert_id": {
            "hash_algorithm": {"algorithm": "sha1"},
            "issuer_name_hash": of.subject.sha1,
            "issuer_key_hash": of.public_key.sha1,
            "serial_number": about.certificate.serial_number,
        },
        "cert_status": status,
        "this_update": at,
        "next_update": next_update,
    }
    if next_update is None:
        del single["next_update"]
    own = asn1_x509.Certificate.load(signer.der)
    data = ocsp.ResponseData(
        {
            "responder_id": ocsp.ResponderId("by_key", own.public_key.sha1),
            "produced_at": at,
            "responses": [single],
        }
    )
    value = signer.signer().sign(data.dump())
    if changed:
        value = signer.signer().sign(data.dump() + b"x")
    basic = ocsp.BasicOCSPResponse(
        {
            "tbs_response_data": data,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": value,
            "certs": None if bare else [own],
        }
    )
    encoded: bytes = ocsp.OCSPResponse(
        {
            "response_status": "successful",
            "response_bytes": {
                "response_type": "basic_ocsp_response",
                "response": core.ParsableOctetString(basic.dump()),
            },
        }
    ).dump()
    return encoded


def revocation_list(
    issuer: CertificatePair,
    at: dt.datetime,
    *entries: tuple[CertificatePair, dt.datetime],
    days: int = 180,
    compromised_at: dt.datetime | None = None,
) -> bytes:
    """Encode a revocation list of an authority; with the date of a compromise if given."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(at + days * DAY)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key), critical=False
        )
    )
    for about, since in entries:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(about.certificate.serial_number)
            .revocation_date(since)
        )
        if compromised_at is not None:
            reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
            invalid = x509.InvalidityDate(compromised_at.replace(tzinfo=None))
            entry = entry.add_extension(reason, critical=False)
            entry = entry.add_extension(invalid, critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    key = issuer.key
    made = builder.sign(key, hashes.SHA384())
    return made.public_bytes(serialization.Encoding.DER)


def token(value: bytes, at: dt.datetime, unit: CertificatePair) -> bytes:
    """Encode a time-stamp token over some bytes."""
    stamped = imprint("sha256", hashlib.sha256(value).digest())
    info = info_der(message_imprint=stamped, gen_time=at, tsa=None, nonce=None)
    return token_of(forgery(info, signer=unit, certificates=(unit.der,)))


def sign(
    data: bytes | None = None,
    *,
    stamp_at: dt.datetime | None = AT,
    by: CertificatePair | None = None,
    unit: CertificatePair | None = None,
    tokens: Sequence[bytes] = (),
    chain: Sequence[bytes] = (),
) -> bytes:
    """Sign a document, with a time-stamp of `stamp_at` unless that is None, and `tokens`.

    The certificates of `chain` come along with the signer's.
    """
    data = pdfs.baseline() if data is None else data
    signer = by or authorities().signer
    template = cms_template(signer.der, tuple(chain), signer.signer().algorithm)
    pending = prepare(open_document(data), template, at=AT, room=2 * _ROOM)
    value = signer.signer().sign(pending.dtbs)
    cms = signature_cms(pending, value, made_here=True)
    if stamp_at is not None:
        stamp = token(value, stamp_at, unit or authorities().stamper)
        cms = add_signature_time_stamp(cms, stamp)
    for item in tokens:
        cms = add_signature_time_stamp(cms, item)
    return data + embed_cms(pending, cms)


def store(
    data: bytes,
    *,
    ocsps: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
    certs: Sequence[bytes] | None = None,
) -> bytes:
    """Append a security store; by default with the certificate of the issuing authority."""
    chain = (authorities().issuing.der,) if certs is None else tuple(certs)
    items = StoreItems(chain, tuple(ocsps), tuple(crls))
    return data + store_update(open_document(data), items, {})


def archive(
    data: bytes,
    at: dt.datetime,
    unit: CertificatePair | None = None,
    *,
    over: bytes | None = None,
) -> bytes:
    """Append a document time-stamp; with `over` its token is over something else."""
    pending = prepare_time_stamp(open_document(data), algorithm=SHA256, room=_ROOM, at=at)
    signer = unit or authorities().archive
    start, stop = pending.contents_start, pending.contents_end
    covered = data + pending.update[:start] + pending.update[stop:]
    return data + pending.complete(token(covered if over is None else over, at, signer))


def material(at: dt.datetime, *units: CertificatePair) -> dict[str, list[bytes]]:
    """Everything that shows that the signer and the units (both, unless given) were good."""
    found = authorities()
    about = (found.signer, *(units or (found.stamper, found.archive)))
    return {
        "ocsps": [answer(item, at) for item in about],
        "crls": [revocation_list(found.root, at - 20 * DAY)],
    }


@cache
def long_term() -> bytes:
    """A B-LT document of AT."""
    return store(sign(), **material(AT + MINUTE))


@cache
def archived() -> bytes:
    """A B-LTA document of AT."""
    return archive(long_term(), AT + 2 * MINUTE)


def about_signer(
    stamp_at: dt.datetime, *statements: bytes, by: CertificatePair, lists: Sequence[bytes] = ()
) -> bytes:
    """A document time-stamped then, with these statements and lists about its signer."""
    found = authorities()
    good = answer(found.stamper, AT + 30 * MINUTE)
    lists = [revocation_list(found.root, AT - DAY), *lists]
    return store(sign(stamp_at=stamp_at, by=by), ocsps=[good, *statements], crls=lists)
