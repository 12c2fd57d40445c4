"""Name constraints: each form of name, permitted and excluded, in our own certificates."""

import ipaddress
import time

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from idservice.errors import CertificateConstraintsViolated
from idservice.pki.path import ValidPath, build_path
from support.pki import (
    AT,
    CertificatePair,
    Extension,
    extension,
    intermediate_ca,
    leaf,
    name,
    root_ca,
)

ROOT = root_ca()
mailbox, uri, dns = x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName
OTHER_NAME = x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), b"\x0c\x01x")
REGISTERED = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
UTF8_MAILBOX = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9"), b"\x0c\x01x")


def constraints(
    permitted: list[x509.GeneralName] | None = None, excluded: list[x509.GeneralName] | None = None
) -> Extension:
    """A nameConstraints extension."""
    return extension(x509.NameConstraints(permitted, excluded), critical=True)


def alternative(*names: x509.GeneralName) -> Extension:
    """A subjectAltName extension."""
    return extension(x509.SubjectAlternativeName(names), critical=False)


def path(
    end: CertificatePair, *issuing: CertificatePair, root: CertificatePair = ROOT
) -> ValidPath:
    """Build the path of a certificate."""
    bag = [item.certificate for item in issuing]
    return build_path(end.certificate, bag, [root.certificate], AT)


def holds(constraint: Extension, found: x509.GeneralName) -> bool:
    """Whether an authority under a constraint may certify a name."""
    issuing = intermediate_ca(ROOT, extensions=[constraint])
    try:
        path(leaf(issuing, extensions=[alternative(found)]), issuing)
    except CertificateConstraintsViolated:
        return False
    return True


@pytest.mark.parametrize(
    ("base", "inside", "outside"),
    [
        (dns("a.example"), dns("a.example"), dns("b.example")),
        (dns("a.example"), dns("X.A.Example"), dns("xa.example")),
        (dns(".a.example"), dns("x.a.example"), dns("a.example")),
        (mailbox("a.example"), mailbox("x@A.example"), mailbox("x@b.a.example")),
        (mailbox(".a.example"), mailbox("x@b.a.example"), mailbox("x@a.example")),
        (mailbox("x@a.example"), mailbox("x@A.EXAMPLE"), mailbox("X@a.example")),
        (
            uri("a.example"),
            uri("https://u:p@A.example:8443/x?y@b.example"),
            uri("https://a.example@b.example/"),
        ),
        (
            uri(".a.example"),
            uri("http://b.a.example"),
            uri("http://a.example"),
        ),
        (
            x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")),
            x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
            x509.IPAddress(ipaddress.ip_address("192.0.3.7")),
        ),
        (
            x509.IPAddress(ipaddress.ip_network("2001:db8::/32")),
            x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
            x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        ),
    ],
)  # fmt: skip
def test_names_within_and_outside(
    base: x509.GeneralName, inside: x509.GeneralName, outside: x509.GeneralName
) -> None:
    """What a constraint permits another refuses by excluding it, and the other way round."""
    assert holds(constraints([base]), inside)
    assert not holds(constraints([base]), outside)
    assert not holds(constraints(None, [base]), inside)
    assert holds(constraints(None, [base]), outside)


@pytest.mark.parametrize(
    ("base", "found"),
    [
        (OTHER_NAME, OTHER_NAME),
        (REGISTERED, REGISTERED),
        (mailbox("a.example"), UTF8_MAILBOX),
        (uri("a.example"), uri("http://192.0.2.1/")),
        (uri("a.example"), uri("urn:x:y")),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_compared_is_refused(
    base: x509.GeneralName, found: x509.GeneralName
) -> None:
    """Permitted or excluded: where nobody can tell, the answer is no."""
    assert not holds(constraints([base]), found)
    assert not holds(constraints(None, [base]), found)
    assert holds(constraints([base]), dns("other.example"))


def test_a_distinguished_name_must_begin_as_permitted() -> None:
    """The permitted name and all that continue it are allowed, in the subject as elsewhere."""
    estonia = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "ee")])
    latvia = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "LV")])
    permitted = constraints([x509.DirectoryName(estonia)])
    issuing = intermediate_ca(ROOT, extensions=[permitted])
    path(leaf(issuing, name("Anna Maasikas")), issuing)
    with pytest.raises(CertificateConstraintsViolated, match="not among"):
        path(leaf(issuing, latvia), issuing)
    assert not holds(permitted, x509.DirectoryName(latvia))
    assert holds(permitted, x509.DirectoryName(name("Another")))


def test_an_excluded_name_is_refused_however_it_is_written() -> None:
    """Case, white space and composed or wide characters make no other name (RFC 5280 cl. 7.1)."""
    excluded = constraints(None, [x509.DirectoryName(name("Karu Käpp"))])
    issuing = intermediate_ca(ROOT, extensions=[excluded])
    for written in ("KARU  KÄPP", "Karu Ka\u0308pp", "\uff2baru Käpp"):
        with pytest.raises(CertificateConstraintsViolated, match="may not certify"):
            path(leaf(issuing, name(written)), issuing)
    path(leaf(issuing, name("Karu Kapp")), issuing)


def test_an_address_in_the_distinguished_name_counts() -> None:
    """An emailAddress attribute is a name that constraints on addresses are about."""
    subject = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "x@b.example")])
    issuing = intermediate_ca(ROOT, extensions=[constraints([mailbox("a.example")])])
    with pytest.raises(CertificateConstraintsViolated):
        path(leaf(issuing, subject), issuing)


def test_constraints_of_every_authority_and_of_the_anchor_count() -> None:
    """An authority cannot permit what one above it, the anchor included, does not."""
    root = root_ca(extensions=[constraints([dns("a.example")])])
    issuing = intermediate_ca(root, extensions=[constraints([dns("example")])])
    path(leaf(issuing, extensions=[alternative(dns("x.a.example"))]), issuing, root=root)
    outside = leaf(issuing, extensions=[alternative(dns("b.example"))])
    with pytest.raises(CertificateConstraintsViolated):
        path(outside, issuing, root=root)


def test_many_names_and_constraints_cost_little() -> None:
    """Thousands of names against thousands of constraints are refused within five seconds."""
    bases: list[x509.GeneralName] = [dns(f"x{number}.example") for number in range(2000)]
    issuing = intermediate_ca(ROOT, extensions=[constraints(None, bases)])
    names = [dns(f"y{number}.example") for number in range(2000)]
    end = leaf(issuing, extensions=[alternative(*names)])
    started = time.process_time()
    with pytest.raises(CertificateConstraintsViolated, match="comparisons"):
        path(end, issuing)
    assert time.process_time() - started < 5
