"""Each rule of `cms.verification` is broken alone, and its own code is what comes out."""

import hashlib
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.parsing import parse_signed_data
from idservice.cms.verification import CmsFacts, verify_detached
from idservice.crypto import der
from idservice.crypto.algorithms import HashAlgorithm, KeyKind
from idservice.errors import MalformedCms
from support import cms_forgery as forge
from support.cms_forgery import Forgery
from support.pki import chain, extension, intermediate_ca, leaf, root_ca
from support.signing import template_for

DATA = b"the signed bytes"
DIGEST = hashlib.sha256(DATA).digest()


def digest_of(algorithm: HashAlgorithm) -> bytes:
    """Digest of the signed bytes."""
    return algorithm.digest(DATA)


def facts(**parts: Any) -> CmsFacts:
    """Verify a signature with some parts replaced."""
    return verify_detached(Forgery(**parts).encode(DIGEST), digest_of)


def codes(found: CmsFacts) -> list[str]:
    """Codes in the order in which they were found."""
    return [item.code for item in found.findings]


def test_a_good_signature_has_no_findings() -> None:
    """The forgery kit without a change makes a signature that holds."""
    found = facts()
    assert (found.integrity, codes(found), found.identified) == ("intact", [], True)
    assert found.certificate_der == forge.signer_pair().der
    assert found.algorithm == "ecdsa-sha256"


@pytest.mark.parametrize("kind", list(KeyKind))
def test_every_kind_of_key_verifies(kind: KeyKind) -> None:
    """What our own writer makes with any kind of key is found intact."""
    template = template_for(kind)
    attributes = template.signed_attributes(digest_of(template.algorithm.hash))
    signature = chain(kind).leaf.signer(template.algorithm).sign(attributes)
    found = verify_detached(template.attach(attributes, signature), digest_of)
    experimental = ["algorithm_experimental"] if template.algorithm.experimental else []
    assert (found.integrity, codes(found)) == ("intact", experimental)


OTHER = leaf(intermediate_ca(root_ca()), key=chain(KeyKind.P256).leaf.key)
DER_INTEGER = der.integer(1)
TWO_DIGESTS = (forge.MESSAGE_DIGEST, [der.octet_string(bytes(32))])

MUTATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "two signers": ({"signer_infos": 2}, "cms_signer_count"),
    "no signer": ({"signer_infos": 0}, "cms_signer_count"),
    "content inside": ({"content": DATA}, "cms_content_present"),
    "empty content inside": ({"content": b""}, "cms_content_present"),
    "other content type": ({"content_type": "1.2.840.113549.1.7.5"}, "cms_content_type"),
    "no signed attributes": ({"signed_attributes": False}, "cms_no_signed_attributes"),
    "attributes unsorted": ({"order": "reversed"}, "signed_attributes_not_der"),
    "no content type": ({"drop": (forge.CONTENT_TYPE,)}, "content_type_attribute"),
    "wrong content type": (
        {"change": {forge.CONTENT_TYPE: [der.object_identifier("1.2.840.113549.1.7.2")]}},
        "content_type_attribute",
    ),
    "content type is no OID": (
        {"change": {forge.CONTENT_TYPE: [DER_INTEGER]}},
        "content_type_attribute",
    ),
    "no message digest": ({"drop": (forge.MESSAGE_DIGEST,)}, "message_digest_missing"),
    "message digest is no octet string": (
        {"change": {forge.MESSAGE_DIGEST: [DER_INTEGER]}},
        "message_digest_missing",
    ),
    "two message digests": ({"add": (TWO_DIGESTS,)}, "attribute_duplicated"),
    "message digest with two values": (
        {"change": {forge.MESSAGE_DIGEST: [der.octet_string(b"a" * 32)] * 2}},
        "attribute_duplicated",
    ),
    "attribute without value": ({"add": (("1.2.3.4", []),)}, "attribute_repeated"),
    "unknown attribute twice": (
        {"add": (("1.2.3.4", [DER_INTEGER]), ("1.2.3.4", [DER_INTEGER]))},
        "attribute_repeated",
    ),
    "two content types": (
        {"add": ((forge.CONTENT_TYPE, [der.object_identifier(forge.ID_DATA)]),)},
        "attribute_duplicated",
    ),
    "no signing certificate": ({"drop": (forge.ESS_V2,)}, "signing_certificate_attribute_missing"),
    "two signing certificates": (
        {"add": ((forge.ESS_V2, [forge.ess_v2(forge.signer_pair())]),)},
        "signing_certificate_attribute_duplicated",
    ),
    "old and new signing certificate": (
        {"add": ((forge.ESS_V1, [forge.ess_v1(forge.signer_pair())]),)},
        "signing_certificate_attribute_duplicated",
    ),
    "unreadable signing certificate": (
        {"change": {forge.ESS_V2: [der.sequence(der.sequence())]}},
        "signing_certificate_attribute_unreadable",
    ),
    "signing certificate hashed with SHA-1 in the new attribute": (
        {
            "change": {
                forge.ESS_V2: [
                    der.sequence(
                        der.sequence(
                            der.sequence(
                                forge.algorithm(forge.SHA1),
                                der.octet_string(
                                    hashlib.sha1(
                                        forge.signer_pair().der, usedforsecurity=False
                                    ).digest()
                                ),
                            )
                        )
                    )
                ]
            }
        },
        "signing_certificate_sha1",
    ),
    "hash of another certificate": (
        {"change": {forge.ESS_V2: [forge.ess_v2(OTHER)]}},
        "signing_certificate_mismatch",
    ),
    "issuer and serial of another certificate": (
        {
            "change": {
                forge.ESS_V2: [
                    forge.ess_v2(
                        forge.signer_pair(),
                        issuer_serial=der.sequence(
                            der.sequence(der.context(4, OTHER.certificate.issuer.public_bytes())),
                            der.integer(OTHER.certificate.serial_number),
                        ),
                    )
                ]
            }
        },
        "signing_certificate_mismatch",
    ),
    "certificate exchanged for one with the same key": (
        {"certificates": (OTHER.der,), "signer_id": forge.issuer_and_serial(OTHER)},
        "signing_certificate_mismatch",
    ),
    "no certificate": ({"certificates": ()}, "signing_certificate_missing"),
    "only a foreign certificate": ({"certificates": (OTHER.der,)}, "signing_certificate_missing"),
    "wrong version": ({"version": 3}, "signer_version"),
    "wrong version of the structure": ({"structure_version": 3}, "cms_version"),
    "parameters in the list of digests": (
        {"digest_algorithms": (forge.algorithm(forge.SHA256, DER_INTEGER),)},
        "digest_algorithm_not_listed",
    ),
    "forbidden attribute": (
        {"add": (("1.2.840.113549.1.9.16.2.4", [der.octet_string(b"x")]),)},
        "attribute_forbidden",
    ),
    "countersignature": (
        {"unsigned": der.context(1, forge.attribute("1.2.840.113549.1.9.6", [DER_INTEGER]))},
        "attribute_forbidden",
    ),
    "digest algorithm not listed": (
        {"digest_algorithms": (forge.algorithm(forge.SHA384),)},
        "digest_algorithm_not_listed",
    ),
    "hashes disagree": (
        {"signature_algorithm": forge.algorithm(forge.ECDSA_SHA384)},
        "digest_algorithm_mismatch",
    ),
    "MD5": (
        {"digest_algorithm": forge.algorithm("1.2.840.113549.2.5")},
        "algorithm_not_allowed",
    ),
    "unknown signature algorithm": (
        {"signature_algorithm": forge.algorithm("1.2.3.4")},
        "algorithm_not_allowed",
    ),
    "signature algorithm of another kind of key": (
        {"signature_algorithm": forge.algorithm("1.2.840.113549.1.1.11", der.NULL)},
        "algorithm_not_allowed",
    ),
    "parameters where none belong": (
        {"signature_algorithm": forge.algorithm(forge.ECDSA_SHA256, DER_INTEGER)},
        "algorithm_parameters",
    ),
    "PSS with parameters that are none": (
        {"signature_algorithm": forge.algorithm("1.2.840.113549.1.1.10", DER_INTEGER)},
        "algorithm_parameters",
    ),
    "protected algorithms differ": (
        {
            "add": (
                (
                    forge.PROTECTION,
                    [
                        der.sequence(
                            forge.algorithm(forge.SHA384),
                            der.context(1, der.object_identifier(forge.ECDSA_SHA384)),
                        )
                    ],
                ),
            )
        },
        "algorithm_protection_mismatch",
    ),
    "protected algorithms unreadable": (
        {"add": ((forge.PROTECTION, [DER_INTEGER]),)},
        "algorithm_parameters",
    ),
    "signature value of somebody else": (
        {"value": chain(KeyKind.P384).leaf.signer().sign(b"x")},
        "signature_invalid",
    ),
    "no signature value": ({"value": b""}, "signature_invalid"),
    "element behind the signers": ({"outer_tail": DER_INTEGER}, "cms_unreadable"),
}


@pytest.mark.parametrize("name", list(MUTATIONS))
def test_one_fault_has_its_code(name: str) -> None:
    """One part is wrong, and the signature is not free of findings but names that part."""
    parts, code = MUTATIONS[name]
    assert code in codes(facts(**parts))


@pytest.mark.parametrize(
    "name", ["two signers", "content inside", "no certificate", "no message digest"]
)
def test_what_cannot_be_computed_is_never_called_intact(name: str) -> None:
    """Where it is not certain what was signed, integrity is unverifiable."""
    parts, _ = MUTATIONS[name]
    assert facts(**parts).integrity == "unverifiable"


def test_the_old_attribute_identifies_and_is_called_weak() -> None:
    """signing-certificate with SHA-1 names the right certificate, with a finding."""
    old = (forge.ESS_V1, [forge.ess_v1(forge.signer_pair())])
    found = facts(drop=(forge.ESS_V2,), add=(old,))
    assert (found.integrity, found.identified) == ("intact", True)
    assert codes(found) == ["signing_certificate_sha1"]


def test_a_certificate_of_the_same_key_is_not_taken_from_the_bag() -> None:
    """An injected certificate for the same key, in front of the right one, changes nothing."""
    found = facts(certificates=(OTHER.der, forge.signer_pair().der))
    assert (codes(found), found.certificate_der) == ([], forge.signer_pair().der)


def test_a_key_identifier_names_the_certificate() -> None:
    """A version 3 signer is found by its subject key identifier."""
    pair = forge.signer_pair()
    found = pair.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    signer_id = der.context(0, found.value.digest, constructed=False)
    assert codes(facts(structure_version=3, version=3, signer_id=signer_id)) == []
    other = der.context(0, b"other", constructed=False)
    assert "signing_certificate_missing" in codes(facts(version=3, signer_id=other))


def test_a_signer_identifier_of_no_kind_is_unreadable() -> None:
    """A signer that is named by an unknown choice cannot be read."""
    assert codes(facts(signer_id=der.octet_string(b"x"))) == ["cms_unreadable"]


def test_changed_data_breaks_the_digest() -> None:
    """Other bytes than the signed ones give digest_mismatch and broken integrity."""
    found = verify_detached(Forgery().encode(hashlib.sha256(b"other").digest()), digest_of)
    assert (found.integrity, codes(found)) == ("broken", ["digest_mismatch"])


def test_a_changed_document_shows_even_without_the_certificate() -> None:
    """The message digest alone is enough to see that the data was changed."""
    other = Forgery(certificates=()).encode(hashlib.sha256(b"other").digest())
    assert verify_detached(other, digest_of).integrity == "broken"


@pytest.mark.parametrize("tail", [b"\x00" * 9 + b"\x01", b"x", b"\x00\x00\x01\x00"])
def test_only_zeros_may_follow(tail: bytes) -> None:
    """Anything but zero padding behind the CMS is reported."""
    found = verify_detached(Forgery().encode(DIGEST) + tail, digest_of)
    assert codes(found) == ["cms_trailing_data"]
    assert codes(verify_detached(Forgery().encode(DIGEST) + bytes(100), digest_of)) == []


def test_ber_is_read_and_reported() -> None:
    """An indefinite length does not hide that the signature is intact, and is not DER."""
    found = verify_detached(forge.indefinite(Forgery().encode(DIGEST)), digest_of)
    assert (found.integrity, codes(found)) == ("intact", ["cms_not_der"])


def _with_certificate(certificate_der: bytes) -> CmsFacts:
    digest = der.octet_string(hashlib.sha256(certificate_der).digest())
    reference = der.sequence(der.sequence(der.sequence(digest)))
    return facts(certificates=(certificate_der,), change={forge.ESS_V2: [reference]})


def test_a_certificate_whose_key_cannot_be_read_is_reported() -> None:
    """A public key that is no point of its curve is named and not used."""
    pair = forge.signer_pair()
    place = pair.der.index(b"\x03\x42\x00\x04")
    found = _with_certificate(pair.der[: place + 3] + b"\x09" + pair.der[place + 4 :])
    assert codes(found) == ["signing_certificate_unreadable"]
    assert found.integrity == "unverifiable"


def test_an_odd_certificate_does_not_hide_that_the_data_is_unchanged() -> None:
    """Two extensions of a kind are a question of trust, not of integrity."""
    pair = forge.signer_pair()
    odd = pair.der.replace(b"\x55\x1d\x0e", b"\x55\x1d\x0f")
    assert odd != pair.der
    assert _with_certificate(odd).integrity == "intact"


def test_a_time_stamp_attribute_is_noticed() -> None:
    """An unsigned signature-time-stamp is a fact, not yet a proof."""
    stamp = forge.attribute("1.2.840.113549.1.9.16.2.14", [der.sequence()])
    assert facts(unsigned=der.context(1, stamp)).time_stamps == (der.sequence(),)


def test_the_reader_agrees_with_asn1crypto() -> None:
    """Our reader and asn1crypto see the same parts."""
    encoded = Forgery().encode(DIGEST)
    ours = parse_signed_data(encoded)
    theirs = asn1_cms.ContentInfo.load(encoded)["content"]
    (signer,) = theirs["signer_infos"]
    (our_signer,) = ours.signer_infos
    assert [item.chosen.dump() for item in theirs["certificates"]] == list(ours.certificates)
    assert signer["signature"].native == our_signer.signature
    assert signer["signed_attrs"].untag().dump() == our_signer.signed_attributes_der
    assert signer["sid"].chosen["serial_number"].native == our_signer.signer.serial
    assert [item["type"].dotted for item in signer["signed_attrs"]] == [
        item.oid for item in our_signer.signed_attributes
    ]


@given(st.binary(max_size=300))
def test_random_bytes_are_unreadable_and_nothing_else(data: bytes) -> None:
    """Random bytes never raise from verification, and only MalformedCms from the reader."""
    assert verify_detached(data, digest_of).integrity == "unverifiable"
    with pytest.raises(MalformedCms):
        parse_signed_data(data)


GOOD = Forgery().encode(DIGEST)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_flipped_byte_passes(position: int, difference: int) -> None:
    """A flip anywhere in the CMS either breaks it or leaves a finding."""
    flipped = bytearray(GOOD)
    flipped[position] ^= difference
    found = verify_detached(bytes(flipped), digest_of)
    assert found.integrity != "intact" or found.findings or bytes(flipped) == GOOD


@given(st.integers(0, len(GOOD) - 1))
def test_no_truncation_passes(length: int) -> None:
    """A CMS that was cut off is unreadable."""
    assert verify_detached(GOOD[:length], digest_of).integrity == "unverifiable"


@pytest.mark.parametrize(
    "extra",
    [
        extension(x509.SubjectAlternativeName([x509.DNSName("x.example")]), critical=False),
    ],
)
def test_extensions_of_the_signer_do_not_matter_here(extra: Any) -> None:
    """Trust is no question of this module: an unusual certificate verifies all the same."""
    pair = leaf(root_ca(), extensions=(extra,))
    assert codes(facts(signer=pair)) == []
