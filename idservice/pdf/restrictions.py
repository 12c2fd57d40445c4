"""What a signature itself restricts: the certification of a document, and locks of fields.

Both are transforms in /Reference of the signature dictionary (ISO 32000-2 cl. 12.8.2).
A certification is also named in /Perms of the catalog; the lock of a new field also
stands in the field, because only there may it say what the document still permits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikepdf import Dictionary

from idservice.errors import MalformedRequest, PdfSigningForbidden
from idservice.pdf.damage import damaged
from idservice.pdf.writer import reference

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.fields import FieldLock
    from idservice.pdf.update import Update
    from idservice.pdf.writer import Writer

PERMISSIONS = (1, 2, 3)
"""1: nothing may change; 2: forms and signatures may; 3: annotations as well."""

_MAX_NAMES = 1000


def require_certifiable(document: PdfDocument, permissions: int) -> None:
    """Require that a certification may be the next signature (ISO 32000-2 cl. 12.8.2.2.1).

    Raises MalformedRequest for a permission other than 1 to 3, PdfSigningForbidden when
    the document is signed or certified.
    """
    if permissions not in PERMISSIONS:
        raise MalformedRequest(
            f"A document cannot be certified with the permission {permissions}.",
            "Give 1 (no changes), 2 (forms and signatures) or 3 (annotations as well).",
        )
    if document.form.certification is not None:
        raise PdfSigningForbidden(
            "The document is certified already, and only one signature may certify it.",
            "Sign without certifying.",
        )
    if document.is_signed:
        raise PdfSigningForbidden(
            "The document is signed already, and only its first signature may certify it.",
            "Sign without certifying, or certify a copy that nobody signed.",
        )


def require_lock(document: PdfDocument, lock: FieldLock, own_name: str) -> None:
    """Require that a lock names fields that exist; `own_name` is that of the new field.

    Raises MalformedRequest: a name that was mistyped would lock nothing.
    """
    if lock.permissions is not None and lock.permissions not in PERMISSIONS:
        raise MalformedRequest(
            f"A lock cannot leave the permission {lock.permissions}.",
            "Give 1 (no changes), 2 (forms and signatures) or 3 (annotations as well).",
        )
    if (lock.action == "All") == bool(lock.names) or len(lock.names) > _MAX_NAMES:
        raise MalformedRequest(
            f"The lock does not name its fields: all take no names, the others 1 to {_MAX_NAMES}.",
            "Lock all fields, or name those to include or to exclude.",
        )
    unknown = [name for name in lock.names if name not in {own_name, *document.form.names}]
    if unknown:
        raise MalformedRequest(
            f"The document has no field named {unknown[0][:80]!r}, so a lock of it would lock "
            "nothing.",
            "Name fields of the document by their full names.",
        )


def reference_entry(
    document: PdfDocument,
    writer: Writer,
    owner: tuple[int, int],
    *,
    certify: int | None,
    lock: FieldLock | None,
) -> bytes:
    """Write /Reference of the signature dictionary `owner`, or nothing if it restricts nothing."""
    transforms = []
    if certify is not None:
        transforms.append(
            b"<< /Type /SigRef /TransformMethod /DocMDP /TransformParams "
            b"<< /Type /TransformParams /V /1.2 /P %d >> >>" % certify
        )
    if lock is not None:
        transforms.append(
            b"<< /Type /SigRef /TransformMethod /FieldMDP /Data %b /TransformParams "
            b"<< /Type /TransformParams /V /1.2 %b >> >>"
            % (reference(document.catalog.objgen), _action(lock, writer, owner))
        )
    return b" /Reference [ %b ]" % b" ".join(transforms) if transforms else b""


def lock_dictionary(update: Update, lock: FieldLock) -> tuple[int, int]:
    """Put the lock of a new field into `update`; return its object (ISO 32000-2 table 236)."""
    objgen = update.reserve()
    permissions = b"" if lock.permissions is None else b" /P %d" % lock.permissions
    action = _action(lock, update.writer, objgen)
    update.put(objgen, b"<< /Type /SigFieldLock %b%b >>" % (action, permissions))
    return objgen


def permission_entries(
    document: PdfDocument, update: Update, signature: tuple[int, int]
) -> dict[str, bytes]:
    """Return the catalog's entry that names `signature` as the certification.

    Permissions that are an object of their own are put into `update` instead.
    """
    named = {"/DocMDP": reference(signature)}
    permissions = document.catalog.get("/Perms")
    if permissions is None:
        return {"/Perms": b"<< /DocMDP %b >>" % named["/DocMDP"]}
    if not isinstance(permissions, Dictionary):
        raise damaged("the permissions of the document (/Perms) are no dictionary")
    owner = permissions.objgen if permissions.is_indirect else document.catalog.objgen
    body = update.writer.with_entries(permissions, named, owner)
    if not permissions.is_indirect:
        return {"/Perms": body}
    update.put(owner, body)
    return {}


def _action(lock: FieldLock, writer: Writer, owner: tuple[int, int]) -> bytes:
    parts = [b"/Action /", lock.action.encode()]
    if lock.action != "All":
        listed = (writer.text(name, owner) for name in lock.names)
        parts += [b" /Fields [ ", b" ".join(listed), b" ]"]
    return b"".join(parts)
