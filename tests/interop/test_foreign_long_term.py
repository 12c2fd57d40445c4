"""Archived documents that pyHanko makes, judged by us: another program's reading of PAdES."""

import datetime as dt
import io

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from idservice.crypto.algorithms import KeyKind
from support import pdfs
from support.long_term import DAY, YEAR, answer, authorities, responder, revocation_list, stamper
from support.offline import validate
from support.pki import CertificatePair, new_key
from support.policies import relying_on_rsa


def certificate(pair: CertificatePair) -> asn1_x509.Certificate:
    """A certificate as pyHanko takes it."""
    return asn1_x509.Certificate.load(pair.der)


def key(pair: CertificatePair) -> asn1_keys.PrivateKeyInfo:
    """A private key as pyHanko takes it."""
    encoded = pair.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return asn1_keys.PrivateKeyInfo.load(encoded)


def made_by_pyhanko(now: dt.datetime, *, archived: bool) -> bytes:
    """Sign with pyHanko, with time-stamps and revocation data of now."""
    found = authorities()
    # pyHanko's own time-stamper has RSA keys only, and names its certificate by SHA-1.
    unit = stamper(found.issuing, until=now + 12 * YEAR, key=new_key(KeyKind.RSA))
    signer = responder(found.issuing, until=now + 30 * DAY)
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(certificate(found.issuing))
    context = ValidationContext(
        trust_roots=[certificate(found.root)],
        other_certs=[certificate(found.issuing)],
        ocsps=[
            asn1_ocsp.OCSPResponse.load(answer(item, now, by=signer, next_update=now + DAY))
            for item in (found.signer, unit)
        ],
        crls=[asn1_crl.CertificateList.load(revocation_list(found.root, now - DAY))],
        allow_fetching=False,
        revocation_mode="hard-fail",
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="Foreign",
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        embed_validation_info=True,
        use_pades_lta=archived,
        validation_context=context,
    )
    stamps = DummyTimeStamper(certificate(unit), key(unit), store)
    output = signers.PdfSigner(
        metadata,
        signer=signers.SimpleSigner(certificate(found.signer), key(found.signer), store),
        timestamper=stamps,
    ).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdfs.baseline())))
    assert isinstance(output, io.BytesIO)
    return output.getvalue()


@pytest.mark.parametrize("archived", [False, True], ids=["B-LT", "B-LTA"])
def test_what_pyhanko_archives_passes_at_its_level(archived: bool) -> None:  # noqa: FBT001
    """Its store, its time-stamps and its revisions are understood; then clocks run on."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    data = made_by_pyhanko(now, archived=archived)
    (shown,) = validate(data, now + dt.timedelta(hours=1)).to_json()["signatures"]
    assert (shown["indication"], shown["errors"]) == ("TOTAL-PASSED", [])
    assert shown["level"] == ("PAdES_BASELINE_LTA" if archived else "PAdES_BASELINE_LT")
    assert shown["changes"]["verdict"] == "permitted"
    (later,) = validate(data, now + 6 * YEAR, policy=relying_on_rsa()).to_json()["signatures"]
    assert (later["indication"] == "TOTAL-PASSED") is archived
    # Its time-stamps are made with RSA, which the strict policy does not rely upon that long.
    (strict,) = validate(data, now + 6 * YEAR).to_json()["signatures"]
    assert strict["indication"] == "INDETERMINATE"
