"""What a validation is given: documents beyond the limits, and certificates to trust."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from idservice.errors import MalformedCertificate, UnknownFormat
from idservice.pades.facts import read_facts
from idservice.services.confinement import ConfinedReader
from idservice.services.document_reading import FactsReader
from idservice.services.validation import Validation, read_trusted
from support import pdfs
from support.limits import limits
from support.pki import AT, chain

LIMITS = limits(max_document_bytes=60_000)


@pytest.mark.parametrize("reader", [read_facts, ConfinedReader(LIMITS)], ids=["here", "apart"])
def test_what_is_beyond_a_limit_is_reported(reader: FactsReader) -> None:
    """A PDF that is too large, or has too many signatures, gets a report and never passes."""
    small = Validation(LIMITS, clock=lambda: AT, reader=reader)
    signatures = {f"o{10 + n}": b"<< /Type /Sig /ByteRange [0 1 2 3] >>" for n in range(70)}
    many = pdfs.table_pdf(pdfs.plain_objects(**signatures))
    for document in (pdfs.baseline() + bytes(60_000), many):
        report = small.validate(document, "a.pdf")
        assert [item.code for item in report.errors] == ["FORMAT_FAILURE"]
        assert (report.signatures, report.passed) == ((), False)
        assert "limits" in report.sentence()
    with pytest.raises(UnknownFormat):
        small.validate(bytes(60_001), "a.pdf")


def with_broken_extension() -> bytes:
    """A certificate in PEM whose subject alternative name is no such thing."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST Broken")])
    oid = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT + dt.timedelta(days=1))
        .add_extension(x509.UnrecognizedExtension(oid, b"rubbish"), critical=False)
        .sign(key, hashes.SHA256())
    )
    return builder.public_bytes(serialization.Encoding.PEM)


def test_certificates_to_trust_are_read_in_full() -> None:
    """A broken extension is told when the certificate is given, not with every document."""
    good = chain().root.pem
    assert len(read_trusted(good + good)) == 2
    for broken in (with_broken_extension(), good + with_broken_extension(), b"-----BEGIN"):
        with pytest.raises(MalformedCertificate):
            read_trusted(broken)
