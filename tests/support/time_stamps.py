"""Time-stamp tokens with exactly one thing wrong, and the certificate of their authority.

The TSTInfo is built with asn1crypto, the CMS around it with `cms_forgery`: neither with the
product's own writer.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.cms.time_stamp_info import ID_CT_TST_INFO
from idservice.crypto import der
from support.cms_forgery import CONTENT_TYPE, Forgery
from support.pki import AT, CertificatePair, chain, extension, leaf, name, new_key

POLICY = "2.999.1"
NONCE = 2**63 + 12345
SERIAL = 2**126 + 99
DATA = b"what is stamped"
IMPRINT = hashlib.sha256(DATA).digest()
TIME = AT.replace(microsecond=250_000)


def time_stamping(*more: x509.ObjectIdentifier, critical: bool = True) -> Sequence[Any]:
    """The extended key usage of an authority, with further purposes if any."""
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, *more])
    return (extension(usage, critical=critical),)


@cache
def authority() -> CertificatePair:
    """The standing test authority, with a P-256 key, below the standing intermediate."""
    return make_authority()


def make_authority(**changes: Any) -> CertificatePair:
    """Make another authority; `changes` are arguments of `support.pki.leaf`."""
    defaults: dict[str, Any] = {
        "subject": name("TEST time-stamping unit"),
        "key": new_key(),
        "extensions": time_stamping(),
    }
    return leaf(chain().intermediate, **{**defaults, **changes})


def general_name(certificate: CertificatePair) -> asn1_x509.GeneralName:
    """The name of an authority as a TSTInfo carries it."""
    subject = asn1_x509.Certificate.load(certificate.der).subject
    return asn1_x509.GeneralName(name="directory_name", value=subject)


def imprint(algorithm: str, value: bytes) -> dict[str, Any]:
    """A messageImprint as asn1crypto takes it."""
    return {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": value}


def info_der(**changes: Any) -> bytes:
    """Encode a good TSTInfo; `changes` replace fields by asn1crypto's names, None removes."""
    fields: dict[str, Any] = {
        "version": "v1",
        "policy": POLICY,
        "message_imprint": imprint("sha256", IMPRINT),
        "serial_number": SERIAL,
        "gen_time": TIME,
        "accuracy": {"seconds": 1},
        "nonce": NONCE,
        "tsa": general_name(authority()),
    }
    kept = {key: value for key, value in {**fields, **changes}.items() if value is not None}
    encoded: bytes = tsp.TSTInfo(kept).dump()
    return encoded


def forgery(info: bytes | None = None, **changes: Any) -> Forgery:
    """A good token of the standing authority; `changes` are fields of a Forgery."""
    good = Forgery(
        signer=authority(),
        structure_version=3,
        content_type=ID_CT_TST_INFO,
        content=info_der() if info is None else info,
        change={CONTENT_TYPE: [der.object_identifier(ID_CT_TST_INFO)]},
    )
    return good.with_(**changes)


def token_of(made: Forgery, digest: bytes | None = None) -> bytes:
    """Encode a token over the digest of its own TSTInfo, unless another one is given."""
    return made.encode(hashlib.sha256(made.content or b"").digest() if digest is None else digest)


def response_of(token: bytes, status: int = 0) -> bytes:
    """Encode the response that carries a token."""
    return der.sequence(der.sequence(der.integer(status)), token)


def later(**amount: float) -> dt.datetime:
    """A time after that of the standing token."""
    return TIME + dt.timedelta(**amount)
