"""`idservice keys`: certificates of services listed and renewed, also years from now."""

import datetime as dt
import http.client
import json
from pathlib import Path

from cryptography import x509

from idservice.pki.crl import read_crl
from idservice.pki.crl_status import require_status_from_crl
from idservice.pki.ocsp_request import build_request
from idservice.pki.ocsp_response import read_answer, require_status
from idservice.services.assembly import open_services
from support.commands import run_idservice, running_service
from support.faketime import clock_ahead
from support.homes import PERSON, settings_of

NAMES = ["root", "esteid2025", "ocsp", "tsa", "tsa_archive"]
YEARS = 6


def listed(home: Path, **env: str) -> dict[str, dict[str, str]]:
    """The certificates that `keys list` tells, by name."""
    done = run_idservice(home, "keys", "list", "--json", env=env)
    assert done.code == 0
    return {item["name"]: item for item in json.loads(done.out) if item["kind"] == "certificate"}


def test_the_list_tells_where_and_how_long(home: Path) -> None:
    """Every key has its place, its period and, unless it is an authority's, its renewal."""
    found = listed(home)
    assert list(found) == NAMES
    for name, item in found.items():
        assert item["place"] == "file"
        begin, end = (dt.datetime.fromisoformat(item[key]) for key in ("notBefore", "notAfter"))
        assert begin < end
        if name in {"root", "esteid2025"}:
            assert item["renewAt"] is None
        else:
            renewed = dt.datetime.fromisoformat(item["renewAt"])
            assert abs(renewed - begin - (end - begin) * 2 / 3) < dt.timedelta(seconds=1)
    shown = run_idservice(home, "keys", "list").out
    assert all(name in shown for name in NAMES)
    assert "further notice" in shown


def test_renewal_by_command(home: Path) -> None:
    """Nothing is renewed before it is due, unless one says so; the list tells the new ones."""
    before = listed(home)
    assert run_idservice(home, "keys", "renew").out == "Nothing is due\n"
    done = run_idservice(home, "keys", "renew", "--all", "--json")
    assert json.loads(done.out) == NAMES[2:]
    after = listed(home)
    for name in NAMES:
        assert (before[name]["sha256"] != after[name]["sha256"]) is (name in NAMES[2:])


def test_renewal_years_later(home: Path) -> None:
    """By a clock that is years ahead the service starts, renews, and proves what it says."""
    env = clock_ahead(YEARS)
    then = dt.datetime.now(dt.UTC) + dt.timedelta(days=365 * YEARS)
    tolerance = dt.timedelta(days=3)
    with running_service(home, **env) as service:
        issuer = x509.load_der_x509_certificate(service.get("/chain/esteid2025.crt")[1])
        root = x509.load_der_x509_certificate(service.get("/chain/root.crt")[1])
        person = _person(home)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        asked = build_request(person, issuer, nonce=bytes(32))
        connection.request("POST", "/ocsp", asked, {"Content-Type": "application/ocsp-request"})
        answer = read_answer(connection.getresponse().read())
        found = require_status(
            answer, person, issuer, at=then, nonce=bytes(32), tolerance=tolerance
        )
        assert found.state == "good"
        responder = found.responder_certificate
        assert abs(responder.not_valid_before_utc - then) < tolerance
        for name, subject, authority in (("esteid2025", person, issuer), ("root", issuer, root)):
            crl = read_crl(service.get(f"/crl/{name}.crl")[1])
            told = require_status_from_crl(crl, subject, authority, at=then, tolerance=tolerance)
            assert told.state == "good"
    renewed = listed(home, **env)
    assert [name for name in NAMES if _began_after(renewed[name], then - tolerance)] == [
        "ocsp",
        "tsa",
    ]


def _began_after(item: dict[str, str], at: dt.datetime) -> bool:
    return dt.datetime.fromisoformat(item["notBefore"]) > at


def _person(home: Path) -> x509.Certificate:
    services = open_services(settings_of(home))
    found = services.persons.show(PERSON).certificates[0].certificate_der
    services.close()
    assert found
    return x509.load_der_x509_certificate(found)
