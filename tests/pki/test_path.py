"""Certification paths: one broken rule at a time, with the builder of test certificates."""

import datetime as dt
import time
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.crypto.algorithms import KeyKind
from idservice.crypto.certificates import load_certificate
from idservice.errors import (
    CertificateConstraintsViolated,
    CertificateExpired,
    CertificateNotTrusted,
    CertificateNotYetValid,
    IdServiceError,
    MalformedCertificate,
    UnsupportedAlgorithm,
)
from idservice.pki.path import (
    MAX_DEPTH,
    SIGNING,
    Purpose,
    ValidPath,
    build_path,
)
from support.pki import (
    AT,
    NOT_AFTER,
    NOT_BEFORE,
    CertificatePair,
    Extension,
    chain,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    name,
    new_key,
    root_ca,
)

ROOT = root_ca()
ISSUING = intermediate_ca(ROOT)
LEAF = leaf(ISSUING)
DAY = dt.timedelta(days=1)


def path(
    end: CertificatePair,
    intermediates: Sequence[CertificatePair] = (ISSUING,),
    anchors: Sequence[CertificatePair] = (ROOT,),
    *,
    at: dt.datetime = AT,
    purpose: Purpose | None = None,
) -> ValidPath:
    """Build a path among pairs."""
    return build_path(
        end.certificate,
        [item.certificate for item in intermediates],
        [item.certificate for item in anchors],
        at,
        purpose=purpose,
    )


@pytest.mark.parametrize("kind", list(KeyKind))
def test_every_kind_of_key_chains(kind: KeyKind) -> None:
    """A leaf with any allowed key, under an authority with the same kind of key."""
    issuing = intermediate_ca(ROOT, key=new_key(kind))
    found = path(leaf(issuing, key=new_key(kind)), [issuing], purpose=SIGNING)
    assert found.anchor == ROOT.certificate
    assert len(found.certificates) == 3


def test_the_anchor_may_be_root_issuing_authority_or_the_certificate() -> None:
    """Each of the three is a place where trust can begin."""
    assert len(path(LEAF, anchors=[ROOT]).certificates) == 3
    assert len(path(LEAF, [], [ISSUING]).certificates) == 2
    assert path(LEAF, [], [LEAF]).certificates == (LEAF.certificate,)


def test_pss_signatures_of_certificates_verify() -> None:
    """A certificate signed with RSASSA-PSS and a salt as long as the hash chains."""
    key = new_key(KeyKind.RSA)
    root = root_ca(key=key)
    found = path(_pss_leaf(root, salt=32), [], [root])
    assert found.anchor == root.certificate
    with pytest.raises(UnsupportedAlgorithm):
        path(_pss_leaf(root, salt=20), [], [root])


def _pss_leaf(root: CertificatePair, *, salt: int) -> CertificatePair:
    key = new_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("PSS"))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
    )
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    return CertificatePair(builder.sign(root.key, hashes.SHA256(), rsa_padding=pss), key)


def test_no_anchor_no_trust() -> None:
    """Without anchors, without the link between, or under a stranger there is no path."""
    for intermediates, anchors in (([ISSUING], []), ([], [ROOT]), ([ISSUING], [root_ca("Other")])):
        with pytest.raises(CertificateNotTrusted):
            path(LEAF, intermediates, anchors)


def test_a_name_alone_is_no_issuer() -> None:
    """An authority of the same name with another key did not sign the certificate."""
    impostor = intermediate_ca(ROOT, key=new_key(KeyKind.P384))
    stranger = leaf(impostor)
    with pytest.raises(CertificateNotTrusted):
        path(stranger, [ISSUING])
    no_key_identifier = _without_key_identifier(impostor)
    with pytest.raises(CertificateNotTrusted, match="did not sign"):
        path(no_key_identifier, [ISSUING])


def _without_key_identifier(issuer: CertificatePair) -> CertificatePair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Bare"))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(8)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
    )
    return CertificatePair(builder.sign(issuer.key, hashes.SHA384()), key)


@pytest.mark.parametrize(
    ("at", "error"),
    [
        (NOT_BEFORE - DAY, CertificateNotYetValid),
        (NOT_AFTER + DAY, CertificateExpired),
    ],
)
def test_the_time_asked_about_decides(at: dt.datetime, error: type[IdServiceError]) -> None:
    """Outside its period the certificate is refused, with an error for each side."""
    with pytest.raises(error):
        path(LEAF, at=at)


def test_the_borders_of_the_period_belong_to_it() -> None:
    """NotBefore and notAfter are inclusive (RFC 5280 cl. 4.1.2.5)."""
    path(LEAF, at=NOT_BEFORE)
    path(LEAF, at=NOT_AFTER)


@pytest.mark.parametrize("which", ["intermediate", "root"])
def test_an_authority_outside_its_period_is_refused(which: str) -> None:
    """What an expired authority issued cannot be relied upon."""
    root = root_ca(not_after=AT - DAY) if which == "root" else ROOT
    issuing = intermediate_ca(root, not_after=AT - DAY if which == "intermediate" else NOT_AFTER)
    with pytest.raises(CertificateConstraintsViolated, match="not valid at the time"):
        path(leaf(issuing), [issuing], [root])


CA_FAULTS: dict[str, Extension] = {
    "no authority": extension(x509.BasicConstraints(ca=False, path_length=None), critical=True),
    "may not sign certificates": extension(key_usage(crl_sign=True), critical=True),
    "unknown critical extension": extension(
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True
    ),
    "name constraints": extension(
        x509.NameConstraints([x509.DirectoryName(name("x"))], None), critical=True
    ),
    "policy constraints": extension(x509.PolicyConstraints(0, None), critical=True),
}


@pytest.mark.parametrize("fault", list(CA_FAULTS))
def test_an_authority_that_may_not_issue_is_refused(fault: str) -> None:
    """One extension of the issuing authority is wrong, or forbids what it issued."""
    issuing = intermediate_ca(ROOT, extensions=[CA_FAULTS[fault]])
    with pytest.raises(CertificateConstraintsViolated):
        path(leaf(issuing), [issuing])


def test_an_authority_without_basic_constraints_is_refused() -> None:
    """A certificate that does not say that it is an authority is none."""
    bare = _without_key_identifier(ROOT)
    with pytest.raises(CertificateConstraintsViolated, match="no certificate authority"):
        path(leaf(bare), [bare])


def test_an_unknown_critical_extension_of_the_leaf_refuses() -> None:
    """Critical means: whoever does not understand it must not use the certificate."""
    for critical in (True, False):
        value = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        end = leaf(ISSUING, extensions=[extension(value, critical=critical)])
        if critical:
            with pytest.raises(CertificateConstraintsViolated, match=r"1\.2\.3\.4"):
                path(end)
        else:
            path(end)


def test_the_path_length_counts_authorities_below() -> None:
    """PathLen 0 allows leaves, and no further authority; self-issued ones do not count."""
    below = intermediate_ca(ISSUING, "Below")
    with pytest.raises(CertificateConstraintsViolated, match="this many"):
        path(leaf(below), [ISSUING, below])
    renewed = intermediate_ca(ISSUING, "TEST Intermediate", key=new_key(KeyKind.P384))
    assert len(path(leaf(renewed), [ISSUING, renewed]).certificates) == 4


def test_a_path_has_at_most_ten_certificates() -> None:
    """The longest path is found, one longer is not."""
    links = [ROOT]
    for number in range(MAX_DEPTH - 2):
        links.append(intermediate_ca(links[-1], f"CA {number}", path_length=None))
    assert len(path(leaf(links[-1]), links[1:]).certificates) == MAX_DEPTH
    links.append(intermediate_ca(links[-1], "One more", path_length=None))
    with pytest.raises(CertificateNotTrusted):
        path(leaf(links[-1]), links[1:])


def test_a_better_path_is_found_behind_a_bad_one() -> None:
    """An expired certificate of an authority does not hide its renewed one."""
    expired = intermediate_ca(ROOT, key=ISSUING.key, not_after=AT - DAY)
    for order in ([expired, ISSUING], [ISSUING, expired]):
        assert ISSUING.certificate in path(LEAF, order).certificates


def test_certificates_in_a_circle_end_the_search() -> None:
    """Two authorities that certify each other do not keep the search going."""
    key_a, key_b = new_key(), new_key()
    a = intermediate_ca(CertificatePair(root_ca("B", key=key_b).certificate, key_b), "A", key=key_a)
    b = intermediate_ca(a, "B", key=key_b, path_length=None)
    with pytest.raises(CertificateNotTrusted):
        path(leaf(a), [a, b])


def test_a_bag_made_to_mislead_costs_little() -> None:
    """Hundreds of look-alike authorities end the search at its budget."""
    key = new_key()
    same = [intermediate_ca(root_ca("Same", key=key), "Same", key=key) for _ in range(40)]
    started = time.process_time()
    with pytest.raises(CertificateNotTrusted):
        path(leaf(same[0]), same)
    keys = [new_key() for _ in range(16)]
    layers = [
        intermediate_ca(
            CertificatePair(root_ca(f"L{layer + 1}", key=keys[above]).certificate, keys[above]),
            f"L{layer}",
            key=keys[here],
        )
        for layer in range(8)
        for here in range(2)
        for above in range(2)
    ]
    with pytest.raises(CertificateNotTrusted):
        path(leaf(layers[0]), layers)
    assert time.process_time() - started < 5


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_unreadable_certificates_in_the_bag_are_left_out() -> None:
    """What came along and cannot be used does not spoil the path."""
    odd = x509.load_der_x509_certificate(_with_negative_serial(ISSUING.der))
    build_path(LEAF.certificate, [odd, ISSUING.certificate], [ROOT.certificate], AT)
    with pytest.raises(MalformedCertificate, match="serial"):
        build_path(odd, [], [ROOT.certificate], AT)


def _with_negative_serial(certificate_der: bytes) -> bytes:
    start = certificate_der.index(b"\xa0\x03\x02\x01\x02\x02") + 7
    return certificate_der[:start] + b"\xff\x7f" + certificate_der[start + 2 :]


def test_weak_signatures_of_certificates_are_refused() -> None:
    """An authority key that is too small cannot carry trust."""
    weak = root_ca(key=new_key(KeyKind.RSA, rsa_bits=1024))
    with pytest.raises(UnsupportedAlgorithm):
        path(leaf(weak), [], [weak])


def test_two_different_algorithms_in_one_certificate_are_refused() -> None:
    """The algorithm outside the signed part must repeat the one inside."""
    der = LEAF.der
    place = der.rindex(b"\x2a\x86\x48\xce\x3d\x04\x03\x03")
    changed = der[: place + 7] + b"\x02" + der[place + 8 :]
    with pytest.raises(MalformedCertificate, match="two different"):
        build_path(load_certificate(changed), [ISSUING.certificate], [ROOT.certificate], AT)


@settings(max_examples=60)
@given(st.data())
def test_a_flipped_byte_in_any_certificate_of_a_path_shows(data: st.DataObject) -> None:
    """With one byte changed a certificate is unreadable, or its path is not the same."""
    pair = data.draw(st.sampled_from([LEAF, ISSUING]))
    changed = bytearray(pair.der)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        certificate = load_certificate(bytes(changed))
        if pair is LEAF:
            build_path(certificate, [ISSUING.certificate], [ROOT.certificate], AT)
        else:
            build_path(LEAF.certificate, [certificate], [ROOT.certificate], AT)
    except IdServiceError:
        return
    pytest.fail("a changed certificate was accepted")


def test_standing_chains_of_the_tests_are_valid() -> None:
    """The chains that other tests sign with are valid for signing."""
    for kind in KeyKind:
        links = chain(kind)
        path(links.leaf, [links.intermediate], [links.root], purpose=SIGNING)
