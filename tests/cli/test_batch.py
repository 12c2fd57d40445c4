"""`idservice sign --batch`: whole folders, on several processors."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from idservice.services.assembly import Services, open_services
from support.commands import Transcript, run_idservice
from support.homes import PERSON, PIN2, settings_of
from support.oracles import pdfsig
from support.pdfs import baseline

FILES = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of PDF files, some in a folder below, and one that is none."""
    source = tmp_path / "in"
    (source / "below").mkdir(parents=True)
    for number in range(FILES):
        place = source / "below" if number % 3 == 0 else source
        (place / f"{number:03d}.pdf").write_bytes(baseline())
    (source / "damaged.PDF").write_bytes(b"%PDF-1.7 and no more")
    (source / "letter.txt").write_text("no PDF")
    return source


def batch(home: Path, source: Path, *more: str, pin: str = PIN2) -> Transcript:
    """Sign a folder into the folder `out` beside it."""
    out = source.with_name("out")
    return run_idservice(
        home, "sign", "--as", PERSON, "--pin", pin, "--batch", source, "--out", out, *more
    )


def lines(source: Path) -> list[dict[str, Any]]:
    """The manifest of that batch."""
    text = (source.with_name("out") / "manifest.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def outputs(source: Path) -> dict[str, Path]:
    """Everything but the manifest in the folder of the outputs, by relative path."""
    out = source.with_name("out")
    found = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    found.pop("manifest.jsonl", None)
    return found


def key_uses(services: Services) -> dict[str, int]:
    """How often the audit log says that a key was used, by name of the document."""
    uses: dict[str, int] = {}
    for entry in services.audit.entries(action="signature.made", limit=100_000):
        name = entry.details["document"]
        uses[name] = uses.get(name, 0) + 1
    return uses


def test_a_folder_is_signed(home: Path, folder: Path, tmp_path: Path) -> None:
    """Every PDF has a valid signed twin under the same relative path, told by the manifest."""
    done = batch(home, folder)
    assert done.code == 2, done.err
    assert "damaged.PDF was not signed" in done.err
    assert f"{FILES} signed, 1 failed" in done.err
    found = outputs(folder)
    told = {line["file"]: line for line in lines(folder) if line["type"] == "file"}
    signed = {name: line for name, line in told.items() if line["status"] == "signed"}
    assert signed.keys() == {name for name in found if not name.startswith(".batch")}
    assert told["damaged.PDF"]["error"]["code"] == "malformed_pdf"
    for name, line in signed.items():
        data = found[name].read_bytes()
        assert data.startswith((folder / name).read_bytes())
        assert hashlib.sha256(data).hexdigest() == line["target_sha256"]
        assert len(data) == line["target_size"]
    for name in list(signed)[::20]:
        [verdict] = pdfsig(found[name].read_bytes(), tmp_path)
        assert verdict.valid


def test_a_name_that_cannot_be_recorded_spoils_no_other(home: Path, folder: Path) -> None:
    """A file whose name is no UTF-8 fails alone, not with all that share its transaction."""
    (folder / "damaged.PDF").unlink()
    Path(os.fsdecode(os.fsencode(folder) + b"/000\xff.pdf")).write_bytes(baseline())
    done = batch(home, folder, "--workers", "1")
    assert (done.code, f"{FILES} signed, 1 failed" in done.err) == (2, True), done.err
    assert "not valid UTF-8" in done.err


def test_resume_leaves_alone_what_is_done(home: Path, folder: Path) -> None:
    """A second run signs only what failed before; without --resume it is refused."""
    (folder / "damaged.PDF").unlink()
    assert batch(home, folder).code == 0
    before = {name: path.stat().st_mtime_ns for name, path in outputs(folder).items()}
    refused = batch(home, folder)
    assert (refused.code, "batch_not_resumable" in refused.err) == (1, True)
    (folder / "new.pdf").write_bytes(baseline())
    again = batch(home, folder, "--resume", "--json")
    assert json.loads(again.out) | {"filesPerSecond": 0} == {
        "total": FILES + 1,
        "signedBefore": FILES,
        "signed": 1,
        "failed": 0,
        "left": 0,
        "filesPerSecond": 0,
        "failures": [],
    }
    after = {name: path.stat().st_mtime_ns for name, path in outputs(folder).items()}
    assert after.items() >= before.items()
    assert not (folder.with_name("out") / ".batch").exists()
    services = open_services(settings_of(home))
    assert set(key_uses(services).values()) == {1}
    services.close()


def test_a_source_that_was_changed_is_told(home: Path, folder: Path) -> None:
    """An output of an earlier version does not pass for one of the new version."""
    (folder / "damaged.PDF").unlink()
    batch(home, folder)
    (folder / "001.pdf").write_bytes(baseline() + b"\n")
    again = batch(home, folder, "--resume")
    assert (again.code, "source_changed" in again.err) == (1, True)


def test_another_key_does_not_go_on(home: Path, folder: Path) -> None:
    """--resume with other options than those the batch was begun with is refused."""
    batch(home, folder)
    again = batch(home, folder, "--resume", "--reason", "another reason")
    assert (again.code, "batch_not_resumable" in again.err) == (1, True)
    assert "begun with other options" in " ".join(again.err.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--batch", "in"),
        ("--batch", "in", "--out", "out", "more.pdf"),
        ("--out", "out", "more.pdf"),
        ("--resume", "more.pdf"),
        ("--batch", "in", "--out", "out", "--workers", "0"),
        ("--batch", "in", "--out", "out", "--out-dir", "other"),
        (),
    ],
)
def test_options_that_do_not_go_together_are_refused(home: Path, arguments: tuple[str]) -> None:
    """A usage error is told before a PIN is asked."""
    done = run_idservice(home, "sign", "--as", PERSON, "--pin", PIN2, *arguments)
    assert done.code == 2
    assert "Error" in done.err


def test_the_folder_of_the_inputs_is_not_written_to(home: Path, folder: Path) -> None:
    """A missing folder, and the folder of the inputs as output, are refused."""
    arguments = ("sign", "--as", PERSON, "--pin", PIN2, "--batch")
    same = run_idservice(home, *arguments, folder, "--out", folder)
    assert (same.code, "file_not_writable" in same.err) == (1, True)
    shutil.rmtree(folder)
    assert run_idservice(home, *arguments, folder, "--out", folder.with_name("o")).code == 2


def test_an_output_inside_the_inputs_is_no_input(home: Path, folder: Path) -> None:
    """What a batch wrote below its own inputs is not signed by the next run."""
    (folder / "damaged.PDF").unlink()
    command = ("sign", "--as", PERSON, "--pin", PIN2, "--batch", folder, "--out", folder / "out")
    assert run_idservice(home, *command).code == 0
    again = run_idservice(home, *command, "--resume", "--json")
    assert json.loads(again.out)["total"] == FILES
