"""The text of stamps: filled in, made harmless, and refused where it would come out wrong."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import CharactersNotInFont, IdServiceError, MalformedRequest, TextNeedsShaping
from idservice.pdf.fonts import open_font
from idservice.pdf.stamp import DEFAULT_TEMPLATE
from idservice.pdf.stamp_text import (
    PLACEHOLDERS,
    LineRole,
    StampLine,
    filled,
    plain_text,
    stamp_lines,
    stamp_time,
)
from idservice.services.stamps import default_font

VALUES = {"name": "Jaak Jõeorg", "time": "2026-06-01 12:00:00 UTC"}


def test_the_default_text_has_a_label_a_name_and_what_is_known() -> None:
    """Lines whose placeholders are all empty are left out."""
    assert stamp_lines(DEFAULT_TEMPLATE, VALUES) == (
        StampLine("Digitally signed by", LineRole.LABEL),
        StampLine("Jaak Jõeorg", LineRole.NAME),
        StampLine("2026-06-01 12:00:00 UTC", LineRole.BODY),
    )


def test_the_personal_code_is_not_shown_unless_asked() -> None:
    """The default text has no place for it; a template may have one."""
    values = VALUES | {"code": "38001085718"}
    shown = " ".join(line.text for line in stamp_lines(DEFAULT_TEMPLATE, values))
    assert "38001085718" not in shown
    assert stamp_lines("{code}", values)[0].text == "38001085718"


def test_a_single_fixed_line_is_no_label() -> None:
    """Text that stands alone labels nothing and is set as plain text."""
    assert stamp_lines("Approved", {}) == (StampLine("Approved", LineRole.BODY),)


def test_time_is_shown_in_utc() -> None:
    """A time with an offset is shown as the same instant in UTC."""
    zone = dt.timezone(dt.timedelta(hours=3))
    assert stamp_time(dt.datetime(2026, 6, 1, 2, 30, tzinfo=zone)) == "2026-05-31 23:30:00 UTC"


def test_values_are_never_templates() -> None:
    """Braces in a name stay braces, and braces in a template are doubled."""
    assert stamp_lines("{{{name}}}", {"name": "{code}", "code": "1"})[0].text == "{{code}}"
    assert filled('{{"n":"{name}"}}', {"name": "{}"}) == '{"n":"{}"}'


@pytest.mark.parametrize(
    "template",
    ["{", "}", "{unknown}", "{name.__class__}", "{0}", "{}", "{name!r}", "{name:>9}", "{name[0]}"],
)
def test_a_template_that_cannot_be_filled_is_refused(template: str) -> None:
    """Only plain placeholders are filled; nothing else of a format string works."""
    with pytest.raises(MalformedRequest, match="cannot be filled in"):
        stamp_lines(template, VALUES)


@pytest.mark.parametrize("template", ["x" * 1001, "x\n" * 21])
def test_too_much_text_is_refused(template: str) -> None:
    """More text or lines than a stamp can hold are refused, not cut."""
    with pytest.raises(MalformedRequest):
        stamp_lines(template, VALUES)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Jaak\nJ\u00f5eorg\t x", "Jaak J\u00f5eorg x"),
        ("evil\u202egro.elpmaxe", "evilgro.elpmaxe"),
        ("\u2066a\u2069\u200b\u200db\ufeff", "ab"),
        ("a\u2028b\u0000c\u0085d", "a b c d"),
        ("Jo\u0303eorg", "J\u00f5eorg"),
        ("  a\u00a0 b ", "a b"),
    ],
)
def test_what_hides_or_moves_letters_is_taken_out(text: str, plain: str) -> None:
    """Controls become spaces, direction and format marks go, and letters are composed."""
    assert plain_text(text) == plain


def test_bytes_that_are_no_text_are_refused() -> None:
    """A byte that is no UTF-8, as the command line passes it on, is refused."""
    with pytest.raises(MalformedRequest, match="UTF-8"):
        plain_text("N\u00f5us \udcff")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\u05e9\u05dc\u05d5\u05dd", "U+05E9"),
        ("\u0645\u0631\u062d\u0628\u0627", "U+0645"),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", "U+094D"),
        ("\u0e2a\u0e27\u0e31\u0e2a", "U+0E31"),
    ],
    ids=["hebrew", "arabic", "devanagari", "thai"],
)
def test_scripts_that_need_shaping_are_refused(text: str, named: str) -> None:
    """What would read backwards or fall apart is refused, naming the letter."""
    with pytest.raises(TextNeedsShaping) as caught:
        stamp_lines("{name}", {"name": text})
    assert named in caught.value.detail


def test_accents_that_do_not_compose_are_drawn() -> None:
    """A Latin letter with an accent of its own is no reason to refuse."""
    assert stamp_lines("q\u0303 \u0430\u0301", {})[0].text == "q\u0303 \u0430\u0301"


def test_letters_that_the_font_lacks_are_named() -> None:
    """The refusal names the letters, a few of them, and says how to get further."""
    with pytest.raises(CharactersNotInFont) as caught:
        open_font(default_font()).require("a\u4f60\u597d b")
    assert "U+4F60" in caught.value.detail
    assert "U+597D" in caught.value.detail
    assert "--stamp-font" in caught.value.fix


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(PLACEHOLDERS), st.text(max_size=20)))
def test_any_text_is_either_drawable_or_refused(template: str, values: dict[str, str]) -> None:
    """Whatever comes in, lines are printable, composed and one line each, or an error says why."""
    try:
        lines = stamp_lines(template, values)
    except IdServiceError:
        return
    for line in lines:
        assert line.text == plain_text(line.text)
        assert line.text
        assert "\n" not in line.text
