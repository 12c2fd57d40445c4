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
from idservice.pdf.fields import FieldLock
from idservice.pdf.values import as_text

if TYPE_CHECKING:
    from pikepdf import Object

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
    field: Object, *, subfilter: str, digest: str, reason: str | None, certify: int | None = None
) -> None:
    """Check what the field requires against the signature about to be made.

    `subfilter` is the encoding of its value, `digest` the name of the hash, `reason` what
    the signer says, `certify` the permissions with which it certifies. Raises
    PdfSigningForbidden naming the entry that cannot be met, MalformedPdf for seed values
    that are none. Recommendations (entries whose bit in /Ff is not set) bind nobody.
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
        "DigestMethod": lambda: _allows(seed, "/DigestMethod", digest.upper().replace("_", "-")),
        "LockDocument": lambda: _text(seed, "/LockDocument") in {None, "/false", "/auto"},
    }
    for bit, key in enumerate(_REQUIRED):
        required = flags >> bit & 1 and f"/{key}" in seed
        if required and not met.get(key, lambda: False)():
            raise _cannot(f"something of its signature (/{key}) that this one would not have", key)
    _require_certification_met(seed, certify)
    _require_parts_met(seed)


def field_lock(field: Object) -> FieldLock | None:
    """Return the lock that the author of a form put into a field, for its signature to repeat.

    Then it holds also for whoever looks at the signature alone (ISO 32000-2 cl. 12.8.2.4).
    Raises MalformedPdf.
    """
    lock = field.get("/Lock")
    if lock is None:
        return None
    action = _text(lock, "/Action") if isinstance(lock, Dictionary) else None
    if action not in _LOCK_ACTIONS:
        raise damaged("the lock of a signature field (/Lock) does not say what it locks")
    if action == "/All":
        return FieldLock("All")
    names = lock.get("/Fields")
    if not isinstance(names, Array) or not all(isinstance(item, String) for item in names):
        raise damaged("the lock of a signature field (/Lock) does not name its fields")
    return FieldLock(action[1:], tuple(as_text(item) for item in names))


def _require_certification_met(seed: Object, certify: int | None) -> None:
    """/MDP asks for one kind of signature: 0 an ordinary one, 1 to 3 a certification."""
    asked = seed.get("/MDP")
    if not isinstance(asked, Dictionary):
        return
    permissions = _number(asked, "/P")
    if permissions != (certify or _ORDINARY_SIGNATURE):
        what = "no certification" if permissions == _ORDINARY_SIGNATURE else "a certification"
        raise _cannot(f"{what} of the document (/MDP with /P {permissions})", "MDP")


def _require_parts_met(seed: Object) -> None:
    """Seed values with requirements of their own: certificate and time stamp."""
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
    ways = {
        "Reasons": "give one of the reasons that the form offers",
        "MDP": "certify, or do not certify, as the form asks",
    }
    return PdfSigningForbidden(
        f"The signature field requires {what}, and whoever made the form would not accept the "
        "signature.",
        f"Sign into another field, or {ways.get(key, 'ask its author')}.",
    )
