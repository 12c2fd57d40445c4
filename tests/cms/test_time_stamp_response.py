"""A response is believed only when it is the answer to the request that was sent."""

from typing import Any

import pytest
from asn1crypto import tsp
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms.time_stamp_response import Failure, granted, read_response, rejected
from idservice.cms.time_stamp_token import TimeStampToken
from idservice.crypto import der
from idservice.crypto.algorithms import SHA256, SHA384
from idservice.errors import (
    MalformedCms,
    MalformedTimeStamp,
    TimeStampMismatch,
    TimeStampRefused,
)
from support.cms_forgery import indefinite
from support.time_stamps import (
    IMPRINT,
    NONCE,
    POLICY,
    authority,
    forgery,
    info_der,
    make_authority,
    response_of,
    time_stamping,
    token_of,
)

GOOD = token_of(forgery())


def read(response: bytes, **changes: Any) -> TimeStampToken:
    """Read a response to the standing request, or to another one."""
    asked: dict[str, Any] = {"imprint": IMPRINT, "hash": SHA256, "nonce": NONCE, "policy": POLICY}
    return read_response(response, **{**asked, **changes})


@pytest.mark.parametrize("status", [0, 1])
def test_a_granted_token_is_returned(status: int) -> None:
    """Granted, and granted with modifications, as long as the token fits the request."""
    token = read(response_of(GOOD, status))
    assert token.token_der == GOOD
    assert token.integrity == "intact"


def test_our_response_is_what_others_expect() -> None:
    """`granted` puts a token behind status 0."""
    assert granted(GOOD) == response_of(GOOD)


def test_a_token_without_certificates_needs_ours() -> None:
    """After a request without certReq the caller gives the authority's certificate."""
    bare = granted(token_of(forgery(certificates=())))
    with pytest.raises(TimeStampMismatch, match="signing_certificate_missing"):
        read(bare)
    assert read(bare, certificates_der=(authority().der,)).identified


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"imprint": bytes(32)}, "other data"),
        ({"hash": SHA384}, "other data"),
        ({"nonce": NONCE + 1}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"policy": "2.999.9"}, "policy"),
    ],
)
def test_an_answer_to_another_request_is_refused(changes: dict[str, Any], words: str) -> None:
    """Imprint, hash, nonce and policy must be those that were asked for."""
    with pytest.raises(TimeStampMismatch, match=words):
        read(granted(GOOD), **changes)


def test_any_policy_will_do_when_none_was_asked_for() -> None:
    """Without a policy in the request the authority chooses."""
    assert read(granted(GOOD), policy=None).policy == POLICY


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (token_of(forgery(signer_infos=2)), "cms_signer_count"),
        (token_of(forgery(), bytes(32)), "digest_mismatch"),
        (
            token_of(forgery(signer=make_authority(extensions=time_stamping(critical=False)))),
            "time_stamp_certificate_purpose",
        ),
        (token_of(forgery(info_der(version=2))), "time_stamp_version"),
        (GOOD[:-1] + bytes((GOOD[-1] ^ 1,)), "signature_invalid"),
    ],
    ids=["signers", "digest", "purpose", "version", "value"],
)
def test_a_token_that_does_not_hold_is_refused(token: bytes, code: str) -> None:
    """What a reader reports as a finding, a client refuses."""
    with pytest.raises(TimeStampMismatch, match=code):
        read(response_of(token))


def test_another_encoding_is_no_reason_to_refuse() -> None:
    """A response and token in BER say the same."""
    assert read(response_of(indefinite(GOOD))).integrity == "intact"
    assert read(indefinite(response_of(GOOD))).integrity == "intact"


@pytest.mark.parametrize("failure", Failure, ids=lambda item: item.name)
def test_a_rejection_says_why(failure: Failure) -> None:
    """Each reason is one bit, which asn1crypto and our own reader name alike, in DER."""
    encoded = rejected(failure, "Õunad on otsas.")
    start, _ = der.contents_range(encoded, 0, len(encoded))
    # asn1crypto knows no response without a token, so it reads the status alone.
    status = tsp.PKIStatusInfo.load(encoded[start:], strict=True)
    assert status["status"].native == "rejection"
    (bit,) = status["fail_info"].native
    assert status["status_string"].native == ["Õunad on otsas."]
    assert status.dump(force=True) == encoded[start:]
    with pytest.raises(TimeStampRefused, match="Õunad on otsas") as caught:
        read(encoded)
    assert bit.replace("_", "").removesuffix("s") in caught.value.detail.lower()


def test_words_of_an_authority_are_bounded() -> None:
    """Nobody writes a novel into our messages."""
    with pytest.raises(TimeStampRefused) as caught:
        read(rejected(Failure.BAD_ALG, "x" * 5000))
    assert len(caught.value.detail) < 500


@pytest.mark.parametrize("status", [2, 3, 4, 5, 99, -1])
def test_every_other_status_is_a_refusal(status: int) -> None:
    """Even with a token in it, only 0 and 1 grant one."""
    with pytest.raises(TimeStampRefused):
        read(response_of(GOOD, status))


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"<html></html>",
        granted(GOOD)[:-5],
        granted(GOOD) + b"\x00",
        der.sequence(der.sequence(der.integer(0))),
        der.sequence(der.integer(0), GOOD),
        der.sequence(der.sequence(der.integer(0)), GOOD, GOOD),
        der.sequence(der.sequence(der.integer(0)), bytes(2_000_000)),
    ],
    ids=["empty", "html", "cut", "trailing", "no token", "no status", "two tokens", "huge"],
)
def test_what_is_no_response_is_malformed(response: bytes) -> None:
    """A web page, half a response or no token at all is told as such."""
    with pytest.raises(MalformedTimeStamp):
        read(response)


@given(st.binary(max_size=300))
def test_random_bytes_are_no_response(data: bytes) -> None:
    """Random bytes never raise anything but our errors."""
    with pytest.raises((MalformedTimeStamp, MalformedCms, TimeStampRefused)):
        read(data)
