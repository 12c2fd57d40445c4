"""Whatever is sent, wherever: one problem with a documented code, and never a 5xx."""

import base64
import io
import json
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idservice.errors import MalformedRequest
from idservice.store import persons
from idservice.web.bodies import parse_json
from support.web import PROBLEM, WebBench, open_web, require_problem

JSON_ROUTES = [
    "/auth/login",
    "/v1/persons",
    "/v1/persons/38001085718/revoke",
    "/v1/signatures",
    "/v1/signatures/any/complete",
]
BODIES = {
    "empty": b"",
    "no JSON": b"{",
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "a number": b"5",
    "two values": b"{} {}",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a BOM": b"\xef\xbb\xbf{}",
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": 1e999}',
    "a huge number": b'{"a": ' + b"9" * 6000 + b"}",
    "a duplicate": b'{"a": 1, "a": 2}',
    "half a character": b'{"a": "\\ud800"}',
    "NUL": b'{"a": "\\u0000"}',
    "deep": b'{"a":' * 500 + b"1" + b"}" * 500,
    "very deep": b"[" * 200_000,
    "unknown members": b'{"a": 1}',
    "random": bytes(range(256)),
}


@pytest.fixture(scope="module")
def shared_web(
    home_template: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebBench]:
    """Give one application for many requests that change nothing."""
    import shutil
    from pathlib import Path

    home = tmp_path_factory.mktemp("bad-input") / "home"
    shutil.copytree(Path(str(home_template)), home)
    bench = open_web(home)
    yield bench
    bench.services.close()


@pytest.fixture(scope="module")
def headers(shared_web: WebBench) -> dict[str, dict[str, str]]:
    """Give the right credentials for each route, so that the body is what is judged."""
    login = shared_web.log_in()
    return {path: login if "signatures" in path else shared_web.operator for path in JSON_ROUTES}


@pytest.mark.parametrize("path", JSON_ROUTES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bad_json_is_one_clear_problem(
    shared_web: WebBench, headers: dict[str, dict[str, str]], path: str, body: bytes
) -> None:
    """Every route that reads JSON refuses each of these as malformed."""
    response = shared_web.client.post(
        path, data=body, content_type="application/json", headers=headers[path]
    )
    if body == b"" and response.status_code == 404:
        pytest.fail("an empty body must be refused before anything is looked up")
    require_problem(response, 400, "malformed_request")


@pytest.mark.parametrize("path", JSON_ROUTES)
def test_an_oversized_body_is_not_read(
    shared_web: WebBench, headers: dict[str, dict[str, str]], path: str
) -> None:
    """Beyond server.max_request_bytes: 413."""
    body = b'{"a": "' + b"x" * 1_100_000 + b'"}'
    response = shared_web.client.post(
        path, data=body, content_type="application/json", headers=headers[path]
    )
    require_problem(response, 413, "input_too_large")


@pytest.mark.parametrize("length", [1_048_575, 1_048_577, 3_000_000])
def test_a_body_of_unknown_length_is_never_cut(shared_web: WebBench, length: int) -> None:
    """Without Content-Length a body beyond the limit is refused, not read in part."""
    body = b'{"x":"' + b"y" * (length - 8) + b'"}'
    response = shared_web.client.post(
        "/auth/login",
        input_stream=io.BytesIO(body),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        content_type="application/json",
    )
    if length > 1_048_576:
        require_problem(response, 413, "input_too_large")
    else:
        require_problem(response, 400, "malformed_request")


@pytest.mark.parametrize("path", [path for path in JSON_ROUTES if path != "/v1/signatures"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "application/json+x"])
def test_another_media_type_is_refused(
    shared_web: WebBench, headers: dict[str, dict[str, str]], path: str, media_type: str
) -> None:
    """A body must say that it is JSON."""
    response = shared_web.client.post(
        path, data=b"{}", content_type=media_type, headers=headers[path]
    )
    require_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "XYZZY"])
@pytest.mark.parametrize("path", [*JSON_ROUTES, "/", "/auth/challenge", "/healthz"])
def test_other_methods_are_refused(shared_web: WebBench, path: str, method: str) -> None:
    """405, naming what is allowed."""
    response = shared_web.client.open(path, method=method)
    require_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/auth/",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/vendor/VENDORED.md",
        "/static//style.css",
        "/static/%00",
        "/chain/..%2froot.key.crt",
        "/problems/nothing",
        "/%ff",
        "/" + "x" * 5000,
    ],
)
def test_what_is_not_there_is_not_found(shared_web: WebBench, path: str) -> None:
    """404 as a problem, for every odd path."""
    require_problem(shared_web.client.get(path), 404, "not_found")


@given(
    path=st.sampled_from(JSON_ROUTES),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["auth-token", "format", "algorithm", "signature", "given_name", "custody",
                 "pins", "document", "certificate", "reason", "x"]
            ),
            inner,
        ),
        max_leaves=10,
    ),
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_answered_below_500(
    shared_web: WebBench, headers: dict[str, dict[str, str]], path: str, value: object
) -> None:
    """No JSON value makes a route fail; what is refused is a problem."""
    response = shared_web.client.post(
        path, data=json.dumps(value), content_type="application/json", headers=headers[path]
    )
    assert response.status_code < 500, response.text
    assert response.status_code < 400 or response.mimetype == PROBLEM


@given(st.binary(max_size=400))
def test_random_bytes_are_json_or_malformed(data: bytes) -> None:
    """The reader of JSON has one way to fail, and what it returns can be written again."""
    try:
        value = parse_json(data)
    except MalformedRequest:
        return
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


OTHER = "60001019906"
"""A test person whom no generated request revokes."""

NAMELESS = (
    b"--XX\r\nContent-Disposition: form-data\r\n\r\nabc\r\n"
    b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-\r\n'
    b"--XX--\r\n"
)


@pytest.mark.parametrize("path", ["/v1/validation", "/v1/signatures"])
@pytest.mark.parametrize("body", [NAMELESS, NAMELESS.replace(b"form-data\r", b"form-data; a=b\r")])
def test_a_part_of_a_form_needs_a_name(shared_web: WebBench, path: str, body: bytes) -> None:
    """A nameless part cannot be told from others, so the form is malformed."""
    response = shared_web.client.post(
        path,
        data=body,
        content_type="multipart/form-data; boundary=XX",
        headers=shared_web.log_in(OTHER),
    )
    require_problem(response, 400, "malformed_request")


ODD = ["\0", "\ud800", "x", "٣" * 11, "38001085718\0", "3800108571٨", "' OR 1=1", "9" * 5000]


@pytest.mark.parametrize("text", ODD)
def test_odd_text_never_reaches_the_database(shared_web: WebBench, text: str) -> None:
    """In a path, a query, a cookie, a header and a token: refused by what it should have been."""
    raw = text.encode("utf-8", "surrogatepass")
    quoted = "".join(f"%{byte:02x}" for byte in raw)
    client, operator = shared_web.client, shared_web.operator
    require_problem(client.get(f"/v1/persons/{quoted}", headers=operator), 404, "person_unknown")
    for step in ("suspend", "resume", "revoke"):
        answer = client.post(f"/v1/persons/{quoted}/{step}", json={}, headers=operator)
        require_problem(answer, 404, "person_unknown")
    for query in (f"/auth/challenge?relying_party={quoted}", f"/v1/persons?after={quoted}"):
        assert client.get(query, headers=operator).status_code < 500
    login = shared_web.log_in(OTHER)
    require_problem(client.get(f"/v1/signatures/{quoted}", headers=login), 404, "not_found")
    header = json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": text}).encode()
    encoded = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    bearer = {"Authorization": f"Bearer {encoded}.e30.AAAA"}
    require_problem(client.get("/auth/me", headers=bearer), 401, "access_token_invalid")
    cookie = raw.decode("latin-1").replace("\0", "")
    for name, value in (("Cookie", f"auth-session={cookie}"), ("Origin", cookie)):
        answer = client.post("/auth/login", json={"auth-token": {}}, headers={name: value})
        assert 400 <= answer.status_code < 500


def test_what_the_database_cannot_hold_is_malformed(shared_web: WebBench) -> None:
    """Text without a UTF-8 form is the sender's fault and no outage of the database."""
    database = shared_web.services.database
    with pytest.raises(MalformedRequest), database.read() as connection:
        persons.find(connection, "\ud800")


def test_a_form_that_cannot_be_read_is_told_so(shared_web: WebBench) -> None:
    """A file name that is no UTF-8 is named as a reason, and no file is said to be missing."""
    body = NAMELESS.replace(b"form-data\r", b"form-data; name=x\r").replace(b"a.pdf", b"\xff.pdf")
    response = shared_web.client.post(
        "/v1/validation", data=body, content_type="multipart/form-data; boundary=XX"
    )
    assert "no UTF-8" in require_problem(response, 400, "malformed_request")["detail"]


def test_a_body_of_countless_members_is_refused_at_once(web: WebBench) -> None:
    """Small values take much more memory than their text, so they are counted before."""
    body = b'{"filename":"a.pdf","document":"JVBERi0=","a":[' + b"{}," * 1_000_000 + b"0]}"
    started = time.process_time()
    answer = web.client.post("/validate", data=body, content_type="application/json")
    assert time.process_time() - started < 5
    assert answer.status_code == 400
