"""Standard fonts: the names that programs have for them, and how wide their characters are."""

import pytest

from idservice.pdf.standard_fonts import standard_name, standard_width, standard_widths


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Helvetica", "Helvetica"),
        ("ArialMT", "Helvetica"),
        ("Arial,Bold", "Helvetica-Bold"),
        ("Arial-BoldItalicMT", "Helvetica-Bold"),
        ("Helvetica-Oblique", "Helvetica"),
        ("CourierNewPS-BoldMT", "Courier"),
        ("Times-Roman", "Times-Roman"),
        ("TimesNewRomanPSMT", "Times-Roman"),
        ("TimesNewRoman,Bold", "Times-Bold"),
        ("Times-Italic", "Times-Italic"),
        ("Times-BoldItalic", "Times-BoldItalic"),
        ("Wingdings", None),
        ("ABCDEF+Helvetica", None),
        ("Helvetica-Condensed", None),
        (None, None),
    ],
)
def test_programs_have_many_names_for_the_same_fonts(name: object, expected: str | None) -> None:
    """Names of other makers and of styles mean the font whose metrics they have."""
    assert standard_name(name) == expected


@pytest.mark.parametrize(
    ("name", "character", "width"),
    [
        ("Helvetica", "A", 667),
        ("Helvetica", "Õ", 778),
        ("Helvetica", "í", 278),
        ("Helvetica", "€", 556),
        ("Helvetica", "—", 1000),
        ("Helvetica", "Я", None),
        ("Helvetica", "½", 834),
        ("Times-Bold", "W", 1000),
        ("Courier", "i", 600),
        ("Courier", "Ž", 600),
    ],
)
def test_characters_are_as_wide_as_the_published_metrics_say(
    name: str, character: str, width: int | None
) -> None:
    """Letters with accents are as wide as without; a character the font lacks has no width."""
    assert standard_width(standard_widths(name), character) == width
