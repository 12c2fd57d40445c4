"""Test people are ready in every new home, with the PINs of the real test cards."""

import threading
from pathlib import Path

import pytest

from idservice.errors import PinWrong, SettingsInvalid, StorageUnavailable
from idservice.keystore.card import Purpose
from idservice.keystore.secret import KeyStoreSecret
from idservice.keystore.wrapping import PinCost, Slot, check_verifier, make_verifier
from idservice.pki.personal_code import PersonalCode
from idservice.services.assembly import Services
from idservice.services.public_pins import PublicPinStretching
from idservice.services.test_people import ReadyPeople, read_people
from idservice.settings import config_folder
from support.homes import PERSON, PIN1, PIN2, PUK, card_of

LIST = config_folder() / "personas.toml"


def test_the_standard_test_person_is_there() -> None:
    """38001085718 comes first, with both kinds of custody and the well-known PINs."""
    first = read_people(LIST)[0]
    assert (first.code, first.name, first.custody) == (
        PERSON,
        "JAAK-KRISTJAN JÕEORG",
        ("server", "card"),
    )
    assert (first.pin1, first.pin2, first.puk) == (PIN1, PIN2, PUK)


def test_everybody_on_the_list_can_act(services: Services, home: Path) -> None:
    """Each test person's keys open, in each custody the list names."""
    for person in services.test_people.ready():
        assert PersonalCode(person.code).value == person.code
        view = services.persons.show(person.code)
        assert view.custody == tuple(sorted(person.custody))
        for purpose, pin in ((Purpose.AUTHENTICATION, PIN1), (Purpose.SIGNING, PIN2)):
            if "server" in person.custody:
                services.persons.unlock_signer(person.code, purpose, pin).recheck()
            if "card" in person.custody:
                services.persons.open_card(card_of(home, person.code), purpose, pin).recheck()


def test_equal_pins_are_stretched_once() -> None:
    """Public PINs cost Argon2id once, whoever they belong to, begun ahead or not."""
    cost = PinCost(64, 1, 1)
    with PublicPinStretching() as stretching:
        stretching.begin((PIN1, PIN1), cost)
        assert stretching(PIN1, cost) is stretching(PIN1, cost)
        assert stretching(PIN2, cost) is stretching(PIN2, cost)
        assert stretching(PIN2, cost) is not stretching(PIN1, cost)


def test_what_was_begun_is_what_argon2id_makes() -> None:
    """A code stretched ahead opens what is wrapped under it."""
    slot, secret = Slot(PERSON, "signing", "pin1"), KeyStoreSecret(bytes(32))
    with PublicPinStretching() as stretching:
        verifier = make_verifier(stretching(PIN1, PinCost(64, 1, 1)), slot=slot, secret=secret)
    check_verifier(verifier, PIN1, slot=slot, secret=secret)
    with pytest.raises(PinWrong):
        check_verifier(verifier, PIN2, slot=slot, secret=secret)


def test_no_thread_outlives_the_stretching() -> None:
    """Worker processes are forked later, which no thread of ours may see."""
    with PublicPinStretching() as stretching:
        stretching.begin((PIN1, PIN2, PUK), PinCost(64, 1, 1))
    assert not [item for item in threading.enumerate() if item.name.startswith("argon2id")]


@pytest.mark.parametrize(
    "text", ["pin1 =", 'pin1 = "1"', LIST.read_text(encoding="utf-8") + 'colour = "red"\n']
)
def test_a_list_that_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    """Unknown and missing keys are refused."""
    path = tmp_path / "personas.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid):
        read_people(path)


def test_a_folder_that_cannot_be_made_is_named(services: Services, tmp_path: Path) -> None:
    """Where the cards cannot go, nobody is issued."""
    (tmp_path / "file").write_bytes(b"")
    people = ReadyPeople(services.persons._enrolment, LIST, tmp_path / "file" / "cards")
    with pytest.raises(StorageUnavailable):
        people.issue_all()
