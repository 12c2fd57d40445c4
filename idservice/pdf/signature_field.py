"""An invisible signature field with its signature dictionary, put into an update.

The field is merged with its widget; the signature dictionary has gaps for the byte range
and the signature, whose places in the update are returned (ISO 32000-2 cl. 12.7.5.5
and 12.8.1; EN 319 142-1 cl. 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary

from idservice.errors import MalformedPdf, MalformedRequest, PdfSigningForbidden
from idservice.pdf.damage import damaged
from idservice.pdf.field_constraints import lock_reference, require_seed_values_met
from idservice.pdf.writer import reference

if TYPE_CHECKING:
    import datetime as dt

    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.fields import SignatureField
    from idservice.pdf.update import Appended, Update

BYTE_RANGE_WIDTH = 10
"""Digits kept free for each number of the byte range: files of up to 9.9 GB."""

_SIGNATURES_EXIST, _APPEND_ONLY = 1, 2
_ESIC_LEVEL = 2
_NO_CHANGES = 1
_PERMISSIONS = (1, 2, 3)
_MAX_TEXT = 1000


@dataclass(frozen=True, slots=True)
class SignatureText:
    """What the signer says beside the signature; all of it optional."""

    name: str | None = None
    reason: str | None = None
    location: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureGap:
    """Places in the update, in bytes from its start: the byte range and the contents.

    `contents_start` is at the `<` of the hexadecimal string and `contents_end` behind
    its `>`; `byte_range_start` is behind the `[`, with `byte_range_size` bytes free.
    """

    byte_range_start: int
    byte_range_size: int
    contents_start: int
    contents_end: int


_BYTE_RANGE = b"/ByteRange [" + b" " * (4 * BYTE_RANGE_WIDTH + 3) + b"]"
_CONTENTS = b"/Contents <"


def place_signature(
    document: PdfDocument,
    update: Update,
    *,
    at: dt.datetime,
    text: SignatureText,
    capacity: int,
    digest: str,
    field_name: str | None = None,
) -> tuple[str, tuple[int, int]]:
    """Put field and signature dictionary into `update`; return name and dictionary's object.

    `capacity` is the room for the signature in bytes, `digest` the name of its hash. With
    `field_name` an existing empty field is signed, or a field of that name is made. Raises
    PdfSigningForbidden when an earlier signature, or what the field asks, does not allow it.
    """
    _require_open(document)
    existing = None if field_name is None else document.form.signature_field(field_name)
    if existing is None:
        name = _new_name(document) if field_name is None else _checked_name(document, field_name)
    else:
        name = existing.name
    _require_unlocked(document, name, existing)
    signature = update.reserve()
    more = b""
    if existing is not None:
        require_seed_values_met(existing.dictionary, digest=digest, reason=text.reason)
        more = lock_reference(existing.dictionary, update.writer, signature, document.catalog)
    update.put(signature, _signature_dictionary(update, signature, at, text, capacity, more))
    if existing is None:
        _add_field(document, update, name, signature)
    else:
        _fill_field(document, update, existing, signature)
    return name, signature


def find_gap(appended: Appended, signature: tuple[int, int]) -> SignatureGap:
    """Find the gaps of the signature dictionary in the finished update."""
    start = appended.starts[signature[0]]
    byte_range = appended.data.index(_BYTE_RANGE, start) + len(b"/ByteRange [")
    contents = appended.data.index(_CONTENTS, start) + len(_CONTENTS) - 1
    end = appended.data.index(b">", contents) + 1
    return SignatureGap(byte_range, 4 * BYTE_RANGE_WIDTH + 3, contents, end)


def _signature_dictionary(
    update: Update,
    objgen: tuple[int, int],
    at: dt.datetime,
    text: SignatureText,
    capacity: int,
    more: bytes,
) -> bytes:
    writer = update.writer
    # The gaps come first: `find_gap` must not meet a reason that reads like one of them.
    parts = [
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached ",
        _CONTENTS,
        b"0" * (2 * capacity),
        b"> ",
        _BYTE_RANGE,
        b" /M ",
        writer.date(at, objgen),
    ]
    for key, value in (
        (b"/Name", text.name),
        (b"/Reason", text.reason),
        (b"/Location", text.location),
        (b"/ContactInfo", text.contact),
    ):
        if value is not None and len(value) > _MAX_TEXT:
            raise MalformedRequest(
                f"The text for {key.decode()} has {len(value)} characters where {_MAX_TEXT} "
                "are taken.",
                "Shorten it.",
            )
        if value is not None:
            parts.append(b" %b %b" % (key, writer.text(value, objgen)))
    parts += [more, b" >>"]
    return b"".join(parts)


def _add_field(
    document: PdfDocument, update: Update, name: str, signature: tuple[int, int]
) -> None:
    field = update.reserve()
    pages = document.pages
    on_page = b" /P " + reference(pages.first_page.objgen) if pages.first_owner is None else b""
    update.put(
        field,
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T %b /F 132 /Rect [0 0 0 0] /V %b%b >>"
        % (update.writer.text(name, field), reference(signature), on_page),
    )
    _add_annotation(document, update, reference(field))
    _add_to_form(document, update, reference(field))


def _fill_field(
    document: PdfDocument, update: Update, field: SignatureField, signature: tuple[int, int]
) -> None:
    dictionary = field.dictionary
    if not dictionary.is_indirect:
        raise damaged(
            f"the signature field {field.name[:80]!r} is written into the list of fields itself, "
            "so nothing can refer to it"
        )
    objgen = dictionary.objgen
    entries = {"/V": reference(signature)}
    update.put(objgen, update.writer.with_entries(dictionary, entries, objgen))
    _add_to_form(document, update, None)


def _add_annotation(document: PdfDocument, update: Update, field: bytes) -> None:
    """Add the widget to the first page: to its /Annots where they are, or to the page."""
    pages, writer = document.pages, update.writer
    page = pages.first_page
    annotations = page.get("/Annots")
    if isinstance(annotations, Array):
        if annotations.is_indirect and not pages.annotations_shared():
            objgen = annotations.objgen
            update.put(objgen, writer.with_element(annotations, field, objgen))
            return
    elif annotations is not None:
        raise damaged("the annotations of the first page (/Annots) are no array")
    owner = page if pages.first_owner is None else _indirect(pages.first_owner)
    objgen = owner.objgen
    listed = (
        b"[ %b ]" % field
        if annotations is None
        else writer.with_element(annotations, field, objgen)
    )
    if pages.first_owner is None:
        update.put(objgen, writer.with_entries(page, {"/Annots": listed}, objgen))
        return
    body = writer.with_entries(page, {"/Annots": listed}, objgen)
    kids = owner["/Kids"]
    target = kids.objgen if kids.is_indirect else objgen
    replaced = writer.with_replaced(kids, pages.first_index, body, target)
    if kids.is_indirect:
        update.put(target, replaced)
    else:
        update.put(objgen, writer.with_entries(owner, {"/Kids": replaced}, objgen))


def _indirect(owner: Object) -> Object:
    if not owner.is_indirect:
        raise damaged("the first page and the node above it are written into one another")
    return owner


def _add_to_form(document: PdfDocument, update: Update, field: bytes | None) -> None:
    """List the field in the form, set SigFlags, and declare the extension in the catalog."""
    catalog, form = document.catalog, document.form.dictionary
    catalog_entries = _extension_entries(document, update)
    if form is None:
        added = update.reserve()
        update.put(added, b"<< /Fields [ %b ] /SigFlags 3 >>" % (field or b""))
        catalog_entries["/AcroForm"] = reference(added)
    else:
        owner = form.objgen if form.is_indirect else catalog.objgen
        entries = _form_entries(update, form, field, owner)
        if entries and form.is_indirect:
            update.put(owner, update.writer.with_entries(form, entries, owner))
        elif entries:
            catalog_entries["/AcroForm"] = update.writer.with_entries(form, entries, owner)
    if catalog_entries:
        objgen = catalog.objgen
        update.put(objgen, update.writer.with_entries(catalog, catalog_entries, objgen))


def _form_entries(
    update: Update, form: Object, field: bytes | None, owner: tuple[int, int]
) -> dict[str, bytes]:
    entries: dict[str, bytes] = {}
    fields = form.get("/Fields")
    if field is not None and fields is None:
        entries["/Fields"] = b"[ %b ]" % field
    elif field is not None and fields is not None:
        target = fields.objgen if fields.is_indirect else owner
        listed = update.writer.with_element(fields, field, target)
        if fields.is_indirect:
            update.put(target, listed)
        else:
            entries["/Fields"] = listed
    flags = form.get("/SigFlags", 0)
    wanted = (flags if isinstance(flags, int) else 0) | _SIGNATURES_EXIST | _APPEND_ONLY
    if flags != wanted:
        entries["/SigFlags"] = b"%d" % wanted
    return entries


def _extension_entries(document: PdfDocument, update: Update) -> dict[str, bytes]:
    """Declare ESIC level 2 in a PDF 1.7 (EN 319 142-1 cl. 5.6), never lowering a level."""
    if not (1, 7) <= document.version < (2, 0):
        return {}
    esic = b"<< /BaseVersion /1.7 /ExtensionLevel %d >>" % _ESIC_LEVEL
    extensions = document.catalog.get("/Extensions")
    if not isinstance(extensions, Dictionary):
        return {"/Extensions": b"<< /ESIC %b >>" % esic}
    declared = extensions.get("/ESIC")
    level = declared.get("/ExtensionLevel", 0) if isinstance(declared, Dictionary) else 0
    if isinstance(level, int) and level >= _ESIC_LEVEL:
        return {}
    owner = extensions.objgen if extensions.is_indirect else document.catalog.objgen
    body = update.writer.with_entries(extensions, {"/ESIC": esic}, owner)
    if not extensions.is_indirect:
        return {"/Extensions": body}
    update.put(owner, body)
    return {}


def _new_name(document: PdfDocument) -> str:
    taken = document.form.top_names
    number = 1
    while f"Signature{number}" in taken:
        number += 1
    return f"Signature{number}"


def _checked_name(document: PdfDocument, name: str) -> str:
    usable = name.isprintable() and 0 < len(name) <= _MAX_TEXT and "." not in name
    if not usable or name in document.form.names:
        raise PdfSigningForbidden(
            f"No signature can be put into a field named {name[:80]!r}: the document has a "
            "field of that name that is no signature field, or the name cannot be used.",
            "Leave the field name out, or name an empty signature field.",
        )
    return name


def _require_open(document: PdfDocument) -> None:
    """Honour certification and locks (ISO 32000-2 cl. 12.8.2.2.2 and table 236)."""
    form = document.form
    if form.certification is not None and form.certification not in _PERMISSIONS:
        raise MalformedPdf(
            "The author certified the document with a permission that does not exist (DocMDP "
            "/P is 1, 2 or 3), so nobody can tell whether another signature is permitted.",
            "Ask the author for a version that is certified properly.",
        )
    if form.certification == _NO_CHANGES:
        raise PdfSigningForbidden(
            "The author certified the document and permits no changes (DocMDP 1); another "
            "signature would make the certification invalid.",
            "Ask the author for a version that permits signing.",
        )
    if form.closed_by_lock:
        raise PdfSigningForbidden(
            "An earlier signature closed the document: its lock permits no further changes.",
            "Sign a copy without that signature, or ask its signer.",
        )


def _require_unlocked(document: PdfDocument, name: str, existing: SignatureField | None) -> None:
    if existing is not None and existing.is_signed:
        raise PdfSigningForbidden(
            f"The field {name[:80]!r} is already signed.",
            "Leave the field name out, or name an empty signature field.",
        )
    if any(lock.covers(name) for lock in document.form.locks):
        raise PdfSigningForbidden(
            f"An earlier signature locks the field {name[:80]!r} (FieldMDP); filling or adding "
            "it would make that signature invalid.",
            "Name a field that is not locked, or sign a copy without that signature.",
        )
