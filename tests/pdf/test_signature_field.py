"""Where the signature goes: a new invisible field, or an empty one; never where it is forbidden."""

import io
from collections.abc import Callable
from decimal import Decimal

import pikepdf
import pytest

from idservice.errors import (
    FieldNotFound,
    IdServiceError,
    MalformedPdf,
    MalformedRequest,
    PdfSigningForbidden,
)
from idservice.pades.signing import SignatureOptions
from idservice.pdf.document import open_document
from idservice.pdf.fields import FieldLock
from support import pdfs
from support.signing import signed


def _signed(name: str, field_name: str | None = None) -> pikepdf.Pdf:
    case = pdfs.build(name)
    data = signed(
        case.data, password=case.password, options=SignatureOptions(field_name=field_name)
    )
    return pikepdf.open(io.BytesIO(data), password=case.password or "")


def _fields(pdf: pikepdf.Pdf) -> list[pikepdf.Object]:
    return list(pdf.Root["/AcroForm"]["/Fields"])


def _names(pdf: pikepdf.Pdf) -> list[str]:
    return [str(field["/T"]) for field in _fields(pdf)]


def test_new_field_is_an_invisible_merged_widget() -> None:
    """Field and widget are one dictionary, printed, locked, without area, on the first page."""
    pdf = _signed("baseline")
    (field,) = _fields(pdf)
    assert field["/FT"] == "/Sig"
    assert field["/Subtype"] == "/Widget"
    assert field["/F"] == 132
    assert [int(item) for item in field["/Rect"]] == [0, 0, 0, 0]
    assert field["/P"].objgen == pdf.pages[0].objgen
    assert [item.objgen for item in pdf.pages[0]["/Annots"]] == [field.objgen]
    assert pdf.Root["/AcroForm"]["/SigFlags"] == 3
    assert "/NeedAppearances" not in pdf.Root["/AcroForm"]


def test_names_are_numbered_and_unique() -> None:
    """Signature1 comes first; a name that is taken is passed over."""
    assert _names(_signed("baseline")) == ["Signature1"]
    assert _names(_signed("name-already-taken"))[-1] == "Signature2"
    twice = open_document(signed(signed(pdfs.build("baseline").data)))
    assert [item.name for item in twice.form.signature_fields] == ["Signature1", "Signature2"]


@pytest.mark.parametrize("name", ["empty-signature-field", "form-in-object-stream"])
def test_existing_empty_field_is_signed(name: str) -> None:
    """An empty field keeps its place and gets a value; no field is added."""
    pdf = _signed(name, "Approval")
    (field,) = _fields(pdf)
    assert field["/V"]["/Type"] == "/Sig"
    assert field["/F"] == 4
    assert len(list(pdf.pages[0]["/Annots"])) == 1


@pytest.mark.parametrize("field_name", ["Name", "", "a.b", "x" * 2000, "a\nb", "\udcff"])
def test_unusable_field_names_are_refused(field_name: str) -> None:
    """A name that belongs to another kind of field, or is no name, makes no new field."""
    with pytest.raises(PdfSigningForbidden):
        signed(
            pdfs.build("annotations-direct").data, options=SignatureOptions(new_field=field_name)
        )


@pytest.mark.parametrize("name", ["Nonexist", "Name", ""])
def test_unknown_fields_are_refused(name: str) -> None:
    """A name that no signature field has is refused, naming the empty ones there are."""
    with pytest.raises(FieldNotFound, match="Empty are: 'Approval'"):
        _signed("empty-signature-field", name)
    with pytest.raises(FieldNotFound, match="no empty signature field"):
        _signed("annotations-direct", name)


def test_new_field_gets_its_name() -> None:
    """A new field is made under the name that is asked, beside the empty one."""
    options = SignatureOptions(new_field="Second")
    data = signed(pdfs.build("empty-signature-field").data, options=options)
    fields = {item.name: item.is_signed for item in open_document(data).form.signature_fields}
    assert fields == {"Approval": False, "Second": True}


def test_one_field_is_signed() -> None:
    """An existing and a new field at once are refused before anything is read."""
    with pytest.raises(MalformedRequest):
        SignatureOptions(field_name="Approval", new_field="Second")


def test_signed_field_is_not_signed_again() -> None:
    """A field that has a value is refused."""
    data = signed(pdfs.build("baseline").data)
    with pytest.raises(PdfSigningForbidden, match="already signed"):
        signed(data, options=SignatureOptions(field_name="Signature1"))


def test_shared_annotations_are_not_shared_any_more() -> None:
    """A page that shares its annotations with another one gets a list of its own."""
    pdf = _signed("annotations-shared")
    assert len(list(pdf.pages[0]["/Annots"])) == 1
    assert len(list(pdf.pages[1]["/Annots"])) == 0


@pytest.mark.parametrize("name", ["direct-page", "direct-page-kids-indirect"])
def test_direct_page_gets_the_widget_where_it_stands(name: str) -> None:
    """A page that is written into its parent is changed there; the widget names no page."""
    pdf = _signed(name)
    (field,) = _fields(pdf)
    assert "/P" not in field
    kids = pdf.Root["/Pages"]["/Kids"]
    assert [item.objgen for item in kids[0]["/Annots"]] == [field.objgen]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("baseline", 2),
        ("extensions-present", 2),
        ("extensions-indirect-low", 2),
        ("extensions-high", 5),
    ],
)
def test_extension_is_declared_and_never_lowered(name: str, level: int) -> None:
    """PDF 1.7 declares ESIC level 2; a higher level and other declarations stay."""
    pdf = _signed(name)
    extensions = pdf.Root["/Extensions"]
    assert extensions["/ESIC"]["/ExtensionLevel"] == level
    assert ("/ADBE" in extensions) is (name == "extensions-present")


@pytest.mark.parametrize("name", ["version-1.0", "version-1.4"])
def test_other_versions_declare_no_extension(name: str) -> None:
    """Before 1.7 and from 2.0 on nothing is declared."""
    assert "/Extensions" not in _signed(name).Root


def _changed(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    """Let qpdf rewrite a file after a change to its objects."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(out)
    return out.getvalue()


def _certify(level: object) -> Callable[[pikepdf.Pdf], None]:
    def change(pdf: pikepdf.Pdf) -> None:
        parameters = pikepdf.Dictionary(Type=pikepdf.Name.TransformParams)
        if level is not None:
            parameters["/P"] = level
        reference = pikepdf.Dictionary(
            TransformMethod=pikepdf.Name.DocMDP, TransformParams=parameters
        )
        signature = pikepdf.Dictionary(Type=pikepdf.Name.Sig, Reference=pikepdf.Array([reference]))
        pdf.Root["/Perms"] = pikepdf.Dictionary(DocMDP=pdf.make_indirect(signature))

    return change


def test_certification_without_changes_forbids_signing() -> None:
    """A certified document that permits no changes is not signed."""
    with pytest.raises(PdfSigningForbidden, match="certified"):
        signed(_changed(pdfs.build("baseline").data, _certify(1)))


@pytest.mark.parametrize("level", [0, 4, 99, -1, pikepdf.String("?"), Decimal("2.5")])
def test_a_permission_that_does_not_exist_is_damage(level: object) -> None:
    """A certified document whose permission nobody can tell is refused as damaged."""
    with pytest.raises(MalformedPdf, match="DocMDP"):
        signed(_changed(pdfs.build("baseline").data, _certify(level)))


@pytest.mark.parametrize("level", [2, 3, None])
def test_other_certifications_permit_signing(level: int | None) -> None:
    """Levels 2 and 3, and the default, permit another signature."""
    assert signed(_changed(pdfs.build("baseline").data, _certify(level)))


@pytest.mark.parametrize("permissions", [7, pikepdf.Dictionary(), pikepdf.Dictionary(DocMDP=7)])
def test_permissions_that_certify_nothing_are_ignored(permissions: object) -> None:
    """A /Perms without a certification signature forbids nothing."""

    def change(pdf: pikepdf.Pdf) -> None:
        pdf.Root["/Perms"] = permissions

    assert signed(_changed(pdfs.build("baseline").data, change))


def _locked(
    action: str, names: list[str], *, through: str = "FieldMDP", level: int | None = None
) -> bytes:
    """A file whose field Earlier is signed and locks fields."""

    def change(pdf: pikepdf.Pdf) -> None:
        lock = pikepdf.Dictionary(Action=pikepdf.Name("/" + action))
        lock["/Fields"] = pikepdf.Array([pikepdf.String(name) for name in names])
        if level is not None:
            lock["/P"] = level
        value = pikepdf.Dictionary(Type=pikepdf.Name.Sig)
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=pikepdf.String("Earlier"))
        if through == "FieldMDP":
            reference = pikepdf.Dictionary(
                TransformMethod=pikepdf.Name.FieldMDP, TransformParams=lock
            )
            value["/Reference"] = pikepdf.Array([7, reference])
        else:
            field["/Lock"] = lock
        field["/V"] = pdf.make_indirect(value)
        pdf.Root["/AcroForm"]["/Fields"].append(pdf.make_indirect(field))

    return _changed(pdfs.build("empty-signature-field").data, change)


@pytest.mark.parametrize("through", ["FieldMDP", "Lock"])
@pytest.mark.parametrize(
    ("action", "names", "field_name"),
    [
        ("All", [], None),
        ("All", [], "Approval"),
        ("Include", ["Approval"], "Approval"),
        ("Exclude", ["Other"], "Approval"),
        ("Exclude", ["Other"], None),
        ("Include", ["Signature1"], None),
    ],
)
def test_locked_fields_are_not_signed(
    action: str, names: list[str], field_name: str | None, through: str
) -> None:
    """A lock over the field forbids signing it, whether in the signature or the field."""
    with pytest.raises(PdfSigningForbidden, match="locks the field"):
        signed(
            _locked(action, names, through=through),
            options=SignatureOptions(field_name=field_name),
        )


@pytest.mark.parametrize(
    ("action", "names", "field_name"),
    [
        ("Include", ["Approval"], None),
        ("Include", ["Appro"], "Approval"),
        ("Exclude", ["Approval"], "Approval"),
    ],
)
def test_other_fields_are_signed(action: str, names: list[str], field_name: str | None) -> None:
    """A lock over other fields does not stand in the way."""
    assert signed(_locked(action, names), options=SignatureOptions(field_name=field_name))


def test_lock_that_closes_the_document() -> None:
    """A lock dictionary with permission 1 closes the document."""
    with pytest.raises(PdfSigningForbidden, match="closed"):
        signed(_locked("Include", ["Other"], through="Lock", level=1))


@pytest.mark.parametrize(
    ("name", "covered"),
    [("Signature1", True), ("Signature10", False), ("Signature1.a", True), ("Signature", False)],
)
def test_locks_respect_the_boundaries_of_names(name: str, *, covered: bool) -> None:
    """Locking a field locks what is below it, not what merely begins alike."""
    assert FieldLock("Include", ("Signature1",)).covers(name) is covered
    assert FieldLock("Exclude", ("Signature1",)).covers(name) is not covered
    assert FieldLock("Nonsense", ()).covers(name)


def _with(**changed: bytes) -> bytes:
    return pdfs.table_pdf(pdfs.plain_objects(**changed))


@pytest.mark.parametrize(
    "data",
    [
        _with(o3=pdfs.PAGE[:-2] + b"/Annots (x) >>"),
        _with(o3=pdfs.PAGE[:-2] + b"/Annots 7 >>"),
        _with(
            o1=pdfs.CATALOG.replace(
                b"2 0 R", b"<< /Type /Pages /Count 1 /Kids [<< /Type /Page >>] >>"
            )
        ),
        pdfs.table_pdf(
            pdfs.plain_objects(
                o1=pdfs.CATALOG[:-2] + b"/AcroForm << /Fields [<< /FT /Sig /T (Approval) >>] >> >>"
            )
        ),
    ],
    ids=[
        "annotations are text",
        "annotations are a number",
        "page and parent are direct",
        "field is direct",
    ],
)
def test_no_place_for_the_signature(data: bytes) -> None:
    """Where neither field nor widget can be put without guessing, the file is refused."""
    with pytest.raises(MalformedPdf):
        signed(
            data, options=SignatureOptions(field_name="Approval" if b"(Approval)" in data else None)
        )


def test_groups_of_fields_are_walked() -> None:
    """Named kids make longer names; widgets without a name do not count as fields."""
    form = open_document(pdfs.build("form-field-group").data).form
    assert form.names == {"group", "group.a", "group.b"}
    assert form.top_names == {"group"}
    assert form.signature_field("group") is None


@pytest.mark.parametrize(
    "fields",
    [
        b"[ null 6 0 R ]",
        b"[ << /T (g) /FT /Sig /Kids [6 0 R] >> ]",
    ],
)
def test_signature_fields_in_odd_places_are_found(fields: bytes) -> None:
    """Deleted entries are skipped, and a kid inherits the type of its parent."""
    data = pdfs.table_pdf(
        pdfs.plain_objects(
            o1=pdfs.CATALOG[:-2] + b"/AcroForm << /Fields %b >> >>" % fields,
            o6=b"<< /T (s) /FT /Sig >>",
        )
    )
    (found,) = open_document(data).form.signature_fields
    assert found.name.endswith("s")


def test_errors_tell_what_to_do() -> None:
    """Every refusal here says what the person can do."""
    with pytest.raises(IdServiceError) as caught:
        signed(_locked("All", []))
    assert caught.value.fix


def _signed_with(reference: bytes) -> Callable[[pikepdf.Pdf], None]:
    """Put a signed field into the form, of which the catalog says nothing."""

    def change(pdf: pikepdf.Pdf) -> None:
        entries = b"<< /FT /Sig /T (Old) /V << /Type /Sig /Reference [%b] >> >>" % reference
        old = pdf.make_indirect(pikepdf.Object.parse(entries))
        pdf.Root["/AcroForm"] = pikepdf.Dictionary(Fields=pikepdf.Array([old]))

    return change


_DOC_MDP = b"<< /TransformMethod /DocMDP /TransformParams << /P %b >> >> "
_FIELD_MDP = b"<< /TransformMethod /FieldMDP /TransformParams << /Action /Include /P %b >> >> "


@pytest.mark.parametrize(
    "reference",
    [
        _DOC_MDP % b"1",
        _DOC_MDP % b"3" + _DOC_MDP % b"1",
        _FIELD_MDP % b"1",
        _FIELD_MDP % b"7",
        _FIELD_MDP % b"(3)",
    ],
)
def test_a_signature_that_closes_the_document_without_perms(reference: bytes) -> None:
    """A certification holds also where the catalog does not name it, and so does a lock."""
    with pytest.raises(PdfSigningForbidden):
        signed(_changed(pdfs.build("baseline").data, _signed_with(reference)))


@pytest.mark.parametrize("reference", [_DOC_MDP % b"2", _FIELD_MDP % b"3", b""])
def test_a_signature_that_leaves_the_document_open(reference: bytes) -> None:
    """What a signature permits without /Perms is permitted: another one may follow."""
    assert signed(_changed(pdfs.build("baseline").data, _signed_with(reference)))


def test_a_permission_of_a_signature_that_does_not_exist() -> None:
    """A permission that nobody can tell is damage, wherever it stands."""
    with pytest.raises(MalformedPdf, match="DocMDP"):
        signed(_changed(pdfs.build("baseline").data, _signed_with(_DOC_MDP % b"8")))
