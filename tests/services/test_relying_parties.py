"""Relying parties and the one spelling of their origins."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import (
    MalformedRequest,
    OriginUnacceptable,
    RelyingPartyExists,
    RelyingPartyUnknown,
)
from idservice.services.origins import normalise_origin
from support.login import ORIGIN, LoginBench


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://rp.example.org", "https://rp.example.org"),
        ("HTTPS://RP.Example.ORG", "https://rp.example.org"),
        ("https://rp.example.org:443", "https://rp.example.org"),
        ("https://rp.example.org:8443", "https://rp.example.org:8443"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.8.8.8:1", "http://127.8.8.8:1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://xn--juku-pqa.ee", "https://xn--juku-pqa.ee"),
        ("https://192.0.2.7", "https://192.0.2.7"),
    ],
)
def test_an_origin_has_one_spelling(text: str, normal: str) -> None:
    """Lower case, default port left out; and the result is a fixed point."""
    assert normalise_origin(text) == normal
    assert normalise_origin(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "null", "rp.example.org", "https://", "https:///", "https://rp.example.org/",
        "https://rp.example.org/path", "https://rp.example.org?q", "https://rp.example.org#f",
        "https://user@rp.example.org", "https://user:pw@rp.example.org", "http://rp.example.org",
        "http://192.0.2.7", "http://localhost.example.org", "http://127.0.0.1.example.org",
        "ftp://rp.example.org", "javascript:alert(1)", "https://rp.example.org:", "https://a:99999",
        "https://a:b", "https://*.example.org", "https://rp example.org", "https://õun.ee",
        "https://rp.example.org\n", "https://[::1", "https://[x]", "https://-a.ee", "https://a..b",
        "https://" + "a." * 130 + "ee", "https://rp.example.org\\@evil.example", "//rp.example.org",
        "http://[::2]",
    ],
)  # fmt: skip
def test_what_is_no_acceptable_origin_is_refused(text: str) -> None:
    """Anything but https (or http on loopback), host and port is refused."""
    with pytest.raises(OriginUnacceptable):
        normalise_origin(text)


@given(st.text(max_size=40) | st.text(max_size=30).map("https://{}".format))
def test_any_text_is_an_origin_or_refused(text: str) -> None:
    """Normalising ends in a fixed point or in our error."""
    with contextlib.suppress(OriginUnacceptable):
        normal = normalise_origin(text)
        assert normalise_origin(normal) == normal


def test_a_relying_party_is_registered_and_listed(bench: LoginBench) -> None:
    """Origins come back normalised, in order, each once."""
    origins = ["https://Shop.example:443", "http://localhost:3000", "https://shop.example"]
    bench.relying_parties.register("shop", name=" Shop ", origins=origins, actor="test")
    demo, shop = bench.relying_parties.list()
    assert (demo.id, demo.origins) == ("demo", (ORIGIN,))
    assert (shop.id, shop.name) == ("shop", "Shop")
    assert shop.origins == ("https://shop.example", "http://localhost:3000")


def test_an_identifier_is_taken_once(bench: LoginBench) -> None:
    """Registering again would silently change where people log in."""
    with pytest.raises(RelyingPartyExists):
        bench.relying_parties.register("demo", name="Other", origins=[ORIGIN], actor="test")


@pytest.mark.parametrize("identifier", ["", "Demo", "a b", "-a", "a-", "x" * 65, "ä", "a/b", "a\n"])
def test_an_identifier_of_the_wrong_form_is_refused(bench: LoginBench, identifier: str) -> None:
    """It becomes the audience of tokens and stands in addresses."""
    with pytest.raises(MalformedRequest):
        bench.relying_parties.register(identifier, name="X", origins=[ORIGIN], actor="test")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x1b[31m", "a\nb"])
def test_a_name_of_the_wrong_form_is_refused(bench: LoginBench, name: str) -> None:
    """People read it in terminals and pages."""
    with pytest.raises(MalformedRequest):
        bench.relying_parties.register("x", name=name, origins=[ORIGIN], actor="test")


@pytest.mark.parametrize("count", [0, 33])
def test_the_number_of_origins_is_bounded(bench: LoginBench, count: int) -> None:
    """At least one to log in from, and not without end."""
    origins = [f"https://{number}.example" for number in range(count)]
    with pytest.raises(MalformedRequest):
        bench.relying_parties.register("x", name="X", origins=origins, actor="test")


@pytest.mark.parametrize("identifier", ["nobody", "", "x" * 500, "DEMO", "\0"])
def test_a_challenge_for_an_unknown_party_is_refused(bench: LoginBench, identifier: str) -> None:
    """No registration, no origin, no challenge."""
    with pytest.raises(RelyingPartyUnknown):
        bench.challenges.issue(relying_party=identifier, request_origin=None)


@pytest.mark.parametrize("bench", ["sqlite", "postgresql"], indirect=True)
def test_an_origin_is_added_once_and_at_the_end(bench: LoginBench) -> None:
    """The default stays the default; the same origin again changes nothing."""
    parties = bench.relying_parties
    parties.register("shop", name="Shop", origins=["https://shop.ee"], actor="test")
    for spelling in ("https://new.shop.ee", "HTTPS://New.Shop.ee:443"):
        party = parties.add_origin("shop", spelling, actor="test")
        assert party.origins == ("https://shop.ee", "https://new.shop.ee")
    with pytest.raises(OriginUnacceptable):
        parties.add_origin("shop", "http://shop.ee", actor="test")
    for unknown in ("nobody", "\0", "Shop"):
        with pytest.raises(RelyingPartyUnknown):
            parties.add_origin(unknown, "https://shop.ee", actor="test")


def test_origins_are_not_added_without_end(bench: LoginBench) -> None:
    """The thirty-third origin is refused, as at registration."""
    parties = bench.relying_parties
    origins = [f"https://{number}.shop.ee" for number in range(32)]
    parties.register("shop", name="Shop", origins=origins, actor="test")
    with pytest.raises(MalformedRequest):
        parties.add_origin("shop", "https://one.more.ee", actor="test")
