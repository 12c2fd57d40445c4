"""Attacks on the CMS signature: certificates, attributes, algorithms and encodings exchanged.

Each file is laid out around a signature that is good but for one thing, by whoever holds the
key; what has to be refused is that two programs could read it differently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from idservice.crypto import der
from idservice.crypto.algorithms import KeyKind
from support.attacks import OWN, Variant, variant
from support.cms_forgery import (
    CONTENT_TYPE,
    ECDSA_SHA256,
    ECDSA_SHA384,
    ESS_V1,
    ESS_V2,
    ID_DATA,
    MESSAGE_DIGEST,
    PROTECTION,
    SHA1,
    SHA256,
    SHA384,
    Forgery,
    algorithm,
    attribute,
    ess_v1,
    ess_v2,
    indefinite,
    issuer_and_serial,
)
from support.pki import CertificatePair, chain, leaf, name, new_key, root_ca
from support.signed_pdfs import SignedPdf

Encoder = Callable[[bytes], bytes]


def _signer() -> CertificatePair:
    return chain(KeyKind.P256).leaf


def _same_key() -> CertificatePair:
    """Another certificate over the signer's key, by the same authority."""
    return leaf(chain().intermediate, name("Somebody else"), key=_signer().key)


def _same_name() -> CertificatePair:
    """Another key in a certificate with the signer's name and number, by an unknown authority."""
    signer = _signer().certificate
    imitation = root_ca("TEST Intermediate")
    return leaf(imitation, signer.subject, key=new_key(), serial=signer.serial_number)


def _other() -> CertificatePair:
    return leaf(chain().intermediate, name("Bystander"))


def _digest(value: bytes) -> list[bytes]:
    return [der.octet_string(value)]


def _as_content(digest: bytes) -> bytes:
    """Present the signed attributes of a real signature as its content, without attributes."""
    made = Forgery()
    parts = sorted(attribute(oid, values) for oid, values in made.attributes(digest))
    attributes = der.wrap(der.SET, *parts)
    value = made.signer.signer().sign(attributes)
    return made.with_(signed_attributes=False, content=attributes, value=value).encode(digest)


def _without_attributes(digest: bytes) -> bytes:
    """Sign the digest's own bytes directly, with no signed attributes."""
    made = Forgery()
    value = made.signer.signer().sign(digest)
    return made.with_(signed_attributes=False, value=value).encode(digest)


def _value_of(make: Callable[[bytes], bytes]) -> Encoder:
    """Change the signature value that a good signature has."""

    def encode(digest: bytes) -> bytes:
        made = Forgery()
        parts = sorted(attribute(oid, values) for oid, values in made.attributes(digest))
        value = made.signer.signer().sign(der.wrap(der.SET, *parts))
        return made.with_(value=make(value)).encode(digest)

    return encode


def _flipped(value: bytes) -> bytes:
    return value[:-1] + bytes((value[-1] ^ 1,))


def _long_length(encoded: bytes) -> bytes:
    """Encode the length of the outermost SEQUENCE in more bytes than it needs (BER)."""
    start, stop = der.contents_range(encoded, 0, len(encoded))
    return b"\x30\x84" + (stop - start).to_bytes(4, "big") + encoded[start:stop]


_BARE = (algorithm(SHA256),)
_ENVELOPED = "1.2.840.113549.1.7.2"
_TWIN, _IMITATION, _STRANGER = _same_key(), _same_name(), _other()
_UNKNOWN = "2.999.77"
_FORMS: dict[str, tuple[str, Forgery]] = {
    "no-attributes": ("cms_no_signed_attributes", Forgery(signed_attributes=False)),
    "content": ("cms_content_present", Forgery(content=b"something")),
    "content-empty": ("cms_content_present", Forgery(content=b"")),
    "content-is-pdf": ("cms_content_present", Forgery(content=b"%PDF-1.7")),
    "content-type": ("cms_content_type content_type_attribute", Forgery(content_type=_ENVELOPED)),
    "two-signers": ("cms_signer_count", Forgery(signer_infos=2)),
    "no-signer": ("cms_signer_count", Forgery(signer_infos=0)),
    "three-signers": ("cms_signer_count", Forgery(signer_infos=3)),
    "unsorted": ("signed_attributes_not_der", Forgery(order="reverse")),
    "version-3": ("signer_version cms_version", Forgery(version=3)),
    "version-0": ("signer_version cms_version cms_unreadable", Forgery(version=0)),
    "structure-version-5": ("cms_version", Forgery(structure_version=5)),
    "certificates-none": ("signing_certificate_missing", Forgery(certificates=())),
    "certificates-other": (
        "signing_certificate_missing signing_certificate_mismatch",
        Forgery(certificates=(_other().der,)),
    ),
    "certificate-same-key": (
        "signing_certificate_missing signing_certificate_mismatch",
        Forgery(certificates=(_same_key().der,), signer_id=issuer_and_serial(_same_key())),
    ),
    "certificate-same-key-and-id": (
        "signing_certificate_mismatch",
        Forgery(certificates=(_TWIN.der,), signer_id=issuer_and_serial(_TWIN)),
    ),
    "certificate-same-name": (
        "signing_certificate_mismatch signature_invalid",
        Forgery(certificates=(_IMITATION.der,), signer_id=issuer_and_serial(_IMITATION)),
    ),
    "identifier-of-other": (
        "signing_certificate_mismatch signing_certificate_missing signature_invalid",
        Forgery(
            certificates=(_signer().der, _STRANGER.der), signer_id=issuer_and_serial(_STRANGER)
        ),
    ),
    "hash-of-other": (
        "signing_certificate_mismatch",
        Forgery(change={ESS_V2: [ess_v2(_other())]}),
    ),
    "hash-missing": ("signing_certificate_attribute_missing", Forgery(drop=(ESS_V2,))),
    "hash-twice": (
        "attribute_duplicated signing_certificate_attribute_duplicated",
        Forgery(add=((ESS_V2, [ess_v2(_other())]),)),
    ),
    "hash-two-values": (
        "attribute_repeated attribute_duplicated signing_certificate_attribute_duplicated",
        Forgery(change={ESS_V2: [ess_v2(_signer()), ess_v2(_other())]}),
    ),
    "hash-unreadable": (
        "signing_certificate_attribute_unreadable",
        Forgery(change={ESS_V2: [der.octet_string(b"x")]}),
    ),
    "hash-sha1-only": (
        "signing_certificate_sha1 signing_certificate_attribute_missing",
        Forgery(drop=(ESS_V2,), add=((ESS_V1, [ess_v1(_signer())]),)),
    ),
    "hash-sha1-of-other": (
        "signing_certificate_mismatch signing_certificate_attribute_duplicated",
        Forgery(drop=(ESS_V2,), add=((ESS_V1, [ess_v1(_other())]),)),
    ),
    "digest-missing": ("message_digest_missing", Forgery(drop=(MESSAGE_DIGEST,))),
    "digest-other": ("digest_mismatch", Forgery(change={MESSAGE_DIGEST: _digest(bytes(32))})),
    "digest-empty": ("digest_mismatch", Forgery(change={MESSAGE_DIGEST: _digest(b"")})),
    "digest-of-nothing": (
        "digest_mismatch",
        Forgery(change={MESSAGE_DIGEST: _digest(hashlib.sha256(b"").digest())}),
    ),
    "digest-twice": (
        "attribute_duplicated",
        Forgery(add=((MESSAGE_DIGEST, _digest(bytes(32))),)),
    ),
    "digest-two-values": (
        "attribute_repeated attribute_duplicated message_digest_missing digest_mismatch",
        Forgery(change={MESSAGE_DIGEST: [*_digest(bytes(32)), *_digest(b"\1" * 32)]}),
    ),
    "digest-algorithm-other": (
        "digest_algorithm_mismatch digest_mismatch",
        Forgery(digest_algorithm=algorithm(SHA384), digest_algorithms=(algorithm(SHA384),)),
    ),
    "digest-algorithm-unlisted": (
        "digest_algorithm_not_listed",
        Forgery(digest_algorithms=(algorithm(SHA384),)),
    ),
    "digest-algorithm-none": (
        "digest_algorithm_not_listed cms_unreadable",
        Forgery(digest_algorithms=(algorithm(_UNKNOWN),)),
    ),
    "digest-algorithms-repeated": (
        "digest_algorithm_repeated",
        Forgery(digest_algorithms=_BARE * 2),
    ),
    "digest-sha1": (
        "algorithm_not_allowed digest_algorithm_mismatch algorithm_expired digest_mismatch",
        Forgery(digest_algorithm=algorithm(SHA1), digest_algorithms=(algorithm(SHA1),)),
    ),
    "digest-unknown": (
        "algorithm_not_allowed",
        Forgery(digest_algorithm=algorithm(_UNKNOWN), digest_algorithms=(algorithm(_UNKNOWN),)),
    ),
    "algorithm-other-hash": (
        "digest_algorithm_mismatch signature_invalid",
        Forgery(signature_algorithm=algorithm(ECDSA_SHA384)),
    ),
    "algorithm-unknown": (
        "algorithm_not_allowed",
        Forgery(signature_algorithm=algorithm(_UNKNOWN)),
    ),
    "algorithm-rsa": (
        "algorithm_parameters signature_invalid algorithm_not_allowed",
        Forgery(signature_algorithm=algorithm("1.2.840.113549.1.1.11", b"\x05\x00")),
    ),
    "algorithm-parameters": (
        "algorithm_parameters",
        Forgery(signature_algorithm=algorithm(ECDSA_SHA256, der.octet_string(b"x"))),
    ),
    "protection-mismatch": (
        "algorithm_protection_mismatch",
        Forgery(
            add=(
                (
                    PROTECTION,
                    [der.sequence(algorithm(SHA384), b"\xa1" + algorithm(ECDSA_SHA384)[1:])],
                ),
            )
        ),
    ),
    "content-type-missing": ("content_type_attribute", Forgery(drop=(CONTENT_TYPE,))),
    "content-type-other": (
        "content_type_attribute",
        Forgery(change={CONTENT_TYPE: [der.object_identifier("1.2.840.113549.1.7.5")]}),
    ),
    "content-type-twice": (
        "attribute_duplicated",
        Forgery(add=((CONTENT_TYPE, [der.object_identifier(ID_DATA)]),)),
    ),
    "value-empty": ("signature_invalid", Forgery(value=b"")),
    "value-zeros": ("signature_invalid", Forgery(value=bytes(71))),
    "outer-tail": ("cms_unreadable cms_trailing_data", Forgery(outer_tail=der.integer(1))),
}
_ENCODED: dict[str, tuple[str, Encoder]] = {
    "attributes-as-content": ("cms_no_signed_attributes cms_content_present", _as_content),
    "direct": ("cms_no_signed_attributes", _without_attributes),
    "indefinite": ("cms_not_der cms_unreadable", lambda d: indefinite(Forgery().encode(d))),
    "trailing": ("cms_trailing_data", lambda d: Forgery().encode(d) + b"\x30\x00"),
    "twice": ("cms_trailing_data", lambda d: Forgery().encode(d) * 2),
    "other-document": ("digest_mismatch", lambda _: Forgery().encode(bytes(32))),
    "certificate-only": ("cms_unreadable", lambda _: _signer().der),
    "value-flipped": ("signature_invalid", _value_of(_flipped)),
    "value-cut": ("signature_invalid", _value_of(lambda v: v[:-1])),
    "value-long": ("signature_invalid", _value_of(lambda v: v + b"\0")),
    "value-of-zeros": ("signature_invalid", _value_of(lambda _: bytes.fromhex("3006020100020100"))),
    "value-plain": ("signature_invalid", _value_of(lambda _: b"\1" * 64)),
    "random": ("cms_unreadable", lambda _: b"\x30\x82\x01\x00" + b"\xff" * 256),
    "long-length": ("cms_not_der cms_unreadable", lambda d: _long_length(Forgery().encode(d))),
}


def variants() -> Iterator[Variant]:
    """Every odd CMS signature, in a file that is sound otherwise."""
    for key, (codes, forgery) in _FORMS.items():
        made = SignedPdf(cms=forgery.encode)
        yield variant("cms", key, OWN, codes.split(), lambda _, m=made: m.build())  # type: ignore[misc]
    for key, (codes, encode) in _ENCODED.items():
        made = SignedPdf(cms=encode)
        yield variant("cms", key, OWN, codes.split(), lambda _, m=made: m.build())  # type: ignore[misc]
