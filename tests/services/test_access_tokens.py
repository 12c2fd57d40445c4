"""Access tokens: only ours, unchanged, in time, not revoked, of a person who may act."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import AccessTokenInvalid, KeyStoreInvalid, NotInitialised
from idservice.keystore.secret import KeyStoreSecret
from idservice.services.token_keys import TokenKeys, public_jwk
from idservice.store import certificates, persons
from idservice.store.schema import token_keys as key_table
from support.login import CODE, ISSUER, SETTINGS, LoginBench, sqlite_bench


def encode(value: Any) -> str:
    """Base64url without padding, as JOSE writes it."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part: str) -> Any:
    """The JSON of one part of a token."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture
def token(bench: LoginBench) -> str:
    """Give the access token of a fresh login."""
    text: str = bench.log_in(bench.issue()).access_token.text
    return text


def refused(bench: LoginBench, token: str) -> str:
    """Require that the token is refused, and return why."""
    with pytest.raises(AccessTokenInvalid) as caught:
        bench.access_tokens.check(token)
    return caught.value.detail


def test_the_claims_are_those_promised(bench: LoginBench, token: str) -> None:
    """Issuer, audience, subject, names, times, identifier, method and level."""
    header, payload, _ = token.split(".")
    claims = decode(payload)
    now = int(bench.clock().timestamp())
    jti = claims.pop("jti")
    assert len(base64.urlsafe_b64decode(jti + "=")) == 32
    assert claims == {
        "iss": ISSUER,
        "aud": "demo",
        "sub": "PNOEE-38001085718",
        "name": "JAAK-KRISTJAN JÕEORG",
        "given_name": "JAAK-KRISTJAN",
        "family_name": "JÕEORG",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "amr": ["idcard"],
        "acr": "high",
    }
    [published] = bench.token_keys.jwks()["keys"]
    assert decode(header) == {"alg": "ES256", "kid": published["kid"], "typ": "at+jwt"}


def test_others_can_check_it_with_the_published_keys(bench: LoginBench, token: str) -> None:
    """Any JOSE library verifies the token with what jwks.json holds, and nothing else."""
    [key] = jwt.PyJWKSet.from_dict(dict(bench.token_keys.jwks())).keys
    claims = jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience="demo",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert claims["sub"] == "PNOEE-38001085718"


def test_a_token_lives_ten_minutes(bench: LoginBench, token: str) -> None:
    """Good in its last second, refused from its end on; before its time it is refused too."""
    bench.clock.advance(seconds=599)
    bench.access_tokens.check(token)
    bench.clock.advance(seconds=1)
    assert "expired" in refused(bench, token)
    bench.clock.advance(seconds=-601)
    assert "not valid yet" in refused(bench, token)


def test_logout_revokes_for_good(bench: LoginBench, token: str) -> None:
    """After a logout nothing accepts the token, a second logout included."""
    bench.access_tokens.revoke(token)
    assert "revoked" in refused(bench, token)
    with pytest.raises(AccessTokenInvalid):
        bench.access_tokens.revoke(token)


def test_logout_ends_one_login_only(bench: LoginBench) -> None:
    """Another login of the same person goes on."""
    card = bench.issue()
    first, second = (bench.log_in(card).access_token.text for _ in range(2))
    bench.access_tokens.revoke(first)
    assert bench.access_tokens.check(second).person_code == CODE


@pytest.mark.parametrize("what", ["person", "certificate"])
def test_a_suspended_owner_makes_it_worthless(bench: LoginBench, token: str, what: str) -> None:
    """Person and certificate behind the token are looked at on every use."""
    with bench.database.begin() as connection:
        if what == "person":
            persons.change_status(connection, CODE, (persons.ACTIVE,), status=persons.SUSPENDED)
        else:
            certificates.suspend_all(connection, CODE, bench.clock())
    assert "suspended or revoked" in refused(bench, token)


def test_no_algorithm_but_es256(bench: LoginBench, token: str) -> None:
    """`none`, other names and a public key used as an HMAC secret are refused."""
    header, payload, signature = token.split(".")
    plain = decode(header)
    for name in (
        "none",
        "None",
        "NONE",
        "HS256",
        "RS256",
        "ES384",
        "es256",
        "",
        None,
        7,
        ["ES256"],
    ):
        changed = encode(plain | {"alg": name})
        refused(bench, f"{changed}.{payload}.{signature}")
        refused(bench, f"{changed}.{payload}.")
    [jwk] = bench.token_keys.jwks()["keys"]
    public_key = jwt.PyJWK.from_dict(jwk).key
    forms = [
        public_key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        json.dumps(jwk).encode(),
    ]
    for secret in forms:
        signed = f"{encode(plain | {'alg': 'HS256'})}.{payload}"
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        refused(bench, f"{signed}.{encode(mac)}")


@pytest.mark.parametrize(
    "members",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": 5},
        {"kid": "../../keys/root.key.pem"},
        {"kid": "' OR 1=1 --"},
        {"kid": "\0"},
        {"kid": "x" * 1000},
        {"kid": "other"},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/c.pem"},
        {"jwk": {}},
        {"x5c": []},
        {"zip": "DEF"},
        {"typ": "JWT"},
        {"typ": None},
        {"cty": "JWT"},
    ],
    ids=str,
)
def test_header_games_are_refused(bench: LoginBench, token: str, members: dict[str, Any]) -> None:
    """A header names one of our keys and nothing more, even when the signature would fit."""
    _, payload, _ = token.split(".")
    with bench.database.read() as connection:
        key = bench.token_keys.signing_key(connection, bench.clock())
    header = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"} | members
    signed = f"{encode(header)}.{payload}"
    value = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(
        signed.encode(), key.private_key
    )
    refused(bench, f"{signed}.{encode(value)}")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "shop"},
        {"aud": ["demo"]},
        {"aud": None},
        {"jti": "never issued"},
        {"jti": 5},
        {"jti": None},
        {"sub": None},
        {"exp": None},
        {"exp": "later"},
        {"exp": 1e300},
        {"nbf": [1]},
        {"nbf": None},
    ],
    ids=str,
)
def test_claims_that_we_never_issued_are_refused(
    bench: LoginBench, token: str, changes: dict[str, Any]
) -> None:
    """Even under our own signature, claims must match the record and have their form."""
    claims = {**decode(token.split(".")[1]), **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    with bench.database.read() as connection:
        key = bench.token_keys.signing_key(connection, bench.clock())
    header = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}
    signed = f"{encode(header)}.{encode(claims)}"
    value = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(
        signed.encode(), key.private_key
    )
    refused(bench, f"{signed}.{encode(value)}")


def test_a_token_of_another_installation_is_refused(bench: LoginBench, token: str) -> None:
    """A key of one's own under our identifier signs nothing that we accept."""
    header, payload, _ = token.split(".")
    stranger = ec.generate_private_key(ec.SECP256R1())
    value = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(
        f"{header}.{payload}".encode(), stranger
    )
    refused(bench, f"{header}.{payload}.{encode(value)}")


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda data: encode(data) + ".e30.AA"))
def test_random_text_is_refused(shared_bench: LoginBench, text: str) -> None:
    """No text makes the check fail in another way."""
    with pytest.raises(AccessTokenInvalid):
        shared_bench.access_tokens.check(text)


@pytest.fixture(scope="module")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> LoginBench:
    """Give one bench for many examples that change nothing."""
    return sqlite_bench(tmp_path_factory.mktemp("tokens"))


def test_rotation_overlaps(bench: LoginBench, token: str) -> None:
    """The new key signs at once; the old one verifies until the overlap ends."""
    card = bench.issue("60001019906")
    [old] = bench.token_keys.jwks()["keys"]
    bench.clock.advance(seconds=1)
    new = bench.token_keys.rotate(actor="test")
    assert [key["kid"] for key in bench.token_keys.jwks()["keys"]] == [new.kid, old["kid"]]
    later = bench.log_in(card).access_token.text
    assert decode(later.split(".")[0])["kid"] == new.kid
    assert bench.access_tokens.check(token).person_code == CODE
    bench.clock.advance(days=SETTINGS.key_overlap_days)
    assert [key["kid"] for key in bench.token_keys.jwks()["keys"]] == [new.kid]
    assert "no longer published" in refused(bench, token)


def test_the_overlap_is_never_shorter_than_a_token(bench: LoginBench) -> None:
    """Even with a token that outlives the overlap setting, its key stays published."""
    settings = SETTINGS.model_copy(update={"token_seconds": 86400, "key_overlap_days": 0})
    keys = TokenKeys(bench.database, KeyStoreSecret(b"s" * 32), settings, clock=bench.clock)
    keys.rotate(actor="test")
    bench.clock.advance(hours=23)
    assert len(keys.jwks()["keys"]) == 2


def test_private_halves_are_wrapped(bench: LoginBench) -> None:
    """What the database holds opens only under the key store's secret."""
    stored = bench.token_keys.list()[0]
    other = TokenKeys(bench.database, KeyStoreSecret(b"o" * 32), SETTINGS, clock=bench.clock)
    with bench.database.read() as connection:
        private_key = bench.token_keys.signing_key(connection, bench.clock()).private_key
        with pytest.raises(KeyStoreInvalid):
            other.signing_key(connection, bench.clock())
    number = private_key.private_numbers().private_value.to_bytes(32, "big")
    assert number not in stored.wrapped_key
    assert stored.kid == public_jwk(private_key.public_key())["kid"]


def test_a_wrapped_key_is_bound_to_its_record(bench: LoginBench) -> None:
    """A wrapped key moved to another record does not sign in its name."""
    old = bench.token_keys.list()[0]
    bench.token_keys.rotate(actor="test")
    fresh = TokenKeys(bench.database, KeyStoreSecret(b"s" * 32), SETTINGS, clock=bench.clock)
    with bench.database.begin() as connection:
        connection.execute(key_table.update().values(wrapped_key=old.wrapped_key))
        with pytest.raises(KeyStoreInvalid):
            fresh.signing_key(connection, bench.clock())


def test_without_a_key_nobody_logs_in(bench: LoginBench) -> None:
    """A service without token keys says so, instead of making one silently."""
    card = bench.issue()
    with bench.database.begin() as connection:
        connection.execute(key_table.delete())
    with pytest.raises(NotInitialised):
        bench.log_in(card)
