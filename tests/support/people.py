"""Homes with people on either database, and how to ask for a person."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from idservice.services.assembly import Services, open_services
from idservice.services.person_request import PersonRequest
from idservice.store import certificates
from support.homes import PIN1, PIN2, PUK, settings_of
from support.postgres import PostgresCluster

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


@pytest.fixture(scope="session")
def postgres_template(
    postgres_cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Initialise one home on PostgreSQL for this test process; tests get copies of both."""
    database = f"template_{uuid.uuid4().hex}"
    postgres_cluster.execute(f"CREATE DATABASE {database}")
    home = tmp_path_factory.mktemp("postgres-template") / "home"
    services_on(home, postgres_cluster.url(database)).close()
    return home, database


@pytest.fixture
def postgres_services(
    postgres_cluster: PostgresCluster, postgres_template: tuple[Path, str], tmp_path: Path
) -> Iterator[Services]:
    """Give a test the services of a home of its own, on a database of its own."""
    home, template = postgres_template
    copy, database = tmp_path / "postgres-home", f"test_{uuid.uuid4().hex}"
    shutil.copytree(home, copy)
    postgres_cluster.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
    url = postgres_cluster.url(database)
    opened = open_services(settings_of(copy, IDSERVICE_DATABASE__URL=url))
    yield opened
    opened.close()
    postgres_cluster.execute(f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture(params=["services", "postgres_services"], ids=["sqlite", "postgresql"])
def any_services(request: pytest.FixtureRequest) -> Services:
    """Give the services of an initialised home, once on each database."""
    opened: Services = request.getfixturevalue(request.param)
    return opened


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
