"""Revocation data in the field of a form, for what a document does not bring itself."""

import base64
import io
from typing import Any

import pytest

from support.long_term import MINUTE, answer, authorities, material, revoked, sign, store
from support.offline import NOW, codes
from support.pki import AT
from support.web import WebBench, require_problem


def pem(label: str, der: bytes) -> str:
    """One block of PEM."""
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


def everything() -> str:
    """Answers and a list about all certificates of the standing document."""
    pieces = material(AT + MINUTE, authorities().stamper)
    answers = [pem("OCSP RESPONSE", item) for item in pieces["ocsps"]]
    return "".join((*answers, *(pem("X509 CRL", item) for item in pieces["crls"])))


def send(web: WebBench, **fields: str) -> Any:
    """Validate a document that has a time-stamp and no revocation data."""
    form = {
        "file": (io.BytesIO(store(sign())), "a.pdf"),
        "trust": authorities().root.pem.decode(),
        "at": NOW.isoformat(),
        **fields,
    }
    return web.client.post("/v1/validation", data=form)


def test_the_field_completes_a_document(web: WebBench) -> None:
    """The signature becomes valid by it, and the level stays that of the document."""
    (without,) = send(web).get_json()["signatures"]
    assert codes(without) == ["revocation_data_missing", "revocation_data_missing"]
    (found,) = send(web, revocation=everything()).get_json()["signatures"]
    assert (found["indication"], found["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_T")
    assert {item["inDocument"] for item in found["revocation"]} == {False}


def test_the_field_may_revoke(web: WebBench) -> None:
    """An answer that says so counts, whoever sends it."""
    gone = answer(authorities().signer, AT + 2 * MINUTE, revoked(AT - MINUTE))
    (found,) = send(web, revocation=everything() + pem("OCSP RESPONSE", gone)).get_json()[
        "signatures"
    ]
    assert "certificate_revoked" in codes(found)


def test_a_changed_answer_in_the_field_does_not_help(web: WebBench) -> None:
    """What does not verify is told of, and the signature is not valid by it."""
    wrong = answer(authorities().signer, AT + MINUTE, changed=True)
    (found,) = send(web, revocation=pem("OCSP RESPONSE", wrong)).get_json()["signatures"]
    assert "revocation_data_missing" in codes(found)
    assert "revocation_data_refused" in codes(found, "warnings")


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        authorities().root.pem.decode(),
        pem("OCSP RESPONSE", b"\x30\x03\x0a\x01\x09"),
        pem("X509 CRL", b"\x30\x00") * 65,
    ],
    ids=["text", "no list", "certificate", "no answer", "too many"],
)
def test_what_is_no_revocation_data_is_refused(web: WebBench, text: str) -> None:
    """Who sends it hears so, and nothing is validated as if it had not come."""
    require_problem(send(web, revocation=text), 400, "malformed_revocation_data")


def test_no_field_makes_the_service_fetch(web: WebBench) -> None:
    """Whether to fetch is the operator's choice; a form cannot ask for it."""
    for name in ("online", "fetch", "allowed_hosts"):
        require_problem(send(web, **{name: "true"}), 400, "malformed_request")
