"""Certificate policies along a path: what callers ask for, and graphs made to cost much."""

import time

import pytest
from cryptography import x509

from idservice.crypto import der
from idservice.errors import CertificateConstraintsViolated, MalformedCertificate
from idservice.pki.path import ValidPath, build_path
from idservice.pki.path_policies import PolicyInputs
from support.pki import (
    AT,
    CertificatePair,
    Extension,
    extension,
    intermediate_ca,
    leaf,
    root_ca,
)

ROOT = root_ca()
ANY = "2.5.29.32.0"


def policies(*oids: str) -> Extension:
    """A certificatePolicies extension."""
    infos = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    return extension(x509.CertificatePolicies(infos), critical=False)


def mappings(*pairs: tuple[str, str]) -> Extension:
    """A policyMappings extension."""
    value = der.sequence(
        *(der.sequence(*(der.object_identifier(oid) for oid in pair)) for pair in pairs)
    )
    oid = x509.ObjectIdentifier("2.5.29.33")
    return extension(x509.UnrecognizedExtension(oid, value), critical=True)


def path(
    end: CertificatePair,
    *issuing: CertificatePair,
    root: CertificatePair = ROOT,
    inputs: PolicyInputs | None = None,
) -> ValidPath:
    """Build the path of a certificate."""
    bag = [item.certificate for item in issuing]
    return build_path(end.certificate, bag, [root.certificate], AT, policies=inputs)


def test_a_caller_may_require_a_policy() -> None:
    """With explicit policies a path under another policy, or under none, is refused."""
    issuing = intermediate_ca(ROOT, extensions=[policies("1.2.3")])
    wanted = PolicyInputs(frozenset({"1.2.3"}), explicit=True)
    end = leaf(issuing, extensions=[policies("1.2.3")])
    assert path(end, issuing, inputs=wanted).policies == frozenset({"1.2.3"})
    for other in (leaf(issuing, extensions=[policies("1.2.4")]), leaf(issuing)):
        assert path(other, issuing).policies == frozenset()
        with pytest.raises(CertificateConstraintsViolated, match="policy"):
            path(other, issuing, inputs=wanted)


def test_a_mapped_policy_counts_as_that_of_the_anchor() -> None:
    """What is issued under a partner's policy is valid for our own, unless that is inhibited."""
    partner = intermediate_ca(
        ROOT, extensions=[policies("1.2.3"), mappings(("1.2.3", "1.9.9"))], path_length=None
    )
    end = leaf(partner, extensions=[policies("1.9.9")])
    wanted = PolicyInputs(frozenset({"1.2.3"}), explicit=True)
    assert path(end, partner, inputs=wanted).policies == frozenset({"1.2.3"})
    inhibited = PolicyInputs(frozenset({"1.2.3"}), explicit=True, inhibit_mapping=True)
    with pytest.raises(CertificateConstraintsViolated, match="policy"):
        path(end, partner, inputs=inhibited)


@pytest.mark.parametrize("pair", [(ANY, "1.2.3"), ("1.2.3", ANY)])
def test_any_policy_is_never_mapped(pair: tuple[str, str]) -> None:
    """RFC 5280 cl. 6.1.4 (a): such a mapping would allow everything."""
    issuing = intermediate_ca(ROOT, extensions=[policies("1.2.3"), mappings(pair)])
    with pytest.raises(CertificateConstraintsViolated, match="any policy"):
        path(leaf(issuing, extensions=[policies("1.2.3")]), issuing)


def test_mappings_that_cannot_be_read_are_refused() -> None:
    """What follows from them cannot be known."""
    value = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), b"\x30\x02\x30\x00")
    issuing = intermediate_ca(ROOT, extensions=[extension(value, critical=False)])
    with pytest.raises(MalformedCertificate, match="mappings"):
        path(leaf(issuing), issuing)


def test_the_limits_of_an_anchor_count() -> None:
    """An anchor that requires a policy below it is obeyed (RFC 5937 cl. 3.2)."""
    limit = extension(x509.PolicyConstraints(0, None), critical=True)
    root = root_ca(extensions=[limit])
    issuing = intermediate_ca(root, extensions=[policies("1.2.3")])
    path(leaf(issuing, extensions=[policies("1.2.3")]), issuing, root=root)
    with pytest.raises(CertificateConstraintsViolated, match="policy"):
        path(leaf(issuing), issuing, root=root)


def test_a_graph_made_to_grow_costs_little() -> None:
    """Fifty policies, each mapped to all others on every level, end within five seconds."""
    oids = [f"1.2.{number}" for number in range(3, 53)]
    everything = [policies(*oids), mappings(*((one, two) for one in oids for two in oids))]
    links = [ROOT]
    for number in range(8):
        links.append(
            intermediate_ca(links[-1], f"CA {number}", path_length=None, extensions=everything)
        )
    end = leaf(links[-1], extensions=[policies(*oids)])
    started = time.process_time()
    with pytest.raises(CertificateConstraintsViolated, match="cost"):
        path(end, *links[1:])
    assert time.process_time() - started < 5
