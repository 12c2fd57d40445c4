"""The log has one line per request and no secret in it."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from idservice.settings import LogSettings
from idservice.web.request_log import RequestLog, describe_failure
from support.homes import PERSON, PIN1, PIN2, PUK
from support.web import PROBLEM, open_web


def lines(text: str) -> list[dict[str, Any]]:
    """The lines of a JSON log."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_one_line_per_request(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Identifier, method, route, status, code and time; the route, not the path."""
    web = open_web(home, IDSERVICE_LOG__FORMAT="json")
    response = web.client.get(f"/v1/persons/{PERSON}")
    [line] = lines(capsys.readouterr().err)
    assert line["id"] == response.headers["X-Request-Id"]
    assert (line["method"], line["route"], line["status"], line["code"]) == (
        "GET",
        "/v1/persons/<code>",
        401,
        "operator_token_invalid",
    )
    assert line["level"] == "warning"
    assert line["milliseconds"] >= 0
    assert line["timestamp"].endswith("Z")
    web.services.close()


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_reaches_the_log(
    home: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """PINs, tokens, codes, nonces, sessions and certificates of a whole story stay out."""
    web = open_web(home, IDSERVICE_LOG__FORMAT=form, IDSERVICE_LOG__LEVEL="debug")
    secrets = [PERSON, PIN1, PIN2, PUK, web.operator_token, "hemmelig"]
    token = web.token()
    cookie = web.client.get_cookie("auth-session")
    assert cookie is not None
    secrets += [token["signature"], token["unverifiedCertificate"], cookie.value]
    answer = web.send_login(token).get_json()
    header = {"Authorization": f"Bearer {answer['access_token']}"}
    secrets.append(answer["access_token"])
    web.send_login(token)
    web.begin(header, web.signing_key()[1], password="hemmelig")
    web.begin(header, PIN1 + PERSON)
    web.client.get(f"/v1/persons/{PERSON}?pin={PUK}", headers=web.operator)
    web.client.get(f"/nothing/{PERSON}/{PIN2}/{answer['access_token']}")
    pins = {"pin1": "90909", "pin2": "808080", "puk": "70707070"}
    body = {"given_name": "MARI", "surname": "M", "personal_code": PERSON, "pins": pins}
    web.client.post("/v1/persons", json=body, headers=web.operator)
    web.client.open("/" + PERSON, method=PERSON)
    captured = capsys.readouterr()
    assert captured.err.count("request") >= 8
    # A fraction of a second may have the digits of a PIN by chance.
    told = re.sub(r"\d\d:\d\d:\d\d\.\d{6}Z", "", captured.err)
    for secret in [*secrets, *pins.values()]:
        assert secret not in told, secret
        assert secret not in captured.out, secret
    web.services.close()


def test_an_unexpected_fault_is_500_without_detail(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets an identifier; the log gets classes and places, but no message."""
    web = open_web(home, IDSERVICE_LOG__FORMAT="json")

    def fail(*_: object, **__: object) -> None:
        """Fail as no code of ours would."""
        raise RuntimeError(f"the PIN is {PIN2}")

    monkeypatch.setattr(web.services.challenges, "issue", fail)
    response = web.client.get("/auth/challenge")
    assert response.status_code == 500
    assert response.mimetype == PROBLEM
    assert response.get_json().keys() == {"type", "title", "status", "code", "instance"}
    error = capsys.readouterr().err
    [line] = lines(error)
    assert line["level"] == "error"
    assert line["failure"][0].startswith("builtins.RuntimeError at fail:")
    assert response.get_json()["instance"] == f"urn:uuid:{line['id']}"
    assert PIN2 not in error
    web.services.close()


def test_a_level_leaves_lines_out() -> None:
    """With level error only failures are written."""
    stream = io.StringIO()
    log = RequestLog(LogSettings(level="error", format="json"), stream)
    log.request(status=200, failure=None, route="/")
    log.request(status=404, failure=None, route="/")
    assert stream.getvalue() == ""
    log.request(status=503, failure=ValueError("secret"), route="/")
    [line] = lines(stream.getvalue())
    assert line["status"] == 503
    assert "secret" not in stream.getvalue()


def test_a_line_is_one_line() -> None:
    """No value can begin a second line."""
    stream = io.StringIO()
    log = RequestLog(LogSettings(level="info", format="json"), stream)
    log.request(status=200, failure=None, route='/a\n{"status": 200}\u2028')
    assert stream.getvalue().count("\n") == 1


def test_causes_are_told_in_order() -> None:
    """The failure first, then what caused it."""
    try:
        try:
            raise KeyError("inner")
        except KeyError as exc:
            raise ValueError("outer") from exc
    except ValueError as exc:
        described = describe_failure(exc)
    assert [text.split(" ")[0] for text in described] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
