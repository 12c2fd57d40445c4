"""The decision, tested as the pure function it is: facts in, verdict out."""

import ast
from itertools import permutations
from pathlib import Path

import pytest

import idservice
from idservice.errors import Finding
from idservice.validation.facts import (
    AlgorithmFacts,
    Change,
    Coverage,
    Integrity,
    SignatureFacts,
    TrustFacts,
    TrustVerdict,
)
from idservice.validation.policy import Verdict, decide
from idservice.validation.rules import RULES, Indication, Step, SubIndication, rule_for
from support.policies import STRICT

TRUSTED = TrustFacts(TrustVerdict.TRUSTED, "CN=Root", ())
APPENDED = (Change("revision-appended", 2, None, "Revision 2 was appended."),)


def signature(
    *codes: str,
    integrity: Integrity = Integrity.INTACT,
    coverage: Coverage = Coverage.WHOLE_FILE,
    changes: tuple[Change, ...] = (),
) -> SignatureFacts:
    """Facts with these findings."""
    findings = tuple(Finding(code, code) for code in codes)
    return SignatureFacts(
        "S",
        "PAdES_BASELINE_B",
        integrity,
        coverage,
        findings,
        changes,
        algorithms=AlgorithmFacts("ecdsa", "sha256", 256),
    )


def verdict(*codes: str, trust: tuple[str, ...] = ()) -> Verdict:
    """Decide about findings of the file and of the trust."""
    found = tuple(Finding(code, code) for code in trust)
    return decide(signature(*codes), TrustFacts(TrustVerdict.TRUSTED, None, found), STRICT)


def test_nothing_wrong_passes() -> None:
    """A signature without a finding is TOTAL-PASSED."""
    assert decide(signature(), TRUSTED, STRICT) == Verdict(Indication.TOTAL_PASSED, None, (), ())


@pytest.mark.parametrize("code", list(RULES))
def test_each_finding_alone_decides_as_its_rule_says(code: str) -> None:
    """A finding with a sub-indication refuses; a warning is told and does not."""
    found, rule = verdict(code), RULES[code]
    assert found.sub_indication is rule.sub_indication
    if rule.sub_indication is None:
        assert found.indication is Indication.TOTAL_PASSED
        assert [item.code for item in found.warnings] == [code]
    else:
        assert found.indication is rule.sub_indication.indication
        assert [item.code for item in found.errors] == [code]


def test_a_code_that_no_rule_knows_fails() -> None:
    """A finding can never pass because somebody forgot its rule."""
    assert verdict("something_new").sub_indication is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("digest_mismatch", "certificate_not_trusted"), SubIndication.HASH_FAILURE),
        (("cms_unreadable", "digest_mismatch"), SubIndication.FORMAT_FAILURE),
        (("cms_not_der", "signature_invalid"), SubIndication.SIG_CRYPTO_FAILURE),
        (
            ("certificate_expired", "signing_certificate_missing"),
            SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        ),
        (("algorithm_not_allowed", "certificate_expired"), SubIndication.OUT_OF_BOUNDS_NO_POE),
    ],
)
def test_failure_outweighs_doubt_and_earlier_steps_come_first(
    codes: tuple[str, ...], expected: SubIndication
) -> None:
    """The order in which findings were made does not matter."""
    for order in permutations(codes):
        assert verdict(*order).sub_indication is expected


def test_findings_of_trust_count_like_others() -> None:
    """What path or revocation say decides as well."""
    assert verdict(trust=("certificate_revoked",)).sub_indication is SubIndication.REVOKED_NO_POE
    assert verdict(trust=("certificate_suspended",)).sub_indication is SubIndication.TRY_LATER


def test_what_was_appended_is_never_passed() -> None:
    """Changes that are not analysed make the signature INDETERMINATE; integrity stays."""
    found = decide(signature(coverage=Coverage.REVISION, changes=APPENDED), TRUSTED, STRICT)
    assert found.indication is Indication.INDETERMINATE
    assert found.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert [item.code for item in found.errors] == ["changes_not_analysed"]


@pytest.mark.parametrize("integrity", [Integrity.UNVERIFIABLE, Integrity.BROKEN])
def test_a_signature_that_did_not_verify_never_passes(integrity: Integrity) -> None:
    """Even without any finding, integrity other than intact refuses."""
    found = decide(signature(integrity=integrity), TRUSTED, STRICT)
    assert found.indication is not Indication.TOTAL_PASSED


def test_broken_coverage_never_passes() -> None:
    """Even without any finding, coverage that is broken refuses."""
    found = decide(signature(coverage=Coverage.BROKEN), TRUSTED, STRICT)
    assert found.sub_indication is SubIndication.FORMAT_FAILURE


def test_the_same_finding_is_told_once() -> None:
    """Two readers that notice the same thing do not make two errors."""
    assert len(verdict("digest_mismatch", "digest_mismatch").errors) == 1


def test_errors_are_in_the_order_of_the_steps() -> None:
    """The report reads as the process runs."""
    found = verdict("algorithm_not_allowed", "certificate_expired", "cms_not_der", "cert_entry")
    steps = [rule_for(item.code).step for item in found.errors]
    assert steps == sorted(steps) == [Step.FORMAT_CHECK, Step.X509_VALIDATION, Step.ACCEPTANCE]


def test_every_finding_in_the_code_has_a_rule() -> None:
    """Every code that a reader can give is in the table of rules."""
    assert idservice.__file__
    package = Path(idservice.__file__).parent
    used = set()
    for part in ("cms", "pades", "pdf"):
        for path in (package / part).glob("*.py"):
            used |= {
                node.args[0].value
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Finding", "_fault")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            }
    assert used <= RULES.keys()
    assert len(used) > 30
