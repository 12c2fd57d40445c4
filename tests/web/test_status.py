"""The pages and addresses for operation: status, health, metrics, CA certificates, headers."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID

from idservice import __version__
from idservice.web.problems import status_of
from idservice.web.status import _span
from support.homes import PIN1, PIN2, PUK
from support.web import WebBench, open_web, require_problem


def test_the_status_page_shows_what_runs(web: WebBench) -> None:
    """Version, people with their public PINs, fingerprints, the warning, the addresses."""
    page = web.client.get("/").text
    assert "Never trust this CA" in page
    for person in web.services.test_people.ready():
        assert person.code in page
    for text in (__version__, PIN1, PIN2, PUK, "SQLite", "/docs", "/healthz", "/metrics"):
        assert text in page
    for published in web.services.publication.list():
        assert published.sha256 in page
    for text in ("/crl/root.crl", "/crl/esteid2025.crl", "/ocsp", "/tsa", "/tsa/archive"):
        assert text in page
    until = web.services.service_certificates.current("ocsp").not_after
    assert f"{until:%Y-%m-%d}" in page


def test_the_first_commands_name_a_file_that_is_there(web: WebBench) -> None:
    """What the page suggests to sign stands in every new home, and is then verified signed."""
    page = web.client.get("/").text
    [document] = re.findall(r"idservice sign (\S+) --as", page)
    assert (web.home / document).read_bytes().startswith(b"%PDF-")
    signed = document.replace(".pdf", ".signed.pdf")
    assert f"idservice verify {signed}" in page
    assert f"file=@{signed}" in page


def test_only_ready_test_people_are_shown(web: WebBench) -> None:
    """People that somebody issued do not appear, and their PINs are nobody's business."""
    body = {"given_name": "SALA", "surname": "DUS", "birth_date": "1990-05-17", "sex": "female"}
    person = web.client.post("/v1/persons", json=body, headers=web.operator).get_json()
    page = web.client.get("/").text
    assert "SALA" not in page
    assert person["personal_code"] not in page
    assert person["pins"]["puk"] not in page


def test_health_asks_the_database(web: WebBench) -> None:
    """It answers ok, and 503 without detail once the database is gone."""
    assert web.client.get("/healthz").get_json() == {
        "status": "ok",
        "version": __version__,
        "database": "sqlite",
    }
    web.services.database.close()
    for path in (web.home / "var").glob("idservice.db*"):
        path.write_bytes(b"no database")
    response = web.client.get("/healthz")
    problem = require_problem(response, 503, "database_unavailable")
    assert "detail" not in problem
    assert response.headers["Retry-After"]


def test_metrics_count_requests_by_route(web: WebBench) -> None:
    """Routes, not paths: no personal code becomes a label."""
    web.client.get("/v1/persons/38001085718", headers=web.operator)
    web.client.get("/nothing/38001085718")
    text = web.client.get("/metrics").text
    assert re.search(
        r'requests_total\{method="GET",route="/v1/persons/<code>",status="200"\} 1\.0', text
    )
    assert 'idservice_problems_total{code="not_found"} 1.0' in text
    assert "38001085718" not in text


def test_metrics_may_be_switched_off(home: Path) -> None:
    """Then the address is not there, and the status page does not offer it."""
    web = open_web(home, IDSERVICE_SERVER__METRICS="false")
    require_problem(web.client.get("/metrics"), 404, "not_found")
    assert 'href="/metrics"' not in web.client.get("/").text.split("<main>")[1]
    web.services.close()


def test_ca_certificates_are_where_certificates_say(web: WebBench) -> None:
    """The AIA address of a person's certificate leads to its issuer's certificate."""
    person = web.client.get("/v1/persons/38001085718", headers=web.operator).get_json()
    pem = person["certificates"][0]["certificate_pem"].encode()
    certificate = x509.load_pem_x509_certificate(pem)
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    [address] = [
        item.access_location.value
        for item in access.value
        if item.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    ]
    path = address.removeprefix(web.services.settings.server.public_url)
    response = web.client.get(path)
    assert response.mimetype == "application/pkix-cert"
    issuer = x509.load_der_x509_certificate(response.data)
    certificate.verify_directly_issued_by(issuer)
    root = x509.load_der_x509_certificate(web.client.get("/chain/root.crt").data)
    issuer.verify_directly_issued_by(root)
    assert root.fingerprint(hashes.SHA256()).hex() in web.client.get("/").text


def test_certificates_point_to_statements_that_can_be_read(web: WebBench) -> None:
    """The practice statement and the disclosure statement named in a certificate are served."""
    person = web.client.get("/v1/persons/38001085718", headers=web.operator).get_json()
    certificate = x509.load_pem_x509_certificate(
        person["certificates"][0]["certificate_pem"].encode()
    )
    url = web.services.settings.server.public_url
    contents = certificate.tbs_certificate_bytes
    named = {path for path in ("/cps", "/pds") if f"{url}{path}".encode() in contents}
    assert named == {"/cps", "/pds"}
    for path in sorted(named):
        response = web.client.get(path)
        assert response.mimetype == "text/html"
        assert "test" in response.text.lower()


def test_no_secret_file_is_published(web: WebBench) -> None:
    """Only the names on the list: neither other certificates nor keys."""
    for name in ("ocsp", "tsa", "root.key", "keystore", "../keys/root"):
        require_problem(web.client.get(f"/chain/{name}.crt"), 404, "not_found")


@pytest.mark.parametrize("path", ["/", "/auth/challenge", "/nothing", "/openapi.json", "/docs"])
def test_every_answer_has_safe_headers(web: WebBench, path: str) -> None:
    """Nobody frames, sniffs or embeds what comes from here; every answer can be found again."""
    headers = web.client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (-5, "0 seconds"),
        (61, "1 minute 1 second"),
        (7200, "2 hours 0 minutes"),
        (90_000, "1 day 1 hour"),
        (86_400 * 700, "2 years"),
        (86_400 * 365 * 20, "20 years"),
    ],
)
def test_spans_are_said_in_plain_words(seconds: int, text: str) -> None:
    """Two units at most, and years alone when there are several."""
    assert _span(timedelta(seconds=seconds)) == text


def test_every_class_of_error_has_a_status() -> None:
    """No error, however new, lacks a status: its family has one."""
    from idservice.web.documentation import problem_kinds

    for kind in problem_kinds().values():
        assert 400 <= status_of(kind) < 600
