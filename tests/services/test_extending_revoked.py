"""Nothing is raised for a signer who was revoked, whatever evidence the document brings along."""

import datetime as dt
from pathlib import Path

import pytest

from idservice.errors import CertificateRevoked, SignatureInvalid
from idservice.pades.baseline import Baseline
from idservice.pades.dss import StoreItems
from idservice.pades.extension import store_update
from idservice.pades.facts import read_facts
from idservice.pades.material import KeptEvidence
from idservice.pdf.document import open_document
from idservice.pdf.update import Update
from idservice.services.assembly import Services
from idservice.services.certificate_authority import ISSUING_KEY, ROOT_KEY
from idservice.services.extending import ExtensionOrder
from idservice.services.level_sources import LevelChoice
from support import pdfs
from support.homes import PERSON
from support.level_bench import LevelBench
from support.long_term import DAY, HOUR, MINUTE, answer, authorities, revocation_list
from support.pki import AT, leaf

ABOVE_B = tuple(Baseline)[1:]


@pytest.mark.parametrize("level", ABOVE_B, ids=lambda level: level.value)
def test_no_time_stamp_is_made_for_a_revoked_signer(level: Baseline, services: Services) -> None:
    """Our own authority is asked before a signature gets a time-stamp that comes too late."""
    bench = LevelBench(services)
    data = bench.signed(pdfs.baseline(), Baseline.B_B)
    assert bench.extended(data, level).startswith(data)
    services.persons.revoke(PERSON, actor="test")
    with pytest.raises(CertificateRevoked):
        bench.extended(data, level)


@pytest.mark.parametrize("level", ABOVE_B[1:], ids=lambda level: level.value)
def test_an_old_list_in_the_document_helps_no_revoked_signer(
    level: Baseline, services: Services
) -> None:
    """A list from before the revocation was current at the time-stamp, and proves nothing."""
    bench = LevelBench(services)
    assert bench.key.certificate_der
    lists = tuple(services.revocation_lists.current(name).der for name in (ISSUING_KEY, ROOT_KEY))
    services.persons.revoke(PERSON, actor="test")
    data = bench.signed(pdfs.baseline(), Baseline.B_T)
    data += store_update(open_document(data), StoreItems((), (), lists), {})
    with pytest.raises(CertificateRevoked):
        bench.extended(data, level)


@pytest.mark.parametrize(
    ("by_list", "made", "responder", "proved"),
    [
        (True, AT - HOUR, True, False),
        (True, AT + MINUTE, True, True),
        (True, AT - HOUR, False, True),
        (False, AT - HOUR, True, False),
        (False, AT + MINUTE, True, True),
    ],
    ids=["older list", "newer list", "older list, no responder", "older answer", "newer answer"],
)
def test_what_is_kept_proves_as_much_as_in_validation(
    by_list: bool,  # noqa: FBT001 - a parameter of the cases
    made: dt.datetime,
    responder: bool,  # noqa: FBT001 - a parameter of the cases
    proved: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    """An older list about a signer is enough only where no responder can be asked."""
    found = authorities()
    signer = found.signer if responder else leaf(found.issuing, not_after=AT + DAY)
    lists = [revocation_list(found.root, AT - DAY)]
    lists += [revocation_list(found.issuing, made)] if by_list else []
    kept = KeptEvidence([] if by_list else [answer(signer, made)], lists)
    path = [item.certificate for item in (signer, found.issuing, found.root)]
    assert kept.proves(path, after=AT) is proved


def _changed(data: bytes, entry: bytes) -> bytes:
    """Give the first page another entry."""
    document = open_document(data)
    update = Update(document)
    page = document.pdf.pages[0].obj
    update.put(page.objgen, page.unparse(resolved=True)[:-2] + entry + b" >>")
    return data + bytes(update.finish().data)


@pytest.mark.parametrize("entry", [b"", b"/Rotate 180"], ids=["unchanged", "turned"])
def test_a_document_that_was_changed_is_not_archived(
    entry: bytes, level_bench: LevelBench, tmp_path: Path
) -> None:
    """What makes the signature fail is no matter for an archive: nothing is written."""
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    data = _changed(level_bench.signed(pdfs.baseline(), Baseline.B_B), entry)
    source.write_bytes(data)
    extending = level_bench.services.extending(LevelChoice(Baseline.B_LTA))
    if not entry:
        extending.extend(ExtensionOrder(source, target))
        assert len(read_facts(target.read_bytes()).time_stamps) == 2
        return
    with pytest.raises(SignatureInvalid, match="not permitted"):
        extending.extend(ExtensionOrder(source, target))
    assert not target.exists()
