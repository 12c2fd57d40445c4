"""A certificate authority of somebody else: OCSP and CRLs at addresses of its own, over HTTP.

Its answers are built with the library `cryptography`, not with anything of the product.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from support.lying_server import Wire, lying_server
from support.pki import (
    NOT_AFTER,
    NOT_BEFORE,
    CertificatePair,
    Extension,
    extension,
    intermediate_ca,
    leaf,
    root_ca,
)

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ForeignAuthority:
    """Root, issuing authority, and one person's signing certificate; `url` is its service."""

    url: str
    root: CertificatePair
    issuing: CertificatePair
    person: CertificatePair


@contextlib.contextmanager
def foreign_authority(
    *, not_before: dt.datetime = NOT_BEFORE, not_after: dt.datetime = NOT_AFTER
) -> Iterator[ForeignAuthority]:
    """Run an authority for the length of a block; the times are those of the person's leaf."""
    made: list[ForeignAuthority] = []

    def serve(body: bytes, wire: Wire) -> None:
        wire.answer(_ocsp(made[0], body) if body else _list(made[0].root))

    with lying_server(serve) as server:
        made.append(_make(server.url, not_before, not_after))
        yield made[0]


def _make(url: str, not_before: dt.datetime, not_after: dt.datetime) -> ForeignAuthority:
    address = x509.UniformResourceIdentifier(url)
    points = x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])
    access = x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)]
    )
    root = root_ca("FOREIGN Root")
    issuing = intermediate_ca(root, "FOREIGN Issuing", extensions=_plain(points))
    person = leaf(issuing, not_before=not_before, not_after=not_after, extensions=_plain(access))
    return ForeignAuthority(url, root, issuing, person)


def _plain(value: x509.ExtensionType) -> tuple[Extension, ...]:
    return (extension(value, critical=False),)


def _ocsp(authority: ForeignAuthority, request_der: bytes) -> bytes:
    """Answer good, signed by the issuing authority itself, about the person's certificate.

    About any other certificate it declines: it is not responsible.
    """
    request = ocsp.load_der_ocsp_request(request_der)
    if request.serial_number != authority.person.certificate.serial_number:
        declined = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        return declined.public_bytes(serialization.Encoding.DER)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=authority.person.certificate,
        issuer=authority.issuing.certificate,
        algorithm=request.hash_algorithm,
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=now,
        next_update=now + _DAY,
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(
        ocsp.OCSPResponderEncoding.HASH, authority.issuing.certificate
    ).add_extension(request.extensions[0].value, critical=False)
    answer = builder.sign(authority.issuing.key, hashes.SHA384())
    return answer.public_bytes(serialization.Encoding.DER)


def _list(root: CertificatePair) -> bytes:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(now - _DAY)
        .next_update(now + _DAY)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key), critical=False
        )
    )
    return builder.sign(root.key, hashes.SHA384()).public_bytes(serialization.Encoding.DER)
