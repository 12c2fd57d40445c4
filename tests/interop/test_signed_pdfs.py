"""Independent programs accept what we sign, and refuse what was changed afterwards."""

import io
from pathlib import Path

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator.registry import SimpleCertificateStore

from idservice.crypto.algorithms import (
    ECDSA_SHA3_256,
    ECDSA_SHA512,
    ED25519,
    RSA_PSS_SHA384,
    RSA_SHA256,
    RSA_SHA512,
    KeyKind,
    SignatureAlgorithm,
)
from support import oracles, pdfs
from support.pki import chain
from support.signing import signed

PYHANKO_CANNOT_READ = {
    "junk-before-header": "wants the header at the first byte",
    "password-aes-256-revision-5": "does not implement revision 5",
}
"""Cases whose input pyHanko cannot open either, each with why."""


def _accepted(status: PdfSignatureStatus) -> bool:
    return (
        status.bottom_line
        and status.intact
        and status.valid
        and status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    )


@pytest.mark.parametrize("name", pdfs.ALL)
@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384], ids=lambda kind: kind.value)
def test_three_programs_accept_every_structure(name: str, kind: KeyKind, tmp_path: Path) -> None:
    """Each generated file, signed, is wholly and validly signed for pdfsig, pyHanko and qpdf."""
    case = pdfs.build(name)
    data = signed(case.data, kind, password=case.password)
    assert data.startswith(case.data)
    (verdict,) = oracles.pdfsig(data, tmp_path, password=case.password)
    assert verdict.valid
    assert verdict.whole_file
    before = oracles.qpdf_complaints(case.data, tmp_path, password=case.password)
    assert oracles.qpdf_complaints(data, tmp_path, password=case.password) <= before
    if name not in PYHANKO_CANNOT_READ:
        assert _accepted(oracles.pyhanko(data, chain(kind).root, password=case.password))


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        (KeyKind.RSA, RSA_SHA256),
        (KeyKind.RSA, RSA_SHA512),
        (KeyKind.RSA, RSA_PSS_SHA384),
        (KeyKind.ED25519, ED25519),
        (KeyKind.P521, ECDSA_SHA512),
        (KeyKind.P256, ECDSA_SHA3_256),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_pyhanko_accepts_every_algorithm(kind: KeyKind, algorithm: SignatureAlgorithm) -> None:
    """One file signed with each family of algorithm is intact, valid and trusted for pyHanko."""
    data = signed(pdfs.build("baseline").data, kind, algorithm=algorithm)
    assert _accepted(oracles.pyhanko(data, chain(kind).root))


@pytest.mark.parametrize("algorithm", [RSA_SHA256, RSA_PSS_SHA384], ids=lambda item: item.name)
def test_pdfsig_accepts_rsa(algorithm: SignatureAlgorithm, tmp_path: Path) -> None:
    """RSA with both paddings is valid for pdfsig."""
    data = signed(pdfs.build("baseline").data, KeyKind.RSA, algorithm=algorithm)
    (verdict,) = oracles.pdfsig(data, tmp_path)
    assert verdict.valid


@pytest.mark.parametrize("name", pdfs.ALL)
def test_second_signature_leaves_the_first_valid(name: str, tmp_path: Path) -> None:
    """A second signature is valid over the whole file and the first stays valid."""
    case = pdfs.build(name)
    once = signed(case.data, password=case.password)
    twice = signed(once, KeyKind.P384, password=case.password)
    assert twice.startswith(once)
    first, second = oracles.pdfsig(twice, tmp_path, password=case.password)
    assert first.valid
    assert not first.whole_file
    assert second.valid
    assert second.whole_file
    assert {first.field, second.field}.isdisjoint({""})
    assert first.field != second.field


@pytest.mark.parametrize(
    "name",
    ["baseline", "xref-stream", "object-streams", "form-indirect-fields-indirect", "line-ends-cr"],
)
def test_pyhanko_finds_only_permitted_changes_after_the_first(name: str) -> None:
    """For pyHanko's difference analysis the second signature is a form filling, no more."""
    twice = signed(signed(pdfs.build(name).data))
    first = oracles.pyhanko(twice, chain().root, index=0)
    assert first.bottom_line
    assert first.coverage is SignatureCoverageLevel.ENTIRE_REVISION


def _pyhanko_signed(data: bytes) -> bytes:
    """Sign with pyHanko as PAdES, with the standing signer."""
    links = chain()
    key_der = links.leaf.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(asn1_x509.Certificate.load(links.intermediate.der))
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(links.leaf.der),
        signing_key=asn1_keys.PrivateKeyInfo.load(key_der),
        cert_registry=store,
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="ByPyHanko", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"
    )
    out = io.BytesIO()
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), metadata, signer, output=out)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["baseline", "xref-stream", "object-streams", "form-direct-fields-indirect"]
)
def test_signing_what_pyhanko_signed(name: str, tmp_path: Path) -> None:
    """Our signature over a file that pyHanko signed leaves both valid."""
    data = signed(_pyhanko_signed(pdfs.build(name).data))
    first, second = oracles.pdfsig(data, tmp_path)
    assert first.valid
    assert second.valid
    assert second.whole_file
    assert oracles.pyhanko(data, chain().root, index=0).bottom_line


@pytest.mark.parametrize(
    "name", ["baseline", "xref-stream", "object-streams", "form-direct-fields-indirect"]
)
def test_pyhanko_signs_what_we_signed(name: str, tmp_path: Path) -> None:
    """PyHanko's signature over a file that we signed leaves both valid."""
    data = _pyhanko_signed(signed(pdfs.build(name).data))
    first, second = oracles.pdfsig(data, tmp_path)
    assert first.valid
    assert second.valid
    assert second.whole_file
    assert oracles.pyhanko(data, chain().root, index=0).bottom_line


@pytest.mark.parametrize("name", ["baseline", "object-streams", "encrypted-aes-256"])
@pytest.mark.parametrize("where", [0.02, 0.3, 1])
def test_one_flipped_bit_is_refused(name: str, where: float, tmp_path: Path) -> None:
    """A bit changed anywhere in the signed bytes makes the signature invalid for others."""
    case = pdfs.build(name)
    data = bytearray(signed(case.data))
    inside = data.index(b"/Contents <", len(case.data))
    end = data.index(b">", inside)
    position = int(where * len(case.data)) if where < 1 else end + 3
    data[position] ^= 0x01
    verdicts = oracles.pdfsig(bytes(data), tmp_path)
    assert not any(verdict.valid for verdict in verdicts)


def test_flipped_bit_is_refused_by_pyhanko() -> None:
    """A letter changed in the page's text leaves pyHanko's signature not intact."""
    data = signed(pdfs.build("baseline").data)
    changed = data.replace(b"parties agree", b"parties argue", 1)
    assert changed != data
    assert not oracles.pyhanko(changed, chain().root).intact
