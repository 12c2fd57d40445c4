"""A person whose keys are in a token, in front of the web application."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.homes import PERSON
from support.hsm import ALL_KEYS, SoftToken, hsm_variables
from support.web import WebBench, open_web, require_problem

NEW = {"given_name": "MARI", "surname": "MAASIKAS", "birth_date": "1990-05-17", "sex": "female"}


@pytest.fixture
def hsm_web(hsm_home: Path, token: SoftToken) -> Iterator[WebBench]:
    """Give the application of a home whose keys are all in the token."""
    bench = open_web(hsm_home, **hsm_variables(token, *ALL_KEYS))
    yield bench
    bench.services.close()


def test_a_key_in_the_token_logs_in_and_signs(hsm_web: WebBench) -> None:
    """Challenge, token, two-phase signature and validation, with values made in the token."""
    header = hsm_web.log_in()
    signer, certificate = hsm_web.signing_key()
    begun = hsm_web.begin(header, certificate).get_json()
    value = signer.sign(base64.b64decode(begun["data_to_be_signed"]))
    signed = hsm_web.client.post(
        f"/v1/signatures/{begun['id']}/complete",
        json={"signature": base64.b64encode(value).decode()},
        headers=header,
    )
    assert signed.status_code == 200, signed.text
    [signature] = hsm_web.client.post(
        "/v1/validation", data=signed.data, content_type="application/pdf"
    ).get_json()["signatures"]
    assert signature["indication"] == "TOTAL-PASSED", signature
    assert signature["signedBy"].endswith(PERSON)


def test_a_service_without_a_token_refuses_hardware(web: WebBench) -> None:
    """Where no token is set up for people, asking for one is a mistake of the request."""
    answer = web.client.post("/v1/persons", json=NEW | {"custody": "hsm"}, headers=web.operator)
    problem = require_problem(answer, 400, "malformed_request")
    assert "hsm.keys" in problem["fix"]


def test_certificate_requests_do_not_go_with_hardware(hsm_web: WebBench) -> None:
    """A key is made in the token or brought along, not both."""
    body = NEW | {"custody": "hsm", "authentication_csr": "x", "signing_csr": "x"}
    answer = hsm_web.client.post("/v1/persons", json=body, headers=hsm_web.operator)
    require_problem(answer, 400, "malformed_request")
