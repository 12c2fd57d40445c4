"""Schemathesis holds the application to its own document, with generated requests."""

import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from idservice.web.app import BLUEPRINTS
from idservice.web.openapi import build_document
from support.signing import signed
from support.web import SPECIMEN, WebBench, open_web

load_all_checks()

schemathesis.openapi.media_type(
    "application/pdf",
    st.sampled_from([SPECIMEN, signed(SPECIMEN), SPECIMEN[:-99], b""]) | st.binary(max_size=200),
)
for media_type in ("application/ocsp-request", "application/timestamp-query"):
    schemathesis.openapi.media_type(media_type, st.binary(max_size=200))

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 50  # of good requests, and as many of bad ones
MANY_EXAMPLES = 120
DOCUMENT = "/openapi.json"
SOMEBODY = "60001019906"


def operation_labels() -> list[str]:
    """Method and path of every operation, read without a home folder."""
    app = Flask("labels", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    paths = build_document(app)["paths"]
    labels = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    # Schemathesis leaves out the address that it has the document from.
    return [label for label in labels if label != f"GET {DOCUMENT}"]


@pytest.fixture(scope="module")
def shared_web(home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebBench]:
    """Give one application for all generated requests."""
    home = tmp_path_factory.mktemp("contract") / "home"
    shutil.copytree(home_template, home)
    bench = open_web(home, IDSERVICE_LOG__LEVEL="error")
    yield bench
    bench.services.close()


@pytest.fixture(scope="module")
def operations(shared_web: WebBench) -> dict[str, Any]:
    """Give the operations of the served document, as Schemathesis reads them."""
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, shared_web.client.application)
    found = [item.ok() for item in schema.get_all_operations() if isinstance(item, Ok)]
    return {operation.label: operation for operation in found}


@pytest.mark.parametrize("label", operation_labels())
def test_the_application_keeps_its_word(
    shared_web: WebBench, operations: dict[str, Any], label: str
) -> None:
    """No 5xx and no answer that the document does not describe, for good and bad requests."""
    run_examples(shared_web, operations[label], EXAMPLES)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("label", operation_labels())
def test_the_application_keeps_its_word_for_long(
    shared_web: WebBench, operations: dict[str, Any], label: str
) -> None:
    """More than two hundred requests to every operation."""
    run_examples(shared_web, operations[label], MANY_EXAMPLES)


def test_successful_answers_are_as_described(home: Path, operations: dict[str, Any]) -> None:
    """A whole story, each answer of which must match the schema of its operation."""
    web = open_web(home, IDSERVICE_LOG__LEVEL="error")

    def check(label: str, response: Any) -> Any:
        """Require a success that the document describes, and return it."""
        assert response.status_code < 300, response.text
        operations[label].validate_response(response)
        return response

    check("GET /auth/challenge", web.client.get("/auth/challenge"))
    header = web.log_in(SOMEBODY)
    login = check("POST /auth/login", web.send_login(web.token(SOMEBODY)))
    other = {"Authorization": f"Bearer {login.get_json()['access_token']}"}
    check("GET /auth/me", web.client.get("/auth/me", headers=other))
    check("POST /auth/logout", web.client.post("/auth/logout", headers=other))
    check("GET /.well-known/jwks.json", web.client.get("/.well-known/jwks.json"))
    signer, certificate = web.signing_key(SOMEBODY)
    begun = check("POST /v1/signatures", web.begin(header, certificate)).get_json()
    path = f"/v1/signatures/{begun['id']}"
    value = base64.b64encode(signer.sign(base64.b64decode(begun["data_to_be_signed"]))).decode()
    signed_pdf = check(
        "POST /v1/signatures/{identifier}/complete",
        web.client.post(f"{path}/complete", json={"signature": value}, headers=header),
    ).data
    check("GET /v1/signatures/{identifier}", web.client.get(path, headers=header))
    for document in (signed_pdf, signed(SPECIMEN), signed_pdf + b" ", SPECIMEN, signed_pdf[:-9]):
        form = {"file": (io.BytesIO(document), "a.pdf")}
        check("POST /v1/validation", web.client.post("/v1/validation", data=form))
    issue = {"given_name": "MARI", "surname": "M", "birth_date": "1990-05-17", "sex": "female"}
    issued = check(
        "POST /v1/persons", web.client.post("/v1/persons", json=issue, headers=web.operator)
    )
    person = issued.headers["Location"]
    check("GET /v1/persons", web.client.get("/v1/persons", headers=web.operator))
    check("GET /v1/persons/{code}", web.client.get(person, headers=web.operator))
    for step in ("suspend", "resume", "revoke"):
        body: dict[str, Any] = {"json": {}} if step == "revoke" else {}
        taken = web.client.post(f"{person}/{step}", headers=web.operator, **body)
        check(f"POST /v1/persons/{{code}}/{step}", taken)
    check("GET /problems/{code}", web.client.get("/problems/not_found"))
    check("GET /chain/{name}.crt", web.client.get("/chain/root.crt"))
    health = check("GET /healthz", web.client.get("/healthz"))
    with pytest.raises((Failure, FailureGroup)):
        operations["GET /auth/me"].validate_response(health)  # the check itself can fail
    web.services.close()


def run_examples(web: WebBench, operation: Any, count: int) -> None:
    """Send requests that follow the document and as many that do not, with good credentials."""
    header = credentials(web, operation)
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        try:
            strategy = operation.as_strategy(generation_mode=mode)
            send_all(strategy, header, count)
        except Unsatisfiable:
            # An operation without any input has no request that breaks its description.
            assert mode is GenerationMode.NEGATIVE


def send_all(strategy: st.SearchStrategy[Any], header: dict[str, str], count: int) -> None:
    """Send generated requests and check every answer against the document."""

    @given(case=strategy)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        """Send one request."""
        case.call_and_validate(headers=header, checks=CHECKS)

    send()


def credentials(web: WebBench, operation: Any) -> dict[str, str]:
    """Return what the operation wants, so that requests get past the door."""
    if operation.path.startswith("/v1/persons"):
        return web.operator
    if operation.path.startswith(("/auth/me", "/auth/logout", "/v1/signatures")):
        return web.log_in(SOMEBODY)
    return {}
