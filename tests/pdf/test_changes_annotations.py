"""Comments that leave what was signed readable are permitted; evil annotations have a code."""

import pytest

from idservice.pdf.changes import Kind, Permission
from support.comments import BESIDE, EVIL_COMMENTS, HONEST_COMMENTS, comment
from support.later_revisions import (
    ANNOTATIONS,
    CATALOG,
    HONEST,
    OBJECTS,
    PAGE,
    SIGNATURE,
    SIGNED,
    XOBJECT,
    append,
    changes,
    codes,
    worst,
)
from support.pdf_writing import stream

PERMITTED, _, FORBIDDEN = Permission
NOTE = b"/Subtype /Text /Rect [400 300 420 320] /Contents (Mine) "


def _certified(level: int) -> bytes:
    """The signed document with a certification that leaves so much."""
    reference = (
        b"/Reference [<< /Type /SigRef /TransformMethod /DocMDP "
        b"/TransformParams << /Type /TransformParams /V /1.2 /P %d >> >>] " % level
    )
    return append(SIGNED, {1: CATALOG % b"/Perms << /DocMDP 8 0 R >> ", 8: SIGNATURE % reference})


@pytest.mark.parametrize("name", HONEST_COMMENTS)
@pytest.mark.parametrize("level", [None, 3])
def test_a_comment_is_permitted_and_listed(name: str, level: int | None) -> None:
    """What honest programs write is permitted without a certification and with one for it."""
    base = SIGNED if level is None else _certified(level)
    found = changes(append(base, HONEST_COMMENTS[name]), signed=1 if level is None else 2)
    assert codes(found) == {"annotation-added"}, found
    assert worst(found) is PERMITTED
    assert {item.kind for item in found} == {Kind.ANNOTATION}
    assert {item.page for item in found} == {1}


@pytest.mark.parametrize("level", [1, 2])
def test_a_certification_may_forbid_all_comments(level: int) -> None:
    """Without the permission to comment the most harmless note is forbidden (cl. 12.8.2.2)."""
    for update in HONEST_COMMENTS.values():
        found = changes(append(_certified(level), update), signed=2)
        assert worst(found) is FORBIDDEN
        assert codes(found) == {"annotation-added"}


@pytest.mark.parametrize("name", EVIL_COMMENTS)
@pytest.mark.parametrize("level", [None, 3])
def test_an_evil_annotation_is_refused_by_name(name: str, level: int | None) -> None:
    """What hides or imitates what was signed, or is no comment, is forbidden with its code."""
    update, code = EVIL_COMMENTS[name]
    base = SIGNED if level is None else _certified(level)
    found = changes(append(base, update), signed=1 if level is None else 2)
    assert code in codes(found), found
    assert worst(found) is FORBIDDEN


def test_a_comment_says_who_wrote_it_and_what() -> None:
    """The message names kind, author and words, and control characters cannot disguise them."""
    update = comment(b"/Subtype /Text /Contents (a\\177b\\nc\\001 \\240) " + BESIDE)
    (item,) = changes(append(SIGNED, update))
    assert item.message == (r"Revision 2 adds a note by 'Ann' saying 'a\x7fb c\x01 €' (page 1).")


COMMENTED = append(SIGNED, comment(NOTE, stream(b"1 0 0 rg 0 0 9 9 re f", XOBJECT)))
EMPTY = PAGE % (b"4 0 R", ANNOTATIONS % b"")


@pytest.mark.parametrize(
    ("update", "freed", "code"),
    [
        (
            {50: b"<< /Subtype /Text /Rect [440 340 460 360] /Contents (Other) >>"},
            (),
            "annotation-changed",
        ),
        ({3: EMPTY}, (), "annotation-removed"),
        ({3: EMPTY}, (50, 51), "annotation-removed"),
    ],
    ids=["changed", "taken away", "taken away and freed"],
)
def test_a_comment_that_nobody_signed_may_change_and_go(
    update: dict[int, bytes], freed: tuple[int, ...], code: str
) -> None:
    """Whoever comments may move the comment, write it anew, or take it back."""
    found = changes(append(COMMENTED, update, freed=freed))
    assert code in codes(found)
    assert worst(found) is PERMITTED


def test_a_changed_comment_is_judged_like_a_new_one() -> None:
    """A harmless comment may not become a cover in a later revision."""
    update = {50: b"<< /Subtype /FreeText /Rect [70 714 200 736] >>"}
    found = changes(append(COMMENTED, update))
    assert {item.code for item in found if item.revision == 3} == {"annotation-covers-content"}


def test_a_later_signature_signs_comments_too() -> None:
    """What was a comment is part of the document for whoever signed after it."""
    second = HONEST | {3: PAGE % (b"4 0 R", ANNOTATIONS % b" 50 0 R 40 0 R")}
    taken = {3: PAGE % (b"4 0 R", ANNOTATIONS % b" 40 0 R")}
    found = changes(append(append(COMMENTED, second), taken))
    assert worst([item for item in found if item.revision == 3]) is PERMITTED
    assert {(item.code, item.permission) for item in found if item.revision == 4} == {
        ("annotation-removed", FORBIDDEN)
    }


SIGNED_NOTE = OBJECTS[11]


@pytest.mark.parametrize(
    ("update", "code", "expected"),
    [
        ({11: SIGNED_NOTE.replace(b"(Note)", b"(Other)")}, "annotation-words-changed", FORBIDDEN),
        ({11: SIGNED_NOTE[:-2] + b"/T (Bob) >>"}, "annotation-changed", PERMITTED),
        ({11: SIGNED_NOTE[:-2] + b"/M (D:20260701120000Z) >>"}, "annotation-changed", PERMITTED),
        ({11: SIGNED_NOTE.replace(b"[9 9 99 99]", b"[9 9 99 98]")}, "annotation-moved", FORBIDDEN),
        ({11: SIGNED_NOTE[:-2] + b"/F 2 >>"}, "annotation-hidden", FORBIDDEN),
        ({11: SIGNED_NOTE[:-2] + b"/F 32 >>"}, "annotation-hidden", FORBIDDEN),
        (
            {11: SIGNED_NOTE[:-2] + b"/C [1 0 0] >>"},
            "annotation-appearance-changed",
            FORBIDDEN,
        ),
        (
            {11: SIGNED_NOTE.replace(b"/N 15", b"/N 44"), 44: stream(b"% other", XOBJECT)},
            "annotation-appearance-changed",
            FORBIDDEN,
        ),
        ({11: SIGNED_NOTE.replace(b"/Text", b"/Stamp")}, "annotation-changed", FORBIDDEN),
        (
            {11: SIGNED_NOTE[:-2] + b"/A << /S /URI /URI (x) >> >>"},
            "action-added",
            FORBIDDEN,
        ),
        ({3: PAGE % (b"4 0 R", b"[7 0 R 9 0 R 10 0 R]")}, "annotation-removed", FORBIDDEN),
        (
            {3: PAGE % (b"4 0 R", b"[11 0 R 7 0 R 9 0 R 10 0 R]")},
            "annotation-order-changed",
            FORBIDDEN,
        ),
    ],
    ids=[
        "words",
        "talk",
        "date",
        "moved",
        "hidden",
        "in print only",
        "colour",
        "look",
        "kind",
        "action",
        "removed",
        "order",
    ],
)
def test_a_signed_annotation_keeps_its_place_and_looks(
    update: dict[int, bytes], code: str, expected: Permission
) -> None:
    """The talk about a signed annotation goes on; what people see of it stays."""
    found = changes(append(SIGNED, update))
    assert (codes(found), worst(found)) == ({code}, expected)


def test_the_author_and_words_of_a_signed_comment_stay() -> None:
    """Who said what in a signed comment is part of what was signed; the change names both."""
    bare = SIGNED_NOTE[:-2] + b"/T (Ann) >>"
    base = append(SIGNED, {11: bare})
    update = bare.replace(b"(Ann)", b"(Bob)").replace(b"(Note)", b"(I do not agree)")
    (found,) = changes(append(base, {11: update}), signed=2)
    assert (found.code, found.permission) == ("annotation-words-changed", FORBIDDEN)
    assert all(word in found.message for word in ("'Ann'", "'Note'", "'Bob'", "'I do not agree'"))


def test_a_list_of_annotations_is_judged_on_every_page_that_uses_it() -> None:
    """What lies beside the words of one page may cover those of the next with the same list."""
    shared = b"50 0 R"
    first = PAGE % (b"4 0 R", shared)
    base = append(
        SIGNED,
        {3: first, 22: PAGE % (b"52 0 R", shared), 50: ANNOTATIONS % b"", 52: stream(b"q Q")},
    )
    square = b"<< /Type /Annot /Subtype /Square /IC [1 1 1] /Rect [70 714 200 736] >>"
    found = changes(append(base, {50: ANNOTATIONS % b" 51 0 R", 51: square}), signed=2)
    assert worst(found) is FORBIDDEN
    note = b"<< /Type /Annot /Subtype /Text /Rect [300 300 320 320] >>"
    found = changes(append(base, {50: ANNOTATIONS % b" 51 0 R", 51: note}), signed=2)
    assert worst(found) is FORBIDDEN


def test_the_words_of_a_signed_text_stay() -> None:
    """A signed FreeText shows its words on the page, so they are no talk about it."""
    text = b"<< /Subtype /FreeText /Rect [300 300 400 320] /Contents (%b) >>"
    base = append(SIGNED, {11: text % b"before"})
    found = changes(append(base, {11: text % b"after"}), signed=2)
    assert codes(found) == {"annotation-appearance-changed"}
    assert worst(found) is FORBIDDEN


def test_a_look_may_come_where_viewers_drew_one() -> None:
    """A program that writes the look of a signed note changes nothing, if it covers nothing."""
    bare = SIGNED_NOTE.replace(b"/AP << /N 15 0 R >> ", b"").replace(b"99 99", b"29 29")
    look = bare[:-2] + b"/AP << /N 44 0 R >> >>"
    harmless = stream(b"1 .8 0 rg 0 0 9 9 re f", XOBJECT)
    base = append(SIGNED, {11: bare})
    assert worst(changes(append(base, {11: look, 44: harmless}), signed=2)) is PERMITTED
    evil = look.replace(b"[9 9 29 29]", b"[70 714 200 736]")
    assert worst(changes(append(base, {11: evil, 44: harmless}), signed=2)) is FORBIDDEN


def test_one_annotation_stands_on_a_page_once() -> None:
    """Listed twice, a veil becomes a cover, so that is no comment."""
    update = comment(NOTE) | {3: PAGE % (b"4 0 R", ANNOTATIONS % b" 50 0 R 50 0 R")}
    assert worst(changes(append(SIGNED, update))) is FORBIDDEN


def test_veils_add_up_over_revisions() -> None:
    """Highlights that each leave a text readable may not hide it together."""
    highlight = (
        b"/Subtype /Highlight /C [.6 .6 .6] /Rect [70 714 200 736] "
        b"/QuadPoints [72 734 190 734 72 716 190 716] "
    )
    data, listed = SIGNED, b""
    for number in range(50, 56):
        listed += b" %d 0 R" % number
        update = {
            3: PAGE % (b"4 0 R", ANNOTATIONS % listed),
            number: b"<< /Type /Annot %b>>" % highlight,
        }
        data = append(data, update)
    found = changes(data)
    assert found[0].permission is PERMITTED
    assert "annotation-covers-content" in codes(found)
