"""What a signature forbids from then on: certification, and locks of fields."""

import io
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from idservice.errors import MalformedRequest, PdfSigningForbidden
from idservice.pades.signing import SignatureOptions
from idservice.pdf.document import open_document
from idservice.pdf.fields import FieldLock
from idservice.pdf.signature_field import Restrictions
from support import oracles, pdfs
from support.pki import chain
from support.signing import signed

CASES = (
    "baseline",
    "object-streams",
    "annotations-direct",
    "empty-signature-field",
    "version-2.0",
    "password-aes-256",
)


def _options(
    *, certify: int | None = None, lock: FieldLock | None = None, field: str | None = None
) -> SignatureOptions:
    return SignatureOptions(field, restrictions=Restrictions(certify, lock))


def _signed(name: str, options: SignatureOptions) -> bytes:
    case = pdfs.build(name)
    return signed(case.data, password=case.password, options=options)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("name", CASES)
def test_a_certified_document(name: str, level: int, tmp_path: Path) -> None:
    """The first signature certifies; pdfsig, qpdf and pyHanko accept it and read its level."""
    case = pdfs.build(name)
    data = _signed(name, _options(certify=level))
    assert data.startswith(case.data)
    document = open_document(data, password=case.password)
    assert document.form.certification == level
    value = document.form.signature_fields[-1].value
    assert value is not None
    assert document.catalog["/Perms"]["/DocMDP"].objgen == value.objgen
    (verdict,) = oracles.pdfsig(data, tmp_path, password=case.password)
    assert verdict.valid
    assert verdict.whole_file
    before = oracles.qpdf_complaints(case.data, tmp_path, password=case.password)
    assert oracles.qpdf_complaints(data, tmp_path, password=case.password) <= before
    assert oracles.pyhanko(data, chain().root, password=case.password).bottom_line
    reader = PdfFileReader(io.BytesIO(data))
    if reader.encrypted:
        reader.decrypt(case.password or "")
    assert reader.embedded_signatures[0].docmdp_level.value == level


def test_permissions_that_exist_are_kept() -> None:
    """A /Perms with other entries, in an object of its own or not, keeps them."""
    for permissions in (b"<< /Kept 7 >>", b"9 0 R"):
        objects = pdfs.plain_objects(
            o1=pdfs.CATALOG[:-2] + b"/Perms %b >>" % permissions, o9=b"<< /Kept 7 >>"
        )
        document = open_document(signed(pdfs.table_pdf(objects), options=_options(certify=2)))
        assert document.catalog["/Perms"]["/Kept"] == 7
        assert document.form.certification == 2


def test_only_the_first_signature_certifies() -> None:
    """A signed and a certified document are not certified; the second is signed ordinarily."""
    plain = signed(pdfs.build("baseline").data)
    with pytest.raises(PdfSigningForbidden, match="first signature"):
        signed(plain, options=_options(certify=2))
    certified = _signed("baseline", _options(certify=2))
    with pytest.raises(PdfSigningForbidden, match="certified already"):
        signed(certified, options=_options(certify=2))
    both = signed(certified)
    assert oracles.pyhanko(both, chain().root, index=0).bottom_line
    assert oracles.pyhanko(both, chain().root, index=1).bottom_line
    with pytest.raises(PdfSigningForbidden, match="permits no changes"):
        signed(_signed("baseline", _options(certify=1)))


@pytest.mark.parametrize("level", [0, 4, -1])
def test_a_level_that_does_not_exist(level: int) -> None:
    """Only 1, 2 and 3 certify."""
    with pytest.raises(MalformedRequest, match="permission"):
        _signed("baseline", _options(certify=level))


@pytest.mark.parametrize(
    "lock",
    [
        FieldLock("All"),
        FieldLock("Include", ("Name",)),
        FieldLock("Exclude", ("Name",)),
        FieldLock("Include", ("Name",), 2),
        FieldLock("All", (), 1),
    ],
)
@pytest.mark.parametrize("name", ["annotations-direct", "encrypted form"])
def test_a_lock_of_a_new_field(name: str, lock: FieldLock, tmp_path: Path) -> None:
    """The lock stands in the field and in the signature; other programs accept both."""
    case = _form_case(name)
    data = signed(case[0], password=case[1], options=_options(lock=lock))
    document = open_document(data, password=case[1])
    (field,) = (item for item in document.form.signature_fields if item.is_signed)
    written = field.dictionary["/Lock"]
    assert written.is_indirect
    assert written["/Action"] == f"/{lock.action}"
    assert written.get("/P") == lock.permissions
    assert field.value is not None
    parameters = field.value["/Reference"][0]["/TransformParams"]
    assert parameters["/Action"] == f"/{lock.action}"
    for dictionary in (written, parameters):
        assert [str(item) for item in dictionary.get("/Fields", [])] == list(lock.names)
    assert document.form.closed_by_lock is (lock.permissions == 1)
    (verdict,) = oracles.pdfsig(data, tmp_path, password=case[1])
    assert verdict.valid
    assert oracles.pyhanko(data, chain().root, password=case[1]).bottom_line


def _form_case(name: str) -> tuple[bytes, str | None]:
    if name == "encrypted form":
        data = pdfs.saved(
            pdfs.build("annotations-direct").data,
            encryption=pikepdf.Encryption(owner="owner", user="", R=6),
        )
        return data, None
    return pdfs.build(name).data, None


def test_a_certification_with_a_lock() -> None:
    """Both may stand in one signature; pyHanko reads both."""
    data = _signed("annotations-direct", _options(certify=2, lock=FieldLock("Include", ("Name",))))
    embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    assert embedded.docmdp_level.value == 2
    assert embedded.fieldmdp.fields == ["Name"]
    assert oracles.pyhanko(data, chain().root).bottom_line


def test_locking_all_leaves_no_field_to_sign() -> None:
    """After a lock of everything neither a new nor an existing field is signed."""
    data = _signed("empty-signature-field", _options(lock=FieldLock("All")))
    for field in (None, "Approval"):
        with pytest.raises(PdfSigningForbidden, match="locks the field"):
            signed(data, options=_options(field=field))


def test_a_lock_in_an_existing_field_without_one() -> None:
    """The signature alone locks then: a field of somebody's form is not given a /Lock."""
    data = _signed(
        "empty-signature-field",
        _options(lock=FieldLock("Include", ("Approval",)), field="Approval"),
    )
    document = open_document(data)
    (field,) = document.form.signature_fields
    assert "/Lock" not in field.dictionary
    assert field.value is not None
    assert field.value["/Reference"][0]["/TransformMethod"] == "/FieldMDP"
    assert oracles.pyhanko(data, chain().root).bottom_line


@pytest.mark.parametrize("entries", [b"", b"/Lock << /Action /All >>"])
def test_the_author_of_a_field_has_the_last_word(entries: bytes) -> None:
    """A field's own lock is not replaced, and permissions are not put into it."""
    field = pdfs.EMPTY_FIELD[:-2] + entries + b" >>"
    data = pdfs.table_pdf(pdfs.with_empty_field() | {6: field})
    with pytest.raises(PdfSigningForbidden, match="author of the form"):
        signed(data, options=_options(lock=FieldLock("All", (), 2), field="Approval"))


@pytest.mark.parametrize(
    ("lock", "complaint"),
    [
        (FieldLock("Include", ("Nam",)), "no field named 'Nam'"),
        (FieldLock("Include"), "does not name"),
        (FieldLock("All", ("Name",)), "does not name"),
        (FieldLock("All", (), 4), "permission 4"),
    ],
)
def test_locks_that_lock_nothing(lock: FieldLock, complaint: str) -> None:
    """A lock must name fields that exist, and permissions that exist."""
    with pytest.raises(MalformedRequest, match=complaint):
        _signed("annotations-direct", _options(lock=lock))


@pytest.mark.parametrize(
    ("permissions", "certify", "accepted"),
    [(0, None, True), (0, 2, False), (2, 2, True), (2, None, False), (2, 3, False)],
)
def test_a_form_asks_for_a_certification(
    permissions: int, certify: int | None, *, accepted: bool
) -> None:
    """A field whose seed values ask for a certification gets that one or is not signed."""
    field = pdfs.EMPTY_FIELD[:-2] + b"/SV << /MDP << /P %d >> >> >>" % permissions
    data = pdfs.table_pdf(pdfs.with_empty_field() | {6: field})
    options = _options(certify=certify, field="Approval")
    if accepted:
        assert open_document(signed(data, options=options)).form.certification == certify
        return
    with pytest.raises(PdfSigningForbidden, match="certification"):
        signed(data, options=options)
