"""No host that is not configured is ever contacted, whatever a document or a list says.

A canary on loopback counts connections. The same inputs go through the command line and over
REST, both told to fetch what is missing; the only host that is allowed is another one.
"""

import datetime as dt
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from idservice.cli import main
from idservice.pdf.document import open_document
from idservice.pdf.update import Update
from idservice.services.evidence_at_hand import OutsideEvidence
from idservice.services.trusted_lists import TrustedLists
from idservice.services.validation import Validation
from idservice.settings import TrustListSettings
from support import pdfs
from support.canary import ALLOWED, Canary, canary, hostile, lured, spellings
from support.limits import limits
from support.long_term import sign
from support.lying_server import Wire, lying_server
from support.pki import AT, CertificatePair, root_ca
from support.trusted_lists import list_signer, service, signed, trusted_list
from support.web import WebBench, open_web

HOUR = dt.timedelta(hours=1)
PER_CERTIFICATE = 4
"""As many addresses of one certificate are tried, so each certificate gets so many."""

SETTINGS = {
    "IDSERVICE_VALIDATION__FETCH": "true",
    "IDSERVICE_VALIDATION__ALLOWED_HOSTS": ALLOWED,
    "IDSERVICE_VALIDATION__FETCH_SECONDS": "5",
}


@pytest.fixture
def watched() -> Iterator[Canary]:
    """Give a canary, and require that nobody came near it."""
    with canary() as found:
        yield found
        assert found.hits == 0


@pytest.fixture(scope="module")
def root() -> CertificatePair:
    """The anchor of the hostile authorities: even who is trusted cannot send us anywhere."""
    return root_ca("TEST hostile root")


def documents(root: CertificatePair, port: int) -> list[bytes]:
    """Documents whose certificates name every spelling of the canary's address."""
    urls = list(spellings(port).values())
    groups = [urls[at : at + PER_CERTIFICATE] for at in range(0, len(urls), PER_CERTIFICATE)]
    return [item for group in groups for item in lured(hostile(root, group))]


def refused_hosts(report: dict[str, object]) -> bool:
    """Whether a report says of some host that it was not asked."""
    errors = report["errors"]
    assert isinstance(errors, list)
    return "status_host_not_allowed" in [item["code"] for item in errors]


def test_the_command_line_contacts_nobody(
    watched: Canary,
    root: CertificatePair,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --online each document is judged, and says which hosts were not asked."""
    monkeypatch.chdir(home.parent)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    Path("root.pem").write_bytes(root.pem)
    names = []
    for number, document in enumerate(documents(root, watched.port)):
        names.append(f"{number}.pdf")
        Path(names[-1]).write_bytes(document)
    options = ["--trust", "root.pem", "--json", "--at", (AT + HOUR).isoformat()]
    for mode in ("--online", "--offline"):
        assert main.run(["--home", str(home), "verify", *names, mode, *options]) == 1
        reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert len(reports) == len(names)
        assert [refused_hosts(item) for item in reports] == [mode == "--online"] * len(names)


def test_rest_contacts_nobody(watched: Canary, root: CertificatePair, home: Path) -> None:
    """The setting says to fetch, and still no request for validation leads anywhere else."""
    web = open_web(home, **SETTINGS)
    form = {"trust": root.pem.decode(), "at": (AT + HOUR).isoformat()}
    for document in documents(root, watched.port):
        file = (io.BytesIO(document), "a.pdf")
        answer = web.client.post("/v1/validation", data={**form, "file": file})
        assert answer.status_code == 200
        assert refused_hosts(answer.get_json())
        assert answer.get_json()["validSignaturesCount"] == 0


def test_the_canary_sings(root: CertificatePair) -> None:
    """Were its host allowed, the same document would lead to it; so the silence means something."""
    with canary() as found:
        url = spellings(found.port)["plain"]
        document, without = lured(hostile(root, [url]))
        _validate(document, root, ["127.0.0.1"])
        after = found.hits
        _validate(without, root, ["127.0.0.1"])
        assert 0 < after < found.hits


def _validate(document: bytes, root: CertificatePair, hosts: Sequence[str]) -> None:
    settings = limits(allowed_hosts=tuple(hosts), fetch_seconds=5.0)
    validation = Validation(settings, clock=lambda: AT + HOUR, anchors=[root.certificate])
    report = validation.validate(document, "a.pdf", outside=OutsideEvidence(online=True))
    assert not report.passed


def test_an_allowed_host_is_that_host_in_that_spelling(
    watched: Canary, root: CertificatePair
) -> None:
    """Who allows an address by number allows no other name, number or spelling of it."""
    others = [
        url for kind, url in spellings(watched.port).items()
        if kind not in ("plain", "TLS", "query", "fragment")
    ]  # fmt: skip
    for at in range(0, len(others), PER_CERTIFICATE):
        for document in lured(hostile(root, others[at : at + PER_CERTIFICATE])):
            _validate(document, root, ["127.0.0.1"])


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308, 200])
def test_no_redirect_is_followed(watched: Canary, root: CertificatePair, status: int) -> None:
    """An allowed host cannot send us on, by status, header or body."""
    there = f"http://localhost:{watched.port}/"
    body = f'<meta http-equiv="refresh" content="0; url={there}">'.encode()
    head = f"Location: {there}\r\nRefresh: 0; url={there}\r\nContent-Length: {len(body)}\r\n"

    def send_on(_: bytes, wire: Wire) -> None:
        wire.send(f"HTTP/1.1 {status} Elsewhere\r\n{head}\r\n".encode() + body)

    with lying_server(send_on) as server:
        for document in lured(hostile(root, [server.url])):
            _validate(document, root, ["127.0.0.1"])
        assert len(server.requests) > 2


def _telling(url: str) -> bytes:
    """A document that names an address wherever a PDF can, signed."""
    document = open_document(pdfs.baseline())
    update = Update(document)
    text = url.encode()
    actions = [
        b"<< /S /URI /URI (%b) >>" % text,
        b"<< /S /GoToR /F << /FS /URL /F (%b) >> /D [0 /Fit] >>" % text,
        b"<< /S /SubmitForm /F << /FS /URL /F (%b) >> >>" % text,
        b"<< /S /ImportData /F << /FS /URL /F (%b) >> >>" % text,
        b"<< /S /Launch /F (%b) >>" % text,
        b"<< /S /JavaScript /JS (app.launchURL\\('%b'\\)) >>" % text,
    ]
    added = b" ".join(b"/A%d %b" % (number, item) for number, item in enumerate(actions))
    external = b"/Ext << /FS /URL /F (%b) >> /OpenAction %b" % (text, actions[0])
    catalog = document.catalog
    kept = b" ".join(
        str(key).encode() + b" %d %d R" % value.objgen
        for key, value in catalog.items()
        if getattr(value, "is_indirect", False)
    )
    update.put(catalog.objgen, b"<< /Type /Catalog %b %b %b >>" % (kept, added, external))
    return sign(pdfs.baseline() + bytes(update.finish().data), stamp_at=None)


def test_what_a_pdf_points_to_is_left_alone(
    watched: Canary, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links, remote files and scripts are not followed by any command that reads a document."""
    path = tmp_path / "a.pdf"
    path.write_bytes(_telling(spellings(watched.port)["plain"]))
    page = tmp_path / "report.html"
    for arguments in (
        ["verify", str(path), "--online", "--report", str(page)],
        ["inspect", str(path)],
        ["diff", str(path)],
    ):
        assert main.run(["--home", str(home), *arguments]) in (0, 1)
        assert "internal" not in capsys.readouterr().err
    assert page.read_bytes()
    web: WebBench = open_web(home, **SETTINGS)
    answer = web.client.post(
        "/v1/validation", data=path.read_bytes(), content_type="application/pdf"
    )
    assert answer.get_json()["signaturesCount"] == 1


def _lists(folder: Path, location: str) -> TrustedLists:
    (folder / "signer.pem").write_bytes(list_signer().pem)
    settings = TrustListSettings(
        lists=(location,),
        signer_files=("signer.pem",),
        refresh_seconds=3600,
        deadline_seconds=5,
        max_bytes=1_000_000,
        own_scheme=False,
    )
    return TrustedLists(settings, folder, clock=lambda: AT + HOUR)


def _pointing(url: str) -> bytes:
    pointer = f"<OtherTSLPointer><TSLLocation>{url}</TSLLocation></OtherTSLPointer>"
    known = service(root_ca("TEST listed"))
    return trusted_list(known, pointers=f"<PointersToOtherTSL>{pointer}</PointersToOtherTSL>")


def test_a_trusted_list_leads_nowhere(watched: Canary, tmp_path: Path) -> None:
    """A list may point to others; only those of the settings are fetched."""
    for number, url in enumerate(spellings(watched.port).values()):
        if not url.isprintable():
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "list.xml").write_bytes(signed(_pointing(url)))
        assert _lists(folder, "list.xml").current().services


def test_a_trusted_list_is_not_redirected(watched: Canary, tmp_path: Path) -> None:
    """The host of the settings cannot send us on to another."""
    there = f"http://localhost:{watched.port}/list.xml"

    def send_on(_: bytes, wire: Wire) -> None:
        wire.send(f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode())

    with lying_server(send_on) as server:
        found = _lists(tmp_path, server.url).current()
        assert (bool(found.services), len(server.requests)) == (False, 1)
    assert found.findings


def test_entities_of_a_trusted_list_are_not_resolved(watched: Canary, tmp_path: Path) -> None:
    """Document types and external entities are refused before anything is looked up."""
    there = spellings(watched.port)["plain"]
    document = signed(trusted_list(service(root_ca("TEST listed"))))
    for kind in (
        f'<!DOCTYPE a SYSTEM "{there}">',
        f'<!DOCTYPE a PUBLIC "-//A" "{there}">',
        f'<!DOCTYPE a [<!ENTITY b SYSTEM "{there}">]>',
        f'<!DOCTYPE a [<!ENTITY % b SYSTEM "{there}"> %b;]>',
    ):
        (tmp_path / "list.xml").write_bytes(kind.encode() + document)
        found = _lists(tmp_path, "list.xml").current()
        assert not found.services
        assert found.findings
    sheet = f'<?xml-stylesheet type="text/xsl" href="{there}"?>'
    (tmp_path / "list.xml").write_bytes(sheet.encode() + document)
    _lists(tmp_path, "list.xml").current()
