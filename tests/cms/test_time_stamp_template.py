"""Tokens that we issue are what RFC 3161 asks for, as asn1crypto and our strict reader see them."""

import datetime as dt

import pytest
from asn1crypto import cms, tsp
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.time_stamp_info import ID_CT_TST_INFO, read_info, write_accuracy, write_time
from idservice.cms.time_stamp_request import build_request, parse_request
from idservice.cms.time_stamp_template import TokenTemplate, token_template
from idservice.cms.time_stamp_token import read_token
from idservice.crypto import der
from idservice.crypto.algorithms import (
    ECDSA_SHA256,
    ECDSA_SHA384,
    RSA_SHA256,
    SHA256,
    KeyKind,
    SignatureAlgorithm,
)
from idservice.errors import UnsupportedAlgorithm
from support.pki import CertificatePair, chain, new_key
from support.time_stamps import IMPRINT, NONCE, POLICY, SERIAL, TIME, authority, make_authority

ONE_SECOND = dt.timedelta(seconds=1)
ORDERED = sorted([authority().der, chain().intermediate.der])


def template_of(
    unit: CertificatePair, algorithm: SignatureAlgorithm = ECDSA_SHA256
) -> TokenTemplate:
    """The template of a unit whose tokens carry the intermediate."""
    return token_template(unit.der, (chain().intermediate.der,), algorithm, accuracy=ONE_SECOND)


def issue(
    unit: CertificatePair | None = None,
    algorithm: SignatureAlgorithm = ECDSA_SHA256,
    *,
    nonce: int | None = NONCE,
    cert_req: bool = True,
    gen_time: dt.datetime = TIME,
) -> bytes:
    """Issue one token."""
    unit = unit or authority()
    template = template_of(unit, algorithm)
    request = parse_request(build_request(IMPRINT, SHA256, nonce=nonce, cert_req=cert_req))
    info = template.info(
        request, policy_der=der.object_identifier(POLICY), serial=SERIAL, gen_time=gen_time
    )
    attributes = template.signed_attributes(info)
    value = unit.signer(algorithm).sign(attributes)
    return template.attach(info, attributes, value, certificates=request.cert_req)


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        (KeyKind.P256, ECDSA_SHA256),
        (KeyKind.P384, ECDSA_SHA384),
        (KeyKind.RSA, RSA_SHA256),
    ],
    ids=["P-256", "P-384", "RSA"],
)
def test_a_token_holds_and_is_der(kind: KeyKind, algorithm: SignatureAlgorithm) -> None:
    """Our strict reader has no finding, and asn1crypto encodes the same bytes again."""
    encoded = issue(make_authority(key=new_key(kind)), algorithm)
    token = read_token(encoded)
    assert (token.findings, token.integrity, token.identified) == ((), "intact", True)
    loaded = cms.ContentInfo.load(encoded, strict=True)
    assert loaded.dump(force=True) == encoded


def test_the_structure_is_that_of_the_standard() -> None:
    """SignedData version 3, TSTInfo, one SignerInfo, certificates sorted, nothing unsigned."""
    signed = cms.ContentInfo.load(issue(), strict=True)["content"]
    assert signed["version"].native == "v3"
    assert signed["encap_content_info"]["content_type"].dotted == ID_CT_TST_INFO
    assert [item["algorithm"].native for item in signed["digest_algorithms"]] == ["sha256"]
    assert [item.chosen.dump() for item in signed["certificates"]] == ORDERED
    (signer,) = signed["signer_infos"]
    assert signer["version"].native == "v1"
    assert signer["sid"].name == "issuer_and_serial_number"
    assert len(signer["unsigned_attrs"]) == 0
    assert [item["type"].native for item in signer["signed_attrs"]] == [
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    ]


def test_the_information_is_what_was_asked_for() -> None:
    """Policy, imprint, serial, time, accuracy, nonce and name, each in its place."""
    encoded = issue()
    info = cms.ContentInfo.load(encoded)["content"]["encap_content_info"]["content"].parsed
    assert isinstance(info, tsp.TSTInfo)
    assert info["version"].native == "v1"
    assert info["policy"].dotted == POLICY
    assert info["message_imprint"]["hashed_message"].native == IMPRINT
    assert info["serial_number"].native == SERIAL
    assert info["gen_time"].native == TIME
    assert info["accuracy"].native == {"seconds": 1, "millis": None, "micros": None}
    assert info["ordering"].native is False
    assert info["nonce"].native == NONCE
    assert info["extensions"].native is None
    assert info["tsa"].chosen.untag().dump() == authority().certificate.subject.public_bytes()
    assert info.dump(force=True) == info.dump()


def test_what_was_not_asked_for_is_absent() -> None:
    """No nonce without a nonce, no certificates without certReq; the ESS attribute stays."""
    encoded = issue(nonce=None, cert_req=False)
    assert cms.ContentInfo.load(encoded)["content"]["certificates"].native is None
    token = read_token(encoded, [authority().der])
    assert (token.nonce, token.certificates_der, token.identified) == (None, (), True)
    assert token.findings == ()


def test_algorithm_must_fit_the_key() -> None:
    """A P-256 unit and an RSA algorithm are refused before anything is signed."""
    with pytest.raises(UnsupportedAlgorithm, match="P-256"):
        template_of(authority(), RSA_SHA256)


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (0, b"20260601120000Z"),
        (999, b"20260601120000Z"),
        (1_000, b"20260601120000.001Z"),
        (10_000, b"20260601120000.01Z"),
        (100_000, b"20260601120000.1Z"),
        (120_999, b"20260601120000.12Z"),
        (999_999, b"20260601120000.999Z"),
    ],
)
def test_times_are_der(microsecond: int, text: bytes) -> None:
    """Milliseconds without trailing zeros; a whole second has no point (X.690 cl. 11.7)."""
    written = write_time(TIME.replace(microsecond=microsecond))
    assert written == der.wrap(b"\x18", text)


@given(
    st.datetimes(
        min_value=dt.datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        max_value=dt.datetime(2100, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.just(dt.UTC),
    )
)
def test_every_time_is_read_back(at: dt.datetime) -> None:
    """Any moment comes back cut to milliseconds, and in DER."""
    info = read_info(_info_of(issue(gen_time=at)))
    assert info.gen_time == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert info.is_der


def _info_of(token: bytes) -> bytes:
    content = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"]
    encoded: bytes = content.parsed.dump()
    return encoded


@pytest.mark.parametrize(
    ("accuracy", "native"),
    [
        (dt.timedelta(milliseconds=5), (None, 5)),
        (dt.timedelta(milliseconds=500), (None, 500)),
        (ONE_SECOND, (1, None)),
        (dt.timedelta(seconds=2, milliseconds=250), (2, 250)),
        (dt.timedelta(days=1), (86400, None)),
    ],
)
def test_accuracy_leaves_out_what_is_zero(
    accuracy: dt.timedelta, native: tuple[int | None, int | None]
) -> None:
    """RFC 3161 allows 1 to 999 milliseconds; zero is written as nothing."""
    loaded = tsp.Accuracy.load(write_accuracy(accuracy), strict=True)
    assert (loaded["seconds"].native, loaded["millis"].native) == native
