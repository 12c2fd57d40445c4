"""How the services around people are put together, and who is ready from the start."""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from idservice.errors import SettingsInvalid, StorageUnavailable
from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.wrapping import PinCost, Stretched, stretch
from idservice.pki.profiles import Profiles, load_profiles
from idservice.services.certificate_authority import CertificateAuthority
from idservice.services.enrolment import Enrolment
from idservice.services.key_custody import KeyCustody
from idservice.services.key_records import KeyRecordMaker, Stretching
from idservice.services.person_request import PersonRequest
from idservice.services.persons import Persons
from idservice.services.pins import Pins
from idservice.settings import Settings, config_folder
from idservice.store.database import Database

Clock = Callable[[], dt.datetime]


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadyPerson(_Config):
    """Somebody who is issued at `init`."""

    personal_code: str
    given_name: str
    surname: str
    custody: tuple[Literal["server", "card"], ...] = Field(min_length=1)


class ReadyPeople(_Config):
    """Everybody who is issued at `init`, and the PINs that they share."""

    pin1: str
    pin2: str
    puk: str
    people: tuple[ReadyPerson, ...]


def read_profiles() -> Profiles:
    """Read and check config/profiles.toml. Raises ProfileInvalid or SettingsInvalid."""
    return load_profiles(_read_config("profiles.toml"))


def read_ready_people() -> ReadyPeople:
    """Read config/personas.toml. Raises SettingsInvalid."""
    try:
        return ReadyPeople.model_validate(tomllib.loads(_read_config("personas.toml")))
    except (tomllib.TOMLDecodeError, ValidationError) as exc:
        raise SettingsInvalid(
            f"config/personas.toml cannot be used: {exc}.", "Correct the file."
        ) from exc


def open_persons(
    database: Database,
    authority: CertificateAuthority,
    profiles: Profiles,
    secret: KeyStoreSecret,
    settings: Settings,
    clock: Clock,
    *,
    stretching: Stretching = stretch,
) -> Persons:
    """Put the services around people together."""
    cost = PinCost(
        settings.pins.argon2_memory_kib, settings.pins.argon2_iterations, settings.pins.argon2_lanes
    )
    enrolment = Enrolment(
        database,
        authority,
        profiles,
        KeyRecordMaker(secret, cost, settings.pins.tries, stretching),
        validity=dt.timedelta(days=settings.pki.person_days),
        clock=clock,
    )
    counters = Pins(database, tries=settings.pins.tries, clock=clock)
    custody = KeyCustody(database, counters, secret, cost, authority.chain_der, clock)
    return Persons(database, enrolment, custody, clock)


def issue_test_people(
    database: Database,
    authority: CertificateAuthority,
    profiles: Profiles,
    secret: KeyStoreSecret,
    settings: Settings,
    clock: Clock,
    *,
    actor: str,
) -> ReadyPeople:
    """Issue the people of config/personas.toml; cards go to `cards` in the state folder.

    Their PINs are public, so each is stretched once for all of them, which makes `init`
    fast. Raises what `Enrolment.issue` raises, StorageUnavailable for the cards' folder.
    """
    ready = read_ready_people()
    persons = open_persons(
        database, authority, profiles, secret, settings, clock, stretching=_stretching_once()
    )
    cards = _cards_folder(settings)
    for person in ready.people:
        persons.issue(
            PersonRequest(
                given_name=person.given_name,
                surname=person.surname,
                approver=actor,
                personal_code=person.personal_code,
                server="server" in person.custody,
                card=cards / person.personal_code if "card" in person.custody else None,
                pin1=ready.pin1,
                pin2=ready.pin2,
                puk=ready.puk,
            )
        )
    return ready


def _stretching_once() -> Stretching:
    @functools.cache
    def stretched(code: str, cost: PinCost) -> Stretched:
        return stretch(code, cost)

    return stretched


def _cards_folder(settings: Settings) -> Path:
    folder = settings.state.folder / "cards"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageUnavailable(
            f"The folder {folder} cannot be made: {exc.strerror}.", "Make its parent writable."
        ) from exc
    return folder


def _read_config(name: str) -> str:
    path = config_folder() / name
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsInvalid(f"{path} cannot be read: {exc}.", "Install idservice again.") from exc
