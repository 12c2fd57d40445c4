"""Every algorithm that a signer may choose is accepted by programs that are not ours."""

import io
import subprocess
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from idservice.crypto.algorithms import SIGNATURE_ALGORITHMS, KeyKind, SignatureAlgorithm
from idservice.pades.facts import read_facts
from support import oracles, pdfs
from support.pki import AT, CertificatePair, chain
from support.programs import require_program
from support.signing import signed

FITTING = [(item, kind) for item in SIGNATURE_ALGORITHMS for kind in item.key_kinds]
IDS = [f"{item.name}-{kind.value}" for item, kind in FITTING]

# What others cannot read yet: pyHanko has no name for PKCS#1 v1.5 with SHA-3 (RFC 9688),
# OpenSSL 3.0 makes CMS with neither EdDSA nor ML-DSA, and poppler's NSS lacks SHA-3 as well.
PYHANKO_LACKS = {"rsa-sha3-256", "rsa-sha3-384", "rsa-sha3-512"}
OPENSSL_LACKS = {"ed25519", "ml-dsa-65"}
POPPLER_LACKS = OPENSSL_LACKS | {item.name for item in SIGNATURE_ALGORITHMS if "sha3-" in item.name}


@pytest.mark.parametrize(("algorithm", "kind"), FITTING, ids=IDS)
def test_each_algorithm_is_accepted(
    algorithm: SignatureAlgorithm, kind: KeyKind, tmp_path: Path
) -> None:
    """Files are accepted by pyHanko, the CMS over their bytes by OpenSSL, and by pdfsig."""
    links = chain(kind)
    data = signed(pdfs.build("version-2.0").data, kind, algorithm=algorithm)
    (ours,) = read_facts(data).signatures
    assert ours.integrity.value == "intact"
    assert ours.algorithm == algorithm.name
    accepted = []
    if algorithm.name not in PYHANKO_LACKS:
        status = oracles.pyhanko(data, links.root)
        assert status.bottom_line
        assert status.md_algorithm == algorithm.hash.name
        accepted.append("pyHanko")
    if algorithm.name not in OPENSSL_LACKS:
        _openssl_verifies(data, links.root, tmp_path)
        accepted.append("OpenSSL")
    (verdict,) = oracles.pdfsig(data, tmp_path)
    assert verdict.whole_file
    assert verdict.valid is (algorithm.name not in POPPLER_LACKS)
    assert accepted


@pytest.mark.parametrize(("algorithm", "kind"), FITTING, ids=IDS)
def test_extensions_of_pdf_2_are_declared(algorithm: SignatureAlgorithm, kind: KeyKind) -> None:
    """SHA-3 declares ISO/TS 32001, elliptic curves 32002; nothing is declared twice."""
    once = signed(pdfs.build("version-2.0").data, kind, algorithm=algorithm)
    expected = [32001] * ("sha3_" in algorithm.hash.name)
    expected += [32002] * (algorithm.family in {"ecdsa", "eddsa"})
    for data in (once, signed(once, kind, algorithm=algorithm)):
        root = PdfFileReader(io.BytesIO(data)).root
        listed = root["/Extensions"]["/ISO_"] if "/Extensions" in root else []
        assert [item["/ExtensionLevel"] for item in listed] == expected
        assert all(item["/BaseVersion"] == "/2.0" for item in listed)


@pytest.mark.parametrize(
    "extensions",
    [
        b"<< /ISO_ << /BaseVersion /2.0 /ExtensionLevel 32003 >> >>",
        b"<< /ISO_ [ << /BaseVersion /2.0 /ExtensionLevel 32003 >> ] /ADBE << /Kept 1 >> >>",
        b"9 0 R",
    ],
)
def test_extensions_of_others_are_kept(extensions: bytes, tmp_path: Path) -> None:
    """What the document declares already stays beside what the signature adds."""
    objects = pdfs.plain_objects(
        o1=pdfs.CATALOG[:-2] + b"/Extensions %b >>" % extensions,
        o9=b"<< /ISO_ [ << /BaseVersion /2.0 /ExtensionLevel 32003 >> ] >>",
    )
    plain = pdfs.table_pdf(objects, version=b"2.0")
    data = signed(plain)
    listed = PdfFileReader(io.BytesIO(data)).root["/Extensions"]["/ISO_"]
    assert [item["/ExtensionLevel"] for item in listed] == [32003, 32002]
    assert ("/ADBE" in PdfFileReader(io.BytesIO(data)).root["/Extensions"]) is (
        b"/ADBE" in extensions
    )
    assert oracles.qpdf_complaints(data, tmp_path) <= oracles.qpdf_complaints(plain, tmp_path)


def _openssl_verifies(data: bytes, root: CertificatePair, folder: Path) -> None:
    """Verify the CMS over the bytes of the byte range with `openssl cms`, which must succeed."""
    _, first, second, _ = PdfFileReader(io.BytesIO(data)).embedded_signatures[0].byte_range
    signature, content, anchor = (folder / name for name in ("s.der", "c.bin", "r.pem"))
    signature.write_bytes(bytes.fromhex(data[first + 1 : second - 1].decode()))
    content.write_bytes(data[:first] + data[second:])
    anchor.write_bytes(root.pem)
    command = [require_program("openssl"), "cms", "-verify", "-binary", "-inform", "DER"]
    command += ["-in", str(signature), "-content", str(content), "-CAfile", str(anchor)]
    command += ["-purpose", "any", "-attime", str(int(AT.timestamp())), "-out", "/dev/null"]
    subprocess.run(command, check=True, capture_output=True)
