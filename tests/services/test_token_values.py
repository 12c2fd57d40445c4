"""Signature values of JOSE in the shapes that broken implementations take, in real tokens.

The shapes are those of Project Wycheproof, made of the value of a token that is good: beside
(r, s) itself only (r, n - s) is another value of ECDSA for the same message.
"""

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from idservice.crypto.algorithms import KeyKind
from idservice.errors import AccessTokenInvalid, MalformedToken, SignatureInvalid
from support.login import LoginBench, answer, authentication_card

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIZE = 32


def raw(r: int, s: int, size: int = SIZE) -> bytes:
    """R and s of fixed length, one after the other."""
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


SHAPES: dict[str, Callable[[int, int], bytes]] = {
    "empty": lambda _r, _s: b"",
    "zero octet": lambda _r, _s: b"\0",
    "r = 0": lambda _r, s: raw(0, s),
    "s = 0": lambda r, _s: raw(r, 0),
    "r = s = 0": lambda _r, _s: raw(0, 0),
    "r = n, s = 0": lambda _r, _s: raw(ORDER, 0),
    "r = s = n": lambda _r, _s: raw(ORDER, ORDER),
    "r = s = 1": lambda _r, _s: raw(1, 1),
    "r = s = n - 1": lambda _r, _s: raw(ORDER - 1, ORDER - 1),
    "r = s = 2^256 - 1": lambda _r, _s: raw(2**256 - 1, 2**256 - 1),
    "r + n in more octets": lambda r, s: raw(r + ORDER, s, SIZE + 1),
    "s + n in more octets": lambda r, s: raw(r, s + ORDER, SIZE + 1),
    "n - r": lambda r, s: raw(ORDER - r, s),
    "r and s exchanged": lambda r, s: raw(s, r),
    "with leading zeros": lambda r, s: raw(r, s, SIZE + 1),
    "of 48 octets each": lambda r, s: raw(r, s, 48),
    "in DER": encode_dss_signature,
    "r alone": lambda r, _s: r.to_bytes(SIZE, "big"),
    "an octet less": lambda r, s: raw(r, s)[:-1],
    "an octet more": lambda r, s: raw(r, s) + b"\0",
    "an octet before": lambda r, s: b"\0" + raw(r, s),
    "twice": lambda r, s: raw(r, s) * 2,
    "all octets reversed": lambda r, s: raw(r, s)[::-1],
    "as text": lambda r, s: raw(r, s).hex().encode(),
}


def numbers(value: bytes) -> tuple[int, int]:
    """R and s of a good value."""
    assert len(value) == 2 * SIZE
    return int.from_bytes(value[:SIZE], "big"), int.from_bytes(value[SIZE:], "big")


def spelled(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@pytest.fixture
def token(bench: LoginBench) -> str:
    """Give the access token of a fresh login."""
    text: str = bench.log_in(bench.issue()).access_token.text
    return text


def test_no_other_value_of_an_access_token_holds(bench: LoginBench, token: str) -> None:
    """Each shape is refused where the value itself and its one twin are taken."""
    signed, _, text = token.rpartition(".")
    r, s = numbers(base64.urlsafe_b64decode(text + "=="))
    for shape in SHAPES.values():
        with pytest.raises(AccessTokenInvalid):
            bench.access_tokens.check(f"{signed}.{spelled(shape(r, s))}")
    for good in (raw(r, s), raw(r, ORDER - s)):
        assert bench.access_tokens.check(f"{signed}.{spelled(good)}").relying_party == "demo"


@pytest.mark.parametrize("name", SHAPES)
def test_no_other_value_of_a_login_token_holds(bench: LoginBench, name: str) -> None:
    """Who answers a challenge with such a value is not logged in."""
    with pytest.raises((SignatureInvalid, MalformedToken)):
        _log_in(bench, SHAPES[name])


def test_the_twin_of_a_value_logs_in_once(bench: LoginBench) -> None:
    """(r, n - s) is a value of the same signature; the challenge makes either good only once."""
    assert _log_in(bench, lambda r, s: raw(r, ORDER - s))


def _log_in(bench: LoginBench, shape: Callable[[int, int], bytes]) -> bool:
    """Log in with the value of a good answer in another shape."""
    issued = bench.challenges.issue(relying_party="demo", request_origin=None)
    card = bench.issue(card=authentication_card(bench.issuing, kind=KeyKind.P256))
    good = answer(card, issued.nonce)
    value = shape(*numbers(base64.b64decode(good["signature"])))
    changed = good | {"signature": base64.b64encode(value).decode()}
    bench.authentication.login(changed, session=issued.session, request_origin=None)
    return True
