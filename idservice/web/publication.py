"""What certificates point to: CA certificates (AIA), revocation lists, two statements to read."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

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
    response.set_etag(certificate.sha256)
    response.make_conditional(request.environ)
    return response


@blueprint.get("/crl/<name>.crl")
@describes(
    Operation(
        tag="Certificate status",
        answers={200: Media("application/pkix-crl", "The revocation list in DER.")},
        problems=(
            errors.NotFound,
            errors.KeyStoreUnavailable,
            errors.ClockDrifted,
            errors.ClockWentBack,
        ),
    )
)
def revocation_list(name: str) -> Response:
    """Get the revocation list of an authority in DER: root or esteid2025.

    It tells every revocation and suspension that was acknowledged before. With the ETag, or
    the time of the last one, only a newer list is sent.
    """
    crl = web_state().services.revocation_lists.current(name)
    response = Response(crl.der, mimetype="application/pkix-crl")
    response.headers["Cache-Control"] = "public, max-age=60, no-transform, must-revalidate"
    response.set_etag(crl.sha256)
    response.last_modified = crl.last_modified
    response.make_conditional(request.environ)
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
