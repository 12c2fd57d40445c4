"""What an object of a document is for: catalog, list of fields, page, security store.

A role follows from the way in which an object is reached from the trailer (ISO 32000-2
cl. 7.7.2 and 12.7). The table says which entry of which object leads to which role; what is
not in the table has no role, and a change of it is never permitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from idservice.pdf.limits import MAX_TREE_DEPTH
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_places import PagePlaces, page_places
from idservice.pdf.reference_index import TRAILER, Edge
from idservice.pdf.stored_objects import malformed

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.object_history import Step, View


class Role(Enum):
    """What an object, or a part of one, is for."""

    TRAILER = "trailer"
    CATALOG = "catalog"
    INFO = "document information"
    ENCRYPTION = "encryption"
    FORM = "form"
    XFA = "XFA form"
    XFA_PACKET = "part of the XFA form"
    FIELDS = "list of fields"
    FIELD = "field"
    FIELD_VALUE = "value of a field"
    STORE = "security store"
    STORE_LIST = "list in the security store"
    STORE_ITEM = "entry of the security store"
    VRI = "list by signature"
    VRI_ENTRY = "entry by signature"
    EXTENSIONS = "extensions"
    EXTENSION = "extension"
    PERMISSIONS = "permissions"
    METADATA = "metadata"
    PAGE = "page"
    PAGE_HOLDER = "part of the page tree"
    ANNOTATIONS = "list of annotations"
    ANNOTATION = "annotation"


ANY = "*"

# What PDFDocEncoding has elsewhere than Latin-1 (annex D.3).
_DOC_ENCODING = {
    **dict(enumerate("˘ˇˆ˙˝˛˚˜", 0x18)),  # noqa: RUF001
    **dict(enumerate("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™\ufb01\ufb02ŁŒŠŸŽıłœšž", 0x80)),  # noqa: RUF001
    0xA0: "€",
}

_STORE_LISTS = dict.fromkeys(("Certs", "OCSPs", "CRLs"), Role.STORE_LIST)
_VRI_LISTS = dict.fromkeys(("Cert", "OCSP", "CRL"), Role.STORE_LIST)
LEADS_TO: dict[Role, dict[str, Role]] = {
    Role.TRAILER: {"Root": Role.CATALOG, "Info": Role.INFO, "Encrypt": Role.ENCRYPTION},
    Role.CATALOG: {
        "AcroForm": Role.FORM,
        "DSS": Role.STORE,
        "Extensions": Role.EXTENSIONS,
        "Perms": Role.PERMISSIONS,
        "Metadata": Role.METADATA,
    },
    Role.FORM: {"Fields": Role.FIELDS, "XFA": Role.XFA},
    Role.XFA: {ANY: Role.XFA_PACKET},
    Role.FIELDS: {ANY: Role.FIELD},
    Role.FIELD: {"Kids": Role.FIELDS, "V": Role.FIELD_VALUE, "Parent": Role.FIELD},
    Role.STORE: {**_STORE_LISTS, "VRI": Role.VRI},
    Role.STORE_LIST: {ANY: Role.STORE_ITEM},
    Role.VRI: {ANY: Role.VRI_ENTRY},
    Role.VRI_ENTRY: {**_VRI_LISTS, "TS": Role.STORE_ITEM},
    Role.EXTENSIONS: {ANY: Role.EXTENSION},
    Role.EXTENSION: {ANY: Role.EXTENSION},
    Role.PERMISSIONS: {"DocMDP": Role.FIELD_VALUE},
    Role.PAGE: {"Annots": Role.ANNOTATIONS},
    Role.PAGE_HOLDER: {"Kids": Role.PAGE_HOLDER, ANY: Role.PAGE},
    Role.ANNOTATIONS: {ANY: Role.ANNOTATION},
}
"""Which entry leads from one role to another; ANY stands for every key and every place."""

# Fields bring a name along; the rest is only as deep as this table.
_WALKED = {
    Role.CATALOG,
    Role.FORM,
    Role.XFA,
    Role.STORE,
    Role.STORE_LIST,
    Role.VRI,
    Role.VRI_ENTRY,
    Role.EXTENSIONS,
    Role.EXTENSION,
}


# Who else refers to these is looked up, because a change may be below them.
_WATCHED = _WALKED - {Role.CATALOG, Role.VRI_ENTRY, Role.STORE_LIST} | {Role.FIELDS}


# More than the role is known of these, or they are none: what was adopted later has no place.
_PLACED = frozenset({Role.FIELD, Role.FIELDS, Role.PAGE_HOLDER})


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A form field: its full name, and its type, which it may have inherited.

    A widget without a name of its own belongs to the field above and has the name of it.
    """

    name: str
    kind: str | None


class Roles:
    """The roles of the objects of one document, kept up to date step by step."""

    def __init__(self, document: PdfDocument, view: View, trailer: dict[str, Value]) -> None:
        """Follow the table through one revision. Raises MalformedPdf."""
        self._known: dict[int, Role] = {}
        self._new: frozenset[int] | None = None
        self.watched: set[int] = set()
        self.fields: dict[int, FieldPlace] = {}
        self._owners: dict[int, FieldPlace] = {}
        self.names: set[str] = set()
        self._document = document
        self._places: PagePlaces | None = None
        for key, role in LEADS_TO[Role.TRAILER].items():
            if key in trailer:
                self._assign(view, role, trailer[key], 1)

    def take(self, step: Step) -> None:
        """Go one revision further: give roles to what has been linked.

        What was there before and had no role gets none: it may have another one elsewhere.
        """
        self._new = step.added
        for key, role in LEADS_TO[Role.TRAILER].items():
            if key in step.new_trailer:
                self._assign(step.new, role, step.new_trailer[key], 1)
        for number, difference in step.changed.items():
            known = self._known.get(number)
            if known is None or difference.new is None:
                continue
            if known is Role.FIELD:
                self._field_kids(step.new, self.fields[number], difference.new.value, 1)
            elif known is Role.FIELDS:
                owner = self._owners[number]
                self._fields(step.new, difference.new.value, owner.name, owner.kind, 1)
            else:
                self._descend(step.new, known, difference.new.value, 1)

    def of(self, number: int, edges: list[Edge]) -> Role | None:
        """Return the role of an object that all these references lead to, if it has one."""
        known = self._of_holder(number)
        if known is not None:
            return known
        roles = {self.along(edge) for edge in edges}
        role = roles.pop() if len(roles) == 1 else None
        return None if role in _PLACED else role

    def along(self, edge: Edge) -> Role | None:
        """Return the role to which one reference leads, or None where the table has none."""
        role = Role.TRAILER if edge.holder == TRAILER else self._of_holder(edge.holder)
        for key in edge.path:
            leads = {} if role is None else LEADS_TO.get(role, {})
            role = leads.get(str(key), leads.get(ANY))
        return role

    def owner(self, number: int) -> FieldPlace:
        """Return the field that a list of fields belongs to; no name stands for the form."""
        return self._owners[number]

    def has_field(self, name: str) -> bool:
        """Whether there is a field of this full name."""
        return name in self.names

    def page(self, number: int) -> int | None:
        """Return the number of the page that an object is, or whose annotations it lists."""
        places = self.places
        return places.pages.get(number) or places.annotations.get(number)

    @property
    def places(self) -> PagePlaces:
        """Where the pages stand; looked for when first asked."""
        if self._places is None:
            self._places = page_places(self._document)
        return self._places

    def _of_holder(self, number: int) -> Role | None:
        known = self._known.get(number)
        if known is not None:
            return known
        if number in self.places.pages:
            return Role.PAGE
        if number in self.places.annotations:
            return Role.ANNOTATIONS
        return Role.PAGE_HOLDER if number in self.places.holders else None

    def _assign(self, view: View, role: Role, value: Value, depth: int) -> None:
        if depth > MAX_TREE_DEPTH:
            raise malformed("references lead too deep")
        if isinstance(value, Reference):
            if not self._take(value.number, role) or role not in _WALKED:
                return
            stored = view.get(value)
            value = None if stored is None else stored.value
        self._descend(view, role, value, depth)

    def _take(self, number: int, role: Role) -> bool:
        """Give a role to an object that has none; tell whether it got this one now."""
        if number in self._known or (self._new is not None and number not in self._new):
            return False
        self._known[number] = role
        if role in _WATCHED:
            self.watched.add(number)
        return True

    def _descend(self, view: View, role: Role, value: Value, depth: int) -> None:
        leads = LEADS_TO.get(role, {})
        every = leads.get(ANY)
        if isinstance(value, list):
            for item in value if every is not None else ():
                if not isinstance(item, Reference) or item.number not in self._known:
                    self._assign(view, every or role, item, depth + 1)
        elif isinstance(value, dict):
            for key, item in value.items():
                below = leads.get(key, every)
                if below is Role.FIELDS:
                    self._fields(view, item, "", None, depth + 1)
                elif below is not None:
                    self._assign(view, below, item, depth + 1)

    def _fields(self, view: View, value: Value, prefix: str, kind: str | None, depth: int) -> None:
        """Walk a list of fields below the field named `prefix`."""
        if depth > MAX_TREE_DEPTH:
            raise malformed("the field tree is too deep")
        if isinstance(value, Reference):
            self._take(value.number, Role.FIELDS)
            self._owners.setdefault(value.number, FieldPlace(prefix, kind))
        for item in view.items(value):
            if isinstance(item, Reference) and self._take(item.number, Role.FIELD):
                stored = view.get(item)
                entries = {} if stored is None else stored.entries
                place = field_place(entries, prefix, kind)
                self.fields[item.number] = place
                self.names.add(place.name)
                self._field_kids(view, place, entries, depth)

    def _field_kids(self, view: View, place: FieldPlace, value: Value, depth: int) -> None:
        if not isinstance(value, dict):
            return
        if "V" in value:
            self._assign(view, Role.FIELD_VALUE, value["V"], depth)
        if "Kids" in value:
            self._fields(view, value["Kids"], place.name, place.kind, depth + 1)


def field_place(entries: dict[str, Value], prefix: str, kind: str | None) -> FieldPlace:
    """Return name and type of a field below another one (cl. 12.7.4.2)."""
    part, own = entries.get("T"), entries.get("FT")
    name = prefix
    if isinstance(part, bytes):
        name = f"{prefix}.{text(part)}" if prefix else text(part)
    return FieldPlace(name, own if isinstance(own, str) else kind)


def text(value: bytes) -> str:
    """Return a text string: UTF-16, UTF-8 or PDFDocEncoding (cl. 7.9.2.2 and annex D.3)."""
    if value.startswith(b"\xfe\xff"):
        return value[2:].decode("utf-16-be", "replace")
    if value.startswith(b"\xff\xfe"):
        # No standard has it; programs write it, and viewers read it.
        return value[2:].decode("utf-16-le", "replace")
    if value.startswith(b"\xef\xbb\xbf"):
        return value[3:].decode("utf-8", "replace")
    return value.decode("latin-1").translate(_DOC_ENCODING)
