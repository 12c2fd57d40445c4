"""`idservice sign --level` and `idservice extend`, as people run them."""

import json
from pathlib import Path
from typing import Any

from idservice.pades.facts import read_facts
from support import pdfs
from support.commands import Transcript, run_idservice, running_service
from support.homes import PERSON, PIN2
from support.lying_server import lying_server


def _sign(home: Path, source: Path, target: Path, *more: str) -> Transcript:
    who = ("--as", PERSON, "--pin", PIN2, "--json")
    return run_idservice(home, "sign", str(source), "-o", str(target), *who, *more)


def _only(transcript: Transcript) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(transcript.out)
    return value


def test_a_file_is_signed_at_a_level_and_renewed(home: Path, tmp_path: Path) -> None:
    """Sign --level B-LTA makes the archive in one go; extend renews it; verify accepts both."""
    source, signed, renewed = (tmp_path / name for name in ("a.pdf", "b.pdf", "c.pdf"))
    source.write_bytes(pdfs.baseline())
    done = _sign(home, source, signed, "--level", "B-LTA")
    assert done.code == 0, done.err
    assert _only(done)["level"] == "B-LTA"
    extended = run_idservice(
        home, "extend", str(signed), "-o", str(renewed), "--level", "B-LTA", "--json"
    )
    assert extended.code == 0, extended.err
    assert _only(extended)["status"] == "extended"
    assert renewed.read_bytes().startswith(signed.read_bytes())
    assert len(read_facts(renewed.read_bytes()).time_stamps) == 2


def test_several_files_are_extended_and_one_fails(home: Path, tmp_path: Path) -> None:
    """A file without a signature does not stop the others; a file at the level is copied."""
    plain, signed, out = tmp_path / "plain.pdf", tmp_path / "signed.pdf", tmp_path / "out"
    plain.write_bytes(pdfs.baseline())
    assert _sign(home, plain, signed, "--level", "B-T").code == 0
    done = run_idservice(
        home,
        "extend",
        str(plain),
        str(signed),
        "--out-dir",
        str(out),
        "--level",
        "B-T",
        "--json",
    )
    assert done.code == 1
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert (first["status"], first["error"]["code"]) == ("failed", "nothing_to_extend")
    assert second["status"] == "unchanged"
    assert (out / "signed.pdf").read_bytes() == signed.read_bytes()
    assert not (out / "plain.pdf").exists()


def test_a_time_stamp_that_cannot_be_had_leaves_no_file(home: Path, tmp_path: Path) -> None:
    """Exit code 4, what to do, and nothing written; a second authority would have served."""
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(pdfs.baseline())
    with lying_server(lambda _, wire: wire.answer(b"", "503 Busy")) as server:
        done = _sign(home, source, target, "--level", "B-T", "--tsa", server.url)
    assert done.code == 4
    assert "tsa_unavailable" in done.err
    assert "--tsa" in done.err
    assert not target.exists()


def test_an_authority_that_talks_nonsense_ends_with_1(home: Path, tmp_path: Path) -> None:
    """What another service answers is no fault of the input."""
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(pdfs.baseline())
    with lying_server(lambda _, wire: wire.answer(b"<html>")) as server:
        done = _sign(home, source, target, "--level", "B-T", "--tsa", server.url)
    assert done.code == 1
    assert _only(done)["error"]["code"] == "malformed_time_stamp"
    assert not target.exists()


def test_what_is_no_address_is_refused(home: Path, tmp_path: Path) -> None:
    """--tsa takes addresses of http and https only."""
    source = tmp_path / "a.pdf"
    source.write_bytes(pdfs.baseline())
    done = _sign(home, source, tmp_path / "b.pdf", "--level", "B-T", "--tsa", "ftp://a/")
    assert done.code == 2
    assert "malformed_request" in done.err


def test_a_running_service_serves_another_signer(home: Path, tmp_path: Path) -> None:
    """Time-stamps and statuses come over HTTP from a service with two workers."""
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(pdfs.baseline())
    with running_service(home) as service:
        named = ("--tsa", f"{service.url}/tsa", "--ocsp", f"{service.url}/ocsp")
        done = _sign(home, source, target, "--level", "B-LTA", *named)
    assert done.code == 0, done.err
    verified = run_idservice(home, "verify", str(target), "--json")
    [signature] = _only(verified)["signatures"]
    assert (signature["indication"], signature["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_LTA")
