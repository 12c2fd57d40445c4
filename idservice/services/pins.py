"""PINs and PUKs: their form, and the one way in which a try is counted.

A try is taken in a transaction of its own, committed before the PIN is looked at, so
that neither a crash nor a hundred parallel guesses get a fourth look. Success gives all
tries back. The same counters serve keys in server custody ("server:<personal code>")
and the tries that our own tools make on a card file ("card:<SHA-256 of the file>").
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from idservice.errors import NotFound, PinLocked, PinUnacceptable, PinWrong
from idservice.store import audit, pins
from idservice.store.database import Connection, Database
from idservice.store.pins import PinRecord

_Result = TypeVar("_Result")

PIN1 = "pin1"
PIN2 = "pin2"
PUK = "puk"

LENGTHS = {PIN1: (4, 12), PIN2: (5, 12), PUK: (8, 12)}
"""Fewest and most digits, as Estonian ID-cards take them."""

_GENERATED_LENGTHS = {PIN1: 4, PIN2: 5, PUK: 8}


@dataclass(frozen=True, slots=True)
class PinSet:
    """The three codes of one person; never shown by accident."""

    pin1: str = field(repr=False)
    pin2: str = field(repr=False)
    puk: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raise PinUnacceptable unless every code has the right form."""
        for code in (PIN1, PIN2, PUK):
            require_form(code, self.of(code))

    def of(self, code: str) -> str:
        """Return PIN1, PIN2 or PUK by its name."""
        return {PIN1: self.pin1, PIN2: self.pin2, PUK: self.puk}[code]


def generate_pins(
    pin1: str | None = None, pin2: str | None = None, puk: str | None = None
) -> PinSet:
    """Make random codes for those that are not given."""
    given = {PIN1: pin1, PIN2: pin2, PUK: puk}
    return PinSet(**{code: value or _random_digits(code) for code, value in given.items()})


def require_form(code: str, value: str) -> None:
    """Raise PinUnacceptable unless a PIN or PUK is digits, as many as cards take."""
    if not _has_form(code, value):
        fewest, most = LENGTHS[code]
        raise PinUnacceptable(
            f"The {code.upper()} does not have the form that cards take.",
            f"Choose {fewest} to {most} digits.",
        )


def server_holder(personal_code: str) -> str:
    """The name under which tries on a person's server keys are counted."""
    return f"server:{personal_code}"


class Pins:
    """The counters."""

    def __init__(self, database: Database, *, tries: int, clock: Callable[[], datetime]) -> None:
        """Take the database, how many wrong tries lock, and the clock."""
        self._database = database
        self._clock = clock
        self.tries = tries

    def evaluate(
        self, holder: str, code: str, entered: str, check: Callable[[str], _Result]
    ) -> _Result:
        """Take a try, then run `check` on what was entered; it raises PinWrong if that is wrong.

        Returns what `check` returns, after giving all tries back. Raises PinLocked, without
        running `check`, when no try is left; PinWrong when the try was wrong; PinUnacceptable,
        without taking a try, for what cannot be a PIN. Any other error of `check` leaves it taken.
        """
        if not _has_form(code, entered):
            raise _no_pin(code)
        left = self._take(holder, code)
        try:
            result = check(entered)
        except PinWrong as exc:
            raise self._wrong(holder, code, left) from exc
        with self._database.begin() as connection:
            pins.restore(connection, holder, code, self.tries, self._clock())
        return result

    def ensure(self, holder: str, code: str) -> None:
        """Make sure that there is a counter, for a card that was issued elsewhere."""
        with self._database.begin() as connection:
            pins.ensure(connection, holder, code, self.tries, self._clock())

    def require_unlocked(self, connection: Connection, holder: str, code: str) -> None:
        """Raise PinLocked when no try is left at this moment."""
        record = pins.find(connection, holder, code)
        if record is None or record.tries_left < 1:
            raise _locked(code)

    def of_holder(self, holder: str) -> list[PinRecord]:
        """Return the counters of a holder, without anything secret being opened."""
        with self._database.read() as connection:
            return pins.of_holder(connection, holder)

    def _take(self, holder: str, code: str) -> int:
        with self._database.begin() as connection:
            left = pins.take_try(connection, holder, code)
            if left is None and pins.find(connection, holder, code) is None:
                raise NotFound(
                    f"No {code.upper()} is kept for this person or card.",
                    "Name a person whose keys are here, or a card that was issued here.",
                )
        if left is None:
            raise _locked(code)
        return left

    def _wrong(self, holder: str, code: str, left: int) -> PinWrong:
        with self._database.begin() as connection:
            audit.record(
                connection,
                at=self._clock(),
                action="pin.locked" if left == 0 else "pin.refused",
                subject=holder,
                actor=holder,
                details={"code": code, "tries_left": left},
            )
        tries = "1 try is left" if left == 1 else f"{left} tries are left"
        return PinWrong(
            f"The {code.upper()} is wrong, and {'it is locked now' if left == 0 else tries}.",
            _way_out(code) if left == 0 else "Try again with care.",
        )


def _has_form(code: str, value: str) -> bool:
    fewest, most = LENGTHS[code]
    return fewest <= len(value) <= most and value.isascii() and value.isdigit()


def _no_pin(code: str) -> PinUnacceptable:
    fewest, most = LENGTHS[code]
    return PinUnacceptable(
        f"What was entered cannot be a {code.upper()}; the try was not counted.",
        f"Enter {fewest} to {most} digits.",
    )


def _locked(code: str) -> PinLocked:
    return PinLocked(
        f"The {code.upper()} is locked after too many wrong tries, so the key is not used.",
        _way_out(code),
    )


def _way_out(code: str) -> str:
    if code == PUK:
        return "Nothing unlocks a locked PUK. Revoke the person and issue another."
    return "Unlock it with the PUK: idservice person unblock."


def _random_digits(code: str) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(_GENERATED_LENGTHS[code]))
