"""A signature field, new or existing, with its signature dictionary, put into an update.

A new field is merged with its widget and listed in the form and on a page (ISO 32000-2
cl. 12.7.5.5). What earlier signatures and the author of the form ask is met, or refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.errors import PdfSigningForbidden
from idservice.pdf.annotations import add_annotation
from idservice.pdf.damage import damaged
from idservice.pdf.extensions import extension_entries
from idservice.pdf.field_constraints import field_lock, require_seed_values_met
from idservice.pdf.field_names import find_field, new_name
from idservice.pdf.restrictions import (
    lock_dictionary,
    permission_entries,
    reference_entry,
    require_certifiable,
    require_lock,
)
from idservice.pdf.signature_dictionary import SignatureKind, signature_dictionary, subfilter
from idservice.pdf.signing_permission import require_open, require_unlocked
from idservice.pdf.stamp_widgets import (
    entries_for_stamps,
    existing_widgets,
    new_widget,
)
from idservice.pdf.writer import reference

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.fields import FieldLock, SignatureField
    from idservice.pdf.signature_dictionary import SignatureText
    from idservice.pdf.stamp import Stamp
    from idservice.pdf.stamp_widgets import NewWidget
    from idservice.pdf.update import Update

_SIGNATURES_EXIST, _APPEND_ONLY = 1, 2


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What a signature forbids from then on: changes to the document, and filling of fields.

    `certify` are the permissions that a certification leaves (1 to 3); None is an ordinary
    signature. `lock` names the fields that nobody may fill any more.
    """

    certify: int | None = None
    lock: FieldLock | None = None


_NO_RESTRICTIONS = Restrictions()


def place_signature(
    document: PdfDocument,
    update: Update,
    *,
    at: dt.datetime,
    text: SignatureText,
    capacity: int,
    digest: str,
    field_name: str | None = None,
    new_field: str | None = None,
    kind: SignatureKind = SignatureKind.SIGNATURE,
    restrictions: Restrictions = _NO_RESTRICTIONS,
    iso_extensions: Iterable[int] = (),
    stamp: Stamp | None = None,
) -> tuple[str, tuple[int, int]]:
    """Put field and signature dictionary into `update`; return name and dictionary's object.

    `capacity` is the room for the value in bytes, `digest` the name of its hash. With
    `field_name` an existing empty field is signed; else one is made, named `new_field` if given.
    `iso_extensions` are the numbers of ISO/TS documents that the algorithm needs. With a
    `stamp` the signature is visible. Raises FieldNotFound, PdfSigningForbidden when an earlier
    signature, or what the field asks, does not allow it, MalformedRequest for restrictions
    that cannot be made, and the errors of `new_widget` and `existing_widgets` for the stamp.
    """
    require_open(document.form, kind)
    existing = None if field_name is None else find_field(document.form, field_name)
    name = new_name(document.form, new_field, kind) if existing is None else existing.name
    require_unlocked(document.form, name, existing, kind)
    certify = restrictions.certify
    if certify is not None:
        require_certifiable(document, certify)
    if existing is not None:
        require_seed_values_met(
            existing.dictionary,
            subfilter=subfilter(kind),
            digest=digest,
            reason=text.reason,
            certify=certify,
        )
    lock = _chosen_lock(document, restrictions.lock, name, existing)
    signature = update.reserve()
    body = signature_dictionary(
        update.writer,
        signature,
        kind=kind,
        at=at,
        text=text,
        capacity=capacity,
        references=reference_entry(document, update.writer, signature, certify=certify, lock=lock),
    )
    update.put(signature, body)
    catalog_entries = extension_entries(document, update, iso_extensions)
    if certify is not None:
        catalog_entries |= permission_entries(document, update, signature)
    form_entries = {} if stamp is None else entries_for_stamps(document)
    field = None
    if existing is None:
        widget = new_widget(document, update, stamp, at=at, text=text)
        field = _add_field(document, update, name, signature, lock, widget)
    else:
        widgets = existing_widgets(document, update, stamp, existing, at=at, text=text)
        _fill_field(update, existing, signature, widgets)
    _add_to_form(document, update, field, form_entries, catalog_entries)
    return name, signature


def _chosen_lock(
    document: PdfDocument, asked: FieldLock | None, name: str, existing: SignatureField | None
) -> FieldLock | None:
    """The lock of an existing field is its author's; a new one may get any."""
    authors = None if existing is None else field_lock(existing.dictionary)
    if asked is None:
        return authors
    if authors is not None or (existing is not None and asked.permissions is not None):
        raise PdfSigningForbidden(
            f"The field {name[:80]!r} is not ours: what its signature locks, or leaves to the "
            "document, is for the author of the form to say.",
            "Leave the lock out, or sign into a new field.",
        )
    require_lock(document, asked, name)
    return asked


def _add_field(
    document: PdfDocument,
    update: Update,
    name: str,
    signature: tuple[int, int],
    lock: FieldLock | None,
    widget: NewWidget,
) -> bytes:
    """Put a new field into the update and onto the page of its widget; return its reference."""
    field = update.reserve()
    locked = b"" if lock is None else b" /Lock " + reference(lock_dictionary(update, lock))
    update.put(
        field,
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T %b /F 132 /V %b %b%b >>"
        % (update.writer.text(name, field), reference(signature), widget.entries, locked),
    )
    add_annotation(document, update, widget.location, reference(field))
    return reference(field)


def _fill_field(
    update: Update,
    field: SignatureField,
    signature: tuple[int, int],
    widgets: Sequence[tuple[Object, dict[str, bytes]]],
) -> None:
    """Give a field its value and its widgets what they show; it may be its own widget."""
    dictionary = field.dictionary
    if not dictionary.is_indirect:
        raise damaged(
            f"the signature field {field.name[:80]!r} is written into the list of fields itself, "
            "so nothing can refer to it"
        )
    objgen = dictionary.objgen
    entries = {"/V": reference(signature)}
    for widget, shown in widgets:
        if widget.objgen == objgen:
            entries |= shown
        else:
            body = update.writer.with_entries(widget, shown, widget.objgen)
            update.put(widget.objgen, body)
    update.put(objgen, update.writer.with_entries(dictionary, entries, objgen))


def _add_to_form(
    document: PdfDocument,
    update: Update,
    field: bytes | None,
    form_entries: dict[str, bytes],
    catalog_entries: dict[str, bytes],
) -> None:
    """List the field in the form and set SigFlags; change the catalog once for everything."""
    catalog, form = document.catalog, document.form.dictionary
    if form is None:
        added = update.reserve()
        update.put(added, b"<< /Fields [ %b ] /SigFlags 3 >>" % (field or b""))
        catalog_entries["/AcroForm"] = reference(added)
    else:
        apart = form.is_indirect and _is_information(document, form)
        owner = form.objgen if form.is_indirect else catalog.objgen
        owner = update.reserve() if apart else owner
        entries = form_entries | _form_entries(update, form, field, owner)
        if apart:
            update.put(owner, update.writer.with_entries(form, entries, owner))
            catalog_entries["/AcroForm"] = reference(owner)
        elif entries and form.is_indirect:
            update.put(owner, update.writer.with_entries(form, entries, owner))
        elif entries:
            catalog_entries["/AcroForm"] = update.writer.with_entries(form, entries, owner)
    if catalog_entries:
        objgen = catalog.objgen
        update.put(objgen, update.writer.with_entries(catalog, catalog_entries, objgen))


def _is_information(document: PdfDocument, form: Object) -> bool:
    """Whether the form is the document information too, as some producers write it.

    Nobody may change that later, so the form becomes an object of its own.
    """
    information = document.trailer.get("/Info")
    return information is not None and information.objgen == form.objgen


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
