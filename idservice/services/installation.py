"""`init`: everything a home folder needs to issue, log in, sign and validate.

Keys and certificates of the authorities, the key of access tokens, the demo relying
party with the service's own origin, and test people who are ready to use. Either all of
it is there in the end, or nothing (see `home_folder`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from idservice.errors import AlreadyInitialised
from idservice.keystore.files import create_file
from idservice.keystore.secret import load_secret
from idservice.services import home_folder
from idservice.services.assembly import (
    Clock,
    Services,
    now,
    open_database,
    pin_cost,
    test_people_list,
)
from idservice.services.authority_keys import create_authority
from idservice.services.home_folder import ACTOR
from idservice.services.key_records import Stretching
from idservice.services.origins import is_loopback
from idservice.services.public_pins import PublicPinStretching
from idservice.services.relying_parties import DEMO_RELYING_PARTY
from idservice.services.specimen import specimen_contract
from idservice.services.test_people import read_people
from idservice.settings import Settings
from idservice.store.database import Database

DEMO_NAME = "Demo"
SETTINGS_FILE = Path("config") / "idservice.toml"


def is_new(settings: Settings) -> bool:
    """Tell whether `init` was never run in this home, or was interrupted."""
    database = open_database(settings)
    try:
        return home_folder.is_new(settings, database)
    finally:
        database.close()


def initialise(
    settings: Settings,
    *,
    address: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
    clock: Clock = now,
) -> None:
    """Make a new home; `tell` is called with each step as it begins.

    `address` is a public URL that differs from the settings' files and must be kept with
    the home. Raises AlreadyInitialised, OriginUnacceptable, StorageUnavailable,
    DatabaseUnavailable or UnsafeDatabase; then nothing is left.
    """
    _refuse_other_settings(settings, address)
    database = open_database(settings)
    try:
        with (
            _stretching_ahead(settings, database) as stretching,
            home_folder.initialising(settings, database, clock),
        ):
            secret = load_secret(settings.keys.secret_file)
            _fill(Services(settings, database, secret, clock), stretching, tell)
            if address is not None:
                _keep_address(settings, address)
    finally:
        database.close()


def migrate(settings: Settings) -> tuple[str | None, str | None]:
    """Bring the schema of an initialised home up to date; return the revisions before and after.

    Raises NotInitialised.
    """
    from idservice.store import migration

    home_folder.require_initialised(settings)
    database = open_database(settings)
    try:
        return migration.migrate(database)
    finally:
        database.close()


def _stretching_ahead(settings: Settings, database: Database) -> PublicPinStretching:
    """Begin with what takes longest while everything else is made; it stands alone."""
    stretching = PublicPinStretching()
    if home_folder.is_new(settings, database):
        people = read_people(test_people_list())
        codes = (code for person in people for code in (person.puk, person.pin1, person.pin2))
        stretching.begin(codes, pin_cost(settings))
    return stretching


def _fill(services: Services, stretching: Stretching, tell: Callable[[str], None]) -> None:
    settings = services.settings
    tell("Root, issuing authority, OCSP and time-stamping keys")
    create_authority(
        services.database,
        services.authority_keys,
        services.profiles,
        settings.pki,
        public_url=settings.server.public_url,
        clock=services.clock,
        actor=ACTOR,
    )
    for name in services.revocation_lists.names:
        services.revocation_lists.current(name)
    tell("Key of access tokens and demo relying party")
    services.token_keys.rotate(actor=ACTOR)
    services.relying_parties.register(
        DEMO_RELYING_PARTY, name=DEMO_NAME, origins=[settings.server.public_url], actor=ACTOR
    )
    tell("Test people")
    people = services.test_people_by(stretching)
    people.issue_all()
    first, second, *_ = (person.name for person in people.ready())
    specimen = specimen_contract(first, second, services.clock())
    create_file(settings.state.folder / home_folder.SPECIMEN, specimen, mode=0o644)


def _refuse_other_settings(settings: Settings, address: str | None) -> None:
    path = settings.home / SETTINGS_FILE
    if address is not None and path.exists() and _settings_text(address) != path.read_text():
        raise AlreadyInitialised(
            f"{path} exists, so its address is not changed by an option.",
            "Set server.public_url in that file and leave --public-url out.",
        )


def _keep_address(settings: Settings, address: str) -> None:
    path = settings.home / SETTINGS_FILE
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        create_file(path, _settings_text(address).encode(), mode=0o644)


def _settings_text(address: str) -> str:
    """Keep the address, and the port with it where the address is this machine's own."""
    lines = [
        "# Settings of this home that differ from the defaults.",
        "[server]",
        f'public_url = "{address}"',
    ]
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.port is not None and is_loopback(parts.hostname or ""):
        lines.append(f"port = {parts.port}")
    return "\n".join([*lines, ""])
