"""The peer: pyHanko doing the same work with the same key, where it is installed."""

from __future__ import annotations

import io
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from idservice.bench.workloads import Workload

if TYPE_CHECKING:
    from idservice.bench.material import Material

MISSING = "pyHanko is not installed; `pip install pyhanko` adds the comparison"


def peer_is_installed() -> bool:
    """Tell whether pyHanko can be imported."""
    return find_spec("pyhanko") is not None


def peer_workload(material: Material, pdf: bytes) -> Workload:
    """PAdES-B-B of the same PDF with the same key by pyHanko."""
    from asn1crypto import keys, x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    key_der = material.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(material.certificate_der),
        signing_key=keys.PrivateKeyInfo.load(key_der),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="Signature1",
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm=material.template.algorithm.hash.name,
    )

    def pades() -> object:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        return signers.sign_pdf(writer, metadata, signer, output=io.BytesIO())

    return Workload(f"pyHanko PAdES-B-B {material.kind}", pades)
