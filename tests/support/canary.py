"""A canary: a port of this machine that counts who connects, and documents that lead to it.

`hostile(urls)` makes authorities whose certificates name these addresses wherever a
certificate can name one, and `lured` documents that rest on such certificates.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from support.long_term import sign, store
from support.pki import CertificatePair, Extension, extension, intermediate_ca, leaf, name
from support.time_stamps import time_stamping

ALLOWED = "allowed.example"
"""A host that is configured; nothing answers there, and no address here leads to it."""


@dataclass
class Canary:
    """Listens on one port of every loopback address, and counts connections."""

    hits: int = 0
    _listeners: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start to listen."""
        self._stopped = threading.Event()
        self._listen(socket.create_server(("127.0.0.1", 0)))
        self.port: int = self._listeners[0].getsockname()[1]
        with contextlib.suppress(OSError):
            self._listen(socket.create_server(("::1", self.port), family=socket.AF_INET6))

    def stop(self) -> None:
        """Stop listening."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        for listener in self._listeners:
            listener.close()

    def _listen(self, listener: socket.socket) -> None:
        listener.settimeout(0.05)
        self._listeners.append(listener)
        thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                self.hits += 1
                connection.close()


@contextlib.contextmanager
def canary() -> Iterator[Canary]:
    """Run a canary for the length of a block."""
    found = Canary()
    try:
        yield found
    finally:
        found.stop()


def spellings(port: int) -> dict[str, str]:
    """Addresses that lead to the canary, or would if one part of a program read them wrongly."""
    return {
        "plain": f"http://127.0.0.1:{port}/a",
        "name": f"http://localhost:{port}/",
        "upper case": f"HTTP://LOCALHOST:{port}/",
        "name with a dot": f"http://localhost.:{port}/",
        "address with a dot": f"http://127.0.0.1.:{port}/",
        "IPv6": f"http://[::1]:{port}/",
        "IPv6 in full": f"http://[0:0:0:0:0:0:0:1]:{port}/",
        "IPv4 in IPv6": f"http://[::ffff:127.0.0.1]:{port}/",
        "decimal": f"http://2130706433:{port}/",
        "hexadecimal": f"http://0x7f000001:{port}/",
        "octal": f"http://0177.0.0.1:{port}/",
        "short": f"http://127.1:{port}/",
        "zero": f"http://0:{port}/",
        "any": f"http://0.0.0.0:{port}/",
        "other loopback": f"http://127.0.0.2:{port}/",
        "user": f"http://{ALLOWED}@127.0.0.1:{port}/",
        "user and password": f"http://{ALLOWED}:80@127.0.0.1:{port}/",
        "user with a null": f"http://{ALLOWED}%00@127.0.0.1:{port}/",
        "fragment": f"http://127.0.0.1:{port}#@{ALLOWED}/",
        "backslash": f"http://127.0.0.1:{port}\\@{ALLOWED}/",
        "query": f"http://127.0.0.1:{port}?.{ALLOWED}/",
        "suffix": f"http://127.0.0.1.{ALLOWED}.localhost:{port}/",
        "encoded dots": f"http://127%2e0%2e0%2e1:{port}/",
        "white space": f"http://127.0.0.1:{port}/ http://{ALLOWED}/",
        "line end": f"http://{ALLOWED}\r\nHost: 127.0.0.1:{port}/",
        "tabulator": f"http://127.0.\t0.1:{port}/",
        "TLS": f"https://127.0.0.1:{port}/",
        "FTP": f"ftp://127.0.0.1:{port}/",
        "Gopher": f"gopher://127.0.0.1:{port}/_GET",
        "LDAP": f"ldap://127.0.0.1:{port}/cn=a?certificateRevocationList",
        "no scheme": f"//127.0.0.1:{port}/",
        "no slashes": f"http:127.0.0.1:{port}/",
    }


@dataclass(frozen=True, slots=True)
class Hostile:
    """An authority below a root of the caller, a signer and a time-stamping unit below it."""

    issuing: CertificatePair
    signer: CertificatePair
    unit: CertificatePair


def hostile(root: CertificatePair, urls: Sequence[str]) -> Hostile:
    """Make authorities whose certificates name these addresses, four at most."""
    named = addresses(urls)
    issuing = intermediate_ca(root, "TEST hostile issuing", extensions=named)
    return Hostile(
        issuing,
        leaf(issuing, extensions=named),
        leaf(issuing, name("TEST hostile unit"), extensions=(*time_stamping(), *named)),
    )


def addresses(urls: Sequence[str]) -> tuple[Extension, ...]:
    """Every extension in which a certificate tells of addresses."""
    places = [x509.UniformResourceIdentifier(url) for url in urls]
    methods = (AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS)
    access = [x509.AccessDescription(method, place) for place in places for method in methods]
    points = [x509.DistributionPoint([place], None, None, None) for place in places]
    repository = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.5")
    wanted = (
        x509.AuthorityInformationAccess(access),
        x509.CRLDistributionPoints(points),
        x509.FreshestCRL(points),
        x509.SubjectInformationAccess(
            [x509.AccessDescription(repository, item) for item in places]
        ),
        x509.IssuerAlternativeName(places),
    )
    return tuple(extension(item, critical=False) for item in wanted)


def lured(by: Hostile) -> tuple[bytes, bytes]:
    """Documents that need everything: one with the certificate of the issuer, one without."""
    document = sign(by=by.signer, unit=by.unit)
    return store(document, certs=[by.issuing.der]), document
