"""Detached CAdES signatures, with time-stamps and archive time-stamps when a test wants them.

What an archive time-stamp is over is put together with asn1crypto, apart from the product.
"""

import hashlib

from asn1crypto import cms as asn1_cms

from idservice.crypto import der
from idservice.crypto.der_times import time
from support import cms_forgery as forge
from support.cms_forgery import Forgery
from support.pki import AT, CertificatePair
from support.time_stamps import forgery, imprint, info_der, token_of

CONTENT = b"what is signed, beside its signature"
DIGEST = hashlib.sha256(CONTENT).digest()
TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
ARCHIVE = "0.4.0.1733.2.4"
INDEX = "0.4.0.19122.1.5"

Unsigned = tuple[tuple[str, bytes], ...]


def unsigned_attributes(items: Unsigned) -> bytes:
    """Encode unsigned attributes, each with one value."""
    return (
        der.context(1, *(forge.attribute(oid, [value]) for oid, value in items)) if items else b""
    )


def fixed(**parts: object) -> Forgery:
    """A good CAdES-B-B signature of which every encoding has the same value."""
    made = Forgery(add=((forge.SIGNING_TIME, [time(AT)]),)).with_(**parts)
    signer = asn1_cms.ContentInfo.load(made.encode(DIGEST))["content"]["signer_infos"][0]
    return made.with_(value=signer["signature"].native)


def encode(made: Forgery, items: Unsigned = ()) -> bytes:
    """Encode a signature with unsigned attributes."""
    return made.with_(unsigned=unsigned_attributes(items)).encode(DIGEST)


def stamped_token(
    data: bytes, *, unsigned: bytes = b"", unit: CertificatePair | None = None, **info: object
) -> bytes:
    """A time-stamp token over data, by the standing test unit or by `unit`."""
    stamp = info_der(message_imprint=imprint("sha256", hashlib.sha256(data).digest()), **info)
    by = {} if unit is None else {"signer": unit, "certificates": (unit.der,)}
    return token_of(forgery(stamp).with_(unsigned=unsigned, **by))


def hash_of_value(oid: str, value: bytes) -> bytes:
    """The entry of an index for one value of an unsigned attribute."""
    return hashlib.sha256(der.object_identifier(oid) + value).digest()


def index_of(structure: bytes, items: Unsigned, *, extra: tuple[bytes, ...] = ()) -> bytes:
    """The ATSHashIndexV3 of everything in a structure, and of attributes `items`."""
    signed_data = asn1_cms.ContentInfo.load(structure)["content"]
    revocation = signed_data["crls"] or ()
    lists = (
        [item.dump() for item in signed_data["certificates"]],
        [item.dump() for item in revocation],
    )
    hashed = [[hashlib.sha256(item).digest() for item in one] for one in lists]
    hashed.append([*(hash_of_value(*item) for item in items), *extra])
    return der.sequence(
        forge.algorithm(forge.SHA256),
        *(der.sequence(*(der.octet_string(item) for item in one)) for one in hashed),
    )


def archive_token(
    structure: bytes,
    index: bytes,
    content: bytes = CONTENT,
    *,
    unit: CertificatePair | None = None,
    **info: object,
) -> bytes:
    """An archive-time-stamp-v3 over a structure (EN 319 122-1 cl. 5.5.3)."""
    signed_data = asn1_cms.ContentInfo.load(structure)["content"]
    signer = signed_data["signer_infos"][0]
    parts = (
        signed_data["encap_content_info"]["content_type"].dump(),
        hashlib.sha256(content).digest(),
        *(
            signer[name].dump()
            for name in (
                "version",
                "sid",
                "digest_algorithm",
                "signed_attrs",
                "signature_algorithm",
                "signature",
            )
        ),
        index,
    )
    attributes = unsigned_attributes(((INDEX, index),))
    return stamped_token(b"".join(parts), unsigned=attributes, unit=unit, **info)
