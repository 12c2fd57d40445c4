"""Visible signatures over REST, with their pictures, in two phases."""

import base64
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idservice.crypto.keys import key_kind, load_public_key, raw_from_der
from idservice.pdf.document import open_document
from support.oracles import pdfsig
from support.rendering import by_pdfium, ink
from support.stamps import drawn, encoded, field_pdf, page_pdf
from support.web import WebBench, open_web, require_problem

BOX = {"x": 30, "y": 40, "width": 190, "height": 70}
PICTURE = encoded(drawn())
CODED = base64.b64encode(PICTURE).decode()


@pytest.fixture(scope="module")
def web_of_module(
    home_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WebBench, dict[str, str]]]:
    """Give an application with somebody logged in, for requests that change nothing."""
    home = tmp_path_factory.mktemp("stamps") / "home"
    shutil.copytree(home_template, home)
    bench = open_web(home)
    yield bench, bench.log_in()
    bench.services.close()


def completed(web: WebBench, header: dict[str, str], answer: dict[str, Any]) -> bytes:
    """Sign what was begun and return the document."""
    signer, _ = web.signing_key()
    value = signer.sign(base64.b64decode(answer["data_to_be_signed"]))
    raw = raw_from_der(value, key_kind(load_public_key(signer.public_key_der)))
    response = web.client.post(
        f"/v1/signatures/{answer['id']}/complete",
        json={"signature": base64.b64encode(raw).decode()},
        headers=header,
    )
    assert response.status_code == 200, response.text
    return bytes(response.data)


def test_a_stamp_in_json(web: WebBench, tmp_path: Path) -> None:
    """The stamp names the person of the certificate, is where it was asked, and validates."""
    header = web.log_in()
    stamp = {"page": 1, "box": BOX, "picture": CODED, "qr": "https://example.ee/{code}"}
    response = web.begin(header, web.signing_key()[1], page_pdf(), stamp=stamp, reason="Nõus")
    assert response.status_code == 201, response.text
    data = completed(web, header, response.get_json())
    assert ink(by_pdfium(data, tmp_path)) == pytest.approx((30, 40, 220, 110), abs=1.5)
    (verdict,) = pdfsig(data, tmp_path)
    assert verdict.valid
    document = open_document(data)
    form = document.form.signature_fields[0].dictionary["/AP"]["/N"]
    letters = form["/Resources"]["/Font"]["/F"]["/ToUnicode"].read_bytes()
    for letter in "JÕEORG":
        assert b"<%04x>" % ord(letter) in letters


def test_a_stamp_in_a_form(web: WebBench, tmp_path: Path) -> None:
    """The stamp is a part of JSON and its picture a file beside the document."""
    header = web.log_in()
    form = {
        "file": (io.BytesIO(page_pdf()), "a.pdf"),
        "picture": (io.BytesIO(PICTURE), "a.png"),
        "certificate": web.signing_key()[1],
        "stamp": json.dumps({"box": BOX | {"corner": "top-left"}, "text": "", "frame": False}),
    }
    response = web.client.post("/v1/signatures", data=form, headers=header)
    assert response.status_code == 201, response.text
    data = completed(web, header, response.get_json())
    left, bottom, right, top = ink(by_pdfium(data, tmp_path)) or (0, 0, 0, 0)
    assert left >= 30
    assert right <= 220
    assert bottom >= 842 - 110
    assert top <= 842 - 40


@pytest.mark.parametrize("stamp", [{}, {"text": "{name}"}], ids=["defaults", "text"])
def test_a_stamp_in_a_field(web: WebBench, tmp_path: Path, stamp: dict[str, Any]) -> None:
    """Without a place the stamp takes the rectangle of the named field."""
    header = web.log_in()
    response = web.begin(
        header,
        web.signing_key()[1],
        field_pdf(b"[300 500 500 580]"),
        stamp=stamp,
        field="Approval",
    )
    data = completed(web, header, response.get_json())
    assert ink(by_pdfium(data, tmp_path)) == pytest.approx((300, 500, 500, 580), abs=1.5)


@pytest.mark.parametrize(
    ("stamp", "status", "code"),
    [
        ({"page": 2}, 422, "page_not_found"),
        ({"box": BOX | {"x": 500}}, 422, "stamp_off_page"),
        ({"box": BOX | {"height": 5}}, 422, "stamp_too_small"),
        ({"text": "{nobody}"}, 400, "malformed_request"),
        ({"text": ""}, 400, "malformed_request"),
        ({"text": "\u4f60"}, 422, "characters_not_in_font"),
        ({"text": "\u05e9"}, 422, "text_needs_shaping"),
        ({"picture": base64.b64encode(b"no picture").decode()}, 400, "picture_unreadable"),
        ({"picture": "%%%%"}, 400, "malformed_request"),
        ({"page": 0}, 400, "malformed_request"),
        ({"page": "first"}, 400, "malformed_request"),
        ({"box": BOX | {"width": 0}}, 400, "malformed_request"),
        ({"box": BOX | {"corner": "middle"}}, 400, "malformed_request"),
        ({"background": "red"}, 400, "malformed_request"),
        ({"font": "AAAA"}, 400, "malformed_request"),
    ],
)
def test_a_stamp_that_cannot_be_is_refused(
    web_of_module: tuple[WebBench, dict[str, str]], stamp: dict[str, Any], status: int, code: str
) -> None:
    """Each fault is a problem of its own; nothing waits to be signed then."""
    web, header = web_of_module
    response = web.begin(header, web.signing_key()[1], page_pdf(), stamp=stamp)
    problem = require_problem(response, status, code)
    assert problem["fix"]
    assert not list((web.home / "var" / "documents").glob("*"))


@pytest.mark.parametrize(
    "parts",
    [
        {"stamp": "no json"},
        {"stamp": "[]"},
        {"stamp": '{"page":1,"page":2}'},
        {"stamp": json.dumps({"picture": CODED})},
        {"picture": (io.BytesIO(PICTURE), "a.png")},
        {
            "picture": [(io.BytesIO(PICTURE), "a.png"), (io.BytesIO(PICTURE), "b.png")],
            "stamp": "{}",
        },
    ],
    ids=["no json", "array", "twice", "picture inside", "no stamp", "two pictures"],
)
def test_a_form_with_a_wrong_stamp_is_refused(
    web_of_module: tuple[WebBench, dict[str, str]], parts: dict[str, Any]
) -> None:
    """The part is read as strictly as a body, and a picture needs its stamp."""
    web, header = web_of_module
    form = {"file": (io.BytesIO(page_pdf()), "a.pdf"), "certificate": web.signing_key()[1]}
    response = web.client.post("/v1/signatures", data=form | parts, headers=header)
    require_problem(response, 400, "malformed_request")
