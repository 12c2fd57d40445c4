"""The two older forms of PDF signatures: computed honestly, and never relied upon by default."""

import hashlib
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.verification import CmsFacts
from idservice.crypto import der
from idservice.crypto.algorithms import KeyKind
from idservice.crypto.recognised import SHA1
from idservice.pades.older_forms import verify_bare_value, verify_digest_content
from idservice.validation.facts import AlgorithmFacts, Integrity
from support.cms_forgery import Forgery
from support.pki import CertificatePair, leaf, new_key, root_ca
from support.signed_pdfs import ROOM, SignedPdf, codes, only_signature

SIGNER = leaf(root_ca(), key=new_key(KeyKind.RSA))
OTHER = leaf(root_ca(), key=new_key(KeyKind.RSA))
OLD_HASH = hashes.SHA1()  # noqa: S303 - what these forms use
DATA = b"the bytes of the document"


def bare_value(data: bytes, signer: CertificatePair = SIGNER) -> bytes:
    """An OCTET STRING with a PKCS#1 value over data."""
    assert isinstance(signer.key, rsa.RSAPrivateKey)
    return der.octet_string(signer.key.sign(data, padding.PKCS1v15(), OLD_HASH))


def hexadecimal(*certificates: CertificatePair) -> bytes:
    """Certificates as the value of /Cert: a string, or an array of several."""
    strings = [b"<" + item.der.hex().encode() + b">" for item in certificates]
    return strings[0] if len(strings) == 1 else b"[" + b" ".join(strings) + b"]"


def x509_pdf(cert: bytes, signer: CertificatePair = SIGNER) -> bytes:
    """A PDF with an adbe.x509.rsa_sha1 signature and this /Cert."""
    entries = {"SubFilter": b"/adbe.x509.rsa_sha1", "Cert": cert}
    return _with_value(SignedPdf(entries=entries), lambda data: bare_value(data, signer))


def sha1_pdf() -> bytes:
    """A PDF with an adbe.pkcs7.sha1 signature."""
    entries = {"SubFilter": b"/adbe.pkcs7.sha1"}
    return _with_value(SignedPdf(entries=entries), lambda data: digest_cms(SHA1.digest(data)))


def digest_cms(digest: bytes) -> bytes:
    """A CMS structure with a digest as its content."""
    return Forgery(content=digest).encode(hashlib.sha256(digest).digest())


GOOD = digest_cms(SHA1.digest(DATA))


def _with_value(unsigned: SignedPdf, value_of: Callable[[bytes], bytes]) -> bytes:
    """Lay a PDF out, then put the value over its byte range into the gap."""
    data = unsigned.build()
    numbers = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", data)
    assert numbers is not None
    _, first, second, length = (int(item) for item in numbers.groups())
    value = value_of(data[:first] + data[second : second + length]).hex().encode()
    return data[: first + 1] + value.ljust(ROOM, b"0") + data[second - 1 :]


def test_a_bare_value_is_verified_under_the_certificate_of_the_dictionary() -> None:
    """The value holds over the byte range, and /Cert, which is in it, names the signer."""
    found = only_signature(x509_pdf(hexadecimal(SIGNER)))
    assert found.integrity is Integrity.INTACT
    assert (found.certificate_der, found.identified) == (SIGNER.der, True)
    assert found.algorithms == AlgorithmFacts("rsa", "sha1", 2048)
    assert found.level == "PDF_NOT_ETSI"
    assert codes(found) == {"sub_filter_x509_rsa_sha1", "algorithm_legacy", "not_pades"}


def test_the_first_of_several_certificates_signed() -> None:
    """An array holds the signer's certificate and then those above it."""
    found = only_signature(x509_pdf(hexadecimal(SIGNER, OTHER)))
    assert found.integrity is Integrity.INTACT
    assert found.certificates == (SIGNER.der, OTHER.der)


def test_the_certificate_of_somebody_else_breaks_the_value() -> None:
    """Exchanging /Cert changes what is signed, and the value does not fit it either."""
    found = only_signature(x509_pdf(hexadecimal(OTHER)))
    assert found.integrity is Integrity.BROKEN
    assert "signature_invalid" in codes(found)


@pytest.mark.parametrize("cert", [b"", b"7 0 R", b"[7 0 R]", b"null", b"[]"])
def test_without_a_certificate_in_the_dictionary_nobody_signed(cert: bytes) -> None:
    """A certificate that a later revision could exchange, or none, identifies nobody."""
    found = only_signature(x509_pdf(cert))
    assert found.integrity is Integrity.UNVERIFIABLE
    assert "signing_certificate_missing" in codes(found)


def test_a_changed_document_is_told() -> None:
    """One octet of the document breaks the value."""
    data = x509_pdf(hexadecimal(SIGNER)).replace(b"%PDF-1.7", b"%PDF-1.6", 1)
    assert only_signature(data).integrity is Integrity.BROKEN


def test_the_digest_in_a_structure_is_that_of_the_document() -> None:
    """An adbe.pkcs7.sha1 structure is intact when it holds the digest of the byte range."""
    found = only_signature(sha1_pdf())
    assert found.integrity is Integrity.INTACT
    assert found.level == "PKCS7_B"
    assert "sub_filter_pkcs7_sha1" in codes(found)
    changed = only_signature(sha1_pdf().replace(b"%PDF-1.7", b"%PDF-1.6", 1))
    assert changed.integrity is Integrity.BROKEN
    assert "digest_mismatch" in codes(changed)


def test_a_structure_without_the_digest_is_nothing() -> None:
    """Without content, or with two signers, it is not said what was signed."""
    empty = verify_digest_content(Forgery().encode(bytes(32)), lambda _: bytes(20))
    assert [item.code for item in empty.findings] == ["cms_content_type"]
    twice = Forgery(content=bytes(20), signer_infos=2).encode(bytes(32))
    found = verify_digest_content(twice, lambda _: bytes(20))
    assert [item.code for item in found.findings] == ["cms_signer_count"]
    assert {empty.integrity, found.integrity} == {"unverifiable"}


def test_nothing_may_follow_the_value_but_zeros() -> None:
    """What stands behind the value in the gap is not signed, and told."""

    def found(contents: bytes) -> CmsFacts:
        return verify_bare_value(contents, [SIGNER.der], lambda item: item.digest(DATA))

    assert [item.code for item in found(bare_value(DATA) + bytes(5)).findings] == [
        "algorithm_legacy"
    ]
    assert "cms_trailing_data" in [item.code for item in found(bare_value(DATA) + b"x").findings]


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_random_bytes_are_never_intact(contents: bytes, certificate: bytes) -> None:
    """No bytes make the readers of these forms raise, and none are called intact."""
    bare = verify_bare_value(contents, [certificate], lambda _: bytes(20))
    digest = verify_digest_content(contents, lambda _: bytes(20))
    assert "intact" not in {bare.integrity, digest.integrity}


@given(st.data())
def test_a_changed_octet_is_never_intact(data: st.DataObject) -> None:
    """Every octet of the structure with the digest matters, or is told."""
    good = bytearray(GOOD)
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    found = verify_digest_content(bytes(good), lambda item: item.digest(DATA))
    certificate = Forgery().signer.der
    assert found.integrity != "intact" or found.findings or found.certificates != (certificate,)
