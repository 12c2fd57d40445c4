"""`idservice sign` with claims, restrictions and algorithms: each refusal writes nothing."""

import hashlib
import io
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from support import pdfs
from support.commands import run_idservice
from support.homes import PERSON, PIN2
from support.signing import signed

AS_PERSON = ("--as", PERSON, "--pin", PIN2)
POLICY = ("--policy", "1.3.6.1.4.1.10015.1000.3.2.1")
POLICY_HASH = ("--policy-hash", hashlib.sha256(b"policy").hexdigest())


def test_everything_at_once(home: Path, tmp_path: Path) -> None:
    """All options together give a signature that pyHanko reads and verify accepts."""
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(pdfs.build("annotations-direct").data)
    options = ["--commitment", "approval", "--role", "Juhatuse liige", "--role", "Õigusnõunik"]
    options += [*POLICY, *POLICY_HASH, "--policy-uri", "https://example.org/policy.pdf"]
    options += ["--certify", "2", "--lock", "include:Name", "--lock-permits", "2"]
    options += ["--hash", "sha3-384", "--location", "Tallinn"]
    done = run_idservice(home, "sign", source, "-o", target, *AS_PERSON, *options)
    assert (done.code, done.err) == (0, "")
    embedded = PdfFileReader(io.BytesIO(target.read_bytes())).embedded_signatures[0]
    attributes = {
        item["type"].native: item["values"] for item in embedded.signer_info["signed_attrs"]
    }
    (roles,) = attributes["signer_attributes_v2"]
    assert len(roles["claimed_attributes"]) == 2
    assert embedded.docmdp_level.value == 2
    assert embedded.fieldmdp.fields == ["Name"]
    assert embedded.signer_info["digest_algorithm"]["algorithm"].native == "sha3_384"
    checked = run_idservice(home, "verify", target)
    assert checked.code == 0, checked.out


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--reason", "x", "--commitment", "origin"), 2, "malformed_request"),
        (POLICY, 2, "malformed_request"),
        ((*POLICY, *POLICY_HASH, "--policy-uri", "javascript:alert(1)"), 2, "malformed_request"),
        (("--lock", "include:Nobody"), 2, "malformed_request"),
        (("--pss",), 2, "unsupported_algorithm"),
        (("--certify", "4"), 2, "not in the range"),
    ],
)
def test_what_cannot_be_is_refused(
    home: Path, tmp_path: Path, options: tuple[str, ...], code: int, told: str
) -> None:
    """The exit code is that of wrong usage, the code is told, and there is no output."""
    source = tmp_path / "in.pdf"
    source.write_bytes(pdfs.baseline())
    done = run_idservice(home, "sign", source, *AS_PERSON, *options)
    assert done.code == code
    assert told in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"home", "in.pdf"}


def test_a_document_that_forbids_it(home: Path, tmp_path: Path) -> None:
    """Certifying what is signed, and signing what is certified closed, are refused."""
    source, closed = tmp_path / "in.pdf", tmp_path / "closed.pdf"
    source.write_bytes(signed(pdfs.baseline()))
    done = run_idservice(home, "sign", source, *AS_PERSON, "--certify", "2")
    assert (done.code, "pdf_signing_forbidden" in done.err) == (1, True)
    source.write_bytes(pdfs.baseline())
    assert run_idservice(home, "sign", source, "-o", closed, *AS_PERSON, "--certify", "1").code == 0
    done = run_idservice(home, "sign", closed, *AS_PERSON)
    assert (done.code, "permits no changes" in done.err) == (1, True)
    assert {path.name for path in tmp_path.iterdir()} == {"home", "in.pdf", "closed.pdf"}


def test_a_person_with_another_key(home: Path, tmp_path: Path) -> None:
    """A person issued with --key RSA-2048 signs with --pss, and verify accepts it."""
    pin = tmp_path / "pin2"
    pin.write_text("12345\n")
    issued = run_idservice(
        home, "person", "issue", "--given-name", "Mari", "--surname", "Tamm", "--code",
        "49002030009", "--key", "RSA-2048", "--pin2-file", pin,
    )  # fmt: skip
    assert issued.code == 0, issued.err
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(pdfs.baseline())
    done = run_idservice(
        home, "sign", source, "-o", target, "--as", "49002030009", "--pin-file", pin, "--pss"
    )
    assert done.code == 0, done.err
    assert run_idservice(home, "verify", target).code == 0
    refused = run_idservice(
        home, "person", "issue", "--given-name", "Mari", "--surname", "Tamm", "--birth-date",
        "1990-02-03", "--sex", "female", "--key", "ML-DSA-65",
    )  # fmt: skip
    assert (refused.code, "unsupported_algorithm" in refused.err) == (2, True)
