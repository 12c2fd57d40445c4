"""Homes whose keys are all in a token, opened, and what tests ask of them."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import text

from idservice.pki import ocsp_response
from idservice.services.assembly import Services, open_services
from support.homes import settings_of
from support.hsm import ALL_KEYS, SoftToken, hsm_variables


def open_home(home: Path, token: SoftToken, *keys: str, **more: str) -> Services:
    """Open a home whose settings have these keys in the token."""
    return open_services(settings_of(home, **hsm_variables(token, *keys), **more))


@pytest.fixture
def hsm(hsm_home: Path, token: SoftToken) -> Iterator[Services]:
    """Give a test the services of a home whose keys are all in the token."""
    opened = open_home(hsm_home, token, *ALL_KEYS)
    yield opened
    token.bring_back()
    opened.close()


def tries_left(services: Services, code: str) -> dict[str, int]:
    """The tries left of a person's PINs."""
    return services.persons.show(code).tries_left


def keys_in_token(services: Services) -> set[str]:
    """The identifiers of all keys of people of this home in the token."""
    return {entry.key_id for entry in services.hsm.person_keys()}


def keys_of_people(services: Services) -> set[str]:
    """The identifiers that the database knows."""
    with services.database.read() as connection:
        return set(connection.execute(text("SELECT key_id FROM hsm_keys")).scalars())


def require_good(
    services: Services,
    request: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
) -> None:
    """Ask our responder with a nonce of 32 zeros; the answer must hold and say good."""
    facts = ocsp_response.read_answer(services.ocsp_responder.respond(request).der)
    status = ocsp_response.require_status(
        facts,
        certificate,
        issuer,
        at=services.clock(),
        nonce=bytes(32),
        max_age=dt.timedelta(minutes=5),
    )
    assert status.state == "good"
