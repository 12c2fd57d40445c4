"""People over HTTP, for the operator alone."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, jsonify

from idservice import errors
from idservice.services.person_facts import person_facts
from idservice.services.person_request import CertificateRequests, PersonRequest, Sex
from idservice.services.signing_keys import signing_key_form
from idservice.web.bodies import json_body, json_body_or_defaults, query_parameters
from idservice.web.credentials import require_operator
from idservice.web.operations import Operation, describes
from idservice.web.person_models import (
    IssuedAnswer,
    IssueRequest,
    PageQuery,
    PersonAnswer,
    PersonListAnswer,
    Pins,
    RevokeRequest,
)
from idservice.web.state import web_state

OPERATOR = "operator"
PAGE = 100

blueprint = Blueprint("persons", __name__)
blueprint.before_request(require_operator)

_STEP_PROBLEMS = (
    errors.OperatorTokenInvalid,
    errors.PersonUnknown,
    errors.IllegalTransition,
    errors.PersonRevoked,
)
"""What may stand in the way of any step of a person's life cycle."""


@blueprint.post("/v1/persons")
@describes(
    Operation(
        tag="People",
        answers={201: IssuedAnswer},
        json=IssueRequest,
        security="operatorToken",
        problems=(
            errors.OperatorTokenInvalid,
            errors.MalformedRequest,
            errors.MalformedPersonalCode,
            errors.MalformedKey,
            errors.UnsupportedMediaType,
            errors.UnsupportedAlgorithm,
            errors.InputTooLarge,
            errors.PinUnacceptable,
            errors.PersonExists,
            errors.IllegalTransition,
            errors.PublicKeyInUse,
            errors.KeyStoreUnavailable,
        ),
    )
)
def issue() -> tuple[Response, int, dict[str, str]]:
    """Issue a person: two certificates, and two keys under PINs unless a card has them.

    All or nothing. PINs that are not given are made and told in this answer only.
    """
    body = json_body(IssueRequest)
    persons = web_state().services.persons
    enrolled = persons.issue(_request(body))
    pins = enrolled.pins
    told = (
        {"pin1": pins.pin1, "pin2": pins.pin2, "puk": pins.puk} if body.custody != "card" else None
    )
    answer = person_facts(persons.show(enrolled.personal_code)) | {"pins": told}
    return jsonify(answer), 201, {"Location": f"/v1/persons/{enrolled.personal_code}"}


@blueprint.get("/v1/persons")
@describes(
    Operation(
        tag="People",
        answers={200: PersonListAnswer},
        query=PageQuery,
        security="operatorToken",
        problems=(errors.OperatorTokenInvalid, errors.MalformedRequest),
    )
)
def list_persons() -> Response:
    """List people in the order of their personal codes, page by page."""
    query = query_parameters(PageQuery)
    limit = int(query.limit or PAGE)
    found = web_state().services.persons.list(after=query.after or "", limit=limit)
    following = found[-1].person.code if len(found) == limit else None
    return jsonify({"persons": [person_facts(view) for view in found], "next": following})


@blueprint.get("/v1/persons/<code>")
@describes(
    Operation(
        tag="People",
        answers={200: PersonAnswer},
        security="operatorToken",
        problems=(errors.OperatorTokenInvalid, errors.PersonUnknown),
    )
)
def show(code: str) -> Response:
    """Show a person with all certificates."""
    return jsonify(person_facts(web_state().services.persons.show(code)))


@blueprint.post("/v1/persons/<code>/suspend")
@describes(
    Operation(
        tag="People",
        answers={200: PersonAnswer},
        security="operatorToken",
        problems=_STEP_PROBLEMS,
    )
)
def suspend(code: str) -> Response:
    """Suspend a person: nobody logs in or signs in this name until resumed."""
    web_state().services.persons.suspend(code, actor=OPERATOR)
    return show(code)


@blueprint.post("/v1/persons/<code>/resume")
@describes(
    Operation(
        tag="People",
        answers={200: PersonAnswer},
        security="operatorToken",
        problems=_STEP_PROBLEMS,
    )
)
def resume(code: str) -> Response:
    """End a suspension."""
    web_state().services.persons.resume(code, actor=OPERATOR)
    return show(code)


@blueprint.post("/v1/persons/<code>/revoke")
@describes(
    Operation(
        tag="People",
        answers={200: PersonAnswer},
        json=RevokeRequest,
        security="operatorToken",
        problems=(
            *_STEP_PROBLEMS,
            errors.MalformedRequest,
            errors.UnsupportedMediaType,
            errors.InputTooLarge,
        ),
    )
)
def revoke(code: str) -> Response:
    """Revoke a person and all certificates, for good."""
    body = json_body_or_defaults(RevokeRequest)
    web_state().services.persons.revoke(code, body.reason, actor=OPERATOR)
    return show(code)


def _request(body: IssueRequest) -> PersonRequest:
    pins = body.pins or Pins()
    requests = None
    if body.authentication_csr is not None and body.signing_csr is not None:
        requests = CertificateRequests(body.authentication_csr.encode(), body.signing_csr.encode())
    return PersonRequest(
        given_name=body.given_name,
        surname=body.surname,
        approver=OPERATOR,
        personal_code=body.personal_code,
        birth_date=_date(body.birth_date),
        sex=None if body.sex is None else Sex(body.sex),
        server=body.custody == "server",
        hsm=body.custody == "hsm",
        requests=requests,
        signing_key=None if body.signing_key is None else signing_key_form(body.signing_key),
        pin1=pins.pin1,
        pin2=pins.pin2,
        puk=pins.puk,
        valid_for=None if body.valid_for is None else dt.timedelta(seconds=body.valid_for),
    )


def _date(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as exc:
        raise errors.MalformedRequest(
            "birth_date is no day of the calendar.", "Write it as 1980-01-08."
        ) from exc
