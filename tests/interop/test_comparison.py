"""The comparison with other programs counts what it says it counts."""

import json
from pathlib import Path

import pytest

from support import comparison
from support.attack_documents import signed_base
from support.attacks_saving import EVIL
from support.comparison import OURS, PYHANKO, Sample, compare, main, programs
from support.pdf_writing import plain_objects, table_pdf
from support.programs import require_program
from support.revision_writing import Revision
from support.signing import signed


def samples() -> dict[str, list[Sample]]:
    """An honest file, a changed one, and a signed one that is expected wrongly on purpose."""
    honest = signed_base("table")
    changed = Revision(honest).write(4, EVIL).build()
    other = signed(table_pdf(plain_objects()))
    return {
        "honest": [Sample("honest", honest, accept=True)],
        "changed": [Sample("changed", changed, accept=False)],
        "wrongly expected": [Sample("other", other, accept=False, trusted=False)],
    }


def test_all_programs_are_asked_about_the_same_files(tmp_path: Path) -> None:
    """Each file is judged by all three, and a wrong expectation shows with all of them."""
    require_program("pdfsig")
    results = compare(samples(), programs(tmp_path))
    for key in (OURS, PYHANKO, comparison.PDFSIG):
        assert results["honest"][key].wrong == []
        assert results["changed"][key].wrong == []
        assert results["wrongly expected"][key].wrong == ["other"]
        assert len(results["honest"][key].seconds) == 1


def test_the_command_saves_what_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thin run over the catalogue ends with success, a table and the same as JSON."""
    require_program("pdfsig")
    saved = tmp_path / "comparison.json"
    code = main(["--every", "150", "--json", str(saved)])
    printed = capsys.readouterr().out
    found = json.loads(saved.read_text())["sets"]
    assert code == 0
    assert set(found) == {"untouched", "attacks", "honest changes"}
    assert found["untouched"]["programs"][OURS]["wrong"] == []
    assert all(name in printed for name in found)


def test_a_folder_without_a_table_is_no_collection(tmp_path: Path) -> None:
    """Where no collection is at hand, nothing is added."""
    assert comparison.collected(tmp_path) == {}


def test_a_collection_is_read_by_its_table(tmp_path: Path) -> None:
    """Signed files with a clear expectation are taken; plain and contested ones are not."""
    (tmp_path / "a.pdf").write_bytes(signed_base("table"))
    rows = ("a.pdf\tsigned\tvalid\t", "a.pdf\tsigned\tmodified\t", "a.pdf\tplain\tsign-ok\t")
    table = "\n".join(("file\tkind\texpected\tpassword", *rows)) + "\n"
    (tmp_path / "expected.tsv").write_text(table)
    found = comparison.collected(tmp_path)
    assert [len(items) for items in found.values()] == [1, 1]
    assert [items[0].accept for items in found.values()] == [False, True]
