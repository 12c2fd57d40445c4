"""The OpenAPI document tells the whole truth; viewer, problems and vendored files are there."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask

import idservice.web
from idservice.web.documentation import problem_kinds, static_files
from idservice.web.openapi import described_routes
from idservice.web.operations import operation_of
from support.web import WebBench, require_problem

STATIC = Path(idservice.web.__file__).parent / "static"
METHODS = {"get", "post", "put", "patch", "delete"}


def document(web: WebBench) -> dict[str, Any]:
    """The served document."""
    served: dict[str, Any] = web.client.get("/openapi.json").get_json()
    return served


def application(web: WebBench) -> Flask:
    """The application behind the client."""
    return web.client.application


def test_every_route_is_described_and_nothing_else(web: WebBench) -> None:
    """The document and the URL map have the same paths and methods."""
    app = application(web)
    routed = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, methods in document(web)["paths"].items()
        for method in methods.keys() & METHODS
    }
    assert described == routed
    assert all(operation_of(view) for view in app.view_functions.values())


def test_the_document_is_valid(web: WebBench) -> None:
    """It follows the OpenAPI specification of its version."""
    served = document(web)
    assert served["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(served).validate()


def test_every_operation_says_what_it_does(web: WebBench) -> None:
    """Summary, description, an identifier of its own, a success and a problem answer."""
    operations = [
        operation for methods in document(web)["paths"].values() for operation in methods.values()
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        statuses = set(operation["responses"])
        assert any(status.startswith("2") for status in statuses)
        assert {"500", "503"} <= statuses


def test_no_problem_is_promised_twice_and_each_exists(web: WebBench) -> None:
    """A status names its codes once, and every code is a leaf of the error tree."""
    kinds = problem_kinds()
    for _, _, _, operation in described_routes(application(web)):
        assert len(set(operation.problems)) == len(operation.problems)
        assert {error.code for error in operation.problems} <= kinds.keys()


def test_protected_routes_say_so(web: WebBench) -> None:
    """Whoever may answer 401 names its security scheme, and the other way round."""
    for methods in document(web)["paths"].values():
        for operation in methods.values():
            assert ("401" in operation["responses"]) == ("security" in operation)


def test_references_lead_somewhere(web: WebBench) -> None:
    """Every $ref of the document points to a schema in it, and every schema is used."""
    served = document(web)
    found = set(re.findall(r'"#/components/schemas/(\w+)"', str(served).replace("'", '"')))
    assert found == served["components"]["schemas"].keys()


def test_every_problem_has_its_description(web: WebBench) -> None:
    """The address in `type` answers, for each code there is, and the page lists them all."""
    page = web.client.get("/problems").text
    for code in problem_kinds():
        described = web.client.get(f"/problems/{code}").get_json()
        assert described["code"] == code
        assert 400 <= described["status"] < 600
        assert described["title"].endswith(".")
        assert f'id="{code}"' in page
    require_problem(web.client.get("/problems/other"), 404, "not_found")


def test_pages_load_only_what_we_serve(web: WebBench) -> None:
    """No page names a script, style or picture of another host, and none has inline code."""
    for path in ("/", "/docs", "/problems"):
        response = web.client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        references = re.findall(r'(?:src|href)="([^"]+)"', response.text)
        assert references
        for reference in references:
            assert reference.startswith("/")
            assert not reference.startswith("//")
            assert web.client.get(reference).status_code == 200, reference
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|<style", response.text)


def test_vendored_files_are_what_they_say() -> None:
    """Name and SHA-256 of every vendored file are written down, and true."""
    folder = STATIC / "vendor"
    list_of_files = (folder / "VENDORED.md").read_text()
    written = dict(re.findall(r"^\| (\S+) \| ([0-9a-f]{64}) \|$", list_of_files, re.MULTILINE))
    present = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "VENDORED.md"
    }
    assert written == present


@pytest.mark.parametrize("name", ["style.css", "docs.js", "mark.svg"])
def test_static_files_are_cached_and_typed(web: WebBench, name: str) -> None:
    """Each has its media type and an ETag that saves sending it again."""
    assert name in static_files()
    first = web.client.get(f"/static/{name}")
    assert first.mimetype in {"text/css", "text/javascript", "image/svg+xml"}
    again = web.client.get(f"/static/{name}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
