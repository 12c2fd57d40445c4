"""OCSP and revocation lists over HTTP: addresses, headers, and what is wrong with a request."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from werkzeug.test import TestResponse

from idservice.pki.ocsp_building import error_answer
from idservice.pki.ocsp_request import MAX_REQUEST_BYTES, build_request
from idservice.services.certificate_authority import ISSUING_KEY
from idservice.store.database import Database
from support.homes import PERSON
from support.web import WebBench, open_web, require_problem

REQUEST, RESPONSE = "application/ocsp-request", "application/ocsp-response"


@pytest.fixture
def web(home: Path) -> Iterator[WebBench]:
    """Give the application of a home of one's own."""
    bench = open_web(home)
    yield bench
    bench.services.close()


def request(web: WebBench, nonce: bytes | None = None) -> bytes:
    """Ask about a certificate of the test person."""
    certificate_der = web.services.persons.show(PERSON).certificates[0].certificate_der
    assert certificate_der
    return build_request(
        x509.load_der_x509_certificate(certificate_der),
        x509.load_der_x509_certificate(web.services.certificate_authority.chain_der[0]),
        nonce=nonce,
    )


def state(response: TestResponse) -> ocsp.OCSPCertStatus:
    """The status in a successful answer."""
    assert (response.status_code, response.mimetype) == (200, RESPONSE)
    return ocsp.load_der_ocsp_response(response.data).certificate_status


@pytest.mark.parametrize("path", ["/ocsp", "/ocsp/", "/ocsp/esteid2025", "/ocsp/esteid2025/"])
@pytest.mark.parametrize("nonce", [None, bytes(32)], ids=["plain", "nonce"])
def test_post(web: WebBench, path: str, nonce: bytes | None) -> None:
    """Both addresses answer, and no answer to POST may be kept on the way."""
    response = web.client.post(path, data=request(web, nonce), content_type=REQUEST)
    assert state(response) is ocsp.OCSPCertStatus.GOOD
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("prefix", ["/ocsp/", "/ocsp/esteid2025/"])
def test_get_in_every_spelling(web: WebBench, prefix: str) -> None:
    """Percent-encoded or not, with either alphabet, without padding, a slash before or after."""
    encoded = base64.b64encode(request(web)).decode()
    for_addresses = base64.urlsafe_b64encode(request(web)).decode()
    for spelling in (quote(encoded, safe=""), encoded, quote(encoded), for_addresses):
        for written in (spelling, spelling.rstrip("="), f"/{spelling}", f"{spelling}/"):
            assert state(web.client.get(prefix + written)) is ocsp.OCSPCertStatus.GOOD


def test_a_slash_at_the_end_may_be_part_of_the_request(web: WebBench) -> None:
    """A request whose Base64 ends with a slash is taken as it is, and with one more."""
    asked = next(
        made
        for length in range(1, 33)
        if base64.b64encode(made := request(web, b"\xff" * length)).endswith(b"/")
    )
    encoded = base64.b64encode(asked).decode()
    for written in (encoded, encoded + "/"):
        assert state(web.client.get(f"/ocsp/{written}")) is ocsp.OCSPCertStatus.GOOD


def test_an_answer_to_get_may_be_kept_for_a_minute(web: WebBench) -> None:
    """ETag, dates and max-age belong together, and the ETag makes the next answer short."""
    path = f"/ocsp/{quote(base64.b64encode(request(web)).decode(), safe='')}"
    response = web.client.get(path)
    assert response.cache_control.public
    assert response.cache_control.must_revalidate
    assert 1 <= (response.cache_control.max_age or 0) <= 60
    read = ocsp.load_der_ocsp_response(response.data)
    assert response.last_modified == read.this_update_utc
    assert response.expires
    assert (response.expires - read.this_update_utc).total_seconds() <= 60
    again = web.client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == response.headers["ETag"]
    weak = web.client.get(path, headers={"If-None-Match": f'"x", W/{response.headers["ETag"]}'})
    assert weak.status_code == 304
    other = web.client.get(path, headers={"If-None-Match": '"another"'})
    assert other.data == response.data


def test_a_revocation_ends_a_kept_answer(web: WebBench) -> None:
    """The ETag of before, and a date of the same second, bring the new answer at once."""
    path = f"/ocsp/{quote(base64.b64encode(request(web)).decode(), safe='')}"
    before = web.client.get(path)
    taken = web.client.post(f"/v1/persons/{PERSON}/suspend", headers=web.operator)
    assert taken.status_code == 200
    known = {
        "If-None-Match": before.headers["ETag"],
        "If-Modified-Since": before.headers["Last-Modified"],
    }
    assert state(web.client.get(path, headers=known)) is ocsp.OCSPCertStatus.REVOKED
    del known["If-None-Match"]
    assert state(web.client.get(path, headers=known)) is ocsp.OCSPCertStatus.REVOKED


def test_an_answer_with_a_nonce_is_never_kept(web: WebBench) -> None:
    """A nonce in the address makes an answer for one client alone."""
    path = f"/ocsp/{quote(base64.b64encode(request(web, bytes(16))).decode(), safe='')}"
    response = web.client.get(path)
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", REQUEST),
        (b"garbage", REQUEST),
        (bytes(MAX_REQUEST_BYTES + 1), REQUEST),
        (bytes(8 << 20), REQUEST),
        (b"garbage", "application/json"),
        (None, "application/octet-stream"),
        (None, ""),
    ],
)
def test_what_is_no_request_is_told_in_der(
    web: WebBench, body: bytes | None, media_type: str
) -> None:
    """Empty, garbage or another media type: malformedRequest, with status 200."""
    data = request(web) if body is None else body
    response = web.client.post("/ocsp", data=data, content_type=media_type)
    assert (response.status_code, response.mimetype) == (200, RESPONSE)
    assert response.data == error_answer("malformedRequest")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/ocsp/MA==", "/ocsp/!!!", "/ocsp/esteid2025", "/ocsp/M%00"])
def test_what_is_no_request_in_an_address(web: WebBench, path: str) -> None:
    """An address that holds no request is answered in DER as well."""
    response = web.client.get(path)
    assert (response.status_code, response.data) == (200, error_answer("malformedRequest"))


def test_what_is_wrong_with_http_is_a_problem(web: WebBench) -> None:
    """Another issuer and another method are told as HTTP problems."""
    asked = request(web)
    for path in ("/ocsp/root", "/ocsp/nobody"):
        other = web.client.post(path, data=asked, content_type=REQUEST)
        require_problem(other, 404, "not_found")
    require_problem(web.client.put("/ocsp", data=asked), 405, "method_not_allowed")
    require_problem(web.client.get("/ocsp"), 405, "method_not_allowed")


def test_without_the_database_clients_try_later(
    web: WebBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage is an OCSP error with status 200, and a list is a problem with 503."""
    from idservice.errors import DatabaseUnavailable

    def refuse(_self: Database) -> None:
        raise DatabaseUnavailable("It does not answer.", "Try again.")

    asked = request(web)
    monkeypatch.setattr(Database, "read", refuse)
    response = web.client.post("/ocsp", data=asked, content_type=REQUEST)
    assert (response.status_code, response.data) == (200, error_answer("tryLater"))
    require_problem(web.client.get("/crl/esteid2025.crl"), 503, "database_unavailable")


@pytest.mark.parametrize("name", ["root", "esteid2025"])
def test_a_list_is_sent_once(web: WebBench, name: str) -> None:
    """With its ETag, or its date, a list that did not change is not sent again."""
    response = web.client.get(f"/crl/{name}.crl")
    assert (response.status_code, response.mimetype) == (200, "application/pkix-crl")
    parsed = x509.load_der_x509_crl(response.data)
    assert response.last_modified == parsed.last_update_utc
    assert response.cache_control.max_age == 60
    for header, value in (
        ("If-None-Match", response.headers["ETag"]),
        ("If-Modified-Since", response.headers["Last-Modified"]),
    ):
        again = web.client.get(f"/crl/{name}.crl", headers={header: value})
        assert (again.status_code, again.data) == (304, b"")
    if name == ISSUING_KEY:
        web.client.post(f"/v1/persons/{PERSON}/suspend", headers=web.operator)
        known = {"If-None-Match": response.headers["ETag"]}
        assert web.client.get(f"/crl/{name}.crl", headers=known).status_code == 200


def test_other_lists_are_not_found(web: WebBench) -> None:
    """A service has no list."""
    require_problem(web.client.get("/crl/ocsp.crl"), 404, "not_found")


def test_the_chain_is_sent_once(web: WebBench) -> None:
    """A CA certificate has an ETag as well."""
    response = web.client.get("/chain/root.crt")
    known = {"If-None-Match": response.headers["ETag"]}
    assert web.client.get("/chain/root.crt", headers=known).status_code == 304
