"""What the measurements sign with and sign: throw-away keys, and a PDF of about three kilobytes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.crypto.keys import SoftwareSigner

AT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
_CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
_LINES = 26


@dataclass(frozen=True, slots=True)
class Material:
    """A key of one kind with its self-signed certificate, and everything made ready for it."""

    kind: str
    key: ec.EllipticCurvePrivateKey
    certificate_der: bytes
    signer: SoftwareSigner
    template: CmsTemplate


def make_material(kind: str) -> Material:
    """Make a fresh key of this kind ("P-256" or "P-384") and a certificate for it."""
    key = ec.generate_private_key(_CURVES[kind])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Benchmark {kind}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - dt.timedelta(days=1))
        .not_valid_after(AT + dt.timedelta(days=1))
        .sign(key, hashes.SHA384() if kind == "P-384" else hashes.SHA256())
    )
    certificate_der = certificate.public_bytes(serialization.Encoding.DER)
    signer = SoftwareSigner(key)
    return Material(
        kind, key, certificate_der, signer, cms_template(certificate_der, (), signer.algorithm)
    )


def sample_pdf() -> bytes:
    """Write a one-page agreement of about three kilobytes with a classic table."""
    text = b"".join(
        b"BT /F1 11 Tf 72 %d Td (Line %d: both parties agree on what is written in this line, "
        b"and on no other.) Tj ET\n" % (760 - 14 * line, line)
        for line in range(_LINES)
    )
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%bendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title (Agreement) /Producer (idservice bench) >>",
    )
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    rows = [b"0000000000 65535 f \n"]
    for number, body in enumerate(objects, 1):
        rows.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    startxref = len(out)
    identifier = b"00112233445566778899aabbccddeeff"
    out += b"xref\n0 %d\n%b" % (len(rows), b"".join(rows))
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R /ID [<%b> <%b>] >>\n" % (
        len(rows),
        identifier,
        identifier,
    )
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % startxref
