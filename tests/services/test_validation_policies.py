"""Policy files: what comes along, and every fault of one that somebody wrote."""

import datetime as dt
from pathlib import Path

import pytest

from idservice.errors import ValidationPolicyInvalid
from idservice.services.validation_policies import (
    MAX_POLICY_BYTES,
    chosen_policy,
    read_policy,
    shipped_policy,
)
from idservice.validation.adjustable import ADJUSTABLE
from idservice.validation.facts import ChangeKind
from idservice.validation.rules import RULES
from idservice.validation.validation_policy import NEVER, OPEN, Level, Purpose, Response


def test_the_strict_file_is_the_reference() -> None:
    """It names every adjustable finding and every kind of change, as the rules stand."""
    strict = shipped_policy("strict")
    standing = {
        code: Response.WARN if RULES[code].sub_indication is None else Response.REFUSE
        for code in ADJUSTABLE
    }
    assert strict.findings == standing
    assert strict.changes.kinds.keys() == set(ChangeKind) - {ChangeKind.CONTENT}
    assert strict.changes.not_analysed is Response.REFUSE
    assert all(strict.rule(code) == rule for code, rule in RULES.items())


def test_the_lenient_policy_is_never_stricter() -> None:
    """It answers some things more leniently, and has the algorithms of the strict one."""
    strict, lenient = shipped_policy("strict"), shipped_policy("lenient")
    assert all(lenient.findings[code] <= strict.findings[code] for code in ADJUSTABLE)
    assert lenient.changes.not_analysed is Response.WARN
    assert lenient.algorithms == strict.algorithms
    assert lenient.name == "lenient"


def written(folder: Path, text: str) -> Path:
    """A policy file with this text."""
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    """Everything else is that of the strict policy, for each purpose."""
    path = written(
        tmp_path,
        'name = "own"\nleast_level = "LT"\ntime_stamp_delay = 86400\n'
        '[findings]\nnot_pades = "refuse"\n[changes]\nannotation = "refuse"\n'
        "[freshness]\nlargest_age = 3600\n"
        '[algorithms.certificate.digests]\nsha1 = "never"\nsha256 = "open"\n'
        "[algorithms.signature.schemes]\nrsa = [{ bits = 4096, until = 2035-01-01 }]\n",
    )
    own, strict = chosen_policy(str(path)), shipped_policy("strict")
    assert own.name == "own"
    assert own.least_level is Level.LT
    assert own.time_stamp_delay == dt.timedelta(days=1)
    assert own.findings == {**strict.findings, "not_pades": Response.REFUSE}
    assert own.changes.response(ChangeKind.ANNOTATION) is Response.REFUSE
    assert own.changes.response(ChangeKind.SIGNATURE) is Response.ACCEPT
    assert own.freshness.largest_age == dt.timedelta(hours=1)
    assert own.freshness.clock == strict.freshness.clock
    certificates = own.algorithms[Purpose.CERTIFICATE]
    assert certificates.digest_end("sha1") == NEVER
    assert certificates.digest_end("sha256") == OPEN
    assert own.algorithms[Purpose.REVOCATION] == strict.algorithms[Purpose.REVOCATION]
    assert [item.bits for item in own.algorithms[Purpose.SIGNATURE].schemes["rsa"]] == [4096]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name = ", "not TOML"),
        ("name = 1", "name"),
        ('surprise = "x"', "surprise"),
        ("[freshness]\nclock = -1", "freshness.clock"),
        ('[freshness]\nclock = "soon"', "freshness.clock"),
        ("[freshness]\nslow = 1", "freshness.slow"),
        ('[findings]\nnot_pades = "maybe"', "findings.not_pades"),
        ('[findings]\nnot_pades = "REFUSE"', "findings.not_pades"),
        ("[findings]\nnot_pades = 1", "findings.not_pades"),
        ('[findings]\ndigest_mismatch = "warn"', "digest_mismatch"),
        ('[findings]\nsignature_invalid = "accept"', "cannot be adjusted"),
        ('[findings]\ngap_not_contents = "refuse"', "cannot be adjusted"),
        ('[findings]\nno_such_code = "warn"', "no_such_code"),
        ('[changes]\ncontent = "accept"', "never passes"),
        ('[changes]\ncontent = "refuse"', "changes.content"),
        ('[changes]\nfonts = "accept"', "changes.fonts"),
        ('least_level = "LTB"', "least_level"),
        ("time_stamp_delay = -1", "time_stamp_delay"),
        ("[algorithms.digests]\nsha256 = 2029", "algorithms.digests.sha256"),
        ("[algorithms.digests]\nsha256 = 2029-01-01T00:00:00Z", "algorithms.digests.sha256"),
        ('[algorithms.digests]\nsha256 = "soon"', "algorithms.digests.sha256"),
        ('[algorithms.schemes]\nrsa = "open"', "algorithms.schemes.rsa"),
        ("[algorithms.schemes]\nrsa = [{ bits = 2048 }]", "until"),
        ('[algorithms.schemes]\nrsa = [{ bits = -1, until = "open" }]', "bits"),
        ('qualification = "QESIGN"', "one of none, QESIG, QESEAL, QES, ADESIG_QC"),
        ('qualification = "INDETERMINATE_QESIG"', "qualification"),
        ("qualification = 1", "qualification"),
        ('[algorithms.digests]\nsha_256 = "never"', "algorithms.digests: sha_256 is not known"),
        ('[algorithms.digests]\nmd5 = "open"', "sha256"),
        (
            '[algorithms.time-stamp.schemes]\necdsaa = [{ bits = 256, until = "never" }]',
            "algorithms.time-stamp.schemes: ecdsaa is not known",
        ),
        ('[algorithms.login.digests]\nsha1 = "open"', "algorithms.login"),
    ],
)
def test_every_fault_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    """Nothing of a policy file is passed over in silence."""
    with pytest.raises(ValidationPolicyInvalid) as caught:
        read_policy(written(tmp_path, text))
    assert named in caught.value.detail


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Missing, too large, no text: each is a clear error."""
    with pytest.raises(ValidationPolicyInvalid, match="no validation policy"):
        chosen_policy(str(tmp_path / "lenent"))
    large = written(tmp_path, "#" * (MAX_POLICY_BYTES + 1))
    with pytest.raises(ValidationPolicyInvalid, match="bytes"):
        read_policy(large)
    large.write_bytes(b"\xff\xfe")
    with pytest.raises(ValidationPolicyInvalid, match="cannot be read"):
        read_policy(large)
