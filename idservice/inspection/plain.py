"""ASN.1 values as plain ones: dictionaries, lists, texts, numbers, truth and nothing.

asn1crypto reads what the structures of the standards are; names become camelCase, times
ISO 8601, octets hexadecimal, and object identifiers get their name where one is known.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from asn1crypto.core import Asn1Value, ObjectIdentifier

from idservice.crypto.ber import definite
from idservice.errors import MalformedDer
from idservice.inspection.names import NAMES

MAX_OCTETS = 512
"""Octets that are shown of one value; the rest is counted."""

MAX_ITEMS = 2_000
"""Elements of one list that are shown, such as the entries of a revocation list."""

LIBRARY_FAULTS = (
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    RecursionError,
    AttributeError,
)
"""What asn1crypto raises for structures that are not what they must be."""

Value = TypeVar("Value")

_MAX_DEPTH = 40
_OID = re.compile(r"[0-2](?:\.\d+){2,}")
_WORDS = re.compile(r"[_\s-]+(\w)")


def guarded(read: Callable[[bytes], Value], data: bytes) -> Value:
    """Read something with asn1crypto, which finds many faults only when parts are asked for.

    Raises MalformedDer for whatever the library raises, and our own errors as they are.
    """
    try:
        return read(data)
    except LIBRARY_FAULTS as exc:
        raise _malformed("a part of it is not what it must be") from exc


def load(kind: type[Any], encoded: bytes) -> Any:
    """Read BER or DER as one structure of asn1crypto, within budgets.

    Parts are read when they are asked for, one by one: the library reads a whole structure at
    once in time that grows with the power of its depth. Raises MalformedDer for anything else.
    """
    data, end = definite(encoded)
    if encoded[end:].strip(b"\x00\r\n\t "):
        raise _malformed("something follows it")
    try:
        return kind.load(data, strict=True)
    except LIBRARY_FAULTS as exc:
        raise _malformed("it is no such structure") from exc


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value of asn1crypto, or what its `native` is, as a plain one."""
    if isinstance(value, ObjectIdentifier):
        return oid_text(value.dotted)
    if isinstance(value, Asn1Value):
        value = value.native
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {camel_case(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
        shown = [plain(item, depth + 1) for item in items[:MAX_ITEMS]]
        return shown + ([f"… and {len(items) - MAX_ITEMS} more"] if len(items) > MAX_ITEMS else [])
    return scalar(value)


def scalar(value: Any) -> Any:
    """Return a single value as text, number, truth or nothing."""
    if isinstance(value, (bytes, bytearray)):
        return octets(bytes(value))
    if isinstance(value, dt.datetime):
        return moment(value)
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        # Numbers beyond the exact ones of JSON readers are serial numbers: hexadecimal.
        return value if abs(value) < 2**53 else hex(value)
    text = str(value)
    return oid_text(text) if _OID.fullmatch(text) else text


def octets(value: bytes) -> str:
    """Write octets in hexadecimal, the first ones of many."""
    if len(value) <= MAX_OCTETS:
        return value.hex()
    return f"{value[:MAX_OCTETS].hex()}… ({len(value)} octets)"


def moment(value: dt.datetime) -> str:
    """Write a time as ISO 8601 in UTC; one without a zone is taken for UTC."""
    aware = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    return aware.isoformat().replace("+00:00", "Z")


def oid_text(dotted: str) -> str:
    """Write an object identifier with its name, if it has a known one."""
    name = NAMES.get(dotted)
    return dotted if name is None else f"{dotted} ({name})"


def camel_case(name: str) -> str:
    """Turn names such as tbs_cert_list into tbsCertList; object identifiers stay as they are."""
    if _OID.fullmatch(name):
        return oid_text(name)
    return _WORDS.sub(lambda match: match.group(1).upper(), name.strip())


def _malformed(reason: str) -> MalformedDer:
    return MalformedDer(
        f"The structure cannot be read: {reason}.", "Ask for the complete, unmodified file."
    )
