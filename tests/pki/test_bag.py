"""Certificates that came along with a signature: the tied, the unrelated, the altered."""

from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.crypto.certificates import load_certificate
from idservice.errors import MalformedCertificate
from idservice.pki.bag import Strangers, strangers
from idservice.pki.path import build_path
from support.pki import AT, CertificatePair, intermediate_ca, leaf, name, new_key, root_ca

ROOT = root_ca()
ISSUING = intermediate_ca(ROOT)
LEAF = leaf(ISSUING)
OTHER = root_ca("Other")
BELOW_OTHER = intermediate_ca(OTHER)


def sorted_out(
    *bag: CertificatePair | x509.Certificate, anchors: Sequence[CertificatePair] = (ROOT,)
) -> Strangers:
    """Sort out a bag beside the path of the standing leaf."""
    found = build_path(
        LEAF.certificate,
        [ISSUING.certificate],
        [item.certificate for item in anchors],
        AT,
    )
    items = [item.certificate if isinstance(item, CertificatePair) else item for item in bag]
    return strangers(items, found)


NOBODY = Strangers((), ())


def test_the_path_itself_is_no_stranger() -> None:
    """Certificates of the path, in any order and twice, are as they should be."""
    assert sorted_out(ROOT, LEAF, ISSUING, ISSUING) == NOBODY


def test_what_is_above_or_below_the_path_belongs_to_it() -> None:
    """The root above an anchor, and what the path's authorities issued to others."""
    assert sorted_out(ROOT, LEAF, anchors=(ISSUING,)) == NOBODY
    assert sorted_out(leaf(ISSUING), intermediate_ca(ROOT, "TEST Sister")) == NOBODY


def test_others_are_unrelated() -> None:
    """Genuine or not to be judged: nothing ties them to the path, and nothing rests on them."""
    assert sorted_out(OTHER, LEAF).unrelated == (OTHER.certificate,)
    assert sorted_out(BELOW_OTHER, LEAF) == Strangers((), (BELOW_OTHER.certificate,))
    both = (OTHER.certificate, BELOW_OTHER.certificate)
    assert sorted_out(OTHER, BELOW_OTHER, LEAF) == Strangers((), both)


def twin_of_issuing() -> CertificatePair:
    """Another authority that is named like the one in the path, below another root."""
    names = ISSUING.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return intermediate_ca(root_ca("Elsewhere"), str(names[0].value), key=ISSUING.key)


def test_what_claims_an_authority_in_reach_was_altered() -> None:
    """An issuer in reach that did not sign it, or a certificate of the path with other bytes."""
    genuine = leaf(ISSUING).der
    forged = load_certificate(genuine[:-1] + bytes([genuine[-1] ^ 1]))
    assert sorted_out(forged, LEAF).altered == (forged,)
    elsewhere = CertificatePair(OTHER.certificate, new_key())
    self_made = leaf(elsewhere, subject=name("Other"), key=OTHER.key)
    assert sorted_out(self_made).altered == (self_made.certificate,)
    twin = twin_of_issuing()
    assert sorted_out(twin).altered == (twin.certificate,)


def test_too_many_to_look_at_counts_as_altered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the budget of signature checks nothing is taken for genuine."""
    monkeypatch.setattr("idservice.pki.bag.MAX_SIGNATURE_CHECKS", 0)
    assert sorted_out(leaf(ISSUING)).altered


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_flipped_byte_in_the_bag_is_noticed(data: st.DataObject) -> None:
    """An authority of the path with one byte changed is unreadable or altered."""
    pair = data.draw(st.sampled_from([ISSUING, ROOT]))
    changed = bytearray(pair.der)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        certificate = load_certificate(bytes(changed))
    except MalformedCertificate:
        return
    assert sorted_out(certificate).altered == (certificate,)
