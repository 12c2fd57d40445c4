"""PINs: three wrong tries lock, however many are made at once, and the PUK unlocks."""

import multiprocessing
import os
from pathlib import Path
from typing import NoReturn

import pytest

from idservice.errors import (
    IdServiceError,
    KeyNotHeld,
    KeyStoreInvalid,
    NotFound,
    PersonUnknown,
    PinLocked,
    PinUnacceptable,
    PinWrong,
)
from idservice.keystore.card import Purpose
from idservice.keystore.secret import KeyStoreSecret
from idservice.services.assembly import Services, open_services
from idservice.services.pins import PinSet, generate_pins, server_holder
from idservice.settings import Settings
from idservice.store import audit
from support.homes import PERSON, PIN1, PIN2, PUK, card_of

WRONG = "99999"
PROCESSES = 4
TRIES_EACH = 25
SIGNING = Purpose.SIGNING
HOLDER = server_holder(PERSON)


def evaluations(services: Services, holder: str = HOLDER, code: str = "pin2") -> int:
    """How many tries were ever evaluated."""
    return {item.purpose: item.evaluations for item in services.pins.of_holder(holder)}[code]


def tries_left(services: Services, code: str = "pin2") -> int:
    """How many tries are left."""
    return services.persons.show(PERSON).tries_left[code]


def guess(settings: Settings, pins: list[str], start: object, results: object) -> None:
    """Try PINs one after the other in a process of its own; tell each outcome."""
    services = open_services(settings)
    start.wait()  # type: ignore[attr-defined] # a barrier of multiprocessing
    for pin in pins:
        try:
            services.key_custody.unlock_signer(PERSON, SIGNING, pin)
            outcome = "opened"
        except IdServiceError as exc:
            outcome = exc.code
        results.put(outcome)  # type: ignore[attr-defined] # a queue of multiprocessing
    services.close()


def guess_in_parallel(services: Services, pins: list[str]) -> list[str]:
    """Make guesses from several processes that start together; return all outcomes."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(PROCESSES), context.Queue()
    share = len(pins) // PROCESSES
    shares = [pins[index * share : (index + 1) * share] for index in range(PROCESSES)]
    processes = [
        context.Process(target=guess, args=(services.settings, part, start, results))
        for part in shares
    ]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60) for _ in range(share * PROCESSES)]
    for process in processes:
        process.join(30)
    return outcomes


def test_of_a_hundred_parallel_guesses_three_are_evaluated(any_services: Services) -> None:
    """A hundred wrong PINs from four processes: three are looked at, the rest find a lock."""
    outcomes = guess_in_parallel(any_services, [WRONG] * PROCESSES * TRIES_EACH)
    assert sorted(outcomes) == ["pin_locked"] * 97 + ["pin_wrong"] * 3
    assert evaluations(any_services) == 3
    with any_services.database.read() as connection:
        told = [entry.action for entry in audit.entries(connection, subject=HOLDER)]
    assert sorted(told) == ["pin.locked", "pin.refused", "pin.refused"]
    with pytest.raises(PinLocked):
        any_services.key_custody.unlock_signer(PERSON, SIGNING, PIN2)


def test_the_right_pin_does_not_help_the_wrong_ones(any_services: Services) -> None:
    """With the right PIN among the guesses, at most three more follow each success."""
    pins = [WRONG] * 7 + [PIN2] + [WRONG] * 12
    outcomes = guess_in_parallel(any_services, pins)
    opened = outcomes.count("opened")
    assert opened <= 1
    assert outcomes.count("pin_wrong") <= 3 + 3 * opened
    assert evaluations(any_services) == outcomes.count("pin_wrong") + opened
    assert tries_left(any_services) == 0


def test_three_wrong_tries_lock_and_say_so(any_services: Services) -> None:
    """Each wrong try tells how many are left; the third locks; the lock survives a restart."""
    custody = any_services.key_custody
    for expected in ("2 tries are left", "1 try is left", "locked now"):
        with pytest.raises(PinWrong, match=expected):
            custody.unlock_signer(PERSON, SIGNING, WRONG)
    again = open_services(any_services.settings)
    with pytest.raises(PinLocked):
        again.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
    again.close()
    custody.unlock_signer(PERSON, Purpose.AUTHENTICATION, PIN1)


def test_success_gives_all_tries_back(services: Services) -> None:
    """After two wrong tries and a right one, three are left again."""
    for _ in range(2):
        with pytest.raises(PinWrong):
            services.key_custody.unlock_signer(PERSON, SIGNING, WRONG)
    assert tries_left(services) == 1
    services.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
    assert tries_left(services) == 3


def test_the_try_is_durable_before_the_pin_is_looked_at(services: Services) -> None:
    """While a PIN is being evaluated, another connection already sees the try as taken."""
    seen = []

    def look(_entered: str) -> NoReturn:
        seen.append(tries_left(services))
        raise PinWrong("the PIN is wrong")

    with pytest.raises(PinWrong):
        services.pins.evaluate(HOLDER, "pin2", WRONG, look)
    assert seen == [2]


def test_a_failure_while_evaluating_keeps_the_try_taken(services: Services) -> None:
    """A crash in the middle of an evaluation does not give a free guess."""

    class Crash(Exception):
        """Some failure."""

    def fail(_entered: str) -> NoReturn:
        raise Crash

    with pytest.raises(Crash):
        services.pins.evaluate(HOLDER, "pin2", PIN2, fail)
    assert tries_left(services) == 2


@pytest.mark.parametrize("entered", ["", "1497", "014970149701497", "01a97", "٠١٤٩٧"])
def test_what_cannot_be_a_pin_costs_no_try(services: Services, entered: str) -> None:
    """A slip of the keyboard is told as one, and not counted."""
    with pytest.raises(PinUnacceptable, match="not counted"):
        services.key_custody.unlock_signer(PERSON, SIGNING, entered)
    assert (tries_left(services), evaluations(services)) == (3, 0)


def test_keys_of_another_installation_cost_no_try(services: Services) -> None:
    """Where the secret is not that of the database, no PIN and no PUK can be judged or locked."""
    foreign = Services(
        services.settings, services.database, KeyStoreSecret(os.urandom(32)), services.clock
    )
    foreign.__dict__["certificate_authority"] = services.certificate_authority
    with pytest.raises(KeyStoreInvalid, match="another installation"):
        foreign.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
    with pytest.raises(KeyStoreInvalid, match="another installation"):
        foreign.key_custody.unlock(PERSON, SIGNING, PUK)
    assert [evaluations(services, code=code) for code in ("pin2", "puk")] == [0, 0]
    assert (tries_left(services), tries_left(services, "puk")) == (3, 3)


class TestPuk:
    """The PUK gives tries back, replaces a forgotten PIN, and locks for good."""

    def test_it_unlocks_a_locked_pin(self, any_services: Services) -> None:
        """After the PUK the old PIN works again."""
        lock(any_services)
        any_services.persons.unlock(PERSON, SIGNING, PUK)
        any_services.key_custody.unlock_signer(PERSON, SIGNING, PIN2)

    def test_it_sets_a_new_pin(self, any_services: Services) -> None:
        """The new PIN opens the same key; the old one no longer does."""
        before = any_services.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
        lock(any_services)
        any_services.persons.unlock(PERSON, SIGNING, PUK, "13579")
        after = any_services.key_custody.unlock_signer(PERSON, SIGNING, "13579")
        assert after.signer.public_key_der == before.signer.public_key_der
        with pytest.raises(PinWrong):
            any_services.key_custody.unlock_signer(PERSON, SIGNING, PIN2)

    def test_a_wrong_puk_is_counted_and_locks_for_good(self, services: Services) -> None:
        """Three wrong PUKs lock the PUK; the right one comes too late."""
        lock(services)
        for _ in range(3):
            with pytest.raises(PinWrong, match="PUK"):
                services.persons.unlock(PERSON, SIGNING, "00000000")
        with pytest.raises(PinLocked) as caught:
            services.persons.unlock(PERSON, SIGNING, PUK)
        assert "Nothing unlocks" in caught.value.fix
        assert tries_left(services) == 0

    def test_an_unfit_new_pin_costs_nothing(self, services: Services) -> None:
        """A new PIN of the wrong form is refused before the PUK is tried."""
        with pytest.raises(PinUnacceptable):
            services.persons.unlock(PERSON, SIGNING, PUK, "1234")
        assert evaluations(services, code="puk") == 0

    def test_nobody_and_card_people_have_no_puk_here(self, services: Services) -> None:
        """Unknown people and people without server keys are told apart."""
        with pytest.raises(PersonUnknown):
            services.persons.unlock("49002030009", SIGNING, PUK)
        with pytest.raises(KeyNotHeld):
            services.persons.unlock("60001017869", SIGNING, PUK)


class TestCard:
    """Tries on a card file are counted here, by the very file."""

    def test_the_pins_open_their_files(self, services: Services, home: Path) -> None:
        """PIN1 opens the login key, PIN2 the signing key; both are usable."""
        for purpose, pin in ((Purpose.AUTHENTICATION, PIN1), (SIGNING, PIN2)):
            held = services.key_custody.open_card(card_of(home), purpose, pin)
            held.recheck()
            assert (held.person_code, held.custody) == (PERSON, "card")

    def test_three_wrong_tries_lock_this_card_here(self, services: Services, home: Path) -> None:
        """The card locks, a copy with it; the server keys of the person do not."""
        card = card_of(home)
        for _ in range(3):
            with pytest.raises(PinWrong):
                services.key_custody.open_card(card, SIGNING, WRONG)
        copy = home / "copy.sign.p12"
        copy.write_bytes(card.with_name(f"{card.name}.sign.p12").read_bytes())
        with pytest.raises(PinLocked):
            services.key_custody.open_card(copy, SIGNING, PIN2)
        services.key_custody.unlock_signer(PERSON, SIGNING, PIN2)
        services.key_custody.open_card(card, Purpose.AUTHENTICATION, PIN1)

    def test_the_puk_unlocks_it(self, services: Services, home: Path) -> None:
        """The PUK that was recorded at issue gives the tries back."""
        card = card_of(home)
        for _ in range(3):
            with pytest.raises(PinWrong):
                services.key_custody.open_card(card, SIGNING, WRONG)
        with pytest.raises(PinWrong):
            services.persons.unlock_card(card, SIGNING, "00000000")
        services.persons.unlock_card(card, SIGNING, PUK)
        services.persons.open_card(card, SIGNING, PIN2)

    def test_a_card_from_elsewhere_has_no_puk_here(
        self, services: Services, tmp_path: Path
    ) -> None:
        """Tries on a foreign card are counted too, but nothing here unlocks it."""
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

        from support.pki import chain

        leaf = chain().leaf
        assert isinstance(leaf.key, EllipticCurvePrivateKey)
        data = pkcs12.serialize_key_and_certificates(
            b"x", leaf.key, leaf.certificate, None, BestAvailableEncryption(b"01497")
        )
        (tmp_path / "x.sign.p12").write_bytes(data)
        with pytest.raises(PinWrong):
            services.key_custody.open_card(tmp_path / "x", SIGNING, WRONG)
        with pytest.raises(IdServiceError) as caught:
            services.key_custody.open_card(tmp_path / "x", SIGNING, PIN2)
        assert caught.value.code == "certificate_unknown"
        with pytest.raises(NotFound):
            services.persons.unlock_card(tmp_path / "x", SIGNING, PUK)


class TestForm:
    """PINs are digits, as many as cards take."""

    def test_generated_codes_have_the_form(self) -> None:
        """Made codes are 4, 5 and 8 digits, and different every time."""
        made = [generate_pins() for _ in range(50)]
        assert {(len(item.pin1), len(item.pin2), len(item.puk)) for item in made} == {(4, 5, 8)}
        assert len({item.puk for item in made}) > 45

    def test_given_codes_are_kept(self) -> None:
        """Only what is missing is made."""
        assert generate_pins(pin1=PIN1, puk=PUK).pin1 == PIN1

    @pytest.mark.parametrize(
        ("pin1", "pin2", "puk"),
        [
            ("123", "12345", "12345678"),
            ("1234567890123", "12345", "12345678"),
            ("1234", "1234", "12345678"),
            ("1234", "12345", "1234567"),
            ("12a4", "12345", "12345678"),
            ("1234", "12345", ""),
        ],
    )
    def test_unfit_codes_are_refused(self, pin1: str, pin2: str, puk: str) -> None:
        """Too short, too long or not digits."""
        with pytest.raises(PinUnacceptable):
            PinSet(pin1, pin2, puk)

    def test_codes_are_not_shown(self) -> None:
        """Printing the set tells no code."""
        assert "17258403" not in repr(PinSet(PIN1, PIN2, PUK))


def lock(services: Services) -> None:
    """Lock PIN2 with three wrong tries."""
    for _ in range(3):
        with pytest.raises(PinWrong):
            services.key_custody.unlock_signer(PERSON, SIGNING, WRONG)
