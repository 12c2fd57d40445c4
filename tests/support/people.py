"""Homes with people on either database, and how to ask for a person."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from idservice.services.assembly import Services, open_services
from idservice.services.person_request import PersonRequest
from idservice.store import certificates
from support.homes import PIN1, PIN2, PUK, settings_of

ACTOR = "test"
CODE = "49002030009"
"""The personal code that most tests issue."""


def person_request(**changes: Any) -> PersonRequest:
    """Ask for a woman with server keys and known PINs, or whatever the changes say."""
    wanted: dict[str, Any] = {
        "given_name": "Mari",
        "surname": "Tamm-Õun",
        "approver": ACTOR,
        "personal_code": CODE,
        "pin1": PIN1,
        "pin2": PIN2,
        "puk": PUK,
    }
    return PersonRequest(**{**wanted, **changes})


def services_on(home: Path, url: str | None = None, **environment: str) -> Services:
    """Initialise a home on a database (SQLite unless an address is given) and open it."""
    from idservice.services import installation

    if url is not None:
        environment["IDSERVICE_DATABASE__URL"] = url
    settings = settings_of(home, **environment)
    installation.initialise(settings)
    return open_services(settings)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Give the services of an initialised home, once on each database."""
    if request.param == "postgresql":
        opened = services_on(tmp_path / "home", request.getfixturevalue("postgres_url"))
    else:
        opened = request.getfixturevalue("services")
    yield opened
    opened.close()


TABLES = ("persons", "certificates", "private_keys", "pins", "audit", "public_keys")


def row_counts(services: Services) -> dict[str, int]:
    """How many rows each table has."""
    with services.database.read() as connection:
        return {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608
            for table in TABLES
        }


def certificate_statuses(services: Services, code: str = CODE) -> list[str]:
    """The states of a person's certificates."""
    with services.database.read() as connection:
        return [record.status for record in certificates.of_person(connection, code)]
