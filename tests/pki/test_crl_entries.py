"""Searching the entries of revocation lists as bytes, whatever somebody put into them."""

import time
from collections.abc import Callable, Iterable
from functools import partial

import pytest
from cryptography import x509

from idservice.crypto import der
from idservice.errors import MalformedCrl
from idservice.pki import crl_entries
from idservice.pki.crl_entries import CrlEntries
from idservice.pki.path_certificate import comparable_name

DATE = b"\x17\x0d260101000000Z"
ISSUER = "2.5.29.29"
UNKNOWN = "1.3.6.1.4.1.55555.1"


def name(text: str) -> x509.Name:
    """A name with one attribute."""
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


LISTER = name("TEST Lister")


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """An extension of an entry."""
    flag = b"\x01\x01\xff" if critical else b""
    return der.sequence(der.object_identifier(oid), flag, der.octet_string(value))


def issuer_extension(issuer: x509.Name) -> bytes:
    """The extension that names the issuer of an entry's certificate."""
    named = der.sequence(der.context(4, issuer.public_bytes()))
    return extension(ISSUER, named, critical=True)


def entry(serial: int, *extensions: bytes) -> bytes:
    """One entry."""
    more = (der.sequence(*extensions),) if extensions else ()
    return der.sequence(der.integer(serial), DATE, *more)


def entries(items: Iterable[bytes], *, indirect: bool = False) -> CrlEntries:
    """The entries of a list, between bytes that belong to none."""
    body = b"".join(items)
    whole = b"\x02\x01\x07" + body + b"\x02\x01\x07"
    part = slice(3, 3 + len(body))
    return CrlEntries(whole, part, comparable_name(LISTER), indirect=indirect)


def seconds(work: Callable[[], object]) -> float:
    """The processor time of some work."""
    started = time.process_time()
    work()
    return time.process_time() - started


def test_only_a_serial_number_in_its_place_counts() -> None:
    """The same bytes inside an extension, or beside the entries, list no certificate."""
    hidden = extension(UNKNOWN, der.integer(5))
    found = entries([entry(1, hidden), entry(300)])
    assert found.find(5, LISTER) is None
    assert found.find(7, LISTER) is None
    listed = found.find(300, LISTER)
    assert listed is not None
    assert listed.serial_number == 300


def test_after_many_searches_the_answers_stay_the_same() -> None:
    """Whether bytes are searched or entries put in order, each certificate is found or missed."""
    found = entries(entry(2 * number) for number in range(1, 101))
    for serial in range(1, 201):
        listed = found.find(serial, LISTER)
        assert (listed is not None) is (serial % 2 == 0)
        assert listed is None or listed.serial_number == serial


def test_an_entry_takes_the_issuer_of_the_entry_before_it() -> None:
    """Clause 5.3.3: the issuer holds until another one is named; at first it is the lister."""
    one, other = name("TEST One"), name("TEST Other")
    found = entries(
        [
            entry(1),
            entry(2, issuer_extension(one)),
            entry(3),
            entry(4, extension("2.5.29.21", b"\x0a\x01\x01"), issuer_extension(other)),
            entry(5, extension(UNKNOWN, der.object_identifier(ISSUER) + der.octet_string(b""))),
        ],
        indirect=True,
    )
    found.require_processed()
    whose = {1: LISTER, 2: one, 3: one, 4: other, 5: other}
    for serial, issuer in whose.items():
        for asked in (LISTER, one, other):
            assert (found.find(serial, asked) is not None) is (asked == issuer)


@pytest.mark.parametrize("indirect", [True, False])
def test_a_critical_extension_is_found_among_those_that_are_known(*, indirect: bool) -> None:
    """One unknown critical extension among known ones is found; one that is not is borne."""
    known = extension("2.5.29.21", b"\x0a\x01\x01", critical=True)
    plain = [entry(number, known) for number in range(1, 50)]
    innocent = entry(50, extension(UNKNOWN, b"\x01\x01\xff"))
    entries([*plain, innocent], indirect=indirect).require_processed()
    guilty = entry(51, extension(UNKNOWN, b"", critical=True))
    with pytest.raises(MalformedCrl, match=UNKNOWN):
        entries([*plain, innocent, guilty], indirect=indirect).require_processed()
    if not indirect:
        with pytest.raises(MalformedCrl, match=ISSUER):
            entries([entry(1, issuer_extension(LISTER))]).require_processed()


def test_entries_that_must_be_read_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many entries with something unusual, or too many issuers, are refused."""
    monkeypatch.setattr(crl_entries, "MAX_ODD_ENTRIES", 2)
    monkeypatch.setattr(crl_entries, "MAX_ENTRY_ISSUERS", 2)
    odd = [entry(number, extension(UNKNOWN, b"\x01\x01\xff")) for number in (1, 2, 3)]
    entries(odd[:2]).require_processed()
    with pytest.raises(MalformedCrl, match="more than 2"):
        entries(odd).require_processed()
    many = [entry(number, issuer_extension(name(f"TEST {number}"))) for number in (1, 2, 3)]
    assert entries(many[:2], indirect=True).find(2, name("TEST 2")) is not None
    with pytest.raises(MalformedCrl, match="more than 2 issuers"):
        entries(many, indirect=True).find(2, name("TEST 2"))


@pytest.mark.parametrize("indirect", [True, False])
def test_many_entries_cost_little(*, indirect: bool) -> None:
    """Looking up 40 of 300,000 entries costs little more than putting them in order once."""
    known = extension("2.5.29.21", b"\x0a\x01\x01", critical=True)
    template = entry(1 << 30, known)
    head, tail = template[:4], template[8:]
    body = b"".join(
        head + (number | 1 << 30).to_bytes(4, "big") + tail for number in range(300_000)
    )
    whole = CrlEntries(body, slice(0, len(body)), comparable_name(LISTER), indirect=indirect)

    whole.require_processed()

    def look(number: int) -> None:
        assert whole.find(number, LISTER) is None
        assert whole.find(number * 15_000 | 1 << 30, LISTER) is not None

    once = seconds(partial(look, 0))
    rest = sum(seconds(partial(look, number)) for number in range(1, 20))
    assert rest < 2 * once
