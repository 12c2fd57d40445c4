"""`idservice verify` as people and programs run it."""

import datetime as dt
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idservice.cli import main
from idservice.pades.signing import SignatureOptions
from support import pdfs
from support.commands import Transcript, run_idservice
from support.long_term import archived, authorities
from support.pki import chain
from support.signed_pdfs import SignedPdf
from support.signing import signed

PERSON = "38001085718"
PIN2 = "01497"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with documents and no home in it."""
    (tmp_path / "plain.pdf").write_bytes(pdfs.baseline())
    (tmp_path / "good.pdf").write_bytes(signed(pdfs.baseline()))
    twice = signed(signed(pdfs.baseline()))
    (tmp_path / "twice.pdf").write_bytes(twice)
    changed = signed(pdfs.baseline()).replace(b"the parties agree", b"the parties argue", 1)
    (tmp_path / "changed.pdf").write_bytes(changed)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nrubbish")
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "empty.pdf").write_bytes(b"")
    locked = signed(pdfs.encrypted(6, aes=True, user="secret"), password="secret")
    (tmp_path / "locked.pdf").write_bytes(locked)
    (tmp_path / "root.pem").write_bytes(chain().root.pem)
    return tmp_path


Verify = Callable[..., Transcript]


@pytest.fixture
def verify(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verify:
    """Run the command in the folder, where there is no home."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, home: Path = Path("no-home"), **env: str) -> Transcript:
        with monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            code = main.run(["--home", str(home), "verify", *arguments])
        printed = capsys.readouterr()
        return Transcript(code, printed.out, printed.err)

    return run


def reports(transcript: Transcript) -> list[dict[str, Any]]:
    """The JSON objects that a command printed, one per line."""
    return [json.loads(line) for line in transcript.out.splitlines()]


TRUST = ("--trust", "root.pem", "--at", "2026-06-01T12:00:00Z")


def test_a_good_file_ends_with_zero(verify: Verify) -> None:
    """Trusted, intact and whole: exit 0, one object on one line."""
    done = verify("good.pdf", "--json", *TRUST)
    assert (done.code, done.err) == (0, "")
    (report,) = reports(done)
    assert report["file"] == "good.pdf"
    assert report["validSignaturesCount"] == report["signaturesCount"] == 1


def test_people_get_a_sentence_and_a_tree(verify: Verify) -> None:
    """The verdict is the first line; below it stand who, when, what changed, and the details."""
    done = verify("good.pdf", *TRUST)
    assert done.code == 0
    first = done.out.splitlines()[0]
    assert first.startswith("good.pdf is validly signed by JÕEORG,JAAK-KRISTJAN,38001085718")
    places = [
        done.out.index(words)
        for words in (
            "Signature1: TOTAL-PASSED",
            "signed by: JÕEORG,JAAK-KRISTJAN,38001085718",
            "claimed time: ",
            "existed by: ",
            "changed later: nothing",
            "signed bytes: as they were signed",
            "covers: the whole file",
            "trust: trusted, under ",
            "level: PAdES_BASELINE_B",
        )
    ]
    assert places == sorted(places)


def test_a_problem_says_what_and_what_to_do(verify: Verify) -> None:
    """A changed document: exit 1, the reason and the remedy in words."""
    done = verify("changed.pdf", *TRUST)
    assert done.code == 1
    assert "must not be relied upon" in done.out.splitlines()[0]
    assert "error digest_mismatch" in done.out
    assert "to do: Use the original file" in done.out
    assert "said to be signed by: JÕEORG" in done.out
    assert "─ signed by:" not in done.out


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("plain.pdf", "NO_SIGNATURE_FOUND"),
        ("broken.pdf", "FORMAT_FAILURE"),
    ],
)
def test_a_pdf_without_a_verdict_ends_with_one(verify: Verify, file: str, code: str) -> None:
    """No signature, or damage: exit 1 with the file's own error."""
    done = verify(file, "--json")
    assert done.code == 1
    (report,) = reports(done)
    assert [item["code"] for item in report["errors"]] == [code]
    assert verify(file).code == 1


@pytest.mark.parametrize("file", ["many.pdf", "good.pdf"])
def test_a_pdf_beyond_a_limit_has_its_report(verify: Verify, folder: Path, file: str) -> None:
    """Too many signatures, or too many bytes: exit 1 and one object, as for any other PDF."""
    signatures = {f"o{10 + n}": b"<< /Type /Sig /ByteRange [0 1 2 3] >>" for n in range(70)}
    many = pdfs.table_pdf(pdfs.plain_objects(**signatures))
    (folder / "many.pdf").write_bytes(many)
    limit = {} if file == "many.pdf" else {"IDSERVICE_VALIDATION__MAX_DOCUMENT_BYTES": "1024"}
    done = verify(file, "plain.pdf", "--json", **limit)
    assert done.code == 1
    beyond, _ = reports(done)
    assert beyond["errors"][0]["code"] == "FORMAT_FAILURE"


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-02-30"]
)
def test_a_time_outside_the_calendar_is_wrong_usage(verify: Verify, time: str) -> None:
    """A zone can push a time out of the years that exist: exit 2, not a fault of our own."""
    done = verify("good.pdf", "--at", time)
    assert (done.code, done.out) == (2, "")
    assert time in done.err


def test_a_second_signature_is_permitted(verify: Verify) -> None:
    """Both pass, and what the later one appended is listed with the first: exit 0."""
    done = verify("twice.pdf", "--json", *TRUST)
    assert done.code == 0
    (report,) = reports(done)
    first, second = report["signatures"]
    assert (first["indication"], second["indication"]) == ("TOTAL-PASSED", "TOTAL-PASSED")
    assert first["changes"]["verdict"] == "permitted"
    shown = verify("twice.pdf", *TRUST).out
    assert "change: Revision" in shown
    assert "only what is permitted was added afterwards" in " ".join(shown.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["."],
        [],
        ["good.pdf", "--at", "yesterday"],
        ["good.pdf", "--trust", "missing.pem"],
        ["good.pdf", "--trust", "text.txt"],
        ["good.pdf", "--no-such-option"],
    ],
)
def test_wrong_usage_ends_with_two(verify: Verify, arguments: list[str]) -> None:
    """A command line that nobody can follow: exit 2, a message, no report."""
    done = verify(*arguments, "--json")
    assert (done.code, done.out) == (2, "")
    assert done.err


@pytest.mark.parametrize(
    ("file", "options", "code"),
    [
        ("text.txt", [], "unknown_format"),
        ("empty.pdf", [], "unknown_format"),
        ("missing.pdf", [], "file_not_readable"),
        ("locked.pdf", [], "pdf_password_wrong"),
        ("locked.pdf", ["--password", "wrong"], "pdf_password_wrong"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    verify: Verify, file: str, options: list[str], code: str
) -> None:
    """Exit 2; a program gets one object with the reason, a person reads which file it was."""
    done = verify(file, *options, "--json")
    assert done.code == 2
    (report,) = reports(done)
    (reason,) = report.pop("errors")
    assert reason["code"] == code
    assert reason["message"]
    assert reason["fix"]
    assert report == {
        "file": file,
        "format": None,
        "signaturesCount": 0,
        "validSignaturesCount": 0,
        "signatures": [],
        "timeStamps": [],
        "validationTime": None,
        "policy": None,
    }
    for told in (done, verify(file, *options)):
        assert told.err.startswith(f"idservice: {file} was not validated: ")
        assert f"code:  {code}" in told.err
    assert (told.code, told.out) == (2, "")


def test_passwords_come_in_three_ways(verify: Verify, folder: Path) -> None:
    """On the command line, from a file, from the environment."""
    (folder / "password.txt").write_text("secret\n")
    for arguments, env in (
        (["--password", "secret"], {}),
        (["--password-file", "password.txt"], {}),
        ([], {"IDSERVICE_PDF_PASSWORD": "secret"}),
    ):
        assert verify("locked.pdf", *TRUST, *arguments, **env).code == 0


def test_many_files_give_the_worst_code(verify: Verify) -> None:
    """Each file is reported, also behind one that cannot be used."""
    done = verify("good.pdf", "text.txt", "changed.pdf", "--json", *TRUST)
    names = ["good.pdf", "text.txt", "changed.pdf"]
    assert [item["file"] for item in reports(done)] == names
    assert done.code == 2
    assert "unknown_format" in done.err
    assert verify("good.pdf", "changed.pdf", "--json", *TRUST).code == 1


def test_outside_of_a_home_nobody_is_trusted(verify: Verify) -> None:
    """Without anchors trust is unknown; integrity and coverage are told."""
    done = verify("good.pdf", "--json")
    assert done.code == 1
    (shown,) = reports(done)[0]["signatures"]
    assert shown["trust"]["verdict"] == "unknown"
    assert (shown["integrity"], shown["coverage"]) == ("intact", "whole-file")


def test_the_control_time_may_be_given(verify: Verify) -> None:
    """A time without a zone is UTC; long after the certificate it does not pass."""
    late = (*TRUST[:2], "--at", "2050-01-01")
    (report,) = reports(verify("good.pdf", "--json", *late))
    (shown,) = report["signatures"]
    assert shown["subIndication"] == "OUT_OF_BOUNDS_NO_POE"
    assert shown["bestSignatureTime"] == "2050-01-01T00:00:00Z"
    assert report["validationTime"] == "2050-01-01T00:00:00Z"


def test_a_given_time_marks_the_report(verify: Verify) -> None:
    """Whoever reads the report sees that it is not about now."""
    done = verify("good.pdf", *TRUST)
    assert "validated as of: 2026-06-01T12:00:00Z" in done.out
    assert "existed by: 2026-06-01T12:00:00Z, the time of this validation" in done.out
    assert "validated as of" not in verify("good.pdf", *TRUST[:2]).out


def test_time_stamps_are_shown(verify: Verify, folder: Path) -> None:
    """Each time-stamp has a line, and why one proves nothing any more is said in words."""
    (folder / "archived.pdf").write_bytes(archived())
    (folder / "long.pem").write_bytes(authorities().root.pem)
    trust = ("archived.pdf", "--trust", "long.pem", "--at")
    done = verify(*trust, "2032-01-01")
    assert done.code == 0
    assert "existed by: 2026-06-01T12:00:00Z, as a time-stamp proves" in done.out
    assert "signature time-stamp of 2026-06-01T12:00:00Z by TEST unit: TOTAL-PASSED" in done.out
    assert "document time-stamp of 2026-06-01T12:02:00Z by TEST archive unit" in done.out
    late = verify(*trust, "2040-01-01")
    assert late.code == 1
    assert "no newer time-stamp was added in time" in " ".join(late.out.split())


def test_hostile_names_reach_no_terminal(verify: Verify, folder: Path) -> None:
    """A file name with an escape sequence is written out."""
    hostile = folder / "a\x1b[31m\u202eb.pdf"
    hostile.write_bytes(pdfs.baseline())
    done = verify(str(hostile))
    assert done.code == 1
    assert "\x1b[31m" not in done.out
    assert "\u202e" not in done.out


def test_a_line_end_in_a_name_writes_no_line(verify: Verify, folder: Path) -> None:
    """Neither a file, a field nor a signer can put a verdict of its own below the real one."""
    forged = "x\n    ├── trust: trusted"
    (folder / forged).write_bytes(pdfs.baseline())
    options = SignatureOptions(new_field="F" * 500)
    (folder / "field.pdf").write_bytes(signed(pdfs.baseline(), options=options))
    field = b"<< /FT /Sig /T (A\\n    TOTAL-PASSED) /V 7 0 R >>"
    (folder / "lines.pdf").write_bytes(SignedPdf(objects={"o6": field}).build())
    done = verify(forged, "field.pdf", "lines.pdf", "missing\nfile.pdf")
    assert not any(line.strip().startswith("├── trust: trusted") for line in done.out.splitlines())
    assert not any(line.strip().startswith("TOTAL-PASSED") for line in done.out.splitlines())
    assert "F" * 201 not in done.out
    assert "F" * 200 + "…: INDETERMINATE" in done.out
    assert len(done.err.splitlines()) == 3


def test_what_cannot_be_trusted_is_named(verify: Verify, folder: Path) -> None:
    """A pipe is not waited for, and a file without certificates is named in the message."""
    os.mkfifo(folder / "pipe.pem")
    (folder / "huge.pem").write_bytes(b"-----BEGIN" + bytes(2_000_000))
    for name in ("pipe.pem", "huge.pem", "text.txt"):
        done = verify("good.pdf", "--trust", name)
        assert (done.code, done.out) == (2, "")
        assert name in done.err
        assert name == "pipe.pem" or "PEM" in done.err


def test_a_home_knows_its_own_people(home: Path, folder: Path) -> None:
    """Signed and verified in one home; revoked there, the signature does not pass."""
    assert (
        run_idservice(
            home, "sign", "plain.pdf", "-o", "own.pdf", "--as", PERSON, "--pin", PIN2, cwd=folder
        ).code
        == 0
    )
    assert run_idservice(home, "verify", "own.pdf", cwd=folder).code == 0
    before = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    time.sleep(1)  # a revocation counts from the beginning of its second on
    assert run_idservice(home, "person", "revoke", PERSON, "--reason", "unspecified").code == 0
    done = run_idservice(home, "verify", "own.pdf", "--json", cwd=folder)
    (shown,) = reports(done)[0]["signatures"]
    assert (done.code, shown["subIndication"]) == (1, "REVOKED_NO_POE")
    assert run_idservice(home, "verify", "own.pdf", "--at", before, cwd=folder).code == 0
