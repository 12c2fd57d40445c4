"""`verify --revocation`, `--certificates` and `--online/--offline`, as people run them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idservice.cli import main
from support.foreign_authority import ForeignAuthority, foreign_authority
from support.long_term import MINUTE, authorities, material, sign, store
from support.offline import NOW, codes
from support.pki import AT, root_ca

Verify = Callable[..., tuple[int, Any]]


@pytest.fixture
def verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verify:
    """Run the command in a folder without a home; give its exit code and its one signature."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "root.pem").write_bytes(authorities().root.pem)

    def run(*arguments: str) -> tuple[int, Any]:
        trust = ["--trust", "root.pem", "--json"]
        code = main.run(["--home", "no-home", "verify", *trust, *arguments])
        printed = capsys.readouterr()
        if not printed.out:
            return code, printed.err
        (signature,) = json.loads(printed.out)["signatures"]
        return code, signature

    return run


def at_that_time(*arguments: str) -> tuple[str, ...]:
    """The time of the standing documents, as an option."""
    return (*arguments, "--at", NOW.isoformat())


def test_files_of_both_kinds_complete_a_document(verify: Verify) -> None:
    """Answers and a list beside the document, each with its own option, make it valid."""
    pieces = material(AT + MINUTE, authorities().stamper)
    Path("a.pdf").write_bytes(store(sign()))
    options = []
    for number, der in enumerate((*pieces["ocsps"], *pieces["crls"])):
        Path(f"{number}.der").write_bytes(der)
        options += ["--revocation", f"{number}.der"]
    code, without = verify(*at_that_time("a.pdf"))
    assert (code, codes(without)) == (1, ["revocation_data_missing", "revocation_data_missing"])
    code, found = verify(*at_that_time("a.pdf", *options))
    assert (code, found["indication"], found["level"]) == (
        0,
        "TOTAL-PASSED",
        "PAdES_BASELINE_T",
    )


def test_certificates_help_to_find_a_path_and_are_not_trusted(verify: Verify) -> None:
    """The issuer from a file completes the path to the anchor; another root in it is no anchor."""
    Path("a.pdf").write_bytes(sign(stamp_at=None))
    Path("more.pem").write_bytes(authorities().issuing.pem + authorities().root.pem)
    code, without = verify(*at_that_time("a.pdf"))
    assert (code, codes(without)) == (1, ["certificate_not_trusted"])
    _, found = verify(*at_that_time("a.pdf", "--certificates", "more.pem"))
    assert set(codes(found)) == {"revocation_data_missing"}
    Path("root.pem").write_bytes(root_ca("TEST other root").pem)
    _, untrusted = verify(*at_that_time("a.pdf", "--certificates", "more.pem"))
    assert codes(untrusted) == ["certificate_not_trusted"]


@pytest.mark.parametrize(
    ("option", "content", "code"),
    [
        ("--revocation", b"nothing of this kind", "malformed_revocation_data"),
        ("--revocation", b"", "malformed_revocation_data"),
        ("--revocation", authorities().root.pem, "malformed_revocation_data"),
        ("--certificates", b"nothing of this kind", "malformed_certificate"),
        ("--certificates", b"", "malformed_certificate"),
    ],
    ids=[
        "revocation-of-no-kind",
        "no-revocation",
        "certificate-as-revocation",
        "certificates-of-no-kind",
        "no-certificates",
    ],
)
def test_a_file_of_another_kind_is_named(
    verify: Verify, option: str, content: bytes, code: str
) -> None:
    """Nothing is validated as if the file had not been given."""
    Path("a.pdf").write_bytes(sign(stamp_at=None))
    Path("wrong.bin").write_bytes(content)
    ended, told = verify("a.pdf", option, "wrong.bin")
    assert ended != 0
    assert code in told
    assert "wrong.bin" in told


@pytest.mark.parametrize("option", ["--revocation", "--certificates"])
def test_a_file_that_is_not_there_is_named(verify: Verify, option: str) -> None:
    """A mistyped name is an error of usage, not a document that is not valid."""
    Path("a.pdf").write_bytes(sign(stamp_at=None))
    ended, told = verify("a.pdf", option, "absent.der")
    assert ended == 2
    assert "absent.der" in told


@pytest.fixture
def abroad(home: Path) -> Iterator[tuple[Path, ForeignAuthority]]:
    """Give a home, and beside it a document by a person of an authority that answers."""
    with foreign_authority() as authority:
        document = sign(stamp_at=None, by=authority.person)
        path = home.parent / "abroad.pdf"
        path.write_bytes(store(document, certs=[authority.issuing.der]))
        (home.parent / "abroad.pem").write_bytes(authority.root.pem)
        yield home, authority


def test_fetching_is_a_choice_of_command_and_settings(
    abroad: tuple[Path, ForeignAuthority],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The option overrides the setting both ways; without either nothing is fetched."""
    home, _ = abroad
    folder = home.parent
    monkeypatch.setenv("IDSERVICE_VALIDATION__ALLOWED_HOSTS", "127.0.0.1")
    expected = {
        ("", ""): 1,
        ("", "--online"): 0,
        ("", "--offline"): 1,
        ("true", ""): 0,
        ("true", "--offline"): 1,
        ("false", "--online"): 0,
    }
    for (setting, option), code in expected.items():
        monkeypatch.setenv("IDSERVICE_VALIDATION__FETCH", setting or "false")
        document, anchor = str(folder / "abroad.pdf"), str(folder / "abroad.pem")
        arguments = ["--home", str(home), "verify", document, "--trust", anchor, "--json"]
        ended = main.run([*arguments, *filter(None, [option])])
        (found,) = json.loads(capsys.readouterr().out)["signatures"]
        assert ended == code, (setting, option, found["errors"])
        assert ("revocation_data_missing" in codes(found)) is (code == 1)
