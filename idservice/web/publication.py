"""What certificates point to: CA certificates (AIA caIssuers) and two statements to read."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

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


@blueprint.get("/cps")
@describes(Operation(tag="Certificates", answers={200: Media("text/html", "The statement.")}))
def practice_statement() -> str:
    """Read the certification practice statement that certificates point to."""
    return render_template("practice.html")


@blueprint.get("/pds")
@describes(Operation(tag="Certificates", answers={200: Media("text/html", "The statement.")}))
def disclosure_statement() -> str:
    """Read the PKI disclosure statement that QC statements point to (EN 319 412-5 cl. 4.3.4)."""
    return render_template("disclosure.html", url=web_state().settings.server.public_url)
