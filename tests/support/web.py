"""The web application over a test home, and a person in front of it with browser and card."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idservice.crypto.keys import Signer
from idservice.keystore.card import Purpose
from idservice.services.assembly import Services, open_services
from idservice.services.login_client import auth_token
from idservice.services.specimen import specimen_contract
from idservice.web.app import create_app
from support.homes import PERSON, PIN1, PIN2, settings_of
from support.pki import AT

PROBLEM = "application/problem+json"
ORIGIN = "http://127.0.0.1:8080"
SPECIMEN = specimen_contract("Mari Maasikas", "Juku Juurikas", AT)


@dataclass
class WebBench:
    """A client of the application, with the services behind it in reach."""

    home: Path
    services: Services
    client: FlaskClient
    operator_token: str = field(repr=False, default="")

    @property
    def operator(self) -> dict[str, str]:
        """The header of the operator."""
        return {"Authorization": f"Bearer {self.operator_token}"}

    def log_in(self, person: str = PERSON) -> dict[str, str]:
        """Log a test person in and return the header with the access token."""
        response = self.send_login(self.token(person))
        assert response.status_code == 200, response.text
        return {"Authorization": f"Bearer {response.get_json()['access_token']}"}

    def token(self, person: str = PERSON, **query: str) -> dict[str, Any]:
        """Get a challenge and return the answer of the person's key."""
        challenge = self.client.get("/auth/challenge", query_string=query)
        assert challenge.status_code == 200, challenge.text
        held = self.services.key_custody.unlock_signer(person, Purpose.AUTHENTICATION, PIN1)
        nonce = challenge.get_json()["nonce"]
        return auth_token(held.signer, held.certificate_der, origin=ORIGIN, nonce=nonce)

    def send_login(self, token: Any, **headers: str) -> TestResponse:
        """Send an answer as the page of a relying party does."""
        return self.client.post("/auth/login", json={"auth-token": token}, headers=headers)

    def signing_key(self, person: str = PERSON) -> tuple[Signer, str]:
        """Return the signer of a person and the certificate in Base64."""
        held = self.services.key_custody.unlock_signer(person, Purpose.SIGNING, PIN2)
        return held.signer, base64.b64encode(held.certificate_der).decode()

    def begin(
        self, header: dict[str, str], certificate: str, document: bytes = SPECIMEN, **more: Any
    ) -> TestResponse:
        """Begin a signature with JSON."""
        body = {"document": base64.b64encode(document).decode(), "certificate": certificate}
        return self.client.post("/v1/signatures", json=body | more, headers=header)


def open_web(home: Path, **environment: str) -> WebBench:
    """Open the application of a test home; `environment` overrides settings."""
    settings = settings_of(home, **environment)
    services = open_services(settings)
    app = create_app(settings, services)
    token = settings.keys.operator_token_file.read_text().strip()
    return WebBench(home, services, app.test_client(), token)


def require_problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Require one problem of this status and code, complete and without a trace of the inside."""
    problem: dict[str, Any] = response.get_json()
    assert (response.status_code, problem["code"]) == (status, code), response.text
    assert response.mimetype == PROBLEM
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{code}"
    assert problem["instance"] == f"urn:uuid:{response.headers['X-Request-Id']}"
    assert "Traceback" not in response.text
    if status < 500:
        assert problem["detail"]
        assert problem["fix"]
    else:
        assert problem.keys() == {"type", "title", "status", "code", "instance"}
    return problem
