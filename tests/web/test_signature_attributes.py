"""Claims, restrictions and algorithms over HTTP: as members of JSON, and as part of a form."""

import base64
import io
import json
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from idservice.crypto.algorithms import ECDSA_SHA3_512
from idservice.crypto.keys import VersatileSigner
from support.web import SPECIMEN, WebBench, require_problem

EVERYTHING: dict[str, Any] = {
    "commitment": "approval",
    "roles": ["Juhatuse liige"],
    "policy": {"oid": "1.2.3.4", "sha256": "ab" * 32, "uri": "https://example.org/p"},
    "certify": 2,
    "lock": "all",
    "hash": "sha3-512",
}


def signed_with(web: WebBench, *, form: bool) -> bytes:
    """Begin and complete a signature with all attributes; return the document."""
    header = web.log_in()
    signer, certificate = web.signing_key()
    fields: dict[str, Any] = {"certificate": certificate}
    if form:
        fields["attributes"] = json.dumps(EVERYTHING)
        fields["file"] = (io.BytesIO(SPECIMEN), "a.pdf")
        answer = web.client.post("/v1/signatures", data=fields, headers=header)
    else:
        fields["attributes"] = EVERYTHING
        fields["document"] = base64.b64encode(SPECIMEN).decode()
        answer = web.client.post("/v1/signatures", json=fields, headers=header)
    assert answer.status_code == 201, answer.text
    begun = answer.get_json()
    assert begun["signature_algorithm"] == "ecdsa-sha3-512"
    assert isinstance(signer, VersatileSigner)
    other = signer.with_algorithm(ECDSA_SHA3_512)
    value = other.sign(base64.b64decode(begun["data_to_be_signed"]))
    path = f"/v1/signatures/{begun['id']}/complete"
    coded = base64.b64encode(value).decode()
    done = web.client.post(path, json={"signature": coded}, headers=header)
    assert done.status_code == 200, done.text
    return bytes(done.data)


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
def test_everything_arrives_in_the_signature(web: WebBench, *, form: bool) -> None:
    """What was asked for is in the signed document, which our validation accepts."""
    data = signed_with(web, form=form)
    embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    found = {item["type"].native for item in embedded.signer_info["signed_attrs"]}
    assert {"commitment_type", "signer_attributes_v2", "signature_policy_identifier"} <= found
    assert embedded.docmdp_level.value == 2
    assert embedded.fieldmdp is not None
    report = web.client.post("/v1/validation", data=data, content_type="application/pdf")
    (signature,) = report.get_json()["signatures"]
    assert signature["indication"] == "TOTAL-PASSED", signature


@pytest.mark.parametrize(
    ("reason", "attributes"),
    [
        ("I agree", {"commitment": "origin"}),
        (None, {"commitment": "love"}),
        (None, {"certify": 4}),
        (None, {"certify": "2"}),
        (None, {"lock": "include:Nobody"}),
        (None, {"lock": "everything"}),
        (None, {"lock_permits": 1}),
        (None, {"policy": {"oid": "1.2.3"}}),
        (None, {"policy": {"oid": "1.2", "sha256": "ab" * 32}}),
        (None, {"roles": ["x"] * 11}),
        (None, {"unknown": 1}),
    ],
)
def test_what_cannot_be_is_refused(
    web: WebBench, reason: str | None, attributes: dict[str, Any]
) -> None:
    """Each is a malformed request, and nothing is kept."""
    header = web.log_in()
    body: dict[str, Any] = {
        "certificate": web.signing_key()[1],
        "document": base64.b64encode(SPECIMEN).decode(),
        "attributes": attributes,
    }
    if reason is not None:
        body["reason"] = reason
    response = web.client.post("/v1/signatures", json=body, headers=header)
    require_problem(response, 400, "malformed_request")
    assert not list((web.home / "var").rglob("*.pdf.part"))


def test_padding_that_the_key_does_not_have(web: WebBench) -> None:
    """PSS with an elliptic-curve key is refused by name."""
    header = web.log_in()
    response = web.begin(header, web.signing_key()[1], attributes={"pss": True})
    require_problem(response, 422, "unsupported_algorithm")
