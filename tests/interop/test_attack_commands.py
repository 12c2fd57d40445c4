"""The command that people run agrees with the catalogue: attacks are refused, honest files pass."""

import json
from pathlib import Path

from support import long_term
from support.attack_catalogue import all_attacks, all_honest_changes
from support.attack_documents import signed_base
from support.attacks import NOW, Variant
from support.commands import run_idservice

_BASE = "b-lta"
_COUNT = 30


def written(folder: Path, variants: list[Variant]) -> list[str]:
    """Write files of variants; return their paths."""
    paths = []
    for number, item in enumerate(variants):
        path = folder / f"{number}.pdf"
        path.write_bytes(item.build())
        paths.append(str(path))
    return paths


def verified(folder: Path, paths: list[str]) -> tuple[int, list[dict[str, object]]]:
    """Verify files in one command that knows a root and nothing else; return code and reports."""
    root = folder / "root.pem"
    root.write_bytes(long_term.authorities().root.pem)
    at = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    options = ("--json", "--trust", str(root), "--at", at)
    done = run_idservice(folder / "no-home", "verify", *options, *paths)
    return done.code, [json.loads(line) for line in done.out.splitlines()]


def sample(variants: tuple[Variant, ...]) -> list[Variant]:
    """Some of the variants of a document that brings all evidence along, as no new signer does."""
    found = [item for item in variants if item.base == _BASE and item.id != "keep/signed@b-lta"]
    return found[:: max(1, len(found) // _COUNT)]


def test_the_command_refuses_attacks(tmp_path: Path) -> None:
    """Exit status 1, and in no report is every signature valid."""
    code, reports = verified(tmp_path, written(tmp_path, sample(all_attacks())))
    assert code == 1
    assert len(reports) >= _COUNT
    for report in reports:
        count = report["signaturesCount"]
        assert report["errors"] or count != report["validSignaturesCount"]


def test_the_command_accepts_honest_files(tmp_path: Path) -> None:
    """Exit status 0 for the document as it was signed, and after honest changes."""
    untouched = tmp_path / "untouched.pdf"
    untouched.write_bytes(signed_base(_BASE))
    paths = written(tmp_path, sample(all_honest_changes()))
    code, reports = verified(tmp_path, [str(untouched), *paths])
    assert [item["errors"] for item in reports] == [[]] * len(reports)
    assert {item["signaturesCount"] for item in reports} == {1}
    assert code == 0
