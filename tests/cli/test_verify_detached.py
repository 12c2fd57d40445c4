"""`idservice verify` for a signature that stands beside its file."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idservice.cli import main
from support import pdfs
from support.detached import CONTENT, encode, fixed
from support.pki import chain
from support.signing import signed

SIGNATURE = encode(fixed())

Verify = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file, its signature, and the root that is trusted."""
    (tmp_path / "contract.txt").write_bytes(CONTENT)
    (tmp_path / "contract.txt.p7s").write_bytes(SIGNATURE)
    (tmp_path / "root.pem").write_bytes(chain().root.pem)
    (tmp_path / "intermediate.pem").write_bytes(chain().intermediate.pem)
    return tmp_path


@pytest.fixture
def verify(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verify:
    """Run the command in the folder, where there is no home."""
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main.run(["--home", "no-home", "verify", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def report(text: str) -> dict[str, Any]:
    """The one JSON object of an output."""
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_file_beside_a_signature_is_found(verify: Verify) -> None:
    """contract.txt.p7s is over contract.txt, whatever both are called."""
    _, out, _ = verify("contract.txt.p7s", "--json", "--trust", "root.pem")
    found = report(out)
    (signature,) = found["signatures"]
    assert (found["format"], signature["level"]) == ("CAdES", "CAdES_BASELINE_B")
    assert (signature["integrity"], signature["coverage"]) == ("intact", "whole-file")
    assert signature["changes"]["verdict"] == "none"


def test_another_file_may_be_named(verify: Verify, folder: Path) -> None:
    """With --content the name does not matter, and a wrong file is a broken signature."""
    (folder / "moved").write_bytes(CONTENT)
    (folder / "sig").write_bytes(SIGNATURE)
    _, out, _ = verify("sig", "--json", "--content", "moved")
    assert report(out)["signatures"][0]["integrity"] == "intact"
    (folder / "moved").write_bytes(CONTENT + b"!")
    code, out, _ = verify("sig", "--json", "--content", "moved")
    (signature,) = report(out)["signatures"]
    assert code == 1
    assert (signature["indication"], signature["subIndication"]) == (
        "TOTAL-FAILED",
        "HASH_FAILURE",
    )


def test_a_missing_file_is_an_error_of_usage(verify: Verify, folder: Path) -> None:
    """Exit code 2, and a message that says what to do."""
    (folder / "contract.txt").unlink()
    code, _, err = verify("contract.txt.p7s")
    assert code == 2
    assert "signed_content_missing" in err
    assert "--content" in err
    code, _, err = verify("contract.txt.p7s", "--content", "nowhere")
    assert code == 2


def test_one_content_is_for_one_signature(verify: Verify) -> None:
    """--content beside several signatures would be over none of them in particular."""
    code, _, err = verify("contract.txt.p7s", "contract.txt.p7s", "--content", "contract.txt")
    assert code == 2
    assert re.search("one signature", err)


def test_a_damaged_signature_is_a_format_failure(verify: Verify, folder: Path) -> None:
    """What begins as a signature and cannot be read is reported as damaged."""
    (folder / "contract.txt.p7s").write_bytes(SIGNATURE[:-5])
    code, out, _ = verify("contract.txt.p7s", "--json")
    assert code == 1
    assert report(out)["errors"][0]["code"] == "FORMAT_FAILURE"


def test_the_name_of_a_pdf_does_not_matter(verify: Verify, folder: Path) -> None:
    """A PDF that is called .p7s is a PDF, and --content is of no use to it."""
    (folder / "odd.p7s").write_bytes(signed(pdfs.baseline()))
    _, out, _ = verify("odd.p7s", "--json", "--content", "contract.txt")
    assert report(out)["format"] == "PAdES"
