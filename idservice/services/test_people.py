"""Test people who are ready in every new home folder, as config/personas.toml lists them.

Their PINs are public: they are those of the real test cards, and everybody who can reach
the service can use these identities.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from idservice.errors import SettingsInvalid, StorageUnavailable
from idservice.services.enrolment import Enrolment
from idservice.services.person_request import CARD, SERVER, PersonRequest

ACTOR = "installation"


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _PersonConfig(_Config):
    personal_code: str
    given_name: str
    surname: str
    custody: tuple[Literal["server", "card"], ...] = Field(min_length=1)


class _PeopleConfig(_Config):
    pin1: str
    pin2: str
    puk: str
    people: tuple[_PersonConfig, ...]


@dataclass(frozen=True, slots=True)
class ReadyPerson:
    """A test person with the public PINs."""

    code: str
    given_name: str
    surname: str
    custody: tuple[str, ...]
    pin1: str
    pin2: str
    puk: str

    @property
    def name(self) -> str:
        """Given name and surname, as people say them."""
        return f"{self.given_name} {self.surname}"


class ReadyPeople:
    """Issues the test people, and tells who they are."""

    def __init__(
        self, enrolment: Enrolment, config: Path, cards: Path, *, hsm: bool = False
    ) -> None:
        """Take what issues people, the list's file, and the folder for their cards.

        With `hsm` the keys that this service holds for them are made in hardware.
        An enrolment with `PublicPinStretching` makes a home folder much faster.
        """
        self._enrolment = enrolment
        self._config = config
        self._cards = cards
        self._hsm = hsm

    def ready(self) -> list[ReadyPerson]:
        """Return the test people of the list, issued or not. Raises SettingsInvalid."""
        return read_people(self._config)

    def issue_all(self) -> None:
        """Issue every test person; card files go to the folder for cards.

        Raises SettingsInvalid, StorageUnavailable, and what `Enrolment.issue` raises.
        """
        self._make_folder()
        for person in self.ready():
            self._enrolment.issue(
                PersonRequest(
                    given_name=person.given_name,
                    surname=person.surname,
                    approver=ACTOR,
                    personal_code=person.code,
                    server=SERVER in person.custody and not self._hsm,
                    hsm=SERVER in person.custody and self._hsm,
                    card=self._cards if CARD in person.custody else None,
                    pin1=person.pin1,
                    pin2=person.pin2,
                    puk=person.puk,
                )
            )

    def _make_folder(self) -> None:
        try:
            self._cards.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageUnavailable(
                f"The folder {self._cards} cannot be made: {exc.strerror}.",
                "Make the folder above it writable.",
            ) from exc


def read_people(path: Path) -> list[ReadyPerson]:
    """Read the list of test people. Raises SettingsInvalid."""
    try:
        config = _PeopleConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as exc:
        raise SettingsInvalid(
            f"The list of test people {path} cannot be used: {exc}.", "Correct the file."
        ) from exc
    return [
        ReadyPerson(
            code=person.personal_code,
            given_name=person.given_name,
            surname=person.surname,
            custody=person.custody,
            pin1=config.pin1,
            pin2=config.pin2,
            puk=config.puk,
        )
        for person in config.people
    ]
