"""`idservice sign`: transcripts of the command on real files."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idservice.errors import IdServiceError
from idservice.services.assembly import Services
from idservice.services.file_signing import FileOrder, FileSigner
from idservice.services.own_keys import KeyChoice
from support.commands import run_idservice
from support.homes import PERSON, PIN2, card_of
from support.oracles import pdfsig
from support.pdfs import baseline, build, encrypted

AS_PERSON = ("--as", PERSON, "--pin", PIN2)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Give a small PDF."""
    path = tmp_path / "in.pdf"
    path.write_bytes(baseline())
    return path


@pytest.fixture
def signer(services: Services) -> FileSigner:
    """Give a signer whose PIN was evaluated, without starting a process."""
    key = services.own_keys.for_signing(KeyChoice(PERSON), PIN2)
    return services.file_signing.with_key(key)


def names(folder: Path) -> set[str]:
    """Everything in a folder, hidden files too, but the home."""
    return {path.name for path in folder.iterdir()} - {"home"}


def test_a_file_is_signed_beside_itself(home: Path, document: Path) -> None:
    """Without an output the signed file stands beside the input, begins with it, and is valid."""
    done = run_idservice(home, "sign", document, *AS_PERSON)
    assert (done.code, done.err) == (0, "")
    target = document.with_name("in.signed.pdf")
    assert done.out == f"{document} → {target}\n"
    assert target.read_bytes().startswith(document.read_bytes())
    [verdict] = pdfsig(target.read_bytes(), document.parent)
    assert verdict.valid
    assert verdict.whole_file


def test_a_card_signs_as_well(home: Path, document: Path) -> None:
    """--card signs with the key of the card file, with the same result."""
    target = document.with_name("out.pdf")
    done = run_idservice(
        home, "sign", document, "-o", target, "--card", card_of(home), "--pin", PIN2
    )
    assert (done.code, done.err) == (0, "")
    [verdict] = pdfsig(target.read_bytes(), document.parent)
    assert verdict.valid


@pytest.mark.parametrize("way", ["file", "environment"])
def test_a_pin_need_not_stand_on_the_command_line(home: Path, document: Path, way: str) -> None:
    """The PIN is taken from the first line of a file, or from the environment."""
    pin_file = document.with_name("pin.txt")
    pin_file.write_text(f"{PIN2}\nnever read\n")
    options = ("--pin-file", pin_file) if way == "file" else ()
    env = {"IDSERVICE_PIN2": PIN2} if way == "environment" else {}
    done = run_idservice(home, "sign", document, "--as", PERSON, *options, env=env)
    assert done.code == 0
    assert PIN2 not in done.out + done.err


def test_without_a_terminal_no_pin_is_asked_for(home: Path, document: Path) -> None:
    """A script that gives no PIN is told so and does not hang."""
    done = run_idservice(home, "sign", document, "--as", PERSON, stdin=f"{PIN2}\n")
    assert done.code == 1
    assert "pin_missing" in done.err
    assert names(document.parent) == {"in.pdf"}


def test_a_wrong_pin_is_counted_once_for_all_files(home: Path, document: Path) -> None:
    """Three files and one wrong PIN are one try, and nothing is written."""
    files = [document.with_name(f"{number}.pdf") for number in range(3)]
    for path in files:
        path.write_bytes(baseline())
    for left in ("2 tries are left", "1 try is left", "locked"):
        done = run_idservice(home, "sign", *files, "--as", PERSON, "--pin", "99999")
        assert done.code == 1
        assert left in done.err
    done = run_idservice(home, "sign", *files, *AS_PERSON)
    assert done.code == 1
    assert "pin_locked" in done.err
    assert names(document.parent) == {"in.pdf", "0.pdf", "1.pdf", "2.pdf"}


def test_one_bad_file_does_not_stop_the_others(home: Path, document: Path) -> None:
    """Every file is judged by itself; the exit code is the highest that one of them has."""
    broken = document.with_name("broken.pdf")
    broken.write_bytes(baseline()[:-300])
    missing = document.with_name("missing.pdf")
    out = document.with_name("out")
    out.mkdir()
    done = run_idservice(
        home, "sign", broken, document, missing, "--out-dir", out, *AS_PERSON, "--json"
    )
    assert done.code == 2
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["status"] for line in lines] == ["failed", "signed", "failed"]
    assert [line.get("error", {}).get("code") for line in lines] == [
        "malformed_pdf",
        None,
        "file_not_readable",
    ]
    assert all(line["error"]["fix"] for line in lines if "error" in line)
    assert names(out) == {"in.pdf"}


def test_outputs_are_never_overwritten_unasked(home: Path, document: Path) -> None:
    """An existing output stays as it is without --force; with it, it is replaced whole."""
    target = document.with_name("out.pdf")
    target.write_bytes(b"precious")
    done = run_idservice(home, "sign", document, "-o", target, *AS_PERSON)
    assert done.code == 1
    assert "output_exists" in done.err
    assert target.read_bytes() == b"precious"
    done = run_idservice(home, "sign", document, "-o", target, *AS_PERSON, "--force")
    assert done.code == 0
    assert target.read_bytes().startswith(document.read_bytes())


def test_a_pipe_is_never_replaced(home: Path, document: Path) -> None:
    """With --force a named pipe stays one; it is refused before anything is signed."""
    pipe = document.parent / "pipe"
    os.mkfifo(pipe)
    done = run_idservice(home, "sign", document, "-o", pipe, *AS_PERSON, "--force")
    assert done.code == 1
    assert "not a regular file" in done.err
    assert pipe.is_fifo()


def test_the_input_is_never_the_output(home: Path, document: Path) -> None:
    """Even with --force the input is not overwritten, nor are two outputs put in one place."""
    before = document.read_bytes()
    done = run_idservice(home, "sign", document, "-o", document, *AS_PERSON, "--force")
    assert done.code == 1
    assert "output_exists" in done.err
    assert document.read_bytes() == before
    other = document.with_name("other")
    other.mkdir()
    (other / "in.pdf").write_bytes(before)
    done = run_idservice(
        home, "sign", document, other / "in.pdf", "--out-dir", document.parent / "o", *AS_PERSON
    )
    assert done.code == 2
    assert "Several inputs" in done.err


def test_a_protected_file_wants_its_password(home: Path, document: Path) -> None:
    """A wrong or missing password is told apart from damage; the right one signs."""
    document.write_bytes(encrypted(6, aes=True, user="öpen"))
    refused = run_idservice(home, "sign", document, *AS_PERSON)
    assert refused.code == 2
    assert "pdf_password_wrong" in refused.err
    done = run_idservice(home, "sign", document, *AS_PERSON, env={"IDSERVICE_PDF_PASSWORD": "öpen"})
    assert done.code == 0


def test_a_damaged_file_is_repaired_only_when_asked(home: Path, document: Path) -> None:
    """--repair rewrites first, tells what was wrong, and the result is a sound signed file."""
    document.write_bytes(baseline().replace(b"startxref\n", b"startxref\n1", 1))
    refused = run_idservice(home, "sign", document, *AS_PERSON)
    assert refused.code == 2
    assert "--repair" in refused.err
    done = run_idservice(home, "sign", document, *AS_PERSON, "--repair")
    assert done.code == 0, done.err
    assert "repaired" in done.err
    [verdict] = pdfsig(document.with_name("in.signed.pdf").read_bytes(), document.parent)
    assert verdict.valid


def test_both_kinds_of_key_or_none_are_a_usage_error(home: Path, document: Path) -> None:
    """Exactly one of --as and --card names the key."""
    for options in ((), ("--as", PERSON, "--card", card_of(home))):
        done = run_idservice(home, "sign", document, *options)
        assert done.code == 2
        assert "--as" in done.err


def test_what_the_signer_says_is_in_the_signature(
    signer: FileSigner, document: Path, tmp_path: Path
) -> None:
    """Reason, place, contact and field name reach the file; the audit row tells of it."""
    from idservice.services.file_signing import SignatureOptions

    target = tmp_path / "out.pdf"
    options = SignatureOptions("Agreed", "Tallinn", "me@example.org", new_field="Approval")
    signed = signer.sign(FileOrder(document, target, options))
    data = target.read_bytes()
    assert signed.field_name == "Approval"
    assert signed.size == len(data)
    for text in (b"Agreed", b"Tallinn", b"me@example.org", b"Approval"):
        assert text in data


def test_every_signature_has_its_audit_row(
    signer: FileSigner, services: Services, document: Path, tmp_path: Path
) -> None:
    """Each signed file is one row; a refused one is none."""
    signer.sign(FileOrder(document, tmp_path / "1.pdf"))
    with pytest.raises(IdServiceError):
        signer.sign(FileOrder(tmp_path / "none.pdf", tmp_path / "2.pdf"))
    [entry] = services.audit.entries(action="signature.made")
    assert entry.subject == f"person:{PERSON}"
    assert entry.details["document"] == "in.pdf"


def test_without_an_audit_row_nothing_is_signed(
    signer: FileSigner, services: Services, document: Path, tmp_path: Path
) -> None:
    """When the database refuses the audit row, there is no output."""
    with services.database.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(IdServiceError) as refused:
        signer.sign(FileOrder(document, tmp_path / "out.pdf"))
    assert refused.value.code == "database_unavailable"
    assert not (tmp_path / "out.pdf").exists()


def test_a_revoked_person_signs_nothing_more(
    signer: FileSigner, services: Services, document: Path, tmp_path: Path
) -> None:
    """The state is looked at for each file, also after the PIN was accepted."""
    signer.sign(FileOrder(document, tmp_path / "1.pdf"))
    services.persons.suspend(PERSON, actor="test")
    with pytest.raises(IdServiceError) as refused:
        signer.sign(FileOrder(document, tmp_path / "2.pdf"))
    assert refused.value.code == "person_suspended"
    services.persons.resume(PERSON, actor="test")
    signer.sign(FileOrder(document, tmp_path / "3.pdf"))
    services.persons.revoke(PERSON, actor="test")
    with pytest.raises(IdServiceError) as refused:
        signer.sign(FileOrder(document, tmp_path / "4.pdf"))
    assert refused.value.code in ("person_revoked", "certificate_revoked")
    assert names(tmp_path) == {"in.pdf", "1.pdf", "3.pdf"}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), cut=st.integers(0, 3000) | st.just(0))
def test_random_bytes_are_refused_clearly(
    signer: FileSigner, tmp_path: Path, data: bytes, cut: int
) -> None:
    """Any bytes as input give one of our errors and no output, or a valid signed file."""
    source, target = tmp_path / "random.pdf", tmp_path / "out.pdf"
    source.write_bytes(baseline()[:cut] + data)
    target.unlink(missing_ok=True)
    with contextlib.suppress(IdServiceError):
        signer.sign(FileOrder(source, target))
    assert not target.exists() or target.read_bytes().startswith(source.read_bytes())


def test_a_linearised_file_given_by_a_symbolic_link(home: Path, tmp_path: Path) -> None:
    """A link to a file elsewhere is read through; the output stands beside the link."""
    (tmp_path / "elsewhere").mkdir()
    original = tmp_path / "elsewhere" / "real.pdf"
    original.write_bytes(build("linearised").data)
    link = tmp_path / "link.pdf"
    link.symlink_to(original)
    done = run_idservice(home, "sign", link, *AS_PERSON)
    assert done.code == 0, done.err
    assert (tmp_path / "link.signed.pdf").read_bytes().startswith(original.read_bytes())


def test_a_new_folder_is_made_for_the_outputs(home: Path, tmp_path: Path) -> None:
    """--out-dir may name a folder that does not exist yet; one that cannot be is refused first."""
    source = home / "var" / "contract.pdf"
    options = ("--as", PERSON, "--pin", PIN2)
    folder = tmp_path / "a" / "b"
    assert run_idservice(home, "sign", source, "--out-dir", folder, *options).code == 0
    assert (folder / source.name).is_file()
    refused = run_idservice(home, "sign", source, "--out-dir", source / "c", *options)
    assert refused.code != 0
    assert "file_not_writable" in refused.err
