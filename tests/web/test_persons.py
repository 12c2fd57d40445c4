"""People over HTTP: the operator alone, and a life cycle without shortcuts."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idservice.services.person_facts import person_facts
from idservice.web.person_models import PersonAnswer
from support.homes import PERSON
from support.web import WebBench, require_problem

NEW = {"given_name": "MARI", "surname": "MAASIKAS", "birth_date": "1990-05-17", "sex": "female"}


def issue(web: WebBench, **changes: Any) -> Any:
    """Ask for a person as the operator; None leaves a member out."""
    body = {name: value for name, value in (NEW | changes).items() if value is not None}
    return web.client.post("/v1/persons", json=body, headers=web.operator)


def csr(key: ec.EllipticCurvePrivateKey | None = None) -> str:
    """A certificate request of a fresh card key."""
    key = key or ec.generate_private_key(ec.SECP384R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_person_is_issued_and_logs_in(web: WebBench) -> None:
    """Certificates come in PEM, PINs this once, and the person is there for everybody."""
    response = issue(web)
    assert response.status_code == 201, response.text
    person = response.get_json()
    assert response.headers["Location"] == f"/v1/persons/{person['personal_code']}"
    assert person["personal_code"].startswith("490051")
    assert {item["purpose"] for item in person["certificates"]} == {"authentication", "signing"}
    for item in person["certificates"]:
        certificate = x509.load_pem_x509_certificate(item["certificate_pem"].encode())
        assert f"{certificate.serial_number:x}" == item["serial"]
    assert all(code.isdigit() for code in person["pins"].values())
    shown = web.client.get(response.headers["Location"], headers=web.operator).get_json()
    assert "pins" not in shown
    assert shown["status"] == "active"


def test_a_person_is_told_alike_everywhere(web: WebBench) -> None:
    """The answer is what the command line prints: custody and tries left are in it."""
    shown = web.client.get(f"/v1/persons/{PERSON}", headers=web.operator).get_json()
    assert shown == person_facts(web.services.persons.show(PERSON))
    assert shown["custody"] == ["card", "server"]
    assert shown["tries_left"] == {"pin1": 3, "pin2": 3, "puk": 3}
    assert PersonAnswer.model_validate(shown).model_dump() == shown


def test_chosen_pins_are_kept(web: WebBench) -> None:
    """Given codes are used; those left out are made."""
    pins = issue(web, pins={"pin1": "1234", "pin2": "12345"}).get_json()["pins"]
    assert (pins["pin1"], pins["pin2"]) == ("1234", "12345")
    assert len(pins["puk"]) >= 8


def test_a_card_brings_its_own_keys(web: WebBench) -> None:
    """Two certificate requests become two certificates; there are no PINs to tell."""
    person = issue(web, custody="card", authentication_csr=csr(), signing_csr=csr()).get_json()
    assert person["pins"] is None
    assert {item["custody"] for item in person["certificates"]} == {"card"}


def test_one_key_is_never_two_people(web: WebBench) -> None:
    """The key of one person's card is refused for another's."""
    key = ec.generate_private_key(ec.SECP384R1())
    assert (
        issue(web, custody="card", authentication_csr=csr(key), signing_csr=csr()).status_code
        == 201
    )
    again = issue(web, custody="card", authentication_csr=csr(key), signing_csr=csr())
    require_problem(again, 409, "public_key_in_use")


def test_the_life_cycle(web: WebBench) -> None:
    """Suspend, resume, revoke; no step is taken twice, and none leads out of revoked."""
    path = f"/v1/persons/{PERSON}"

    def step(name: str, **body: Any) -> Any:
        """Take one step as the operator."""
        json = {"json": body} if name == "revoke" else {}
        return web.client.post(f"{path}/{name}", headers=web.operator, **json)

    assert step("suspend").get_json()["status"] == "suspended"
    require_problem(step("suspend"), 409, "illegal_transition")
    assert step("resume").get_json()["status"] == "active"
    require_problem(step("resume"), 409, "illegal_transition")
    revoked = step("revoke", reason="keyCompromise").get_json()
    assert (revoked["status"], revoked["revocation_reason"]) == ("revoked", "keyCompromise")
    for name in ("suspend", "resume", "revoke"):
        require_problem(step(name), 409, "person_revoked")


def test_a_person_exists_once(web: WebBench) -> None:
    """A code with valid certificates is not issued again."""
    response = issue(web, personal_code=PERSON, birth_date=None, sex=None)
    require_problem(response, 409, "person_exists")


def test_people_are_listed_page_by_page(web: WebBench) -> None:
    """Every person once, in the order of codes, with a pointer to the next page."""
    whole = web.client.get("/v1/persons", headers=web.operator).get_json()
    codes = [person["personal_code"] for person in whole["persons"]]
    assert codes == sorted(codes)
    assert whole["next"] is None
    found, after = [], ""
    while after is not None:
        page = web.client.get(f"/v1/persons?limit=2&after={after}", headers=web.operator).get_json()
        found += [person["personal_code"] for person in page["persons"]]
        after = page["next"]
    assert found == codes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"given_name": None}, "malformed_request"),
        ({"given_name": ""}, "malformed_request"),
        ({"given_name": 5}, "malformed_request"),
        ({"surname": "x" * 65}, "malformed_request"),
        ({"unknown": 1}, "malformed_request"),
        ({"birth_date": None}, "malformed_request"),
        ({"birth_date": "1990-13-01"}, "malformed_request"),
        ({"birth_date": "tomorrow"}, "malformed_request"),
        ({"sex": "x"}, "malformed_request"),
        ({"personal_code": PERSON}, "malformed_request"),
        ({"personal_code": "38001085719", "birth_date": None, "sex": None},
         "malformed_personal_code"),
        ({"pins": {"pin1": "12"}}, "malformed_request"),
        ({"pins": {"pin2": "1234"}}, "pin_unacceptable"),
        ({"custody": "both"}, "malformed_request"),
        ({"custody": "card"}, "malformed_request"),
        ({"custody": "card", "authentication_csr": "x", "signing_csr": "y"}, "malformed_request"),
        ({"signing_csr": "x"}, "malformed_request"),
        ({"valid_for": 0}, "malformed_request"),
        ({"valid_for": True}, "malformed_request"),
        ({"valid_for": 1e9}, "malformed_request"),
    ],
    ids=str,
)  # fmt: skip
def test_each_fault_of_a_request_is_refused(
    web: WebBench, changes: dict[str, Any], code: str
) -> None:
    """One member changed for the worse: refused, and nobody is issued."""
    before = len(web.services.persons.list())
    response = issue(web, **changes)
    assert response.status_code in {400, 422}
    require_problem(response, response.status_code, code)
    assert len(web.services.persons.list()) == before


@pytest.mark.parametrize("name", ["\u202eIRAM", "MA\x00RI", "MA\x1b[31mRI", "<script>"])
def test_names_that_mislead_are_refused(web: WebBench, name: str) -> None:
    """Control and direction marks have no place in a name."""
    response = issue(web, given_name=name)
    assert response.status_code in {400, 422}, response.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", f"/{PERSON}"),
        ("POST", f"/{PERSON}/suspend"),
        ("POST", f"/{PERSON}/resume"),
        ("POST", f"/{PERSON}/revoke"),
    ],
)
def test_only_the_operator(web: WebBench, method: str, path: str) -> None:
    """No token, another token, a person's access token: all refused before anything is read."""
    wrong = [{}, {"Authorization": "Bearer nope"}, {"Authorization": f"Basic {web.operator_token}"}]
    for header in [*wrong, web.log_in()]:
        response = web.client.open(f"/v1/persons{path}", method=method, headers=header)
        require_problem(response, 401, "operator_token_invalid")
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert web.services.persons.show(PERSON).status == "active"


@pytest.mark.parametrize("code", ["00000000000", "x", "%00", "%F0%9F%92%A9", "a" * 300])
def test_an_unknown_person_is_not_found(web: WebBench, code: str) -> None:
    """Whatever stands in the path: 404, with a code."""
    response = web.client.get(f"/v1/persons/{code}", headers=web.operator)
    require_problem(response, 404, "person_unknown")


@pytest.mark.parametrize("step", ["suspend", "revoke"])
def test_a_login_does_not_outlive_a_suspension(web: WebBench, step: str) -> None:
    """A token from before works neither during a suspension nor after it; a new login does."""
    before = web.log_in()
    assert web.client.get("/auth/me", headers=before).status_code == 200
    path = f"/v1/persons/{PERSON}"
    done = web.client.post(f"{path}/{step}", json={}, headers=web.operator)
    assert done.status_code == 200
    require_problem(web.client.get("/auth/me", headers=before), 401, "access_token_invalid")
    if step == "suspend":
        assert web.client.post(f"{path}/resume", headers=web.operator).status_code == 200
        require_problem(web.client.get("/auth/me", headers=before), 401, "access_token_invalid")
        assert web.client.get("/auth/me", headers=web.log_in()).status_code == 200


def test_revoking_needs_no_body(web: WebBench) -> None:
    """The reason has a default, so nothing at all may be sent; text that is no JSON is refused."""
    path = f"/v1/persons/{PERSON}/revoke"
    response = web.client.post(path, data=b"now", headers=web.operator)
    require_problem(response, 415, "unsupported_media_type")
    revoked = web.client.post(path, headers=web.operator)
    assert revoked.status_code == 200
    assert revoked.get_json()["status"] == "revoked"
