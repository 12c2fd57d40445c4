"""A time-stamp token is read as it was sent; whatever is wrong with it has a finding of its own."""

import datetime as dt
import hashlib
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.time_stamp_token import TimeStampToken, read_token
from idservice.crypto import der
from idservice.crypto.algorithms import SHA256
from idservice.errors import MalformedCms
from support.cms_forgery import (
    CONTENT_TYPE,
    ESS_V1,
    ESS_V2,
    Forgery,
    ess_v1,
    ess_v2,
    indefinite,
    issuer_and_serial,
)
from support.pki import chain, leaf, name, new_key
from support.time_stamps import (
    IMPRINT,
    NONCE,
    POLICY,
    SERIAL,
    TIME,
    authority,
    forgery,
    general_name,
    imprint,
    info_der,
    make_authority,
    time_stamping,
    token_of,
)


def codes(token: TimeStampToken) -> list[str]:
    """The codes of all findings, in order."""
    return [item.code for item in token.findings]


def read(made: Forgery) -> TimeStampToken:
    """Encode and read a token."""
    return read_token(token_of(made))


def test_a_good_token_has_no_findings() -> None:
    """Every field comes out as it went in, and the signature holds."""
    encoded = token_of(forgery())
    token = read_token(encoded)
    assert token.findings == ()
    assert (token.integrity, token.identified, token.algorithm) == ("intact", True, "ecdsa-sha256")
    assert (token.serial, token.gen_time, token.policy) == (SERIAL, TIME, POLICY)
    assert (token.hash, token.imprint, token.nonce) == (SHA256, IMPRINT, NONCE)
    assert (token.accuracy, token.ordering) == (dt.timedelta(seconds=1), False)
    assert token.tsa_name_der == general_name(authority()).dump()
    assert token.certificate_der == authority().der
    assert token.token_der == encoded


def test_a_token_may_say_little() -> None:
    """Accuracy, nonce, name and ordering may be absent."""
    token = read(forgery(info_der(accuracy=None, nonce=None, tsa=None)))
    assert token.findings == ()
    assert (token.accuracy, token.nonce, token.tsa_name_der) == (None, None, None)


def test_zeros_may_follow_as_in_a_pdf() -> None:
    """Zero padding is cut off without a finding; anything else is told."""
    encoded = token_of(forgery())
    assert read_token(encoded + bytes(9)).token_der == encoded
    assert codes(read_token(encoded + bytes(9))) == []
    assert codes(read_token(encoded + b"x")) == ["cms_trailing_data"]


def test_ber_is_read_and_told() -> None:
    """A token with an indefinite length is verified all the same."""
    token = read_token(indefinite(token_of(forgery())))
    assert (token.integrity, codes(token)) == ("intact", ["cms_not_der"])


def test_content_in_pieces_is_put_together() -> None:
    """A BER octet string in two pieces is hashed as the whole that it is."""
    info = info_der()
    made = forgery(info)
    pieces = der.wrap(b"\x24", der.octet_string(info[:20]), der.octet_string(info[20:]))
    whole = der.octet_string(info)
    encoded = token_of(made)
    # Same contents, other encoding: the lengths around it change, so it is built anew.
    token = read_token(_replace_content(encoded, whole, pieces))
    assert (token.integrity, codes(token)) == ("intact", ["cms_not_der"])


def _replace_content(encoded: bytes, old: bytes, new: bytes) -> bytes:
    """Replace the eContent of a token and encode all lengths around it again."""
    outer = _parts(encoded)
    signed = _parts(_parts(outer[1])[0])
    oid, wrapped = _parts(signed[2])
    assert _parts(wrapped) == [old]
    signed[2] = der.sequence(oid, der.context(0, new))
    return der.sequence(outer[0], der.context(0, der.sequence(*signed)))


def _parts(encoded: bytes) -> list[bytes]:
    position, end = der.contents_range(encoded, 0, len(encoded))
    found = []
    while position < end:
        stop = der.element_end(encoded, position, end)
        found.append(encoded[position:stop])
        position = stop
    return found


def test_a_token_without_certificates_needs_one_from_elsewhere() -> None:
    """With certReq false the certificate is given by the caller, and the same rules hold."""
    encoded = token_of(forgery(certificates=()))
    alone = read_token(encoded)
    assert (alone.integrity, codes(alone)) == ("unverifiable", ["signing_certificate_missing"])
    helped = read_token(encoded, [chain().intermediate.der, authority().der])
    assert (helped.integrity, codes(helped)) == ("intact", [])
    assert helped.certificates_der == ()
    stranger = read_token(encoded, [make_authority().der])
    assert codes(stranger) == ["signing_certificate_missing"]


def test_both_ess_attributes_may_name_the_certificate() -> None:
    """The old and the new attribute side by side are fine while they agree."""
    both = forgery(add=((ESS_V1, [ess_v1(authority())]),))
    assert read(both).findings == ()
    other = forgery(add=((ESS_V1, [ess_v1(make_authority())]),))
    assert "signing_certificate_mismatch" in codes(read(other))
    assert not read(other).identified


def test_the_old_ess_attribute_alone_is_told() -> None:
    """SHA-1 still finds the certificate, and the weakness is reported."""
    made = forgery(drop=(ESS_V2,), add=((ESS_V1, [ess_v1(authority())]),))
    token = read(made)
    assert (token.integrity, codes(token)) == ("intact", ["signing_certificate_sha1"])


def test_another_certificate_of_the_same_name_changes_nothing() -> None:
    """A certificate with the authority's name put into the bag is not taken for its own."""
    twin = make_authority()
    assert twin.certificate.subject == authority().certificate.subject
    for order in ((twin.der, authority().der), (authority().der, twin.der)):
        token = read(forgery(certificates=order))
        assert (token.certificate_der, token.integrity) == (authority().der, "intact")
        assert token.findings == ()


def test_a_twin_with_the_same_serial_is_told_by_the_ess_hash() -> None:
    """Issuer and serial alone do not decide: the ESS hash does."""
    serial = authority().certificate.serial_number
    twin = make_authority(serial=serial)
    both = read(forgery(certificates=(twin.der, authority().der)))
    assert (both.certificate_der, both.integrity) == (authority().der, "intact")
    alone = read(forgery(certificates=(twin.der,)))
    assert not alone.identified
    assert alone.integrity == "broken"
    assert "signing_certificate_mismatch" in codes(alone)


WRONG: dict[str, tuple[Forgery, str, str]] = {
    "two signers": (forgery(signer_infos=2), "cms_signer_count", "unverifiable"),
    "no signer": (forgery(signer_infos=0), "cms_signer_count", "unverifiable"),
    "content type of data": (
        forgery(content_type="1.2.840.113549.1.7.1", structure_version=1),
        "cms_content_type",
        "intact",
    ),
    "attribute says data": (
        forgery(change={CONTENT_TYPE: [der.object_identifier("1.2.840.113549.1.7.1")]}),
        "content_type_attribute",
        "intact",
    ),
    "structure of version 1": (forgery(structure_version=1), "cms_version", "intact"),
    "no ess": (forgery(drop=(ESS_V2,)), "signing_certificate_attribute_missing", "intact"),
    "ess twice": (
        forgery(add=((ESS_V2, [ess_v2(authority())]),)),
        "signing_certificate_attribute_duplicated",
        "intact",
    ),
    "ess of another certificate": (
        forgery(
            change={
                CONTENT_TYPE: [der.object_identifier("1.2.840.113549.1.9.16.1.4")],
                ESS_V2: [ess_v2(make_authority())],
            }
        ),
        "signing_certificate_mismatch",
        "intact",
    ),
    "sid of another certificate": (
        forgery(signer_id=issuer_and_serial(make_authority())),
        "signing_certificate_missing",
        "unverifiable",
    ),
    "value of nothing": (
        forgery(value=b"\x30\x06\x02\x01\x01\x02\x01\x01"),
        "signature_invalid",
        "broken",
    ),
    "order of attributes": (forgery(order="reversed"), "signed_attributes_not_der", "intact"),
    "purpose missing": (
        forgery(signer=leaf(chain().intermediate, key=new_key()), content=info_der(tsa=None)),
        "time_stamp_certificate_purpose",
        "intact",
    ),
    "purpose not critical": (
        forgery(signer=make_authority(extensions=time_stamping(critical=False))),
        "time_stamp_certificate_purpose",
        "intact",
    ),
    "one purpose more": (
        forgery(signer=make_authority(extensions=time_stamping(ExtendedKeyUsageOID.OCSP_SIGNING))),
        "time_stamp_certificate_purpose",
        "intact",
    ),
    "name of another authority": (
        forgery(signer=make_authority(subject=name("Somebody else"))),
        "time_stamp_name_mismatch",
        "intact",
    ),
    "version of the info": (forgery(info_der(version=2)), "time_stamp_version", "intact"),
    "hash that is too short": (
        forgery(info_der(message_imprint=imprint("sha256", b"short"))),
        "time_stamp_imprint_length",
        "intact",
    ),
    "SHA-1 imprint": (
        forgery(info_der(message_imprint=imprint("sha1", bytes(20)))),
        "algorithm_legacy",
        "intact",
    ),
    "critical extension": (
        forgery(
            info_der(
                extensions=[{"extn_id": "2.999.5", "critical": True, "extn_value": b"\x05\x00"}]
            )
        ),
        "time_stamp_extension_unknown",
        "intact",
    ),
}


@pytest.mark.parametrize("label", WRONG)
def test_one_wrong_thing_is_one_finding(label: str) -> None:
    """Each token differs from a good one in one thing, and is told by its own code."""
    made, code, integrity = WRONG[label]
    token = read(made)
    assert code in codes(token)
    assert len(token.findings) == 1, codes(token)
    assert token.integrity == integrity


def test_without_signed_attributes_nothing_is_shown() -> None:
    """The signature would be over the TSTInfo itself, and no attribute names a certificate."""
    token = read(forgery(signed_attributes=False))
    assert token.integrity == "unverifiable"
    assert codes(token) == ["cms_no_signed_attributes", "signing_certificate_attribute_missing"]


def test_a_default_that_is_spelt_out_is_told() -> None:
    """`ordering FALSE` is not DER; it says what its absence says."""
    parts = _parts(info_der())
    token = read(forgery(der.sequence(*parts[:6], b"\x01\x01\x00", *parts[6:])))
    assert (token.ordering, token.integrity) == (False, "intact")
    assert codes(token) == ["time_stamp_not_der"]
    ordered = read(forgery(info_der(ordering=True)))
    assert (ordered.ordering, ordered.findings) == (True, ())


@pytest.mark.parametrize(
    "changed",
    [
        {"message_imprint": imprint("sha256", bytes(32))},
        {"nonce": NONCE + 1},
        {"serial_number": SERIAL + 1},
        {"gen_time": TIME.replace(year=2020)},
        {"policy": "2.999.2"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_changed_information_breaks_the_token(changed: dict[str, Any]) -> None:
    """Imprint, nonce, serial, time and policy are signed: whoever changes one breaks the token."""
    made = forgery(info_der(**changed))
    token = read_token(token_of(made, hashlib.sha256(info_der()).digest()))
    assert (token.integrity, codes(token)) == ("broken", ["digest_mismatch"])


STANDING = token_of(forgery())


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(place: float, difference: int) -> None:
    """Whatever byte is changed: unreadable, a finding, or something that nobody signed."""
    whole = STANDING
    position = int(place * len(whole))
    value = whole[position] ^ difference
    changed = whole[:position] + bytes((value,)) + whole[position + 1 :]
    good = read_token(whole)
    try:
        token = read_token(changed)
    except MalformedCms:
        return
    if token.findings == () and token.integrity == "intact":
        assert (token.gen_time, token.imprint, token.serial) == (TIME, IMPRINT, SERIAL)
        assert token.certificate_der == good.certificate_der


@given(st.binary(max_size=300))
def test_random_bytes_are_no_token(data: bytes) -> None:
    """Bytes that are no token raise our error and nothing else."""
    with pytest.raises(MalformedCms):
        read_token(data)


def test_no_prefix_is_a_token() -> None:
    """A token that is cut off is unreadable, never half read."""
    whole = token_of(forgery())
    for size in range(0, len(whole), 41):
        with pytest.raises(MalformedCms):
            read_token(whole[:size])


@pytest.mark.parametrize(
    ("text", "microseconds", "plain"),
    [
        (b"20260601120000Z", 0, True),
        (b"20260601120000.5Z", 500_000, True),
        (b"20260601120000.123456789Z", 123_456, True),
        (b"20260601120000.50Z", 500_000, False),
        (b"20260601120000.0Z", 0, False),
        (b"20260601120000,5Z", 500_000, False),
    ],
)
def test_times_of_others_are_read(text: bytes, microseconds: int, *, plain: bool) -> None:
    """Fractions of any length are read; what is not DER is told."""
    token = read(forgery(_with_time(text)))
    assert token.gen_time == TIME.replace(microsecond=microseconds)
    assert codes(token) == ([] if plain else ["time_stamp_not_der"])


@pytest.mark.parametrize(
    "text",
    [
        b"202606011200Z",
        b"20260601120000",
        b"20260601120000+0200",
        b"20260231120000Z",
        b"20260601126000Z",
        b"",
    ],
)
def test_times_that_are_none_are_refused(text: bytes) -> None:
    """Without seconds, without Z, with a zone or on the 31st of February there is no time."""
    with pytest.raises(MalformedCms):
        read(forgery(_with_time(text)))


def _with_time(text: bytes) -> bytes:
    parts = _parts(info_der())
    return der.sequence(*parts[:4], der.wrap(b"\x18", text), *parts[5:])


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        ({"millis": 5}, dt.timedelta(milliseconds=5)),
        ({"seconds": 2, "micros": 7}, dt.timedelta(seconds=2, microseconds=7)),
        ({"seconds": 0, "millis": 999, "micros": 999}, dt.timedelta(microseconds=999_999)),
    ],
)
def test_accuracies_of_others_are_read(accuracy: dict[str, int], expected: dt.timedelta) -> None:
    """Seconds, milliseconds and microseconds in every combination."""
    assert read(forgery(info_der(accuracy=accuracy))).accuracy == expected


@pytest.mark.parametrize("accuracy", [{"millis": 0}, {"millis": 1000}, {"seconds": -1}])
def test_accuracies_that_are_none_are_refused(accuracy: dict[str, int]) -> None:
    """RFC 3161 allows 1 to 999 in the parts, and nothing negative."""
    with pytest.raises(MalformedCms):
        read(forgery(info_der(accuracy=accuracy)))
