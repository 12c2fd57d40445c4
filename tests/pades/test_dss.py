"""The document security store: added to in every structure, read back, nothing lost."""

import io
from pathlib import Path

import pikepdf
import pytest

from idservice.pades.dss import StoreItems, read_store, vri_key
from idservice.pades.extension import store_update
from idservice.pdf.document import open_document
from support import oracles, pdfs
from support.pdfs import plain_objects, table_pdf

CERTS = (b"first certificate", b"second certificate")
OCSPS = (b"an answer",)
CRLS = (b"a list" * 1000,)
KEY = vri_key(b"contents\x00\x00")


def _items() -> StoreItems:
    return StoreItems(CERTS, OCSPS, CRLS)


@pytest.mark.parametrize("name", pdfs.ALL)
def test_every_structure_takes_a_store(name: str, tmp_path: Path) -> None:
    """What is put into the store is read back from each generated file, also by qpdf."""
    case = pdfs.build(name)
    document = open_document(case.data, password=case.password)
    update = store_update(document, _items(), {KEY: StoreItems(certs=CERTS[1:], crls=CRLS)})
    data = case.data + update
    store = read_store(open_document(data, password=case.password))
    assert (store.certs, store.ocsps, store.crls) == (CERTS, OCSPS, CRLS)
    assert store.vri == {KEY: StoreItems(CERTS[1:], (), CRLS)}
    assert not store.faults
    before = oracles.qpdf_complaints(case.data, tmp_path, password=case.password)
    assert oracles.qpdf_complaints(data, tmp_path, password=case.password) <= before


@pytest.mark.parametrize("name", ["baseline", "xref-stream", "password-aes-256"])
def test_a_second_addition_keeps_the_first(name: str) -> None:
    """An update adds what is new, repeats nothing, and keeps all entries of the first."""
    case = pdfs.build(name)
    data = case.data
    first = {KEY: StoreItems(certs=CERTS[:1])}
    data += store_update(open_document(data, password=case.password), _items(), first)
    other = vri_key(b"other")
    more = StoreItems(certs=(*CERTS, b"third"))
    again = {KEY: StoreItems(certs=(b"third",), ocsps=OCSPS), other: StoreItems(crls=CRLS)}
    data += store_update(open_document(data, password=case.password), more, again)
    store = read_store(open_document(data, password=case.password))
    assert store.certs == (*CERTS, b"third")
    assert store.ocsps == OCSPS
    assert store.crls == CRLS
    assert store.vri == {
        KEY: StoreItems((CERTS[0], b"third"), OCSPS, ()),
        other: StoreItems(crls=CRLS),
    }


def test_nothing_is_written_when_nothing_is_new() -> None:
    """An addition of what the store holds already makes no update."""
    data = pdfs.build("baseline").data
    data += store_update(open_document(data), _items(), {KEY: _items()})
    assert store_update(open_document(data), _items(), {KEY: _items()}) == b""


_STREAM = b"<< /Length 1 >>\nstream\n%b\nendstream"
_DIRECT = b"<< /Type /DSS /Certs [7 0 R] /VRI << /AA << /Cert [7 0 R] >> >> >>"
_SHAPES = {
    "direct": {"o1": b"<< /Type /Catalog /Pages 2 0 R /DSS %b >>" % _DIRECT},
    "indirect": {"o1": b"<< /Type /Catalog /Pages 2 0 R /DSS 8 0 R >>", "o8": _DIRECT},
    "indirect throughout": {
        "o1": b"<< /Type /Catalog /Pages 2 0 R /DSS 8 0 R >>",
        "o8": b"<< /Type /DSS /Certs 9 0 R /VRI 10 0 R >>",
        "o9": b"[7 0 R]",
        "o10": b"<< /AA 11 0 R >>",
        "o11": b"<< /Cert 12 0 R >>",
        "o12": b"[7 0 R]",
    },
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_a_store_of_any_shape_is_added_to(shape: str) -> None:
    """Direct and indirect dictionaries and arrays all keep what they hold."""
    data = table_pdf(plain_objects(**{"o7": _STREAM % b"c", **_SHAPES[shape]}))
    vri = {"AA": StoreItems(certs=(b"c", b"d")), "BB": StoreItems(ocsps=(b"o",))}
    data += store_update(open_document(data), StoreItems(), vri)
    store = read_store(open_document(data))
    assert store.certs == (b"c", b"d")
    assert store.vri == {
        "AA": StoreItems(certs=(b"c", b"d")),
        "BB": StoreItems(ocsps=(b"o",)),
    }


def test_stray_entries_are_told_and_do_not_hide_the_others() -> None:
    """Garbage in the store is a fault of its own, and what can be read is read."""
    store = b"<< /Certs [null 7 0 R (text)] /OCSPs 5 /CRLs [7 0 R] /VRI << /AA 3 >> >>"
    catalog = b"<< /Type /Catalog /Pages 2 0 R /DSS %b >>" % store
    data = table_pdf(plain_objects(o1=catalog, o7=_STREAM % b"c"))
    found = read_store(open_document(data))
    assert found.certs == (b"c",)
    assert found.crls == (b"c",)
    assert len(found.faults) == 4


def test_extension_is_declared_once_and_never_lowered() -> None:
    """A PDF 1.7 declares ESIC level 2 or more; what is declared already stays."""
    higher = b"<< /BaseVersion /1.7 /ExtensionLevel %d >>"
    declared = b"<< /ESIC %b /ADBE %b >>" % (higher % 5, higher % 8)
    catalog = b"<< /Type /Catalog /Version /1.7 /Pages 2 0 R /Extensions %b >>" % declared
    data = table_pdf(plain_objects(o1=catalog))
    data += store_update(open_document(data), _items(), {})
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert pdf.Root.Extensions.ESIC.ExtensionLevel == 5
        assert pdf.Root.Extensions.ADBE.ExtensionLevel == 8
    plain = table_pdf(plain_objects(o1=b"<< /Type /Catalog /Version /1.7 /Pages 2 0 R >>"))
    plain += store_update(open_document(plain), _items(), {})
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        assert pdf.Root.Extensions.ESIC.ExtensionLevel == 2


def test_key_of_an_entry_covers_the_padding() -> None:
    """The zeros behind the DER are part of what names an entry, as other programs have it."""
    assert vri_key(b"\x30\x00") != vri_key(b"\x30\x00\x00")
    assert vri_key(b"abc") == "A9993E364706816ABA3E25717850C26C9CD0D89D"
