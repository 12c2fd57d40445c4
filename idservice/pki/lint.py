"""The lint before every signature: the to-be-signed bytes are re-derived field by field.

The builder's output must be strict DER and equal, byte by byte, to what the request and
its profile say, encoded here a second time without the builder. Only `lint` can make a
`LintedTbs`, only a `LintedTbs` can be signed (`pki.issuance`), and each only once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import signature_algorithm_der
from idservice.crypto.algorithms import SignatureAlgorithm
from idservice.crypto.keys import key_kind, load_public_key
from idservice.errors import CertificateLintFailed
from idservice.pki.profile import Role
from idservice.pki.request import IssuanceRequest
from idservice.pki.weak_keys import require_strong_key

SERIAL_BITS = 127
MIN_SERIAL = 1 << 119
"""Serials fill 16 octets and are positive: 2^119 to 2^127 - 1 (RFC 5280 cl. 4.1.2.2)."""

_VERSION_3 = der.context(0, der.integer(2))
_TRUE = b"\x01\x01\xff"
_UTC_TIME = b"\x17"
_GENERALIZED_TIME = b"\x18"
_FIRST_GENERALIZED_YEAR = 2050
_LINT: Final = object()


class LintedTbs:
    """A to-be-signed certificate that passed the lint; good for one signature."""

    __slots__ = ("_tbs", "algorithm", "issuer_key_der")

    def __init__(self, tbs_der: bytes, request: IssuanceRequest, made_by: object) -> None:
        """Refuse to be made by anything but `lint`."""
        if made_by is not _LINT:
            raise _failed("only the lint can say that a certificate may be signed")
        self._tbs = [tbs_der]
        self.algorithm: SignatureAlgorithm = request.profile.signature
        self.issuer_key_der: bytes = request.issuer.public_key_der

    def redeem(self) -> bytes:
        """Return the bytes to sign, once; raise CertificateLintFailed the second time."""
        try:
            return self._tbs.pop()
        except IndexError:
            raise _failed("this lint result was already used for a signature") from None


def lint(request: IssuanceRequest, lint_certificate_der: bytes) -> LintedTbs:
    """Check a certificate that a throw-away key signed; hand out its bytes for one signature.

    Raises CertificateLintFailed naming the field, MalformedDer when it is not strict DER.
    Says nothing about whether the person should get a certificate.
    """
    _check_serial(request)
    _check_validity(request)
    _check_key(request)
    der.check_der(lint_certificate_der)
    tbs_der = to_be_signed(lint_certificate_der)
    _compare(_expected_fields(request), tbs_der)
    return LintedTbs(tbs_der, request, _LINT)


def to_be_signed(certificate_der: bytes) -> bytes:
    """Cut the TBSCertificate out of a certificate (RFC 5280 cl. 4.1). Raises MalformedDer."""
    certificate = der_reader.read(certificate_der, der_reader.SEQUENCE).elements()
    return certificate.take(der_reader.SEQUENCE).encoded


def _check_serial(request: IssuanceRequest) -> None:
    if not MIN_SERIAL <= request.serial < 1 << SERIAL_BITS:
        raise _failed("serial number: not 16 positive octets")


def _check_validity(request: IssuanceRequest) -> None:
    begin, end = request.not_before, request.not_after
    if any(time.utcoffset() != timedelta(0) or time.microsecond for time in (begin, end)):
        raise _failed("validity: not whole seconds of UTC")
    if not timedelta(0) < end - begin <= timedelta(days=request.profile.max_days):
        raise _failed(f"validity: not within {request.profile.max_days} days")
    if begin < request.issuer.not_before or end > request.issuer.not_after:
        raise _failed("validity: not within that of the issuer")


def _check_key(request: IssuanceRequest) -> None:
    key = load_public_key(request.public_key_der)
    if key_kind(key) not in request.profile.key_kinds:
        raise _failed(f"public key: {key_kind(key).value} is not for this profile")
    require_strong_key(key)
    issuer_kind = key_kind(request.issuer.public_key)
    if issuer_kind not in request.profile.signature.key_kinds:
        raise _failed(f"signature algorithm: {issuer_kind.value} cannot make it")
    own_key = request.public_key_der == request.issuer.public_key_der
    if own_key != (request.profile.role is Role.ROOT):
        raise _failed("public key: only a root is issued by its own key")


def _expected_fields(request: IssuanceRequest) -> list[tuple[str, bytes]]:
    """Encode what each field of TBSCertificate must be (RFC 5280 cl. 4.1)."""
    validity = der.sequence(_time(request.not_before), _time(request.not_after))
    return [
        ("version", _VERSION_3),
        ("serial number", der.integer(request.serial)),
        ("signature algorithm", signature_algorithm_der(request.profile.signature)),
        ("issuer", request.issuer.name.public_bytes()),
        ("validity", validity),
        ("subject", request.subject.der()),
        ("public key", request.public_key_der),
        ("extensions", der.context(3, der.sequence(*_expected_extensions(request)))),
    ]


def _expected_extensions(request: IssuanceRequest) -> list[bytes]:
    context = request.extension_context
    return [
        der.sequence(
            der.object_identifier(rule.oid),
            _TRUE if rule.critical else b"",
            der.octet_string(rule.value_der(context)),
        )
        for rule in request.profile.extensions
    ]


def _compare(expected: list[tuple[str, bytes]], tbs_der: bytes) -> None:
    found = [item.encoded for item in der_reader.read(tbs_der).elements().rest()]
    if len(found) != len(expected):
        raise _failed(f"it has {len(found)} fields where {len(expected)} belong")
    for (name, wanted), got in zip(expected, found, strict=True):
        if got != wanted:
            raise _failed(f"{name}: not what the request and its profile say")


def _time(time: datetime) -> bytes:
    """Encode a Time: UTCTime until 2049, GeneralizedTime after (RFC 5280 cl. 4.1.2.5)."""
    utc = time.astimezone(UTC)
    if utc.year < _FIRST_GENERALIZED_YEAR:
        return der.wrap(_UTC_TIME, f"{utc:%y%m%d%H%M%SZ}".encode())
    return der.wrap(_GENERALIZED_TIME, f"{utc:%Y%m%d%H%M%SZ}".encode())


def _failed(reason: str) -> CertificateLintFailed:
    return CertificateLintFailed(
        f"The certificate is not signed, because it differs from its profile: {reason}.",
        "Correct the request or the profile; nothing was issued.",
    )
