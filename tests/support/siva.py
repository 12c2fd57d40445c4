"""Asking SiVa's interface for a report."""

import base64
from typing import Any

from support.web import WebBench


def ask(web: WebBench, document: Any, **members: Any) -> Any:
    """Send a document, in Base64 when it is bytes; members add to those of the request."""
    text = base64.b64encode(document).decode() if isinstance(document, bytes) else document
    return web.client.post("/validate", json={"filename": "a.pdf", "document": text} | members)


def conclusion(web: WebBench, document: bytes, **members: Any) -> dict[str, Any]:
    """The conclusion of a report that must come."""
    answer = ask(web, document, **members)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()["validationReport"]["validationConclusion"]
    return found
