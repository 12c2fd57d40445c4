"""Certificates made to keep the search for a path busy: each search ends within five seconds."""

import time
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.keys import PrivateKey
from idservice.services.evidence_at_hand import EvidenceAtHand
from idservice.services.revocation import NoRevocationSource
from idservice.services.trust import PathFinder, TrustContext
from idservice.validation.evidence import PathFacts
from idservice.validation.facts import Coverage, Integrity, SignatureFacts
from support.pki import (
    AT,
    NOT_AFTER,
    NOT_BEFORE,
    CertificatePair,
    extension,
    intermediate_ca,
    leaf,
    name,
    new_key,
    root_ca,
)

ROOT = root_ca()
SECONDS = 5.0
Graph = tuple[CertificatePair, list[CertificatePair], str | None]
"""A signer, what came along, and the finding that there must be; None for a path that holds."""


def under(label: str, issuer: CertificatePair, **more: object) -> CertificatePair:
    """An authority that may have others below it."""
    return intermediate_ca(issuer, label, path_length=None, **more)  # type: ignore[arg-type]


def mesh(*, trusted: bool) -> Graph:
    """100 authorities of one name and key, of which each may have issued each."""
    key = new_key()
    top = under("Mesh", ROOT, key=key) if trusted else root_ca("Mesh", key=key)
    same = [top, *(under("Mesh", top, key=key) for _ in range(99))]
    return leaf(same[-1]), same[::-1], None if trusted else "certificate_not_trusted"


def cross_signed() -> Graph:
    """Ten names, each with ten authorities that the others certified, and no way out."""
    keys = [new_key() for _ in range(10)]
    roots = [root_ca(f"Cross {number}", key=key) for number, key in enumerate(keys)]
    crossed = [
        under(f"Cross {number}", issuer, key=key)
        for number, key in enumerate(keys)
        for issuer in roots
        if issuer.key is not key
    ]
    return leaf(crossed[0]), crossed, "certificate_not_trusted"


def long_chain() -> Graph:
    """A chain of 60 certificates, longer than any path may be."""
    chain = [ROOT]
    for number in range(60):
        chain.append(under(f"Link {number}", chain[-1], key=new_key()))
    return leaf(chain[-1]), chain[:0:-1], "certificate_not_trusted"


def look_alike(key: PrivateKey, serial: int) -> CertificatePair:
    """An authority of the issuer's name with another key, which no key identifier tells apart."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Wanted"))
        .issuer_name(ROOT.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return CertificatePair(builder.sign(ROOT.key, hashes.SHA384()), key)


def wrong_keys() -> Graph:
    """250 authorities of the issuer's name, and none of them has the key; P-521 costs most."""
    issuing = intermediate_ca(ROOT, "Wanted", key=new_key(KeyKind.P521))
    key = new_key(KeyKind.P521)
    others = [look_alike(key, serial) for serial in range(1, 251)]
    return leaf(issuing), others, "certificate_not_trusted"


def many_subtrees() -> Graph:
    """10,000 permitted names in one authority: more than a certificate is read with."""
    trees = [x509.DNSName(f"a{number}.example") for number in range(10_000)]
    constraints = extension(x509.NameConstraints(trees, None), critical=True)
    issuing = intermediate_ca(ROOT, extensions=[constraints])
    names = extension(x509.SubjectAlternativeName([x509.DNSName("b.test")]), critical=False)
    return leaf(issuing, extensions=[names]), [issuing], "certificate_not_trusted"


def some_subtrees() -> Graph:
    """1,000 permitted names, and a signer with 200 others: as many as can be read."""
    trees = [x509.DNSName(f"a{number}.example") for number in range(1_000)]
    constraints = extension(x509.NameConstraints(trees, None), critical=True)
    issuing = intermediate_ca(ROOT, extensions=[constraints])
    names = x509.SubjectAlternativeName([x509.DNSName(f"b{number}.test") for number in range(200)])
    signer = leaf(issuing, extensions=[extension(names, critical=False)])
    return signer, [issuing], "certificate_constraints_violated"


GRAPHS: dict[str, Callable[[], Graph]] = {
    "mesh without a root": lambda: mesh(trusted=False),
    "mesh below the root": lambda: mesh(trusted=True),
    "cross-signed": cross_signed,
    "long chain": long_chain,
    "wrong keys": wrong_keys,
    "many subtrees": many_subtrees,
    "some subtrees": some_subtrees,
}


def finder() -> PathFinder:
    """What looks for the paths of one document."""
    context = TrustContext((ROOT.certificate,), (), NoRevocationSource(), AT)
    return PathFinder(EvidenceAtHand(()), context)


def search(
    signer: CertificatePair, bag: list[CertificatePair], at_work: PathFinder | None = None
) -> PathFacts:
    """Look for the path of a signer, and sort out what came along, as a validation does."""
    facts = SignatureFacts(
        "S1",
        "B",
        Integrity.INTACT,
        Coverage.WHOLE_FILE,
        (),
        certificate_der=signer.der,
        certificates=tuple(item.der for item in bag),
    )
    return (at_work or finder()).of_signer(facts)


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_made_to_cost_much_costs_little(graph: str) -> None:
    """The search ends within five seconds, with the path that holds or with a finding."""
    signer, bag, code = GRAPHS[graph]()
    started = time.process_time()
    found = search(signer, bag)
    spent = time.process_time() - started
    assert (found.path is not None) is (code is None)
    assert code is None or code in {item.code for item in found.findings}
    assert spent < SECONDS


def test_all_searches_of_a_document_share_what_they_may_cost() -> None:
    """Fifty signers, each with look-alikes of its authority, cost no more than some of them."""
    issuing = intermediate_ca(ROOT, "Wanted", key=new_key(KeyKind.P521))
    key = new_key(KeyKind.P521)
    others = [look_alike(key, serial) for serial in range(1, 101)]
    signers = [leaf(issuing) for _ in range(50)]
    at_work = finder()
    started = time.process_time()
    found = [search(item, others, at_work) for item in signers]
    spent = time.process_time() - started
    assert {item.code for one in found for item in one.findings} == {"certificate_not_trusted"}
    assert "made to mislead" in found[-1].findings[0].message
    assert spent < 5
