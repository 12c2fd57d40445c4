"""Name constraints: which names an authority may certify below it (RFC 5280 cl. 4.2.1.10).

Names of the forms directoryName, rfc822Name, dNSName, URI and iPAddress are compared. A
constraint of another form refuses every certificate that has a name of that form.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from idservice.errors import CertificateConstraintsViolated
from idservice.pki.path_certificate import PathCertificate, comparable_name

MAX_COMPARISONS = 10_000
"""Names times constraints of one path: a path that is made to cost much is refused."""

_AUTHORITY = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#@]*)(?::[0-9]*)?(?:[/?#]|$)"
)
_SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"
_FIX = "Use a certificate of an authority that may certify this name."


def require_names(path: Sequence[PathCertificate]) -> None:
    """Require every name of a path to be allowed by all authorities above it.

    The anchor is last, and its constraints count (RFC 5937 cl. 3.2). A self-issued
    certificate is exempt unless it stands first (RFC 5280 cl. 6.1.3 (b), (c)).
    Raises CertificateConstraintsViolated.
    """
    budget = _Budget()
    for depth, item in enumerate(path):
        if depth and item.is_self_issued:
            continue
        constraints = [
            value
            for issuer in path[depth + 1 :]
            if (value := issuer.extension(x509.NameConstraints)) is not None
        ]
        if constraints:
            names = _names(item)
            for one in constraints:
                _require(names, one, budget)


class _Budget:
    """Counts comparisons."""

    def __init__(self) -> None:
        self._left = MAX_COMPARISONS

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise CertificateConstraintsViolated(
                f"The names and name constraints of the path need more than {MAX_COMPARISONS} "
                "comparisons; they are made to cost much.",
                "Use certificates of another authority.",
            )


def _names(item: PathCertificate) -> list[x509.GeneralName]:
    """All names of the subject; an e-mail address in the distinguished name is one too."""
    subject = item.certificate.subject
    names: list[x509.GeneralName] = [x509.DirectoryName(subject)] if item.subject else []
    names += [
        x509.RFC822Name._init_without_validation(str(found.value))  # noqa: SLF001 - may be anything
        for found in subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    ]
    alternative = item.extension(x509.SubjectAlternativeName)
    return names + list(alternative or ())


def _require(
    names: Sequence[x509.GeneralName], constraints: x509.NameConstraints, budget: _Budget
) -> None:
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    budget.spend(len(names) * (len(permitted) + len(excluded)))
    for name in names:
        same = [base for base in permitted if _same_form(name, base)]
        if same and not any(_is_within(name, base) for base in same):
            raise _refused("is not among those that its authority may certify")
        if any(_same_form(name, base) and _is_within_excluded(name, base) for base in excluded):
            raise _refused("is one that its authority may not certify")


def _same_form(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    """Whether a constraint is about names of this form (RFC 9598 cl. 6 for the one exception)."""
    if isinstance(base, x509.RFC822Name) and isinstance(name, x509.OtherName):
        return name.type_id.dotted_string == _SMTP_UTF8_MAILBOX
    return type(name) is type(base)


def _is_within(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    """Whether a name lies within a permitted subtree; one that cannot be compared does not."""
    compare = _COMPARISONS.get(type(name))
    return compare is not None and compare(name.value, base.value)


def _is_within_excluded(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    """Whether a name lies within an excluded subtree; one that cannot be compared does."""
    compare = _COMPARISONS.get(type(name))
    if compare is None:
        return True
    if isinstance(name, x509.UniformResourceIdentifier) and _host(name.value) is None:
        return True
    return compare(name.value, base.value)


def _directory(name: x509.Name, base: x509.Name) -> bool:
    wanted = comparable_name(base)
    return comparable_name(name)[: len(wanted)] == wanted


def _dns(name: str, base: str) -> bool:
    """A name is within itself and within everything that it ends in, label by label."""
    return _domain(name.rstrip(".").casefold(), base.rstrip(".").casefold(), itself=True)


def _domain(host: str, base: str, *, itself: bool) -> bool:
    if base.startswith("."):
        return host.endswith(base) and len(host) > len(base)
    return not base or host == base or (itself and host.endswith("." + base))


def _mailbox(name: str, base: str) -> bool:
    """A constraint is one mailbox, all of a host, or with a dot all hosts of a domain."""
    local, _, host = name.rpartition("@")
    if "@" in base:
        base_local, _, base_host = base.rpartition("@")
        return local == base_local and host.casefold() == base_host.casefold()
    return bool(local) and _domain(host.casefold(), base.casefold(), itself=False)


def _uri(name: str, base: str) -> bool:
    """The constraint is about the host, which must be a name and no address."""
    host = _host(name)
    return host is not None and _domain(host, base.casefold(), itself=False)


def _host(uri: str) -> str | None:
    """The host of a URI with an authority (RFC 3986 cl. 3.2); None for an address or none."""
    found = _AUTHORITY.match(uri)
    host = "" if found is None else found[1].rstrip(".").casefold()
    if not host or host.startswith("["):
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return None


def _address(name: Any, base: Any) -> bool:
    """One address, within a range of the same version."""
    single = isinstance(name, (ipaddress.IPv4Address, ipaddress.IPv6Address))
    return single and name.version == base.version and name in base


_COMPARISONS: dict[type[x509.GeneralName], Callable[[Any, Any], bool]] = {
    x509.DirectoryName: _directory,
    x509.DNSName: _dns,
    x509.RFC822Name: _mailbox,
    x509.UniformResourceIdentifier: _uri,
    x509.IPAddress: _address,
}


def _refused(reason: str) -> CertificateConstraintsViolated:
    return CertificateConstraintsViolated(
        f"A name of a certificate in the path {reason}, so nobody vouches for it.", _FIX
    )
