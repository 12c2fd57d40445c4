"""Estonian personal codes (isikukood, EVS 585): eleven digits GYYMMDDSSSC.

G tells century and sex, SSS tells people born on one day apart, C is a check digit
with two rounds of weights.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from idservice.errors import MalformedPersonalCode

LENGTH = 11
MAX_SERIAL = 999

_FIRST_ROUND = (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)
_SECOND_ROUND = (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)
_FIRST_CENTURY = 1800
_LAST_CENTURY = 2100


class Sex(Enum):
    """Sex as the personal code records it."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class PersonalCode:
    """A personal code that was checked; one that is wrong cannot exist."""

    value: str

    def __post_init__(self) -> None:
        """Raise MalformedPersonalCode for wrong length, date or check digit."""
        value = self.value
        if len(value) != LENGTH or not (value.isascii() and value.isdigit()):
            raise _malformed(f"it is not {LENGTH} digits")
        _birth_date(value)
        if check_digit(value[:-1]) != int(value[-1]):
            raise _malformed("its check digit is wrong, so at least one digit is mistyped")

    def __str__(self) -> str:
        return self.value

    @property
    def birth_date(self) -> dt.date:
        """The date of birth that the code tells."""
        return _birth_date(self.value)

    @property
    def sex(self) -> Sex:
        """The sex that the code tells: odd first digits are male."""
        return Sex.MALE if int(self.value[0]) % 2 else Sex.FEMALE

    @property
    def semantics_identifier(self) -> str:
        """The code as a subject serialNumber carries it: PNOEE-… (EN 319 412-1 cl. 5.1.3)."""
        return f"PNOEE-{self.value}"

    @property
    def masked(self) -> str:
        """The code for logs and messages: first and last digits only."""
        return f"{self.value[:3]}******{self.value[-2:]}"


def make_personal_code(birth_date: dt.date, sex: Sex, serial: int) -> PersonalCode:
    """Make the code of the `serial`-th person (0 to 999) born on a day from 1800 to 2199.

    Raises MalformedPersonalCode when date or serial cannot be expressed.
    """
    century = birth_date.year // 100 * 100
    if not _FIRST_CENTURY <= century <= _LAST_CENTURY:
        raise _malformed("only dates of birth from 1800 to 2199 can be expressed")
    if not 0 <= serial <= MAX_SERIAL:
        raise _malformed(f"its serial must be from 0 to {MAX_SERIAL}")
    first = (century - _FIRST_CENTURY) // 100 * 2 + (1 if sex is Sex.MALE else 2)
    digits = f"{first}{birth_date:%y%m%d}{serial:03d}"
    return PersonalCode(f"{digits}{check_digit(digits)}")


def check_digit(digits: str) -> int:
    """Compute the check digit over the first ten digits (both rounds of EVS 585)."""
    for weights in (_FIRST_ROUND, _SECOND_ROUND):
        remainder = sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11
        if remainder < 10:
            return remainder
    return 0


def _birth_date(digits: str) -> dt.date:
    first = int(digits[0])
    year = _FIRST_CENTURY + (first - 1) // 2 * 100 + int(digits[1:3])
    try:
        if not 1 <= first <= 8:
            raise ValueError
        return dt.date(year, int(digits[3:5]), int(digits[5:7]))
    except ValueError as exc:
        raise _malformed("its first seven digits are no date of birth") from exc


def _malformed(reason: str) -> MalformedPersonalCode:
    return MalformedPersonalCode(
        f"The personal code cannot belong to anybody: {reason}.",
        "Give eleven digits GYYMMDDSSSC with a correct check digit, for example 38001085718.",
    )
