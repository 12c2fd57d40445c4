"""CMS SignedData is what RFC 5652 and EN 319 142-1 ask for, as asn1crypto reads it."""

import hashlib

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.signed_data import cms_template, issuer_and_serial
from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import signature_algorithm_der
from idservice.crypto.algorithms import (
    ECDSA_SHA256,
    ECDSA_SHA384,
    RSA_PSS_SHA512,
    RSA_SHA256,
    SIGNATURE_ALGORITHMS,
    KeyKind,
    SignatureAlgorithm,
)
from idservice.crypto.keys import verify_signature
from idservice.errors import MalformedCertificate, UnsupportedAlgorithm
from support.pki import Chain, chain, intermediate_ca, leaf, new_key, root_ca

FITTING = [(item, kind) for item in SIGNATURE_ALGORITHMS for kind in item.key_kinds]


def _signed(algorithm: SignatureAlgorithm, kind: KeyKind) -> tuple[bytes, bytes, Chain]:
    """Sign a digest; return the ContentInfo, the bytes signed and the chain."""
    links = chain(kind)
    template = cms_template(links.leaf.der, (links.intermediate.der,), algorithm)
    attributes = template.signed_attributes(algorithm.hash.digest(b"content"))
    value = links.leaf.signer(algorithm).sign(attributes)
    return template.attach(attributes, value), attributes, links


def _signer_info(content: bytes) -> tuple[cms.SignedData, cms.SignerInfo]:
    signed_data = cms.ContentInfo.load(content, strict=True)["content"]
    (signer_info,) = signed_data["signer_infos"]
    return signed_data, signer_info


@pytest.mark.parametrize(
    ("algorithm", "kind"), FITTING, ids=[f"{item.name}-{kind.value}" for item, kind in FITTING]
)
def test_every_algorithm_gives_a_verifying_signature(
    algorithm: SignatureAlgorithm, kind: KeyKind
) -> None:
    """For each allowed algorithm and key the value in the CMS verifies over the attributes."""
    content, attributes, links = _signed(algorithm, kind)
    _, signer_info = _signer_info(content)
    value = signer_info["signature"].native
    verify_signature(links.leaf.public_key, algorithm, value, attributes)
    assert signer_info["signed_attrs"].untag().dump() == attributes
    assert signer_info["digest_algorithm"]["algorithm"].dotted == algorithm.hash.oid
    assert signer_info["signature_algorithm"]["algorithm"].dotted == algorithm.oid


def test_structure_is_version_one_without_content() -> None:
    """SignedData and SignerInfo are version 1, id-data, without content, one signer."""
    content, _, links = _signed(ECDSA_SHA256, KeyKind.P256)
    signed_data, signer_info = _signer_info(content)
    assert signed_data["version"].native == "v1"
    assert signer_info["version"].native == "v1"
    assert signed_data["encap_content_info"]["content_type"].native == "data"
    assert signed_data["encap_content_info"]["content"].native is None
    assert [item["algorithm"].native for item in signed_data["digest_algorithms"]] == ["sha256"]
    carried = {item.chosen.dump() for item in signed_data["certificates"]}
    assert carried == {links.leaf.der, links.intermediate.der}
    assert len(signer_info["unsigned_attrs"]) == 0


def test_signer_is_named_by_issuer_and_serial() -> None:
    """The signer identifier repeats issuer and serial exactly as the certificate has them."""
    content, _, links = _signed(ECDSA_SHA256, KeyKind.P256)
    _, signer_info = _signer_info(content)
    certificate = asn1_x509.Certificate.load(links.leaf.der)
    sid = signer_info["sid"].chosen
    assert sid["issuer"].dump() == certificate.issuer.dump()
    assert sid["serial_number"].native == certificate.serial_number


def test_attributes_are_exactly_the_four_of_the_baseline() -> None:
    """Content-type, message-digest, certificate and algorithm protection; no signing-time."""
    _, attributes, _ = _signed(ECDSA_SHA384, KeyKind.P384)
    loaded = cms.CMSAttributes.load(attributes, strict=True)
    by_type = {item["type"].native: item["values"] for item in loaded}
    assert by_type.keys() == {
        "content_type",
        "message_digest",
        "signing_certificate_v2",
        "cms_algorithm_protection",
    }
    assert by_type["content_type"][0].native == "data"
    assert by_type["message_digest"][0].native == hashlib.sha384(b"content").digest()


@pytest.mark.parametrize(
    ("algorithm", "kind"), FITTING, ids=[f"{item.name}-{kind.value}" for item, kind in FITTING]
)
def test_attributes_are_sorted_der(algorithm: SignatureAlgorithm, kind: KeyKind) -> None:
    """The SET OF is in DER order whatever its parts are."""
    _, attributes, _ = _signed(algorithm, kind)
    assert attributes[0] == 0x31
    der.check_der(attributes)
    parts = [item.dump() for item in cms.CMSAttributes.load(attributes)]
    assert parts == sorted(parts)


@pytest.mark.parametrize(
    ("algorithm", "kind", "named"),
    [(ECDSA_SHA256, KeyKind.P256, 0), (ECDSA_SHA384, KeyKind.P384, 1)],
)
def test_signing_certificate_names_its_hash_unless_default(
    algorithm: SignatureAlgorithm, kind: KeyKind, named: int
) -> None:
    """ESSCertIDv2 leaves out SHA-256, names any other hash, and hashes the certificate."""
    _, attributes, links = _signed(algorithm, kind)
    values = {item["type"].native: item["values"] for item in cms.CMSAttributes.load(attributes)}
    (certificate_id,) = values["signing_certificate_v2"][0]["certs"]
    assert isinstance(certificate_id, tsp.ESSCertIDv2)
    assert certificate_id["cert_hash"].native == algorithm.hash.digest(links.leaf.der)
    hash_arcs = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
    assert certificate_id.dump().count(hash_arcs) == named
    assert certificate_id["issuer_serial"]["serial_number"].native == (
        links.leaf.certificate.serial_number
    )


@pytest.mark.parametrize("algorithm", [ECDSA_SHA256, RSA_SHA256, RSA_PSS_SHA512])
def test_algorithm_protection_repeats_both_algorithms(algorithm: SignatureAlgorithm) -> None:
    """CMSAlgorithmProtection holds the same identifiers as the SignerInfo (RFC 6211)."""
    content, attributes, _ = _signed(algorithm, algorithm.key_kinds[0])
    _, signer_info = _signer_info(content)
    values = {item["type"].native: item["values"] for item in cms.CMSAttributes.load(attributes)}
    protection = values["cms_algorithm_protection"][0]
    assert protection["digest_algorithm"].dump() == signer_info["digest_algorithm"].dump()
    untagged = protection["signature_algorithm"].untag().dump()
    assert untagged == signer_info["signature_algorithm"].dump()
    assert signature_algorithm_der(algorithm) == untagged


@pytest.mark.parametrize(
    ("algorithm", "kind"), FITTING, ids=[f"{item.name}-{kind.value}" for item, kind in FITTING]
)
def test_estimate_is_never_exceeded(algorithm: SignatureAlgorithm, kind: KeyKind) -> None:
    """The dry run gives an upper bound that is at most a few bytes above the real size."""
    content, _, links = _signed(algorithm, kind)
    limit = cms_template(links.leaf.der, (links.intermediate.der,), algorithm).max_size
    assert len(content) <= limit <= len(content) + 16


def test_chain_may_repeat_the_signer() -> None:
    """A signer that is in its own chain is carried once."""
    links = chain()
    template = cms_template(links.leaf.der, (links.leaf.der,), ECDSA_SHA256)
    attributes = template.signed_attributes(bytes(32))
    signed_data, _ = _signer_info(template.attach(attributes, b"value"))
    assert len(signed_data["certificates"]) == 1


def test_algorithm_must_fit_the_key() -> None:
    """A P-256 certificate and an RSA algorithm are refused before anything is signed."""
    with pytest.raises(UnsupportedAlgorithm, match="P-256"):
        cms_template(chain().leaf.der, (), RSA_SHA256)


def test_digest_must_have_the_length_of_the_hash() -> None:
    """A digest of another hash is a programming error, not a signature."""
    template = cms_template(chain().leaf.der, (), ECDSA_SHA256)
    with pytest.raises(ValueError, match="20 bytes"):
        template.signed_attributes(bytes(20))


@given(st.binary(max_size=200))
def test_random_bytes_are_no_certificate(data: bytes) -> None:
    """Bytes that are no certificate raise our error and nothing else."""
    with pytest.raises(MalformedCertificate):
        cms_template(data, (), ECDSA_SHA256)
    with pytest.raises(MalformedCertificate):
        issuer_and_serial(data)


def test_truncated_certificate_is_malformed() -> None:
    """No prefix of a certificate passes for one."""
    whole = chain().leaf.der
    for size in range(0, len(whole), 37):
        with pytest.raises(MalformedCertificate):
            cms_template(whole[:size], (), ECDSA_SHA256)


def test_version_one_certificate_without_version_field() -> None:
    """Issuer and serial are found whether or not the version field is present."""
    root = root_ca()
    pair = leaf(intermediate_ca(root), key=new_key(), serial=0x1234)
    issuer_der, serial_der = issuer_and_serial(pair.der)
    assert serial_der == der.integer(0x1234)
    version = der.context(0, der.integer(2))
    start, _ = der.contents_range(pair.der, 0, len(pair.der))
    inner, stop = der.contents_range(pair.der, start, len(pair.der))
    bare = der.sequence(der.sequence(pair.der[inner + len(version) : stop]), pair.der[stop:])
    assert issuer_and_serial(bare) == (issuer_der, serial_der)
