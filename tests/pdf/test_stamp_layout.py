"""Layout of stamps: everything inside the box, as large as it fits, or a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import StampTooSmall
from idservice.pdf.fonts import open_font
from idservice.pdf.qr_code import MIN_MODULE
from idservice.pdf.stamp_layout import (
    MAX_TEXT_SIZE,
    MIN_TEXT_SIZE,
    Area,
    Areas,
    SetLine,
    divide,
    set_text,
)
from idservice.pdf.stamp_text import LineRole, StampLine
from idservice.services.stamps import default_font

FONT = open_font(default_font())
LINES = (
    StampLine("Digitally signed by", LineRole.LABEL),
    StampLine("JAAK-KRISTJAN JÕEORG", LineRole.NAME),
    StampLine("2026-06-01 12:00:00 UTC", LineRole.BODY),
)
words = st.text("abcdefghijÕŽ-", min_size=1, max_size=40)


def areas_of(found: Areas) -> list[Area]:
    """The areas that a stamp has."""
    return [area for area in (found.text, found.picture, found.qr) if area is not None]


def inside(line: SetLine, area: Area) -> bool:
    """Tell whether a line is within an area, with its highest and lowest letters."""
    rounding = 1e-6
    return (
        line.x >= area.x - rounding
        and line.x + FONT.width(line.text) * line.size <= area.x + area.width + rounding
        and line.y + FONT.ascent * line.size <= area.y + area.height + rounding
        and line.y + FONT.descent * line.size >= area.y - rounding
    )


def test_text_with_room_is_set_in_full_size() -> None:
    """Plain lines have the usual size, labels less, the name more; nothing wraps."""
    label, name, body = set_text(LINES, FONT, Area(0, 0, 300, 100))
    assert body.size == MAX_TEXT_SIZE
    assert label.size < body.size < name.size
    assert [line.text for line in (label, name, body)] == [line.text for line in LINES]
    assert label.y > name.y > body.y


def test_text_wraps_and_shrinks_in_a_narrow_area() -> None:
    """Nothing is lost when it wraps at spaces and hyphens."""
    area = Area(5, 5, 70, 60)
    lines = set_text(LINES, FONT, area)
    assert len(lines) > len(LINES)
    assert all(inside(line, area) for line in lines)
    joined = "".join(line.text for line in lines).replace(" ", "")
    assert joined == "".join(line.text for line in LINES).replace(" ", "")


def test_words_are_split_only_when_small_text_does_not_help() -> None:
    """A word of reasonable length stays whole; one of sixty letters is split."""
    area = Area(0, 0, 80, 40)
    whole = set_text((StampLine("Schillingsfürst", LineRole.BODY),), FONT, area)
    assert [line.text for line in whole] == ["Schillingsfürst"]
    split = set_text((StampLine("X" * 60, LineRole.BODY),), FONT, area)
    assert len(split) > 1
    assert "".join(line.text for line in split) == "X" * 60


@given(
    st.lists(st.lists(words, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=6),
    st.floats(4, 400),
    st.floats(4, 400),
)
def test_text_never_leaves_its_area(texts: list[str], width: float, height: float) -> None:
    """In any area all text is inside and readable, or it is refused."""
    area = Area(3, 7, width, height)
    try:
        lines = set_text([StampLine(text, LineRole.BODY) for text in texts], FONT, area)
    except StampTooSmall:
        return
    assert all(inside(line, area) and line.size >= MIN_TEXT_SIZE for line in lines)
    letters = "".join(line.text for line in lines).replace(" ", "")
    assert letters == "".join(texts).replace(" ", "")


@given(
    st.floats(1, 600),
    st.floats(1, 600),
    st.booleans(),
    st.none() | st.floats(0.05, 20),
    st.none() | st.integers(29, 185),
)
def test_parts_are_inside_the_box_and_apart(
    width: float,
    height: float,
    has_text: bool,  # noqa: FBT001 - a parameter
    aspect: float | None,
    side: int | None,
) -> None:
    """Whatever a stamp shows, its parts do not touch, keep their proportions and stay inside."""
    try:
        found = divide(width, height, has_text=has_text, picture_aspect=aspect, qr_side=side)
    except StampTooSmall:
        return
    parts = areas_of(found)
    for area in parts:
        assert area.x >= 0
        assert area.y >= 0
        assert area.x + area.width <= width + 1e-6
        assert area.y + area.height <= height + 1e-6
    for number, one in enumerate(parts):
        for other in parts[:number]:
            assert (
                one.x + one.width <= other.x + 1e-6
                or other.x + other.width <= one.x + 1e-6
                or one.y + one.height <= other.y + 1e-6
                or other.y + other.height <= one.y + 1e-6
            )
    if found.picture is not None and aspect is not None:
        assert found.picture.width == pytest.approx(found.picture.height * aspect)
    if found.qr is not None and side is not None:
        assert found.qr.width == pytest.approx(found.qr.height)
        assert found.qr.width / side >= MIN_MODULE


@pytest.mark.parametrize(
    ("width", "height", "aspect", "side"),
    [(12, 12, None, 29), (200, 10, None, 29), (2, 2, 1.0, None), (70, 20, 40.0, None)],
)
def test_what_would_not_be_seen_is_refused(
    width: float, height: float, aspect: float | None, side: int | None
) -> None:
    """A QR code that no phone reads and a picture of a point's size are refused."""
    with pytest.raises(StampTooSmall):
        divide(width, height, has_text=False, picture_aspect=aspect, qr_side=side)


def test_text_without_room_is_refused_with_its_size() -> None:
    """The refusal says how small the letters would be and how much room there is."""
    with pytest.raises(StampTooSmall, match=r"smaller than 4 points in 20 × 8 points"):
        set_text(LINES, FONT, Area(0, 0, 20, 8))
