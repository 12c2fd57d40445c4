"""Personal codes: published ones pass, every single wrong digit is caught."""

import contextlib
import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from idservice.errors import MalformedPersonalCode
from idservice.pki.personal_code import PersonalCode, Sex, check_digit, make_personal_code

PUBLISHED = [
    "38001085718", "60001019906", "40504040001", "50001029996", "39901012239", "61101012257",
    "30403039917", "30403039928", "30403039939", "30403039946", "30403039950", "30403039972",
    "30403039983", "40404040009", "61101019999", "60001017869", "51307149560", "60001018800",
    "39901019992", "60001019928", "60001019950", "50001018908", "60001019983", "60001019947",
    "60001019972", "60001019961",
]  # fmt: skip
FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in "38001085718")

dates = st.dates(dt.date(1800, 1, 1), dt.date(2199, 12, 31))
codes = st.builds(make_personal_code, dates, st.sampled_from(Sex), st.integers(0, 999))


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_codes_are_right(text: str) -> None:
    """The codes of the well-known test people all pass the check."""
    assert str(PersonalCode(text)) == text


def test_a_code_tells_birth_date_and_sex() -> None:
    """38001085718 is a man born on 8 January 1980."""
    code = PersonalCode("38001085718")
    assert (code.birth_date, code.sex) == (dt.date(1980, 1, 8), Sex.MALE)
    assert code.semantics_identifier == "PNOEE-38001085718"


def test_messages_mask_the_code() -> None:
    """What goes into messages does not tell the whole code."""
    assert PersonalCode("38001085718").masked == "380******18"


@given(dates, st.sampled_from(Sex), st.integers(0, 999))
def test_made_codes_tell_what_they_were_made_from(
    birth_date: dt.date, sex: Sex, serial: int
) -> None:
    """Making and reading agree for every date, sex and serial."""
    code = make_personal_code(birth_date, sex, serial)
    assert (code.birth_date, code.sex, int(code.value[7:10])) == (birth_date, sex, serial)


@given(codes, st.integers(0, 9), st.integers(0, 9))
def test_the_check_digit_catches_a_mistyped_digit(
    code: PersonalCode, position: int, digit: int
) -> None:
    """Replacing one digit changes the check digit, as long as the first round decides."""
    digits = code.value[:10]
    changed = digits[:position] + str(digit) + digits[position + 1 :]
    assume(changed != digits and _first_round(digits) < 10 and _first_round(changed) < 10)
    assert check_digit(changed) != check_digit(digits)


def _first_round(digits: str) -> int:
    weights = (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        pytest.param("3800108571", 8, id="first round"),
        pytest.param("3800108019", 6, id="second round"),
        pytest.param("3800108032", 0, id="second round leaves 0"),
        pytest.param("3800108135", 0, id="both rounds leave 10"),
    ],
)
def test_check_digits_of_both_rounds(digits: str, expected: int) -> None:
    """The second weights are used where the first leave 10, and 0 where both do."""
    assert check_digit(digits) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "3800108571", "380010857180", "38001085719", "38013085717", "38001325713",
        "08001085718", "98001085718", "3800108571a", FULL_WIDTH, " 38001085718", "38002305712",
    ],
)  # fmt: skip
def test_wrong_codes_are_refused(text: str) -> None:
    """Wrong length, characters, date or check digit are refused with one code."""
    with pytest.raises(MalformedPersonalCode) as caught:
        PersonalCode(text)
    assert caught.value.code == "malformed_personal_code"


@given(st.text(max_size=14))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    """No text makes reading fail in another way."""
    with contextlib.suppress(MalformedPersonalCode):
        assert PersonalCode(text).value == text


@pytest.mark.parametrize(("year", "serial"), [(1799, 0), (2200, 0), (2000, -1), (2000, 1000)])
def test_what_a_code_cannot_express_is_refused(year: int, serial: int) -> None:
    """Dates outside four centuries and serials of four digits make no code."""
    with pytest.raises(MalformedPersonalCode):
        make_personal_code(dt.date(year, 1, 1), Sex.FEMALE, serial)
