"""XML signatures of another program hold; whatever is changed about them is refused by name."""

import base64
import re

import pytest
from lxml import etree
from signxml.algorithms import CanonicalizationMethod

from idservice.crypto.algorithms import KeyKind
from idservice.errors import (
    IdServiceError,
    MalformedXml,
    SignatureInvalid,
    UnsupportedAlgorithm,
    XmlSignatureRefused,
)
from idservice.xmlsig.verification import verify_enveloped
from support.pki import new_key, root_ca
from support.trusted_lists import TSL, list_signer, service, signed, trusted_list

DS = "http://www.w3.org/2000/09/xmldsig#"
INCLUSIVE = [item for item in CanonicalizationMethod if "EXCLUSIVE" not in item.name]


@pytest.fixture(scope="module")
def document() -> bytes:
    """One signed list."""
    return signed(trusted_list(service(root_ca())))


def changed(document: bytes, pattern: bytes, replacement: bytes) -> bytes:
    """Replace the one place that a pattern matches."""
    result, count = re.subn(pattern, replacement, document, count=1, flags=re.DOTALL)
    assert count == 1
    return result


@pytest.mark.parametrize("form", INCLUSIVE, ids=lambda item: item.name)
def test_signatures_of_another_program_hold(form: CanonicalizationMethod) -> None:
    """Every inclusive canonical form of signxml is read, and the content is without signature."""
    found = verify_enveloped(signed(trusted_list(), c14n_algorithm=form))
    assert found.certificate_der == list_signer().der
    assert b"SchemeInformation" in found.content
    assert b"Signature" not in found.content


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (KeyKind.P256, "ecdsa-sha256"),
        (KeyKind.P521, "ecdsa-sha512"),
        (KeyKind.RSA, "rsa-sha256"),
        (KeyKind.RSA, "rsa-sha512"),
        (KeyKind.RSA, "sha256-rsa-MGF1"),
    ],
)
def test_algorithms_by_their_uris(kind: KeyKind, method: str) -> None:
    """ECDSA values are r‖s, RSA with either padding is read, each under its own URI."""
    signer = root_ca(key=new_key(kind))
    found = verify_enveloped(signed(trusted_list(), signer, signature_algorithm=method))
    assert found.certificate_der == signer.der


def test_blanks_comments_and_instructions_may_stand_around(document: bytes) -> None:
    """What the canonical form of the signed element leaves out may differ."""
    around = b"<?xml version='1.0' encoding='UTF-8'?>\n<!-- here --><?go on?>\n" + document + b"\n"
    assert verify_enveloped(around).content == verify_enveloped(document).content


def test_a_comment_inside_is_not_part_of_what_was_signed(document: bytes) -> None:
    """A comment that was put in changes neither the verdict nor what is read."""
    inside = changed(document, rb"TEST operator<", b"TEST <!-- no -->operator<")
    assert verify_enveloped(inside).content == verify_enveloped(document).content


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"TEST provider", b"TEST Provider"),
        (rb"<SigningTime>|<xades:SigningTime>20", b"<xades:SigningTime>19"),
        (rb"Svcstatus/granted", b"Svcstatus/withdrawn"),
    ],
)
def test_a_changed_document_is_refused(document: bytes, pattern: bytes, replacement: bytes) -> None:
    """One changed text breaks a digest."""
    with pytest.raises(SignatureInvalid):
        verify_enveloped(changed(document, pattern, replacement))


def test_a_changed_value_is_refused(document: bytes) -> None:
    """The signature value is verified over SignedInfo."""
    value = re.search(rb"<ds:SignatureValue>([^<]*)<", document)
    assert value is not None
    raw = bytearray(base64.b64decode(value[1]))
    raw[-1] ^= 1
    with pytest.raises(SignatureInvalid):
        verify_enveloped(document.replace(value[1], base64.b64encode(raw)))


def test_another_certificate_is_refused(document: bytes) -> None:
    """The certificate in ds:KeyInfo must be the one whose digest is signed."""
    other = base64.b64encode(root_ca("TEST other").der)
    pattern = rb"(<ds:X509Data><ds:X509Certificate>)[^<]*"
    # The key information itself is not covered here: only XAdES names the signer.
    uncovered = re.sub(rb'<ds:Reference URI="#SignXMLCertificate.*?</ds:Reference>', b"", document)
    with pytest.raises((XmlSignatureRefused, SignatureInvalid)):
        verify_enveloped(changed(uncovered, pattern, rb"\g<1>" + other))


def test_wrapping_the_signed_element_is_refused(document: bytes) -> None:
    """A forged root around the signed list is not what the signature covers."""
    forged = b'<TrustServiceStatusList xmlns="' + TSL.encode() + b'">' + document
    with pytest.raises(XmlSignatureRefused, match="directly below"):
        verify_enveloped(forged + b"</TrustServiceStatusList>")


def test_moving_the_signed_element_below_a_forged_one_is_refused(document: bytes) -> None:
    """The signature stands at the forged root, and its reference leads to a part alone."""
    root = etree.fromstring(document)
    signature = root.find(f"{{{DS}}}Signature")
    assert signature is not None
    root.remove(signature)
    forged = etree.fromstring(trusted_list(service(root_ca("TEST evil"))))
    forged.set("Id", "forged")
    forged.append(root)
    forged.append(signature)
    with pytest.raises(XmlSignatureRefused):
        verify_enveloped(etree.tostring(forged))


def test_two_elements_with_the_signed_id_are_refused(document: bytes) -> None:
    """Which of them is meant would depend on the reader, however the attribute is spelled."""
    for spelling in (b"Id", b"ID", b"xml:id"):
        twice = changed(document, rb"<SchemeInformation>", b"<SchemeInformation %s='list'>")
        with pytest.raises(XmlSignatureRefused, match="more than once"):
            verify_enveloped(twice.replace(b"%s", spelling))


def test_a_second_signature_is_refused(document: bytes) -> None:
    """Nobody is to choose which of two counts; neither may there be none."""
    signature = re.search(rb"<ds:Signature .*</ds:Signature>", document, re.DOTALL)
    assert signature is not None
    twice = document.replace(signature[0], signature[0] * 2)
    for text in (twice, document.replace(signature[0], b"")):
        with pytest.raises(XmlSignatureRefused, match="signatures"):
            verify_enveloped(text)


def test_a_signature_of_a_part_is_refused() -> None:
    """A list whose provider alone is signed is not signed."""
    root = etree.fromstring(trusted_list(service(root_ca())))
    root[0].set("Id", "part")
    with pytest.raises(XmlSignatureRefused):
        verify_enveloped(signed(etree.tostring(root)).replace(b'URI="#list"', b'URI="#part"'))


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"xmldsig-more#ecdsa-sha384", b"xmldsig-more#hmac-sha384"),
        (rb"xmldsig-more#ecdsa-sha384", b"xmldsig-more#ecdsa-md5"),
        (rb"2000/09/xmldsig#enveloped-signature", b"TR/1999/REC-xslt-19991116"),
        (rb"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1"),
        (rb"2006/12/xml-c14n11", b"2010/xml-c14n2"),
    ],
)
def test_other_algorithms_are_refused(document: bytes, pattern: bytes, replacement: bytes) -> None:
    """HMAC, SHA-1, XSLT and unknown canonical forms are never computed."""
    with pytest.raises(UnsupportedAlgorithm):
        verify_enveloped(changed(document, pattern, replacement))


def test_hmac_length_is_refused(document: bytes) -> None:
    """Parameters of the signature method could truncate what is compared."""
    method = rb"(<ds:SignatureMethod [^>]*?)/>"
    cut = rb"\1><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>"
    with pytest.raises(UnsupportedAlgorithm, match="parameters"):
        verify_enveloped(changed(document, method, cut))


def test_a_signature_without_its_certificate_digest_is_refused(document: bytes) -> None:
    """Without XAdES nobody says whose signature it is."""
    plain = changed(document, rb"<xades:SigningCertificateV2>.*</xades:SigningCertificateV2>", b"")
    with pytest.raises(IdServiceError):
        verify_enveloped(plain)


def test_a_document_that_is_not_signed_at_all(document: bytes) -> None:
    """Text that is no XML is malformed, and XML without signature is refused."""
    for text in (b"", b"%PDF-1.7", document[:-10]):
        with pytest.raises(MalformedXml):
            verify_enveloped(text)
