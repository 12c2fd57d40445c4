"""Names of people and authorities: what a subject field holds, in which order and string type.

Names of people are kept as cards carry them: upper case, Unicode NFC, Latin letters
only, so that no look-alike of another script and no control character gets into a
certificate.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509

from idservice.crypto import der
from idservice.errors import MalformedRequest, ProfileInvalid
from idservice.pki.personal_code import PersonalCode

MAX_COMMON_NAME = 64
"""ub-common-name of RFC 5280 appendix A.1: characters there, octets of UTF-8 here.

Much software counts octets, so a name between the two would not be read everywhere.
"""

_UTF8_STRING = b"\x0c"
_PRINTABLE_STRING = b"\x13"
_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_NAME_PUNCTUATION = frozenset(" '-.\N{RIGHT SINGLE QUOTATION MARK}")

# RFC 5280 cl. 4.1.2.4 asks for PrintableString or UTF8String; appendix A.1 makes
# country and serial number PrintableString. Lengths in octets, same appendix.
_ATTRIBUTES: dict[str, tuple[str, bytes, int]] = {
    "C": ("2.5.4.6", _PRINTABLE_STRING, 2),
    "O": ("2.5.4.10", _UTF8_STRING, 64),
    "organizationIdentifier": ("2.5.4.97", _UTF8_STRING, 64),
    "CN": ("2.5.4.3", _UTF8_STRING, MAX_COMMON_NAME),
    "SN": ("2.5.4.4", _UTF8_STRING, 64),
    "GN": ("2.5.4.42", _UTF8_STRING, 64),
    "serialNumber": ("2.5.4.5", _PRINTABLE_STRING, 64),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """A person as the registry knows them; a certificate's subject is derived from it."""

    given_name: str
    surname: str
    personal_code: PersonalCode

    def __post_init__(self) -> None:
        """Raise MalformedRequest for names that no card could carry."""
        _require_name(self.given_name, "given name")
        _require_name(self.surname, "surname")
        size = len(self.common_name.encode())
        if size > MAX_COMMON_NAME:
            raise MalformedRequest(
                f"Surname, given name and personal code together have {size} octets, and a "
                f"certificate's common name holds {MAX_COMMON_NAME}.",
                "Shorten the names as a passport office would.",
            )

    @property
    def common_name(self) -> str:
        """SURNAME,GIVEN NAME,CODE: the common name on an Estonian ID-card."""
        return f"{self.surname},{self.given_name},{self.personal_code}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A distinguished name: attribute short names and values in their order."""

    attributes: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        """Raise ProfileInvalid for an attribute, value or length that is not allowed."""
        for name, value in self.attributes:
            _require_attribute(name, value)

    def name(self) -> x509.Name:
        """Return the name as the certificate builder takes it."""
        return x509.Name(
            [
                x509.NameAttribute(x509.ObjectIdentifier(oid), value)
                for (oid, _, _), value in self._typed()
            ]
        )

    def der(self) -> bytes:
        """Encode the name as DER, one attribute in each RDN (RFC 5280 cl. 4.1.2.4)."""
        return der.sequence(
            *(
                der.set_of(der.sequence(der.object_identifier(oid), der.wrap(tag, value.encode())))
                for (oid, tag, _), value in self._typed()
            )
        )

    def text(self) -> str:
        """Return the name for people and records, most specific attribute first (RFC 4514)."""
        return self.name().rfc4514_string()

    def _typed(self) -> Iterable[tuple[tuple[str, bytes, int], str]]:
        return ((_ATTRIBUTES[name], value) for name, value in self.attributes)


def make_holder(given_name: str, surname: str, code: str) -> Holder:
    """Make a holder from what somebody typed: trimmed, NFC, upper case.

    Raises MalformedRequest for impossible names, MalformedPersonalCode for a wrong code.
    """
    return Holder(_normalise(given_name), _normalise(surname), PersonalCode(code.strip()))


def holder_subject(holder: Holder, order: Iterable[str]) -> Subject:
    """Derive the subject of a person's certificate, attributes in the profile's order."""
    values = {
        "C": "EE",
        "CN": holder.common_name,
        "SN": holder.surname,
        "GN": holder.given_name,
        "serialNumber": holder.personal_code.semantics_identifier,
    }
    try:
        return Subject(tuple((name, values[name]) for name in order))
    except KeyError as exc:
        raise ProfileInvalid(
            f"A person has no subject attribute {exc}.", "Use C, CN, SN, GN and serialNumber."
        ) from exc


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()).upper())


def _require_name(value: str, what: str) -> None:
    if not value or value != _normalise(value):
        raise MalformedRequest(
            f"The {what} is empty or not in upper case NFC without needless spaces.",
            "Give the name as an identity card prints it.",
        )
    strangers = sorted({char for char in value if not _is_name_character(char)})
    if strangers or not any(char.isalpha() for char in value):
        raise MalformedRequest(
            f"The {what} has characters that no identity card prints: "
            f"{', '.join(f'U+{ord(char):04X}' for char in strangers[:5]) or 'no letter at all'}.",
            "Use Latin letters, space, hyphen, apostrophe and full stop.",
        )


def _is_name_character(char: str) -> bool:
    return char in _NAME_PUNCTUATION or (
        char.isalpha() and unicodedata.name(char, "").startswith("LATIN ")
    )


def _require_attribute(name: str, value: str) -> None:
    if name not in _ATTRIBUTES:
        raise ProfileInvalid(
            f"The subject attribute {name!r} is not supported.",
            f"Use one of {', '.join(_ATTRIBUTES)}.",
        )
    _, tag, limit = _ATTRIBUTES[name]
    size = len(value.encode())
    if not 1 <= size <= limit or (name == "C" and size != limit):
        raise ProfileInvalid(
            f"The subject attribute {name} has {size} octets, and from 1 to {limit} "
            "are allowed (RFC 5280 appendix A.1).",
            "Shorten the value.",
        )
    if tag == _PRINTABLE_STRING and not _PRINTABLE.issuperset(value):
        raise ProfileInvalid(
            f"The subject attribute {name} has characters that a PrintableString cannot hold.",
            "Use letters, digits, space and '()+,-./:=?.",
        )
