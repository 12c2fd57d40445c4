"""What an empty signature field asks of the signature that fills it: seed values and a lock.

The author of a form says so in /SV and /Lock of the field (ISO 32000-2 cl. 12.7.5.5, tables
236 to 238). What is required and cannot be given here is refused by name: a signature
that ignores it would be worth nothing to whoever made the form.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, String

from idservice.errors import PdfSigningForbidden
from idservice.pdf.damage import damaged
from idservice.pdf.values import as_text
from idservice.pdf.writer import reference

if TYPE_CHECKING:
    from pikepdf import Object

    from idservice.pdf.writer import Writer

# Bit positions of /Ff in a seed value dictionary, from the lowest (ISO 32000-2 table 237).
_REQUIRED = (
    "Filter",
    "SubFilter",
    "V",
    "Reasons",
    "LegalAttestation",
    "AddRevInfo",
    "DigestMethod",
    "LockDocument",
    "AppearanceFilter",
)
_NEWEST_SEED_VALUES = 3
_ORDINARY_SIGNATURE = 0
_LOCK_ACTIONS = ("/All", "/Include", "/Exclude")


def require_seed_values_met(
    field: Object, *, subfilter: str, digest: str, reason: str | None
) -> None:
    """Check what the field requires against the signature about to be made.

    `subfilter` is the encoding of its value, `digest` the name of the hash, `reason` what
    the signer says. Raises PdfSigningForbidden naming the entry that cannot be met,
    MalformedPdf for seed values that are none. Recommendations (entries whose bit in /Ff
    is not set) bind nobody.
    """
    seed = field.get("/SV")
    if seed is None:
        return
    if not isinstance(seed, Dictionary):
        raise damaged("the seed values of a signature field (/SV) are no dictionary")
    flags = _flags(seed)
    if flags >> len(_REQUIRED):
        raise _cannot("entries of seed values that no standard names", "Ff")
    met = {
        "Filter": lambda: _text(seed, "/Filter") in {None, "/Adobe.PPKLite"},
        "SubFilter": lambda: _allows(seed, "/SubFilter", subfilter),
        "V": lambda: _number(seed, "/V") <= _NEWEST_SEED_VALUES,
        "Reasons": lambda: _allows_reason(seed, reason),
        "AddRevInfo": lambda: seed.get("/AddRevInfo", False) is False,
        "DigestMethod": lambda: _allows(seed, "/DigestMethod", digest.upper()),
        "LockDocument": lambda: _text(seed, "/LockDocument") in {None, "/false", "/auto"},
    }
    for bit, key in enumerate(_REQUIRED):
        required = flags >> bit & 1 and f"/{key}" in seed
        if required and not met.get(key, lambda: False)():
            raise _cannot(f"something of its signature (/{key}) that this one would not have", key)
    _require_parts_met(seed)


def lock_reference(field: Object, writer: Writer, owner: tuple[int, int], root: Object) -> bytes:
    """The entry /Reference of the signature dictionary `owner`, or nothing without a lock.

    The lock of the field is repeated as FieldMDP parameters, so that it holds for whoever
    looks at the signature alone (ISO 32000-2 cl. 12.8.2.4). Raises MalformedPdf.
    """
    lock = field.get("/Lock")
    if lock is None:
        return b""
    action = _text(lock, "/Action") if isinstance(lock, Dictionary) else None
    if action not in _LOCK_ACTIONS:
        raise damaged("the lock of a signature field (/Lock) does not say what it locks")
    parts = [b"/Action ", action.encode()]
    if action != "/All":
        names = lock.get("/Fields")
        if not isinstance(names, Array) or not all(isinstance(item, String) for item in names):
            raise damaged("the lock of a signature field (/Lock) does not name its fields")
        listed = (writer.text(as_text(item), owner) for item in names)
        parts += [b" /Fields [ ", b" ".join(listed), b" ]"]
    return (
        b" /Reference [ << /Type /SigRef /TransformMethod /FieldMDP /Data %b /TransformParams "
        b"<< /Type /TransformParams /V /1.2 %b >> >> ]" % (reference(root.objgen), b"".join(parts))
    )


def _require_parts_met(seed: Object) -> None:
    """Seed values with requirements of their own: certification, certificate, time stamp."""
    certification = seed.get("/MDP")
    if (
        isinstance(certification, Dictionary)
        and _number(certification, "/P") != _ORDINARY_SIGNATURE
    ):
        raise _cannot("a certification of the document (/MDP)", "MDP")
    for key in ("/Cert", "/TimeStamp"):
        part = seed.get(key)
        if isinstance(part, Dictionary) and _flags(part):
            raise _cannot(f"something of certificate or time stamp ({key})", key[1:])


def _flags(dictionary: Object) -> int:
    flags: object = dictionary.get("/Ff", 0)
    if not isinstance(flags, int) or flags < 0:
        raise damaged("the flags of seed values (/Ff) are no number")
    return flags


def _text(dictionary: Object, key: str) -> str | None:
    value = dictionary.get(key)
    return None if value is None else as_text(value)


def _number(dictionary: Object, key: str) -> Decimal:
    value: object = dictionary.get(key, 0)
    if not isinstance(value, (int, Decimal)):
        raise damaged(f"a seed value ({key}) is no number")
    return Decimal(value)


def _listed(seed: Object, key: str) -> list[str]:
    values = seed.get(key)
    if not isinstance(values, Array):
        raise damaged(f"a seed value ({key}) is no array")
    return [as_text(item) for item in values if isinstance(item, (Name, String))]


def _allows(seed: Object, key: str, ours: str) -> bool:
    return ours in _listed(seed, key)


def _allows_reason(seed: Object, reason: str | None) -> bool:
    """A list with one full stop, or nothing in it, asks for a signature without a reason."""
    reasons = _listed(seed, "/Reasons")
    return reason is None if reasons in ([], ["."]) else reason in reasons


def _cannot(what: str, key: str) -> PdfSigningForbidden:
    why = "give one of the reasons that the form offers" if key == "Reasons" else "ask its author"
    return PdfSigningForbidden(
        f"The signature field requires {what}, and whoever made the form would not accept the "
        "signature.",
        f"Sign into another field, or {why}.",
    )
