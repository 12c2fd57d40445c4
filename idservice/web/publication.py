"""The CA certificates at the addresses that certificates point to (AIA caIssuers)."""

from __future__ import annotations

from flask import Blueprint, Response

from idservice import errors
from idservice.web.operations import Media, Operation, describes
from idservice.web.state import web_state

blueprint = Blueprint("publication", __name__)


@blueprint.get("/chain/<name>.crt")
@describes(
    Operation(
        tag="Certificates",
        answers={200: Media("application/pkix-cert", "The certificate in DER.")},
        problems=(errors.NotFound,),
    )
)
def ca_certificate(name: str) -> Response:
    """Get a CA certificate in DER: root or esteid2025."""
    certificate = web_state().services.publication.certificate(name)
    response = Response(certificate.der, mimetype="application/pkix-cert")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
