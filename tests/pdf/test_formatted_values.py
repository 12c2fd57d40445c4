"""Formatted values: another way of writing passes, another number or date does not."""

import pytest

from idservice.pdf.formatted_values import is_formatted

NUMBERS = 'AFNumber_Format(2, 1, 0, 0, " EUR", false)'
DATES = 'AFDate_FormatEx("d mmm yyyy")'

SAME = {
    "points for thousands": ("1234.5", "1.234,50 EUR", NUMBERS),
    "blanks for thousands": ("1234.5", "1 234,50", ""),
    "rounded": ("2.675", "2.68", ""),
    "percentage": ("0.25", "25%", ""),
    "brackets for a minus": ("-300", "(300.00)", ""),
    "number with dashes": ("123456789", "123-45-6789", ""),
    "name of a month": ("02.06.2026", "2 Jun 2026", DATES),
    "two digits of a year": ("2026-06-02", "02/06/26", DATES),
}
OTHER = {
    "another digit": ("1234.5", "1.234,60 EUR", NUMBERS),
    "point moved": ("1000", "10.00", ""),
    "a hundred times as much": ("1.5", "150", ""),
    "sign left out": ("-300", "300.00", ""),
    "sign put in": ("300", "-300.00", ""),
    "words of nobody": ("300", "300 million", NUMBERS),
    "another day": ("02.06.2026", "3 Jun 2026", DATES),
    "another year": ("02.06.2026", "2 Jun 2027", DATES),
    "no digits": ("yes", "no", ""),
    "endless": ("1" * 70, "1" * 70, ""),
}


@pytest.mark.parametrize("name", SAME)
def test_scripts_write_numbers_and_dates_in_ways_of_their_own(name: str) -> None:
    """Signs of thousands, currencies, percentages and months leave the value what it is."""
    assert is_formatted(*SAME[name])


@pytest.mark.parametrize("name", OTHER)
def test_no_format_changes_what_the_digits_tell(name: str) -> None:
    """Another digit, place of the point, sign or word is another value."""
    assert not is_formatted(*OTHER[name])
