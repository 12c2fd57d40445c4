"""`idservice verify --policy` and `--explain`, as people run them."""

import json
from pathlib import Path

import pytest

from idservice.cli import main
from support import pdfs
from support.pki import chain
from support.signing import signed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a signed document, the root that vouches for it, and two policy files."""
    (tmp_path / "good.pdf").write_bytes(signed(pdfs.baseline()))
    (tmp_path / "root.pem").write_bytes(chain().root.pem)
    (tmp_path / "own.toml").write_text('name = "own"\nleast_level = "LT"\n')
    (tmp_path / "bad.toml").write_text('[findings]\ndigest_mismatch = "accept"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def verify(*arguments: str) -> int:
    """Run the command where there is no home."""
    return main.run(["--home", "no-home", "verify", "good.pdf", "--trust", "root.pem", *arguments])


@pytest.mark.usefixtures("folder")
def test_the_policy_is_chosen_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The same file passes under the strict policy, and not where a higher level is required."""
    assert verify("--json") == 0
    strict = json.loads(capsys.readouterr().out)
    assert strict["policy"]["name"] == "strict"
    assert verify("--json", "--policy", "lenient") == 0
    assert json.loads(capsys.readouterr().out)["policy"]["name"] == "lenient"
    assert verify("--json", "--policy", "own.toml") == 1
    own = json.loads(capsys.readouterr().out)
    assert own["policy"]["name"] == "own"
    assert [item["code"] for item in own["signatures"][0]["errors"]] == ["level_too_low"]


@pytest.mark.usefixtures("folder")
def test_a_policy_that_would_accept_forgeries_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is validated by it, and the reason is said."""
    assert verify("--policy", "bad.toml") not in (0, 1)
    told = capsys.readouterr()
    assert "validation_policy_invalid" in told.err
    assert "digest_mismatch" in told.err


@pytest.mark.usefixtures("folder")
def test_each_step_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Every step of the standard is there with its clause and outcome, as in the JSON."""
    assert verify("--json") == 0
    steps = json.loads(capsys.readouterr().out)["signatures"][0]["steps"]
    assert verify("--explain") == 0
    shown = capsys.readouterr().out
    assert len(steps) == 13
    for item in steps:
        assert f"{item['clause']} {item['step']}: {item['outcome']}" in shown
    outcomes = {item["clause"]: item["outcome"] for item in steps}
    assert outcomes["5.2.7"] == "passed"
    assert outcomes["5.5"] == "skipped"


@pytest.mark.usefixtures("folder")
def test_the_certificates_of_the_path_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """The signer first and the anchor last, each with its serial number and digest."""
    assert verify("--json") == 0
    signature = json.loads(capsys.readouterr().out)["signatures"][0]
    roles = [item["role"] for item in signature["certificates"]]
    assert roles[0] == "signer"
    assert "anchor" in roles
    assert all(len(item["sha256"]) == 64 for item in signature["certificates"])
    assert signature["algorithms"]["digest"].startswith("sha")
    assert signature["subFilter"] == "ETSI.CAdES.detached"
