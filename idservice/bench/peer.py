"""The peer: pyHanko doing the same work with the same key, where it is installed."""

from __future__ import annotations

import io
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from idservice.bench.workloads import Workload

if TYPE_CHECKING:
    from idservice.bench.levels import LevelMaterial
    from idservice.bench.material import Material

MISSING = "pyHanko is not installed; `pip install pyhanko` adds the comparison"
PEER_AT_LEVELS = (
    "pyHanko signs with our OCSP responder and time-stamping units in this process, through "
    "adapters; it has none of its own but a test device (DummyTimeStamper: RSA, unrecorded). The "
    "bare OCSP builder is that of cryptography, with no database and no request to read"
)


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


def peer_level_workloads(material: LevelMaterial, pdf: bytes) -> list[Workload]:
    """What peers do at the levels above B-B; see `level_peer`."""
    from idservice.bench.level_peer import level_peer_workloads

    return level_peer_workloads(material, pdf)
