"""pyHanko's implementation of EN 319 102-1, with revocation required and nothing fetched."""

import asyncio
import dataclasses
import datetime as dt
import io
import logging

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESSubIndic
from pyhanko.sign.validation.ades import (
    ades_basic_validation,
    ades_lta_validation,
    ades_with_time_validation,
    simulate_future_ades_lta_validation,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from idservice.pades.dss import StoreItems

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)

# pyHanko reads its own clock between the time of validation and the proofs of existence.
_LATER = dt.timedelta(seconds=30)


def open_reader(data: bytes, password: str | None = None) -> PdfFileReader:
    """Open a file with pyHanko."""
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    if reader.encrypted:
        reader.decrypt(password or "")
    return reader


def with_time(
    reader: PdfFileReader, root_der: bytes, beside: LocalKnowledge | None = None
) -> AdESSubIndic:
    """Validate the newest signature with its time-stamp (cl. 5.5), by the stored evidence.

    `beside` is used instead of what is stored in the file.
    """
    signature = reader.embedded_regular_signatures[-1]
    spec = _spec(root_der, beside or _stored(reader)).signature_validation_spec
    return asyncio.run(
        ades_with_time_validation(
            signature.signed_data,
            spec,
            timing_info=_timing(),
            raw_digest=_digest(signature),
        )
    ).ades_subindic


def archival(reader: PdfFileReader, root_der: bytes, *, compare: bool = True) -> AdESSubIndic:
    """Validate the newest signature with its archive time-stamps (cl. 5.6).

    With `compare` what was appended after each of them is judged as well.
    """
    signature = reader.embedded_regular_signatures[-1]
    spec = _spec(root_der)
    if not compare:
        spec = dataclasses.replace(spec, diff_policy=None)
    return asyncio.run(ades_lta_validation(signature, spec, timing_info=_timing())).ades_subindic


def maintainable(reader: PdfFileReader, root_der: bytes, years: int) -> AdESSubIndic:
    """Validate the newest signature as of years from now, had the archive been renewed."""
    signature = reader.embedded_regular_signatures[-1]
    now = dt.datetime.now(dt.UTC)
    return asyncio.run(
        simulate_future_ades_lta_validation(
            signature, _spec(root_der), now + dt.timedelta(days=365 * years)
        )
    ).ades_subindic


def basic(reader: PdfFileReader, root_der: bytes, index: int = -1) -> AdESSubIndic:
    """Validate a signature without time-stamps (cl. 5.3), by the stored evidence."""
    signature = reader.embedded_regular_signatures[index]
    spec = _spec(root_der, _stored(reader)).signature_validation_spec
    return asyncio.run(
        ades_basic_validation(
            signature.signed_data, spec, timing_info=_timing(), raw_digest=_digest(signature)
        )
    ).ades_subindic


def _digest(signature: EmbeddedPdfSignature) -> bytes:
    digest: bytes = signature.compute_digest()
    return digest


def _timing() -> ValidationTimingInfo:
    at = dt.datetime.now(dt.UTC) + _LATER
    return ValidationTimingInfo(at, at, point_in_time_validation=False)


def kept_beside(items: StoreItems) -> LocalKnowledge:
    """Give pyHanko evidence that is not in the file, such as B-T leaves to its validator."""
    return LocalKnowledge(
        known_ocsps=[
            item
            for answer in items.ocsps
            for item in OCSPContainer.load_multi(asn1_ocsp.OCSPResponse.load(answer))
        ],
        known_crls=[CRLContainer(asn1_crl.CertificateList.load(item)) for item in items.crls],
        known_certs=[asn1_x509.Certificate.load(item) for item in items.certs],
    )


def _stored(reader: PdfFileReader) -> LocalKnowledge:
    """Read the security store as pyHanko itself does."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return LocalKnowledge()
    streams = (
        tuple(item.get_object().data for item in found) for found in (store.ocsps, store.crls)
    )
    certificates = tuple(item.dump() for item in store.load_certs())
    return kept_beside(StoreItems(certificates, *streams))


def _spec(root_der: bytes, knowledge: LocalKnowledge | None = None) -> PdfSignatureValidationSpec:
    trust = SimpleTrustManager.build(trust_roots=[asn1_x509.Certificate.load(root_der)])
    required = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
    policy = CertRevTrustPolicy(RevocationCheckingPolicy(required, required))
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(trust, policy),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
            local_knowledge=knowledge or LocalKnowledge(),
        )
    )
