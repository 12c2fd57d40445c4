"""Where stamps may stand: on which page, in which field, and what is refused."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import (
    FieldNotFound,
    IdServiceError,
    MalformedPdf,
    MalformedRequest,
    PageNotFound,
    StampFieldUnusable,
    StampNoRoom,
    StampOffPage,
    StampTooSmall,
)
from idservice.pades.signing import SignatureOptions
from idservice.pdf.document import open_document
from idservice.pdf.page_geometry import (
    Rectangle,
    SeenPage,
    each_page,
    find_page,
    rectangle,
    seen_page,
)
from idservice.pdf.stamp import LAST_PAGE, Box, Corner, Place
from support import pdfs
from support.pdf_writing import PAGE, plain_objects, stream, table_pdf
from support.rendering import RENDERERS, by_poppler, ink, part
from support.signing import signed
from support.stamps import field_pdf, page_pdf, stamp, stamped

BOX = Box(30, 40, 190, 70)


def widget_rect(data: bytes) -> tuple[Rectangle, tuple[int, int]]:
    """The rectangle of a signature's widget, and the object of its page."""
    document = open_document(data)
    widget = document.form.signature_fields[-1].dictionary
    return rectangle(widget["/Rect"]), widget["/P"].objgen


@pytest.mark.parametrize(("number", "seen"), [(1, 1), (7, 7), (200, 200), (LAST_PAGE, 200)])
def test_pages_are_found_by_number(number: int, seen: int) -> None:
    """Numbers run from 1 through trees of any depth; the last page has a name of its own."""
    document = open_document(pdfs.build("two-hundred-pages").data)
    location = find_page(document, number)
    assert location.number == seen
    assert location.page.objgen == list(each_page(document))[seen - 1].page.objgen
    assert location.page.objgen == document.pdf.pages[seen - 1].obj.objgen


@pytest.mark.parametrize("number", [0, 2, 10**9, -2])
def test_a_page_that_does_not_exist_is_refused(number: int) -> None:
    """The refusal says how many pages there are."""
    with pytest.raises(PageNotFound, match="it has 1"):
        stamped(shown=stamp(place=Place(number, BOX)))


def test_without_a_place_a_stamp_stands_at_the_bottom_right_of_the_last_page() -> None:
    """Its margin to both edges of the page is the same."""
    data = pdfs.build("two-hundred-pages").data
    rect, page = widget_rect(stamped(data))
    assert page == find_page(open_document(data), LAST_PAGE).page.objgen
    width, height = seen_page(find_page(open_document(data), LAST_PAGE)).size
    assert width - rect[2] == pytest.approx(rect[1])
    assert rect[0] > 0
    assert rect[3] < height


def test_automatic_places_avoid_what_is_there() -> None:
    """The next stamp stands above the first, and above a text field where the first would be."""
    first, _ = widget_rect(stamped())
    second, _ = widget_rect(stamped(stamped()))
    assert second[1] >= first[3]
    taken = b"/Annots [<< /Type /Annot /Subtype /Widget /Rect [%d %d %d %d] >>]"
    above, _ = widget_rect(stamped(page_pdf(taken % tuple(round(edge) for edge in first))))
    assert above[1] >= round(first[3])
    link = taken.replace(b"/Widget", b"/Link") % tuple(round(edge) for edge in first)
    assert widget_rect(stamped(page_pdf(link)))[0] == first


def test_a_smaller_stamp_goes_where_the_usual_one_does_not() -> None:
    """Where a form leaves only a narrow strip, the stamp is set smaller in it."""
    data = page_pdf(b"/Annots [<< /Type /Annot /Subtype /Widget /Rect [0 85 595 842] >>]")
    rect, _ = widget_rect(stamped(data))
    assert rect[3] <= 85
    assert rect[3] - rect[1] == pytest.approx(36)


def test_finding_a_place_takes_no_time_on_a_page_full_of_annotations() -> None:
    """Ten thousand specks and a cover over the whole page are told apart in a moment."""
    speck = b"<< /Type /Annot /Subtype /Square /Rect [1 1 2 2] >> "
    cover = b"<< /Type /Annot /Subtype /Square /Rect [0 0 595 842] >>"
    data = page_pdf(b"/Annots [" + speck * 10_000 + cover + b"]")
    started = time.process_time()
    with pytest.raises(StampNoRoom):
        stamped(data)
    assert time.process_time() - started < 10


def test_a_page_without_room_is_refused() -> None:
    """A page covered by an annotation has no automatic place; an explicit one still works."""
    data = page_pdf(b"/Annots [<< /Type /Annot /Subtype /Square /Rect [0 0 595 842] >>]")
    with pytest.raises(StampNoRoom, match="no free place"):
        stamped(data)
    assert stamped(data, stamp(place=Place(1, BOX)))


def test_empty_signature_fields_need_not_stay_free() -> None:
    """Where empty signature fields cover the page, the stamp stands on them; nowhere else."""
    data = stamped(field_pdf(b"[0 0 595 842]"))
    assert widget_rect(data)[0] == pytest.approx((359, 36, 559, 108), abs=1)
    with pytest.raises(StampNoRoom):
        stamped(stamped(field_pdf(b"[0 0 595 842]"), field_name="Approval"))


@pytest.mark.parametrize(
    "box",
    [
        Box(420, 40, 190, 70),
        Box(30, 800, 190, 70),
        Box(-5, 40, 190, 70),
        Box(30, -5, 190, 70),
        Box(30, 40, 700, 70),
        Box(420, 40, 190, 70, Corner.TOP_RIGHT),
        Box(1e300, 0, 10, 10),
    ],
)
def test_a_stamp_off_the_page_is_refused(box: Box) -> None:
    """Whatever reaches over an edge is refused, with the size of the page."""
    with pytest.raises(StampOffPage, match="595 × 842"):
        stamped(shown=stamp(place=Place(1, box)))


@pytest.mark.parametrize(
    ("entries", "size"),
    [
        (b"/CropBox [100 150 500 650]", "400 × 500"),
        (b"/Rotate 90", "842 × 595"),
        (b"/CropBox [100 150 500 650] /Rotate 270", "500 × 400"),
    ],
)
def test_off_the_page_means_what_is_seen(entries: bytes, size: str) -> None:
    """Inside the paper but outside the crop box, or beside the turned page, nobody sees it."""
    with pytest.raises(StampOffPage, match=size):
        stamped(page_pdf(entries), stamp(place=Place(1, Box(350, 540, 190, 70))))


@pytest.mark.parametrize(
    "box",
    [Box(0, 0, 0, 70), Box(0, 0, 70, -1), Box(float("nan"), 0, 9, 9), Box(0, 0, float("inf"), 9)],
)
def test_sizes_that_are_none_are_refused(box: Box) -> None:
    """Zero, negative and endless rectangles are no place."""
    with pytest.raises(MalformedRequest, match="no area"):
        stamped(shown=stamp(place=Place(1, box)))


def test_a_box_too_small_for_its_text_is_refused() -> None:
    """Nothing is cut off to make it fit."""
    with pytest.raises(StampTooSmall):
        stamped(shown=stamp(place=Place(1, Box(30, 40, 25, 10))))


@pytest.mark.parametrize("turn", [b"45", b"/Up", b"0.5"])
def test_a_page_turned_by_no_quarter_is_refused(turn: bytes) -> None:
    """Viewers disagree about such a page, so nobody knows how the stamp would be seen."""
    with pytest.raises(MalformedPdf, match="90 degrees"):
        stamped(page_pdf(b"/Rotate " + turn))


@pytest.mark.parametrize("unit", [b"0", b"-1", b"/One"])
def test_units_without_a_length_are_refused(unit: bytes) -> None:
    """A page whose unit is nothing has no places."""
    with pytest.raises(MalformedPdf, match="no length"):
        stamped(page_pdf(b"/UserUnit " + unit))


@pytest.mark.parametrize("media", [b"[0 0 0 0]", b"[5 5 5 900]", b"[0 0 100]", b"[0 0 (a) 9]"])
def test_a_page_without_area_is_refused(media: bytes) -> None:
    """A media box must be four numbers that enclose something."""
    with pytest.raises(MalformedPdf):
        stamped(page_pdf(media=media))


def test_a_page_without_a_size_is_us_letter() -> None:
    """As poppler and PDFium take it, which repair nothing else of such files."""
    rect, _ = widget_rect(
        stamped(page_pdf(media=b""), stamp(place=Place(1, Box(10, 10, 190, 70, Corner.TOP_RIGHT))))
    )
    assert rect == (412, 712, 602, 782)


def test_a_crop_box_beside_the_page_hides_nothing() -> None:
    """Readers then show the whole page."""
    rect, _ = widget_rect(
        stamped(page_pdf(b"/CropBox [900 900 990 990]"), stamp(place=Place(1, BOX)))
    )
    assert rect == (30, 40, 220, 110)


@pytest.mark.parametrize(
    "data",
    [
        field_pdf(b"[0 0 0 0]"),
        field_pdf(b"[300 500 300 580]"),
        pdfs.build("empty-signature-field").data,
        field_pdf(b"[300 500 500 580]").replace(b"/Annots [6 0 R]", b"/Annotz [6 0 R]"),
    ],
    ids=["no area", "no width", "generated", "on no page"],
)
def test_a_field_that_is_seen_nowhere_takes_no_stamp(data: bytes) -> None:
    """A field without an area, or on no page, is refused for a stamp but signs without one."""
    with pytest.raises(StampFieldUnusable, match="no rectangle"):
        stamped(data, field_name="Approval")


def test_a_field_that_does_not_exist_takes_no_stamp() -> None:
    """A misspelt name is refused; as a new field it gets the place that is asked."""
    with pytest.raises(FieldNotFound, match="Aproval"):
        stamped(field_pdf(b"[300 500 500 580]"), field_name="Aproval")
    data = stamped(field_pdf(b"[300 500 500 580]"), stamp(place=Place(1, BOX)), new_field="Aproval")
    assert widget_rect(data)[0] == (30, 40, 220, 110)


def test_a_field_keeps_its_own_place() -> None:
    """A place that is given for an existing field is refused."""
    with pytest.raises(StampFieldUnusable, match="author of the form"):
        stamped(field_pdf(b"[300 500 500 580]"), stamp(place=Place(1, BOX)), field_name="Approval")


def test_a_field_off_its_page_is_refused() -> None:
    """The rectangle of the form is held to the same rule as one that is asked."""
    with pytest.raises(StampOffPage):
        stamped(field_pdf(b"[500 500 700 580]"), field_name="Approval")


@pytest.mark.parametrize(("flags", "seen"), [(4, 4), (0, 4), (6, 4), (34, 4), (132, 132)])
def test_a_hidden_field_becomes_visible(flags: int, seen: int) -> None:
    """The flags that hide a widget go, and it is printed; others stay."""
    data = field_pdf(b"[300 500 500 580]", flags=flags)
    document = open_document(stamped(data, field_name="Approval"))
    assert document.form.signature_fields[0].dictionary["/F"] == seen


def _form_with_needs(widgets: bytes = b"6 0 R") -> bytes:
    """A form that asks readers to draw its fields: 6 0 R is for a signature, 9 0 R is filled."""
    objects = pdfs.with_empty_field()
    objects[1] = (
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%b] /NeedAppearances true "
        b"/DR << /Font << /Helv 5 0 R >> >> /DA (/Helv 12 Tf 0 g) >> >>" % widgets
    )
    objects[3] = PAGE[:-2] + b"/Annots [%b] >>" % widgets
    objects[9] = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Name) /V (Mari) /Rect [%b] >>" % (
        b"50 50 250 70"
    )
    return table_pdf(objects)


def _readers_draw(data: bytes) -> bool:
    """Tell whether the form asks readers to draw its fields."""
    document = open_document(data)
    return bool(document.catalog["/AcroForm"]["/NeedAppearances"])


def test_a_stamp_is_drawn_even_by_readers_that_draw_fields_anew(tmp_path: Path) -> None:
    """Where there is no other field NeedAppearances goes, and poppler shows the stamp."""
    data = stamped(_form_with_needs(), stamp(place=Place(1, BOX)))
    assert not _readers_draw(data)
    assert ink(part(by_poppler(data, tmp_path), (35, 45, 215, 105))) is not None


def test_what_others_wrote_into_a_form_stays_visible(tmp_path: Path) -> None:
    """A filled text field keeps readers drawing fields: its value must not vanish by signing."""
    data = stamped(_form_with_needs(b"6 0 R 9 0 R"), stamp(place=Place(1, Box(300, 300, 190, 70))))
    assert _readers_draw(data)
    for draw in RENDERERS.values():
        assert ink(part(draw(data, tmp_path), (52, 52, 248, 68))) is not None


def test_a_signed_form_is_not_changed_for_a_stamp() -> None:
    """After a signature the form stays as it was signed."""
    once = signed(_form_with_needs(), options=SignatureOptions(field_name="Approval"))
    data = stamped(once, stamp(place=Place(1, BOX)))
    assert _readers_draw(data)


def _with_two_widgets() -> bytes:
    """A signature field that is seen in two places: on both pages of the document."""
    widget = b"<< /Type /Annot /Subtype /Widget /Parent 6 0 R /F 4 /Rect [50 60 %d 140] >>"
    objects = plain_objects(
        o1=b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 1 >> >>",
        o2=b"<< /Type /Pages /Kids [3 0 R 9 0 R] /Count 2 >>",
        o3=PAGE[:-2] + b"/Annots [7 0 R] >>",
        o4=stream(b""),
        o6=b"<< /FT /Sig /T (Approval) /Kids [7 0 R 8 0 R] >>",
        o7=widget % 250,
        o8=widget % 200,
        o9=PAGE[:-2] + b"/Rotate 90 /Annots [8 0 R] >>",
    )
    return table_pdf(objects)


def test_every_widget_of_a_field_shows_the_stamp() -> None:
    """A field with two widgets is drawn into both, sharing one font."""
    data = stamped(_with_two_widgets(), field_name="Approval")
    document = open_document(data)
    field = document.form.signature_fields[0].dictionary
    first, second = (kid["/AP"]["/N"] for kid in field["/Kids"])
    assert [float(edge) for edge in first["/BBox"]] == [0, 0, 200, 80]
    assert [float(edge) for edge in second["/BBox"]] == [0, 0, 80, 150]
    fonts = [form["/Resources"]["/Font"]["/F"].objgen for form in (first, second)]
    assert fonts[0] == fonts[1]


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.tuples(*[st.floats(-500, 500)] * 2),
    st.tuples(*[st.floats(1, 2000)] * 2),
    st.floats(0.1, 20),
    st.tuples(*[st.floats(-1000, 1000)] * 4),
)
def test_seeing_and_placing_are_inverse(
    rotation: int,
    origin: tuple[float, float],
    size: tuple[float, float],
    unit: float,
    edges: tuple[float, float, float, float],
) -> None:
    """A rectangle as seen goes to the page and back unchanged, whatever the page is like."""
    box = (origin[0], origin[1], origin[0] + size[0], origin[1] + size[1])
    page = SeenPage(box, rotation, unit)
    one = (min(edges[0], edges[2]), min(edges[1], edges[3]))
    asked = (*one, max(edges[0], edges[2]), max(edges[1], edges[3]))
    assert page.to_seen(page.to_page(asked)) == pytest.approx(asked, abs=1e-6)
    assert page.to_seen(box) == pytest.approx((0, 0, *page.size), abs=1e-6)


@pytest.mark.parametrize("name", pdfs.ALL)
def test_every_structure_takes_a_stamp_or_says_why(name: str) -> None:
    """Signing visibly works on each generated file, unless its page has no room for text."""
    case = pdfs.build(name)
    try:
        data = stamped(case.data, password=case.password)
    except StampTooSmall:
        assert name == "page-without-resources"
        return
    document = open_document(data, password=case.password)
    last = find_page(document, LAST_PAGE).page
    shown = [item for item in last["/Annots"] if "/AP" in item]
    assert len(shown) == 1


def test_a_refused_stamp_is_an_error_of_ours() -> None:
    """Every refusal above is told to people in words, with something to do."""
    for place in (Place(9), Place(1, Box(0, 0, 1e9, 1))):
        with pytest.raises(IdServiceError) as caught:
            stamped(shown=stamp(place=place))
        assert caught.value.detail.endswith(".")
        assert caught.value.fix.endswith(".")
