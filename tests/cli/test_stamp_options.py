"""Options for visible signatures: how they are read, and what they make on real files."""

from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from idservice.cli.stamp_options import stamp_options
from idservice.errors import (
    CharactersNotInFont,
    FileNotReadable,
    FontUnreadable,
    IdServiceError,
    InputTooLarge,
    MalformedRequest,
    PictureUnreadable,
    TextNeedsShaping,
)
from idservice.pdf.stamp import DEFAULT_TEMPLATE, LAST_PAGE, Box, Colour, Corner, Place
from idservice.services import stamps
from idservice.services.stamps import StampChoice
from support.commands import run_idservice
from support.homes import PERSON, PIN2
from support.oracles import pdfsig
from support.rendering import by_pdfium, ink
from support.stamps import drawn, encoded, field_pdf, page_pdf

MM = 72 / 25.4
SIGN = ("--as", PERSON, "--pin", PIN2)


def choice_of(*arguments: str) -> StampChoice | None:
    """What a command gets from these options; errors of ours and of usage are raised."""
    found: list[StampChoice | None] = []

    @click.command()
    @stamp_options
    def command(stamp: StampChoice | None) -> None:
        found.append(stamp)

    command.main(list(arguments), standalone_mode=False)
    return found[0]


def given(*arguments: str) -> StampChoice:
    """The stamp that these options ask for."""
    choice = choice_of(*arguments)
    assert choice is not None
    return choice


def test_without_an_option_there_is_no_stamp() -> None:
    """Signatures are invisible unless asked."""
    assert choice_of() is None


def test_stamp_alone_means_all_defaults() -> None:
    """The default text, frame and font, in the automatic place."""
    assert given("--stamp") == StampChoice()
    assert StampChoice().template == DEFAULT_TEMPLATE


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (("--page", "3"), Place(3)),
        (("--page", "last"), Place(LAST_PAGE)),
        (("--at", "10,20,30,40"), Place(LAST_PAGE, Box(10, 20, 30, 40))),
        (("--at", "10,20,30.5,40pt", "--page", "1"), Place(1, Box(10, 20, 30.5, 40))),
        (("--at", "1,2,3,4mm"), Place(LAST_PAGE, Box(MM, 2 * MM, 3 * MM, 4 * MM))),
        (("--at", "1mm,2pt, 3mm ,4"), Place(LAST_PAGE, Box(MM, 2, 3 * MM, 4))),
        (
            ("--at", "1,2,3,4", "--corner", "top-right"),
            Place(LAST_PAGE, Box(1, 2, 3, 4, Corner.TOP_RIGHT)),
        ),
    ],
)
def test_places_are_read(options: Sequence[str], place: Place) -> None:
    """Pages by number or as the last; lengths in points or millimetres, from any corner."""
    assert given(*options).place == place


@pytest.mark.parametrize(
    "options",
    [
        *[
            ("--at", value)
            for value in ("", "1,2,3", "1,2,3,4,5", "a,2,3,4", "1,2,0,4", "1,2,3,-4")
        ],
        *[
            ("--at", value)
            for value in ("nan,2,3,4", "1e5,2,3,4", "1cm,2,3,4", f"{'9' * 400},2,3,4")
        ],
        *[("--page", value) for value in ("0", "-1", "first", "1.5", "", "²", "9" * 5000)],
        *[("--stamp-background", value) for value in ("red", "#12345", "#GGGGGG", "")],
        ("--corner", "middle"),
        ("--corner", "top-left"),
    ],
)
def test_what_is_no_place_is_wrong_usage(options: Sequence[str]) -> None:
    """Anything else is refused before a file is read or a PIN is asked."""
    with pytest.raises(click.UsageError):
        choice_of(*options)


def test_text_picture_code_and_looks_are_read(tmp_path: Path) -> None:
    """Each option reaches the stamp; a backslash and n begin a line, as shells pass them."""
    picture, font = tmp_path / "a.png", tmp_path / "a.ttf"
    picture.write_bytes(encoded(drawn()))
    font.write_bytes(stamps.default_font())
    choice = given(
        *("--stamp-text", "Signed\\n{name}", "--stamp-qr", "{code}", "--no-stamp-frame"),
        *("--stamp-background", "#ff8000", "--stamp-image", str(picture)),
        *("--stamp-font", str(font)),
    )
    assert choice == StampChoice(
        template="Signed\n{name}",
        picture=picture.read_bytes(),
        qr_template="{code}",
        font=font.read_bytes(),
        frame=False,
        background=Colour(1, 128 / 255, 0),
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--stamp-text", "{nobody}"), MalformedRequest),
        (("--stamp-text", ""), MalformedRequest),
        (("--stamp-text", "\u4f60"), CharactersNotInFont),
        (("--stamp-text", "\u05e9"), TextNeedsShaping),
        (("--stamp-text", "\udcff"), MalformedRequest),
        (("--stamp-qr", "x" * 999 + "{code}" * 300), MalformedRequest),
        (("--stamp-image", "missing.png"), FileNotReadable),
        (("--stamp-font", "missing.ttf"), FileNotReadable),
        (("--stamp-image", __file__), PictureUnreadable),
        (("--stamp-font", __file__), FontUnreadable),
    ],
)
def test_what_cannot_be_drawn_is_told_before_a_pin_is_asked(
    options: Sequence[str], error: type[IdServiceError]
) -> None:
    """Texts, pictures and fonts that nobody could sign with are refused by the options."""
    with pytest.raises(error):
        choice_of(*options)


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """What has no end, and what is larger than any picture, is refused after some bytes."""
    with pytest.raises(InputTooLarge):
        stamps.read_stamp_file(Path("/dev/zero"))
    with pytest.raises(FileNotReadable):
        stamps.read_stamp_file(tmp_path)


def test_help_tells_what_the_options_do() -> None:
    """Every option of a stamp has a help text of its own."""

    @click.command()
    @stamp_options
    def command(stamp: StampChoice | None) -> None: ...

    shown = CliRunner().invoke(command, ["--help"]).output
    assert shown.count("--stamp") >= 6
    for option in ("--page", "--at", "--corner", "--no-stamp-frame"):
        assert option in shown


def test_a_visible_signature_from_the_command_line(home: Path, tmp_path: Path) -> None:
    """Sign twice visibly, once for the archive: both are valid, the first where it was asked."""
    source, once, twice = (tmp_path / name for name in ("a.pdf", "b.pdf", "c.pdf"))
    source.write_bytes(page_pdf())
    place = ("--at", "20,20,70,25mm", "--corner", "top-right", "--page", "1")
    first = run_idservice(home, "sign", source, "-o", once, *SIGN, *place, "--reason", "Nõus")
    assert (first.code, first.err) == (0, "")
    box = ink(by_pdfium(once.read_bytes(), tmp_path))
    right, top = 595 - 20 * MM, 842 - 20 * MM
    assert box == pytest.approx((right - 70 * MM, top - 25 * MM, right, top), abs=1.5)
    lasting = ("--stamp-qr", "{code}", "--level", "B-LTA")
    second = run_idservice(home, "sign", once, "-o", twice, *SIGN, *lasting)
    assert (second.code, second.err) == (0, "")
    verdicts = [item for item in pdfsig(twice.read_bytes(), tmp_path) if "Time" not in item.field]
    assert [verdict.valid for verdict in verdicts] == [True, True]


def test_a_field_of_a_form_from_the_command_line(home: Path, tmp_path: Path) -> None:
    """--field with --stamp fills the rectangle of the form; a misspelt field is refused."""
    source, target = tmp_path / "form.pdf", tmp_path / "signed.pdf"
    source.write_bytes(field_pdf(b"[300 500 500 580]"))
    done = run_idservice(
        home, "sign", source, "-o", target, *SIGN, "--stamp", "--field", "Approval"
    )
    assert (done.code, done.err) == (0, "")
    box = ink(by_pdfium(target.read_bytes(), tmp_path))
    assert box == pytest.approx((300, 500, 500, 580), abs=1.5)
    target.unlink()
    wrong = run_idservice(
        home, "sign", source, "-o", target, *SIGN, "--stamp", "--field", "Aproval"
    )
    assert wrong.code == 1
    assert "field_not_found" in wrong.err
    assert "'Approval'" in wrong.err
    assert not target.exists()


def test_a_refused_stamp_leaves_no_file(home: Path, tmp_path: Path) -> None:
    """The person is told why, in words and by code, and nothing is written."""
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(page_pdf())
    done = run_idservice(home, "sign", source, "-o", target, *SIGN, "--at", "500,800,200,50")
    assert done.code == 1
    assert "code:  stamp_off_page" in done.err
    assert "to do:" in done.err
    assert not target.exists()
