"""One thing of a CMS signature is changed, beyond the rules of `test_verification`.

What nobody signed never stands in for what has to be signed, identifiers and versions fit
together, and forms that differ without meaning are not called faults.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509

from idservice.cms.parsing import parse_signed_data
from idservice.cms.remarks import unsigned_remarks
from idservice.cms.verification import CmsFacts, verify_detached
from idservice.crypto import der
from support import cms_forgery as forge
from support.cms_forgery import Forgery, attribute

DATA = b"the signed bytes"
DIGEST = hashlib.sha256(DATA).digest()
SIGNING_TIME = "1.2.840.113549.1.9.5"
UNKNOWN = "2.999.5"
TIMES = tuple(der.wrap(b"\x17", text) for text in (b"260601120000Z", b"270601120000Z"))
ONE, TWO = der.integer(1), der.integer(2)
SHA256_NULL = forge.algorithm(forge.SHA256, der.NULL)
BY_ECDSA = b"\xa1" + forge.algorithm(forge.ECDSA_SHA256)[1:]
BY_MAC = b"\xa2" + forge.algorithm("1.2.840.113549.2.9")[1:]

Parts = dict[str, Any]


def _facts(**parts: Any) -> CmsFacts:
    encoded = Forgery(**parts).encode(DIGEST)
    return verify_detached(encoded, lambda algorithm: algorithm.digest(DATA))


def _codes(**parts: Any) -> list[str]:
    return [item.code for item in _facts(**parts).findings]


def _unsigned(oid: str, *values: bytes) -> Parts:
    return {"unsigned": der.context(1, attribute(oid, list(values)))}


def _protected(*parts: bytes) -> Parts:
    return {"add": ((forge.PROTECTION, [der.sequence(*parts)]),)}


def _key_identifier() -> bytes:
    extensions = forge.signer_pair().certificate.extensions
    found = extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return der.context(0, found.value.digest, constructed=False)


def _issuer_with_number(number: int) -> bytes:
    issuer = forge.signer_pair().certificate.issuer.public_bytes()
    return der.sequence(issuer, der.integer(number))


def _contents(element: bytes) -> bytes:
    start, stop = der.contents_range(element, 0, len(element))
    return element[start:stop]


COPIES = {
    "content type": (
        forge.CONTENT_TYPE,
        der.object_identifier(forge.ID_DATA),
        "content_type_attribute",
    ),
    "message digest": (forge.MESSAGE_DIGEST, der.octet_string(DIGEST), "message_digest_missing"),
    "signing certificate": (
        forge.ESS_V2,
        forge.ess_v2(forge.signer_pair()),
        "signing_certificate_attribute_missing",
    ),
}

FAULTS: dict[str, tuple[Parts, str]] = {
    "signing time with two values": (
        {"add": ((SIGNING_TIME, list(TIMES)),)},
        "attribute_duplicated",
    ),
    "two signing times": (
        {"add": tuple((SIGNING_TIME, [item]) for item in TIMES)},
        "attribute_duplicated",
    ),
    "signing time without value": ({"add": ((SIGNING_TIME, []),)}, "attribute_duplicated"),
    "key identifier in a version 1 signer": ({"signer_id": _key_identifier()}, "signer_version"),
    "key identifier in a version 1 structure": (
        {"signer_id": _key_identifier(), "version": 3},
        "cms_version",
    ),
    "negative version": ({"version": -1}, "signer_version"),
    "serial number of another certificate": (
        {"signer_id": _issuer_with_number(5)},
        "signing_certificate_missing",
    ),
    "digest with parameters": (
        {"digest_algorithm": forge.algorithm(forge.SHA256, ONE)},
        "algorithm_parameters",
    ),
    "empty list of digests": ({"digest_algorithms": (b"",)}, "digest_algorithm_not_listed"),
    "SHA-1 reference in the new attribute's form": (
        {"change": {forge.ESS_V2: [forge.ess_v1(forge.signer_pair())]}},
        "signing_certificate_mismatch",
    ),
    "SHA-256 reference in the old attribute": (
        {
            "drop": (forge.ESS_V2,),
            "add": ((forge.ESS_V1, [forge.ess_v2(forge.signer_pair())]),),
        },
        "signing_certificate_mismatch",
    ),
    "only the protected signature algorithm differs": (
        _protected(
            forge.algorithm(forge.SHA256),
            b"\xa1" + forge.algorithm(forge.ECDSA_SHA384)[1:],
        ),
        "algorithm_protection_mismatch",
    ),
    "only the protected digest algorithm differs": (
        _protected(forge.algorithm(forge.SHA384), BY_ECDSA),
        "algorithm_protection_mismatch",
    ),
    "protection of a message authentication code": (
        _protected(forge.algorithm(forge.SHA256), BY_MAC),
        "algorithm_parameters",
    ),
    "protection of both kinds": (
        _protected(forge.algorithm(forge.SHA256), BY_ECDSA, BY_MAC),
        "algorithm_parameters",
    ),
    "protection of a digest alone": (
        _protected(forge.algorithm(forge.SHA256)),
        "algorithm_parameters",
    ),
    "protection with two values": (
        {"add": ((forge.PROTECTION, [der.sequence(forge.algorithm(forge.SHA256), BY_ECDSA)] * 2),)},
        "attribute_duplicated",
    ),
}

HARMLESS: dict[str, Parts] = {
    "signing time": {"add": ((SIGNING_TIME, [TIMES[0]]),)},
    "unknown signed attribute": {"add": ((UNKNOWN, [ONE]),)},
    "unknown signed attribute with two values": {"add": ((UNKNOWN, [ONE, TWO]),)},
    "digest with NULL, in both places": {
        "digest_algorithm": SHA256_NULL,
        "digest_algorithms": (SHA256_NULL,),
    },
    "digest with NULL, in one place": {"digest_algorithm": SHA256_NULL},
    "fitting protection": _protected(forge.algorithm(forge.SHA256), BY_ECDSA),
    "fitting protection with NULL": _protected(SHA256_NULL, BY_ECDSA),
}


@pytest.mark.parametrize("name", FAULTS)
def test_one_change_is_named(name: str) -> None:
    """The part that was changed is the one that the finding names."""
    parts, code = FAULTS[name]
    assert code in _codes(**parts)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_means_the_same_is_no_fault(name: str) -> None:
    """Parameters absent or NULL (RFC 5754 cl. 2) and attributes of others leave no finding."""
    found = _facts(**HARMLESS[name])
    assert (found.integrity, found.findings) == ("intact", ())


@pytest.mark.parametrize("name", COPIES)
def test_an_unsigned_copy_does_not_take_the_place_of_the_signed(name: str) -> None:
    """An attribute that has to be signed is missing when only an unsigned one is there."""
    oid, value, code = COPIES[name]
    assert code in _codes(drop=(oid,), **_unsigned(oid, value))


@pytest.mark.parametrize("name", COPIES)
def test_an_unsigned_copy_is_told(name: str) -> None:
    """Beside the signed attribute an unsigned one changes nothing, and is remarked upon."""
    oid, value, _ = COPIES[name]
    other = value[:-1] + bytes((value[-1] ^ 1,))
    encoded = Forgery(**_unsigned(oid, other)).encode(DIGEST)
    read = parse_signed_data(encoded)
    assert _facts(**_unsigned(oid, other)).integrity == "intact"
    told = unsigned_remarks(read, read.signer_infos[0])
    assert [item.code for item in told] == ["unsigned_attribute_unknown"]
    assert oid in told[0].message


SIGNED_INSTEAD: dict[str, Callable[[bytes], bytes]] = {
    "the attributes with their implicit tag": lambda attributes: b"\xa0" + attributes[1:],
    "the attributes without their tag": _contents,
    "the digest alone": lambda _: DIGEST,
    "the document alone": lambda _: DATA,
}


@pytest.mark.parametrize("name", SIGNED_INSTEAD)
def test_a_signature_over_anything_else_is_not_moved_to_the_attributes(name: str) -> None:
    """Only the attributes as a SET are what is signed (RFC 5652 cl. 5.4)."""
    made = Forgery()
    parts = sorted(attribute(oid, values) for oid, values in made.attributes(DIGEST))
    attributes = der.wrap(der.SET, *parts)
    value = made.signer.signer().sign(SIGNED_INSTEAD[name](attributes))
    found = _facts(value=value)
    assert found.integrity == "broken"
    assert [item.code for item in found.findings] == ["signature_invalid"]
