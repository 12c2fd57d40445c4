"""The entries of one revocation list, of which there may be a million (RFC 5280 cl. 5.3).

They are searched as bytes. An entry is read by the library once it is asked for; what most
lists are asked, whether a certificate is missing from them, is answered without reading any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NoReturn

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID

from idservice.crypto import der, der_reader
from idservice.errors import MalformedCrl
from idservice.pki.path_certificate import Name, comparable_name

MAX_ODD_ENTRIES: Final = 10_000
"""Entries of one list that are read because a critical extension may be in them."""

MAX_ENTRY_ISSUERS: Final = 1_000
"""Different issuers that the entries of one indirect list may name."""

_SEARCHES = 16
"""Serial numbers for which the bytes are searched before all entries are put in order."""

_TRUE = b"\x01\x01\xff"
_ISSUER = der.object_identifier(CRLEntryExtensionOID.CERTIFICATE_ISSUER.dotted_string)
_PROCESSED = (
    der.object_identifier(CRLEntryExtensionOID.CRL_REASON.dotted_string),
    der.object_identifier(CRLEntryExtensionOID.INVALIDITY_DATE.dotted_string),
)
# ecdsa-with-SHA256, no name, a time: what stands around an entry for the library to read it.
_ALGORITHM = der.sequence(der.object_identifier("1.2.840.10045.4.3.2"))
_HEAD = b"\x02\x01\x01" + _ALGORITHM + der.sequence() + b"\x17\x0d700101000000Z"
_TAIL = _ALGORITHM + der.bit_string(b"")
_LONG = 0x80
_NOBODY: Name = ()

_Key = bytes | tuple[bytes, Name]


class CrlEntries:
    """The entries of a list; each thing that is asked of them is found out once."""

    def __init__(self, crl_der: bytes, entries: slice, lister: Name, *, indirect: bool) -> None:
        """Take a list that the library could parse, and where its entries stand.

        `lister` is who made the list, for entries of an `indirect` one that name no issuer.
        """
        self._der, self._entries = crl_der, entries
        self._lister, self._indirect = lister, indirect
        self._searches = 0
        self._sought: dict[_Key, x509.RevokedCertificate | None] = {}

    def require_processed(self) -> None:
        """Require that no entry has a critical extension that is not processed here.

        Raises MalformedCrl (cl. 5.3: what it says about the entry would be missed).
        """
        processed = (*_PROCESSED, _ISSUER) if self._indirect else _PROCESSED
        if _explained(self._der, processed, self._entries):
            return
        odd = (
            entry_der
            for entry_der in self._with_true()
            if not _explained(entry_der, processed, slice(0, len(entry_der)))
        )
        for count, entry_der in enumerate(odd):
            if count >= MAX_ODD_ENTRIES:
                _refuse(f"more than {MAX_ODD_ENTRIES} of its entries have unusual extensions")
            _require_processed(_read(entry_der), processed)

    def _with_true(self) -> Iterator[bytes]:
        """The entries in which the bytes of a TRUE are."""
        data, end = self._der, self._entries.stop
        found = data.find(_TRUE, self._entries.start, end)
        for start, _, _, stop in _spans(data, self._entries):
            if 0 <= found < stop:
                yield data[start:stop]
                found = data.find(_TRUE, stop, end)

    def find(self, serial: int, issuer: x509.Name) -> x509.RevokedCertificate | None:
        """Return the entry of an issuer's serial number, or None. Raises MalformedCrl."""
        number = der_reader.read(der.integer(serial)).contents
        key = (number, comparable_name(issuer)) if self._indirect else number
        if key not in self._sought:
            position = self._position(key, number)
            self._sought[key] = None if position is None else self._read_at(position)
        return self._sought[key]

    def _position(self, key: _Key, number: bytes) -> int | None:
        if "_index" not in self.__dict__ and self._searches < _SEARCHES:
            self._searches += 1
            searched = der.wrap(der.INTEGER, number)
            if self._der.find(searched, self._entries.start, self._entries.stop) < 0:
                return None
        return self._index.get(key)

    def _read_at(self, position: int) -> x509.RevokedCertificate:
        return _read(self._der[position : der.element_end(self._der, position, len(self._der))])

    @cached_property
    def _index(self) -> Mapping[_Key, int]:
        """Where the entry of each certificate starts; of two, the first."""
        found: dict[_Key, int] = {}
        data, issuers = self._der, _EntryIssuers(self._lister)
        for start, serial_start, serial_stop, stop in _spans(self._der, self._entries):
            serial = data[serial_start:serial_stop]
            if self._indirect:
                issuer = issuers.of(data[start:stop])
                found.setdefault((serial, issuer), start)
            else:
                found.setdefault(serial, start)
        return found


class _EntryIssuers:
    """Whose certificates the entries of an indirect list are, one after the other (cl. 5.3.3)."""

    def __init__(self, lister: Name) -> None:
        self._current = lister
        self._known: dict[bytes, Name | None] = {}

    def of(self, entry_der: bytes) -> Name:
        """Return the issuer of the next entry: its own, or else that of the entry before it."""
        named = entry_der.find(_ISSUER)
        if named >= 0:
            extension = entry_der[named : _extension_end(entry_der, named + len(_ISSUER))]
            if extension not in self._known:
                self._known[extension] = self._read(entry_der)
            self._current = self._known[extension] or self._current
        return self._current

    def _read(self, entry_der: bytes) -> Name | None:
        if len(self._known) >= MAX_ENTRY_ISSUERS:
            _refuse(f"its entries name more than {MAX_ENTRY_ISSUERS} issuers")
        try:
            named = _read(entry_der).extensions.get_extension_for_class(x509.CertificateIssuer)
        except x509.ExtensionNotFound:
            return None
        names = named.value.get_values_for_type(x509.DirectoryName)
        return comparable_name(names[0]) if names else _NOBODY


def _explained(data: bytes, processed: Sequence[bytes], part: slice) -> bool:
    """Whether each TRUE follows an extension that is processed: then nothing else is critical."""
    start, stop = part.start, part.stop
    count = data.count(_TRUE, start, stop)
    return not count or count == sum(data.count(item + _TRUE, start, stop) for item in processed)


def _spans(data: bytes, part: slice) -> Iterator[tuple[int, int, int, int]]:
    """Yield where each entry starts, its serial number starts and ends, and it ends."""
    position, end = part.start, part.stop
    while position < end:
        size = data[position + 1]
        # Most entries are short: only others are measured by the function that knows all forms.
        if size < _LONG:
            start = position + 2
            stop = start + size
        else:
            start, stop = der.contents_range(data, position, end)
        serial_size = data[start + 1]
        if serial_size >= _LONG:
            _refuse("a serial number has more than 127 octets")
        yield position, start + 2, start + 2 + serial_size, stop
        position = stop


def _extension_end(entry_der: bytes, position: int) -> int:
    """Where an extension ends whose object identifier ends at `position`."""
    if entry_der.startswith(_TRUE, position):
        position += len(_TRUE)
    return der.element_end(entry_der, position, len(entry_der))


def _read(entry_der: bytes) -> x509.RevokedCertificate:
    """Let the library read one entry, as the only one of a list."""
    signed = der.sequence(_HEAD, der.sequence(entry_der))
    return x509.load_der_x509_crl(der.sequence(signed, _TAIL))[0]


def _require_processed(entry: x509.RevokedCertificate, processed: Sequence[bytes]) -> None:
    for item in entry.extensions:
        name = item.oid.dotted_string
        if item.critical and der.object_identifier(name) not in processed:
            _refuse(f"an entry depends on the extension {name}")


def _refuse(reason: str) -> NoReturn:
    raise MalformedCrl(
        f"The revocation list cannot be used: {reason}.",
        "Fetch the list again from the address in the certificate.",
    )
