"""The peer at the long-term levels: pyHanko signing with our time-stamps and OCSP answers.

pyHanko has no responder and no authority of its own, so its signatures get theirs from
ours, in this process, through adapters. Beside the responder stands the bare OCSP builder
of `cryptography`; beside the authority pyHanko's DummyTimeStamper, a test device with an
RSA key that records nothing.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from asn1crypto import keys, tsp, x509
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509 as cryptography_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.api import (
    CertificateFetcher,
    CRLFetcher,
    Fetchers,
    OCSPFetcher,
)
from pyhanko_certvalidator.registry import SimpleCertificateStore

from idservice.bench.material import make_material
from idservice.bench.workloads import Workload
from idservice.cms.time_stamp_request import build_request as time_stamp_request
from idservice.crypto.algorithms import SHA256
from idservice.crypto.certificates import load_certificate
from idservice.pki.ocsp_request import NONCE_BYTES, build_request

if TYPE_CHECKING:
    from idservice.bench.levels import LevelMaterial

_NONCE = bytes(range(NONCE_BYTES))


class _OurTimeStamper(TimeStamper):
    """Our unit as pyHanko asks for time-stamps."""

    def __init__(self, respond: Callable[[bytes], bytes]) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self._respond = respond

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._respond(req.dump()))


class _OurResponder(OCSPFetcher):
    """Our responder as pyHanko asks for status; every question is answered anew."""

    def __init__(self, respond: Callable[[bytes], bytes]) -> None:
        self._respond = respond
        self._answers: dict[bytes, asn1_ocsp.OCSPResponse] = {}

    async def fetch(self, cert: Any, authority: Any) -> asn1_ocsp.OCSPResponse:
        request = build_request(
            load_certificate(cert.dump()),
            load_certificate(authority.certificate.dump()),
            nonce=_NONCE,
            hash_name="sha1",
        )
        answer = asn1_ocsp.OCSPResponse.load(self._respond(request))
        self._answers[cert.dump()] = answer
        return answer

    def fetched_responses(self) -> Iterable[asn1_ocsp.OCSPResponse]:
        return list(self._answers.values())

    def fetched_responses_for_cert(self, cert: Any) -> Iterable[asn1_ocsp.OCSPResponse]:
        answer = self._answers.get(cert.dump())
        return () if answer is None else (answer,)


class _NoLists(CRLFetcher):
    """The revocation lists are given beforehand."""

    async def fetch(self, cert: Any, *, use_deltas: bool | None = None) -> Iterable[Any]:  # noqa: ARG002 - its interface
        return ()

    def fetched_crls(self) -> Iterable[Any]:
        return ()

    def fetched_crls_for_cert(self, cert: Any) -> Iterable[Any]:  # noqa: ARG002 - its interface
        return ()


class _NoCertificates(CertificateFetcher):
    """The certificates are given beforehand."""

    async def _nothing(self) -> AsyncIterator[Any]:
        nothing: tuple[Any, ...] = ()
        for item in nothing:
            yield item

    def fetch_cert_issuers(self, cert: Any) -> Any:  # noqa: ARG002 - its interface
        return self._nothing()

    def fetch_crl_issuers(self, certificate_list: Any) -> Any:  # noqa: ARG002 - its interface
        return self._nothing()

    def fetched_certs(self) -> Iterable[Any]:
        return ()


def level_peer_workloads(material: LevelMaterial, pdf: bytes) -> list[Workload]:
    """List what the peers do: the three levels, a bare OCSP builder, the test authority."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    signer = _OurSigner(material)
    levels: tuple[tuple[str, dict[str, Any]], ...] = (
        ("PAdES-B-T", {}),
        ("PAdES-B-LT", {"embed_validation_info": True}),
        ("PAdES-B-LTA", {"embed_validation_info": True, "use_pades_lta": True}),
    )
    return [
        *(Workload(f"pyHanko {name}", _pades(material, pdf, signer, w)) for name, w in levels),
        Workload("bare OCSP builder", _bare_ocsp(material)),
        Workload("pyHanko DummyTimeStamper", _dummy_time_stamper(material)),
    ]


class _OurSigner(signers.Signer):
    """The same opened key, as pyHanko signs with it."""

    def __init__(self, material: LevelMaterial) -> None:
        self._key = material.key.signer
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register(x509.Certificate.load(material.issuing_der))
        super().__init__(
            signing_cert=x509.Certificate.load(material.key.certificate_der),
            cert_registry=store,
        )

    async def async_sign_raw(
        self,
        data: bytes,
        digest_algorithm: str,  # noqa: ARG002 - that of the key
        dry_run: bool = False,  # noqa: FBT001, FBT002 - the interface of pyHanko
    ) -> bytes:
        return bytes(80) if dry_run else self._key.sign(data)


def _pades(
    material: LevelMaterial, pdf: bytes, signer: signers.Signer, wishes: dict[str, Any]
) -> Callable[[], object]:
    services = material.services
    stamper = _OurTimeStamper(services.timestamp_authority("tsa").respond)
    archive = _OurTimeStamper(services.timestamp_authority("tsa_archive").respond)
    known = [x509.Certificate.load(der) for der in (material.root_der, material.issuing_der)]
    lists = [
        services.revocation_lists.current(name).der for name in services.revocation_lists.names
    ]

    def context() -> ValidationContext:
        responder = _OurResponder(lambda request: services.ocsp_responder.respond(request).der)
        return ValidationContext(
            trust_roots=known[:1],
            other_certs=known[1:],
            crls=lists,
            allow_fetching=True,
            fetchers=Fetchers(responder, _NoLists(), _NoCertificates()),
            revocation_mode="hard-fail",
        )

    def sign() -> object:
        metadata = signers.PdfSignatureMetadata(
            field_name="Signature1",
            subfilter=SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            validation_context=context() if wishes else None,
            **wishes,
        )
        pades = signers.PdfSigner(metadata, signer, timestamper=stamper)
        if metadata.use_pades_lta:
            pades = signers.PdfSigner(
                replace(metadata, timestamp_field_name="Archive"), signer, timestamper=archive
            )
        return pades.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=io.BytesIO())

    return sign


def _bare_ocsp(material: LevelMaterial) -> Callable[[], object]:
    own = make_material("P-256")
    certificate = load_certificate(material.key.certificate_der)
    issuer = load_certificate(material.issuing_der)
    responder = load_certificate(own.certificate_der)

    def build() -> object:
        now = dt.datetime.now(dt.UTC)
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, issuer, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD,  # noqa: S303 - RFC 5019
            now, now + dt.timedelta(hours=1), None, None,
        )  # fmt: skip
        return (
            builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
            .certificates([responder])
            .add_extension(cryptography_x509.OCSPNonce(_NONCE), critical=False)
            .sign(own.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )

    return build


def _dummy_time_stamper(material: LevelMaterial) -> Callable[[], object]:
    key_der = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    unit_der = material.services.service_certificates.load_certificate("tsa")
    stamper = DummyTimeStamper(x509.Certificate.load(unit_der), keys.PrivateKeyInfo.load(key_der))
    request = tsp.TimeStampReq.load(time_stamp_request(bytes(32), SHA256, nonce=1))
    return lambda: stamper.request_tsa_response(request).dump()
