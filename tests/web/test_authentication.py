"""Login over HTTP: cookies, headers, codes and what happens to the session."""

import base64
import json
from pathlib import Path

import jwt
import pytest

from idservice.keystore.card import Purpose
from idservice.services.login_client import auth_token
from support.homes import PERSON, PIN1
from support.web import ORIGIN, WebBench, open_web, require_problem


def test_a_challenge_is_a_nonce_and_a_cookie(web: WebBench) -> None:
    """44 characters of Base64, and a session cookie that scripts and other sites cannot use."""
    response = web.client.get("/auth/challenge")
    assert list(response.get_json()) == ["nonce"]
    assert len(base64.b64decode(response.get_json()["nonce"])) == 32
    assert response.headers["Cache-Control"] == "no-store"
    cookie = response.headers["Set-Cookie"]
    name, _, rest = cookie.partition("=")
    attributes = [part.strip() for part in rest.split(";")]
    assert name == "auth-session"
    assert len(attributes[0]) == 43
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=120"} <= set(attributes)
    assert "Secure" not in attributes


def test_over_https_the_cookie_is_bound_to_the_host(home: Path) -> None:
    """With a public address of https the cookie has the __Host- prefix, is Secure, and works."""
    web = open_web(home, IDSERVICE_SERVER__PUBLIC_URL="https://id.example.org")
    response = web.client.get("/auth/challenge", base_url="https://id.example.org")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-auth-session=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    held = web.services.key_custody.unlock_signer(PERSON, Purpose.AUTHENTICATION, PIN1)
    nonce = response.get_json()["nonce"]
    token = auth_token(held.signer, held.certificate_der, origin=ORIGIN, nonce=nonce)
    body = {"auth-token": token}
    login = web.client.post("/auth/login", json=body, base_url="https://id.example.org")
    assert login.status_code == 200, login.text
    assert "__Host-auth-session=;" in login.headers["Set-Cookie"]
    web.services.close()


def test_two_challenges_have_nothing_in_common(web: WebBench) -> None:
    """Nonce and session are new every time, also for a browser that has a session."""
    first, second = (web.client.get("/auth/challenge") for _ in range(2))
    assert first.get_json() != second.get_json()
    assert first.headers["Set-Cookie"] != second.headers["Set-Cookie"]


def test_the_whole_login(web: WebBench) -> None:
    """Challenge, answer, access token, who am I, logout, and then nothing more."""
    response = web.send_login(web.token(), Origin=ORIGIN)
    answer = response.get_json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 600
    assert answer["person"] == {
        "personal_code": PERSON,
        "given_name": "JAAK-KRISTJAN",
        "surname": "JÕEORG",
    }
    assert "auth-session=;" in response.headers["Set-Cookie"]
    header = {"Authorization": f"Bearer {answer['access_token']}"}
    claims = web.client.get("/auth/me", headers=header).get_json()
    assert claims["sub"] == f"PNOEE-{PERSON}"
    left = web.client.post("/auth/logout", headers=header)
    assert left.get_json() == {"revoked": claims["jti"]}
    after = web.client.get("/auth/me", headers=header)
    require_problem(after, 401, "access_token_invalid")
    assert after.headers["WWW-Authenticate"].startswith("Bearer ")
    require_problem(web.client.post("/auth/logout", headers=header), 401, "access_token_invalid")


def test_the_published_keys_verify_the_token(web: WebBench) -> None:
    """A relying party needs jwks.json and nothing else."""
    token = web.log_in()["Authorization"].removeprefix("Bearer ")
    keys = jwt.PyJWKSet.from_dict(web.client.get("/.well-known/jwks.json").get_json())
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, keys[kid], algorithms=["ES256"], audience="demo", issuer=ORIGIN)
    assert claims["given_name"] == "JAAK-KRISTJAN"


def test_an_answer_is_good_once(web: WebBench) -> None:
    """A replay is refused, even by the same browser."""
    token = web.token()
    cookie = web.client.get_cookie("auth-session")
    assert cookie is not None
    assert web.send_login(token).status_code == 200
    web.client.set_cookie("auth-session", cookie.value)
    require_problem(web.send_login(token), 409, "challenge_used")


def test_without_the_cookie_there_is_no_challenge(web: WebBench) -> None:
    """Another browser cannot use an answer that it overheard."""
    token = web.token()
    web.client.delete_cookie("auth-session")
    require_problem(web.send_login(token), 400, "challenge_not_found")
    web.client.set_cookie("auth-session", "someone-elses")
    require_problem(web.send_login(token), 400, "challenge_not_found")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8081"])
def test_another_site_cannot_log_anybody_in(web: WebBench, origin: str) -> None:
    """The Origin header of the browser tells on it, at the challenge and at the login."""
    require_problem(
        web.client.get("/auth/challenge", headers={"Origin": origin}), 403, "origin_mismatch"
    )
    require_problem(web.send_login(web.token(), Origin=origin), 403, "origin_mismatch")


def test_a_form_of_another_site_cannot_log_anybody_in(web: WebBench) -> None:
    """Only JSON that says so is read: no form can send that without asking first."""
    body = json.dumps({"auth-token": web.token()})
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = web.client.post("/auth/login", data=body, content_type=media_type)
        require_problem(response, 415, "unsupported_media_type")


def test_relying_parties(web: WebBench) -> None:
    """An unknown one is refused; a registered one becomes the audience."""
    require_problem(
        web.client.get("/auth/challenge?relying_party=nobody"), 404, "relying_party_unknown"
    )
    web.services.relying_parties.register("shop", name="Shop", origins=[ORIGIN], actor="test")
    answer = web.send_login(web.token(relying_party="shop")).get_json()
    assert answer["relying_party"] == "shop"


@pytest.mark.parametrize("query", ["relying_party=a&relying_party=b", "x=1", "relying_party="])
def test_a_query_is_read_strictly(web: WebBench, query: str) -> None:
    """Twice, unknown or empty: one clear problem."""
    require_problem(web.client.get(f"/auth/challenge?{query}"), 400, "malformed_request")


def test_each_life_cycle_state_has_its_code(web: WebBench) -> None:
    """Suspended and revoked people are refused, each with the certificate's own reason."""
    persons = web.services.persons
    token = web.log_in()
    held_token = web.token()
    persons.suspend(PERSON, actor="test")
    require_problem(web.send_login(held_token), 403, "certificate_suspended")
    require_problem(web.client.get("/auth/me", headers=token), 401, "access_token_invalid")
    persons.resume(PERSON, actor="test")
    held_token = web.token()
    persons.revoke(PERSON, actor="test")
    require_problem(web.send_login(held_token), 403, "certificate_revoked")


def test_a_signing_key_does_not_log_in(web: WebBench) -> None:
    """The signing certificate of the same person is for documents."""
    nonce = web.client.get("/auth/challenge").get_json()["nonce"]
    signer, certificate = web.signing_key()
    token = auth_token(signer, base64.b64decode(certificate), origin=ORIGIN, nonce=nonce)
    require_problem(web.send_login(token), 403, "certificate_wrong_purpose")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwdw==",
        "Bearer a.b.c",
        "bearer \xff",
        "Bearer " + "x" * 9000,
    ],
)
def test_without_a_good_access_token_nobody_is_logged_in(web: WebBench, authorization: str) -> None:
    """Missing, of another scheme or not ours: 401, with what to do."""
    response = web.client.get("/auth/me", headers={"Authorization": authorization})
    require_problem(response, 401, "access_token_invalid")
