"""Where the status of a certificate can be had: named responders, our own, or its addresses.

Our own authorities are asked in this process. An address out of a certificate is followed
only to a host that is configured (`transport.fetch`), so that a document made by a stranger
makes this machine talk to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from idservice.pki.crl import MAX_CRL_BYTES

if TYPE_CHECKING:
    from idservice.transport.fetch import Fetcher

MAX_ANSWER_BYTES = 256 * 1024
"""Largest OCSP answer that is read."""

MAX_CERTIFICATE_BYTES = 64 * 1024
"""Largest certificate of an issuer that is read."""

MAX_ADDRESSES = 4
"""Addresses of one certificate that are tried, of each kind."""


class Responder(Protocol):
    """An OCSP responder: a request goes in, an answer comes out, both in DER."""

    def ask(self, request_der: bytes, seconds: float) -> bytes:
        """Return the answer. Raises ServiceUnavailable, HostNotAllowed."""


class ListSource(Protocol):
    """A place that has a revocation list, or the certificate of an issuer."""

    def fetch(self, seconds: float) -> bytes:
        """Return it in DER. Raises ServiceUnavailable, HostNotAllowed."""


@dataclass(frozen=True, slots=True)
class OwnIssuer:
    """What this installation says about the certificates of one of its authorities.

    `respond` answers OCSP requests, `current_list` returns the newest revocation list (DER);
    None where an authority has no such service.
    """

    respond: Callable[[bytes], bytes] | None
    current_list: Callable[[], bytes] | None


@dataclass(frozen=True, slots=True)
class _OwnResponder:
    respond: Callable[[bytes], bytes]

    def ask(self, request_der: bytes, seconds: float) -> bytes:  # noqa: ARG002 - it never waits
        return self.respond(request_der)


@dataclass(frozen=True, slots=True)
class _OwnList:
    current_list: Callable[[], bytes]

    def fetch(self, seconds: float) -> bytes:  # noqa: ARG002 - it never waits
        return self.current_list()


@dataclass(frozen=True, slots=True)
class _RemoteResponder:
    url: str
    fetcher: Fetcher

    def ask(self, request_der: bytes, seconds: float) -> bytes:
        return self.fetcher.post(
            self.url,
            request_der,
            content_type="application/ocsp-request",
            seconds=seconds,
            max_bytes=MAX_ANSWER_BYTES,
        )


@dataclass(frozen=True, slots=True)
class _RemoteList:
    url: str
    fetcher: Fetcher
    max_bytes: int = MAX_CRL_BYTES

    def fetch(self, seconds: float) -> bytes:
        return self.fetcher.get(self.url, seconds=seconds, max_bytes=self.max_bytes)


class StatusSources:
    """Chooses whom to ask about a certificate."""

    def __init__(
        self,
        own: Mapping[bytes, OwnIssuer],
        *,
        ocsp_urls: Sequence[str],
        fetcher: Fetcher,
    ) -> None:
        """Take our own authorities by their certificates (DER), and the named responders."""
        self._own = dict(own)
        self._named = tuple(_RemoteResponder(url, fetcher) for url in ocsp_urls)
        self._fetcher = fetcher

    def named_responders(self) -> tuple[Responder, ...]:
        """The responders that somebody named; they are asked before all others."""
        return self._named

    def own_responders(self, issuer: x509.Certificate) -> tuple[Responder, ...]:
        """Our own responder for an issuer of ours; none for one of others."""
        own = self._own.get(issuer.public_bytes(Encoding.DER))
        return () if own is None or own.respond is None else (_OwnResponder(own.respond),)

    def responders(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[Responder, ...]:
        """Our own responder for an issuer of ours, else those that the certificate names."""
        if issuer.public_bytes(Encoding.DER) in self._own:
            return self.own_responders(issuer)
        return tuple(
            _RemoteResponder(url, self._fetcher) for url in _responder_addresses(certificate)
        )

    def lists(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[ListSource, ...]:
        """Our own list for an issuer of ours, else those that the certificate names."""
        own = self._own.get(issuer.public_bytes(Encoding.DER))
        if own is not None:
            return () if own.current_list is None else (_OwnList(own.current_list),)
        return tuple(_RemoteList(url, self._fetcher) for url in _list_addresses(certificate))

    def issuers(self, certificate: x509.Certificate) -> tuple[ListSource, ...]:
        """The places that the certificate names for its issuer's certificate (DER)."""
        return tuple(
            _RemoteList(url, self._fetcher, MAX_CERTIFICATE_BYTES)
            for url in _issuer_addresses(certificate)
        )


def _issuer_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    return _access_addresses(certificate, AuthorityInformationAccessOID.CA_ISSUERS)


def _responder_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    return _access_addresses(certificate, AuthorityInformationAccessOID.OCSP)


def _access_addresses(
    certificate: x509.Certificate, method: x509.ObjectIdentifier
) -> tuple[str, ...]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        item.access_location.value
        for item in access.value
        if item.access_method == method
        and isinstance(item.access_location, x509.UniformResourceIdentifier)
    )[:MAX_ADDRESSES]


def _list_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        name.value
        for point in points.value
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )[:MAX_ADDRESSES]
