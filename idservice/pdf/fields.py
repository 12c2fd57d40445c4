"""The interactive form: its signature fields, and what earlier signatures lock.

The field tree is walked whole within budgets. A signature counts only when it is
reached from /AcroForm /Fields as the value of a field of type Sig.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, String

from idservice.pdf.damage import damaged
from idservice.pdf.limits import MAX_TREE_DEPTH
from idservice.pdf.values import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikepdf import Object

_NO_PERMISSION = 0
_PERMISSIONS = (1, 2, 3)
_SIG, _ALL = Name.Sig, Name.All
_FIELD_MDP, _DOC_MDP = Name.FieldMDP, Name.DocMDP
_MAX_FIELDS = 100_000


@dataclass(frozen=True, slots=True)
class FieldLock:
    """Which fields a signature locks (FieldMDP or /Lock: ISO 32000-2 cl. 12.8.2.4).

    `action` is All, Include or Exclude; `permissions` are those that a /Lock leaves to the
    whole document from then on, as in a certification (table 236).
    """

    action: str
    names: tuple[str, ...] = ()
    permissions: int | None = None

    @classmethod
    def of_document(cls, permissions: int) -> FieldLock:
        """Return what locks no single field, and leaves these permissions to the document."""
        return cls("Include", (), permissions)

    def covers(self, name: str) -> bool:
        """Tell whether a field of this full name is locked; a name covers its descendants."""
        named = any(name == item or name.startswith(item + ".") for item in self.names)
        return {"All": True, "Include": named, "Exclude": not named}.get(self.action, True)


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A signature field: its full name, its dictionary, and its value when signed."""

    name: str
    dictionary: Object
    value: Object | None

    @property
    def is_signed(self) -> bool:
        """Whether the field has a value, of whatever quality."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Form:
    """What the interactive form of a document holds."""

    dictionary: Object | None
    signature_fields: tuple[SignatureField, ...] = ()
    top_names: frozenset[str] = frozenset()
    locks: tuple[FieldLock, ...] = ()
    certification: int | None = None
    closed_by_lock: bool = False
    names: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def is_signed(self) -> bool:
        """Whether any signature field has a value."""
        return any(item.is_signed for item in self.signature_fields)

    def signature_field(self, name: str) -> SignatureField | None:
        """Return the signature field of this full name, if there is one."""
        return next((item for item in self.signature_fields if item.name == name), None)


def read_form(catalog: Object) -> Form:
    """Walk the form of a catalog; raise MalformedPdf when it is circular, deep or wrong."""
    dictionary = catalog.get("/AcroForm")
    named = _named_certification(catalog)
    certification = _least(named)
    if dictionary is None:
        return Form(None, certification=certification)
    if not isinstance(dictionary, Dictionary):
        raise damaged("the interactive form (/AcroForm) is no dictionary")
    fields = dictionary.get("/Fields")
    if fields is None:
        return Form(dictionary, certification=certification)
    if not isinstance(fields, Array):
        raise damaged("the fields of the interactive form (/Fields) are no array")
    walk = _Walk()
    walk.kids(fields, "", None, 1)
    signed = [item for item in walk.found if item.value is not None]
    locks = [lock for item in signed for lock in _locks(item)]
    closed = any(_closes(level) for item in signed for level in _lock_permissions(item))
    certification = _least([*named, *(level for item in signed for level in _levels(item.value))])
    return Form(
        dictionary,
        tuple(walk.found),
        frozenset(name for name in walk.names if "." not in name),
        tuple(locks),
        certification,
        closed,
        frozenset(walk.names),
    )


class _Walk:
    """One pass over a field tree."""

    def __init__(self) -> None:
        self.found: list[SignatureField] = []
        self.names: set[str] = set()
        self._seen: set[tuple[int, int]] = set()
        self._count = 0

    def kids(self, kids: Object, prefix: str, kind: object, depth: int) -> None:
        """Visit every field and widget in an array, below the field named `prefix`."""
        if depth > MAX_TREE_DEPTH:
            raise damaged(f"the field tree is deeper than {MAX_TREE_DEPTH} levels")
        for kid in kids:
            # A null entry is a field that was deleted without being taken off the list.
            if kid is None:
                continue
            if not isinstance(kid, Dictionary):
                raise damaged("an entry in the field tree is no dictionary")
            self._field(kid, prefix, kind, depth)

    def _field(self, item: Object, prefix: str, kind: object, depth: int) -> None:
        objgen = item.objgen
        if objgen != (0, 0):
            if objgen in self._seen:
                raise damaged(
                    f"the field tree comes back to object {objgen[0]}: it is circular, or a "
                    "field has two places"
                )
            self._seen.add(objgen)
        self._count += 1
        if self._count > _MAX_FIELDS:
            raise damaged(f"the field tree has more than {_MAX_FIELDS} entries")
        part = item.get("/T")
        if part is not None and not isinstance(part, String):
            raise damaged(f"the name of a form field is no text (object {objgen[0]})")
        name = prefix if part is None else f"{prefix}.{as_text(part)}" if prefix else as_text(part)
        kind = item.get("/FT", kind)
        below = item.get("/Kids")
        if part is not None or depth == 1:
            self.names.add(name)
            if kind == _SIG:
                self._signature(item, name)
        if isinstance(below, Array):
            self.kids(below, name, kind, depth + 1)

    def _signature(self, item: Object, name: str) -> None:
        below = item.get("/Kids")
        has_named_kids = isinstance(below, Array) and any(
            isinstance(kid, Dictionary) and "/T" in kid for kid in below
        )
        if not has_named_kids:
            self.found.append(SignatureField(name, item, item.get("/V")))


def _locks(signed: SignatureField) -> Iterator[FieldLock]:
    """The field locks that a signature made: from its FieldMDP references and /Lock."""
    for parameters in _transform_parameters(signed.value, _FIELD_MDP):
        yield _lock(parameters)
    lock = signed.dictionary.get("/Lock")
    if isinstance(lock, Dictionary):
        yield _lock(lock)


def _lock(parameters: Object) -> FieldLock:
    names = parameters.get("/Fields")
    listed = names if isinstance(names, Array) else ()
    return FieldLock(
        as_text(parameters.get("/Action", _ALL)).lstrip("/"),
        tuple(as_text(item) for item in listed if isinstance(item, String)),
    )


def _lock_permissions(signed: SignatureField) -> Iterator[object]:
    """The /P of a field's lock, or of the FieldMDP that repeats it (ISO 32000-2 table 236)."""
    for parameters in _transform_parameters(signed.value, _FIELD_MDP):
        yield parameters.get("/P")
    lock = signed.dictionary.get("/Lock")
    if isinstance(lock, Dictionary):
        yield lock.get("/P")


def _closes(level: object) -> bool:
    """Whether a lock leaves nothing: also what no standard knows permits nothing."""
    return level is not None and level not in _PERMISSIONS[1:]


def _named_certification(catalog: Object) -> list[int]:
    """The permissions of the signature that the catalog names (ISO 32000-2 cl. 12.8.2.2)."""
    permissions = catalog.get("/Perms")
    named = permissions.get("/DocMDP") if isinstance(permissions, Dictionary) else None
    return list(_levels(named))


def _levels(signature: object) -> Iterator[int]:
    """What a signature says may change, also where /Perms does not name it.

    1 to 3, or another number when it says what no standard knows.
    """
    for parameters in _transform_parameters(signature, _DOC_MDP):
        level = parameters.get("/P", 2)
        yield level if isinstance(level, int) else _NO_PERMISSION


def _least(levels: list[int]) -> int | None:
    """The strictest of all certifications; one that does not exist comes before all others."""
    unknown = [level for level in levels if level not in _PERMISSIONS]
    return unknown[0] if unknown else min(levels, default=None)


def _transform_parameters(signature: object, method: Object) -> Iterator[Object]:
    references = signature.get("/Reference") if isinstance(signature, Dictionary) else None
    if not isinstance(references, Array):
        return
    for reference in references:
        if isinstance(reference, Dictionary) and reference.get("/TransformMethod") == method:
            parameters = reference.get("/TransformParams")
            yield parameters if isinstance(parameters, Dictionary) else Dictionary()
