"""The policy as the pure function it is: tables in, verdicts out."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import Finding
from idservice.validation.adjustable import ADJUSTABLE
from idservice.validation.algorithms import algorithm_findings, imprint_findings, shown
from idservice.validation.changes import judge_changes
from idservice.validation.decision import SignatureDecision
from idservice.validation.evidence import PathFacts
from idservice.validation.facts import (
    AlgorithmFacts,
    Change,
    ChangeKind,
    ChangeVerdict,
    Coverage,
    DocumentFacts,
    Integrity,
    SignatureFacts,
)
from idservice.validation.policy import DocumentPaths, SignaturePaths, decide_document
from idservice.validation.process import Outcome, ProcessStep
from idservice.validation.rules import RULES, Indication, SubIndication
from idservice.validation.validation_policy import (
    NEVER,
    OPEN,
    ChangePolicy,
    Level,
    Purpose,
    Response,
    ValidationPolicy,
)
from idservice.validation.verdict import verdict_of
from support.policies import LENIENT, STRICT

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
OWN = {
    Purpose.SIGNATURE: "algorithm",
    Purpose.CERTIFICATE: "certificate_algorithm",
    Purpose.TIME_STAMP: "time_stamp_algorithm",
    Purpose.REVOCATION: "revocation_algorithm",
}


def with_findings(**responses: Response) -> ValidationPolicy:
    """The strict policy with other responses."""
    return replace(STRICT, findings={**STRICT.findings, **responses})


@pytest.mark.parametrize("code", sorted(ADJUSTABLE))
def test_each_adjustable_finding_is_answered_as_the_policy_says(code: str) -> None:
    """Accepted it is not told, warned it decides nothing, refused it has its sub-indication."""
    found = [Finding(code, "Something.")]
    accepted = verdict_of(found, with_findings(**{code: Response.ACCEPT}))
    assert accepted.passed
    assert accepted.warnings == ()
    warned = verdict_of(found, with_findings(**{code: Response.WARN}))
    assert warned.passed
    assert [item.code for item in warned.warnings] == [code]
    refused = verdict_of(found, with_findings(**{code: Response.REFUSE}))
    assert refused.sub_indication is ADJUSTABLE[code]


@pytest.mark.parametrize("code", sorted(RULES.keys() - ADJUSTABLE.keys()))
def test_no_policy_reaches_any_other_finding(code: str) -> None:
    """Even a policy that was made past the reader of policy files leaves them as they are."""
    policy = with_findings(**{code: Response.ACCEPT})
    assert policy.rule(code) == RULES[code]


def test_nothing_that_breaks_a_signature_can_be_adjusted() -> None:
    """Of what fails for good only two older forms are adjustable, and small faults of a file."""
    failing = {
        code
        for code, price in ADJUSTABLE.items()
        if Indication.TOTAL_FAILED in (price.indication, indication_of(code))
    }
    assert failing == {"sub_filter_pkcs7_sha1", "sub_filter_x509_rsa_sha1", "pdf_fault_harmless"}


def indication_of(code: str) -> Indication | None:
    """What the rules say of a code; None for a warning."""
    sub = RULES[code].sub_indication
    return None if sub is None else sub.indication


@pytest.mark.parametrize(
    ("algorithms", "end"),
    [
        (AlgorithmFacts("rsa", "sha256", 2048), "2029-01-01"),
        (AlgorithmFacts("rsa", "sha1", 2048), "2012-08-01"),
        (AlgorithmFacts("rsa", "sha256", 1899), "2019-10-01"),
        (AlgorithmFacts("rsa", "sha256", 1023), "never"),
        (AlgorithmFacts("rsa", "md5", 4096), "never"),
        (AlgorithmFacts("rsa-pss", "sha256", 2999), "2029-01-01"),
        (AlgorithmFacts("rsa-pss", "sha256", 3000), "open"),
        (AlgorithmFacts("ecdsa", "sha224", 256), "2029-01-01"),
        (AlgorithmFacts("ecdsa", "sha256", 224), "2021-10-01"),
        (AlgorithmFacts("ecdsa", "sha3_512", 521), "open"),
        (AlgorithmFacts("dsa", "sha256", 2048), "2029-01-01"),
        (AlgorithmFacts("ed25519", None, None), "open"),
        (AlgorithmFacts("something", "sha256", 9999), "never"),
        (AlgorithmFacts("rsa", "sha256", None), "never"),
    ],
)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_algorithms_end_on_their_day_for_every_purpose(
    purpose: Purpose, algorithms: AlgorithmFacts, end: str
) -> None:
    """Proved a second before the end they count; at the end they do not."""
    known = {"open": OPEN, "never": NEVER}
    time = known.get(end) or dt.datetime.fromisoformat(end).replace(tzinfo=dt.UTC)
    assert STRICT.algorithms[purpose].end_of(algorithms) == time
    at = NOW if time in known.values() else time
    codes = [item.code for item in algorithm_findings(algorithms, purpose, STRICT, at)]
    own = "algorithm_not_allowed" if end == "never" else "algorithm_expired"
    assert codes == ([] if end == "open" else [own.replace("algorithm", OWN[purpose])])
    if time not in known.values():
        before = time - dt.timedelta(seconds=1)
        assert not list(algorithm_findings(algorithms, purpose, STRICT, before))


def test_an_algorithm_that_had_ended_before_signing_cannot_be_rescued() -> None:
    """With a time-stamp inside of what was signed it is certain that it came too late."""
    old = AlgorithmFacts("rsa", "sha1", 2048)
    found = list(algorithm_findings(old, Purpose.SIGNATURE, STRICT, NOW, made_after=NOW))
    assert [item.code for item in found] == ["algorithm_ended_before_signing"]
    assert verdict_of(found, STRICT).sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    found = list(algorithm_findings(old, Purpose.SIGNATURE, STRICT, NOW))
    sub = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert verdict_of(found, STRICT).sub_indication is sub


def test_an_old_algorithm_that_nobody_could_measure_is_refused() -> None:
    """That an algorithm is old is a warning only where its dates can be judged."""
    old = Finding("algorithm_legacy", "Old.")
    assert decided_alone(STRICT, old).verdict.passed
    unknown = replace(signature("One", 10, old), algorithms=None)
    facts = DocumentFacts("PAdES", (unknown,))
    found = decide_document(facts, DocumentPaths((NO_PATHS,)), NOW, LENIENT).signatures[0]
    assert [item.code for item in found.verdict.errors] == ["algorithm_not_allowed"]


def test_the_digest_of_an_imprint_ends_too() -> None:
    """A time-stamp over a weak digest may be of something else by now."""
    assert [item.code for item in imprint_findings("sha1", STRICT, NOW)] == [
        "time_stamp_algorithm_expired"
    ]
    assert not list(imprint_findings("sha256", STRICT, NOW))
    assert not list(imprint_findings(None, STRICT, NOW))


def test_algorithms_are_named_for_people() -> None:
    """Names are those of standards, not of libraries."""
    assert (
        shown(AlgorithmFacts("rsa-pss", "sha3_256", 3072)) == "RSA-PSS with 3072 bits and SHA3-256"
    )
    assert shown(AlgorithmFacts("ed25519", None, 256)) == "Ed25519"


def none_valid(_: str) -> Indication:
    """Every added signature is broken."""
    return Indication.TOTAL_FAILED


def all_valid(_: str) -> Indication:
    """Every added signature is valid."""
    return Indication.TOTAL_PASSED


def change(
    kind: ChangeKind,
    verdict: ChangeVerdict = ChangeVerdict.PERMITTED,
    covered_by: str | None = None,
) -> Change:
    """A change of a kind."""
    return Change("some-change", 2, 1, "Something was added.", verdict, kind, covered_by)


RESPONSES = {
    Response.ACCEPT: None,
    Response.WARN: "changes_warned",
    Response.REFUSE: "changes_refused",
}


@pytest.mark.parametrize("response", list(Response))
@pytest.mark.parametrize("kind", [item for item in ChangeKind if item is not ChangeKind.CONTENT])
def test_each_kind_of_change_is_answered_as_the_policy_says(
    kind: ChangeKind, response: Response
) -> None:
    """What the document permits can be accepted, told or refused."""
    judged = judge_changes([change(kind)], ChangePolicy({kind: response}), none_valid)
    code = RESPONSES[response]
    assert [item.code for item in judged.findings] == ([] if code is None else [code])
    refused = judged.items[0].verdict is ChangeVerdict.FORBIDDEN
    assert refused is (response is Response.REFUSE)


@pytest.mark.parametrize("response", list(Response))
def test_nobody_is_warned_of_what_a_certification_foresees(response: Response) -> None:
    """A policy that warns accepts what a certification permits; one that refuses refuses it."""
    item = replace(change(ChangeKind.ANNOTATION), is_foreseen=True)
    policy = ChangePolicy({ChangeKind.ANNOTATION: response})
    expected = ["changes_refused"] if response is Response.REFUSE else []
    judged = judge_changes([item], policy, none_valid)
    assert [found.code for found in judged.findings] == expected
    assert judged.items[0].is_foreseen


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_what_the_document_forbids_no_policy_permits(kind: ChangeKind) -> None:
    """A forbidden change of any kind is forbidden under the most lenient policy there could be."""
    policy = ChangePolicy(dict.fromkeys(ChangeKind, Response.ACCEPT), Response.ACCEPT)
    judged = judge_changes([change(kind, ChangeVerdict.FORBIDDEN)], policy, all_valid)
    assert [item.code for item in judged.findings] == ["changes_forbidden"]


@pytest.mark.parametrize("verdict", [ChangeVerdict.PERMITTED, ChangeVerdict.NOT_ANALYSED])
def test_a_change_of_the_content_never_passes(verdict: ChangeVerdict) -> None:
    """Not even under a policy that was made to accept it."""
    policy = ChangePolicy(dict.fromkeys(ChangeKind, Response.ACCEPT), Response.ACCEPT)
    judged = judge_changes([change(ChangeKind.CONTENT, verdict)], policy, all_valid)
    refused = {"changes_refused", "changes_not_analysed"}
    assert len(judged.findings) == 1
    assert judged.findings[0].code in refused


@pytest.mark.parametrize("response", list(Response))
def test_what_nobody_analysed_is_answered_as_the_policy_says(response: Response) -> None:
    """The stricter one of the responses to its kind and to not being analysed wins."""
    item = change(ChangeKind.METADATA, ChangeVerdict.NOT_ANALYSED)
    policy = ChangePolicy({ChangeKind.METADATA: Response.ACCEPT}, response)
    codes = {
        Response.ACCEPT: [],
        Response.WARN: ["changes_not_judged"],
        Response.REFUSE: ["changes_not_analysed"],
    }
    judged = judge_changes([item], policy, none_valid)
    assert [found.code for found in judged.findings] == codes[response]


@pytest.mark.parametrize("policy", [STRICT, LENIENT])
def test_a_signature_over_signed_content_must_itself_be_valid(policy: ValidationPolicy) -> None:
    """A sneaky signature is forbidden under either policy, a valid one is told."""
    item = change(ChangeKind.SIGNATURE, covered_by="Second")
    sneaky = judge_changes([item], policy.changes, none_valid)
    assert [found.code for found in sneaky.findings] == ["changes_forbidden"]
    unsure = judge_changes([item], policy.changes, lambda _: Indication.INDETERMINATE)
    assert [found.code for found in unsure.findings] == ["changes_not_analysed"]
    valid = judge_changes([item], policy.changes, all_valid)
    assert [found.code for found in valid.findings] == ["change_covers_content"]
    assert valid.items[0].verdict is ChangeVerdict.PERMITTED


def signature(
    name: str, end: int, *findings: Finding, changes: tuple[Change, ...] = ()
) -> SignatureFacts:
    """A signature over the first bytes of a file."""
    return SignatureFacts(
        name,
        "PAdES_BASELINE_B",
        Integrity.INTACT,
        Coverage.REVISION,
        findings,
        changes,
        claimed_signing_time=NOW - dt.timedelta(days=30),
        revision=end,
        end=end,
        algorithms=AlgorithmFacts("ecdsa", "sha256", 256),
    )


NO_PATHS = SignaturePaths(PathFacts(None))


@pytest.mark.parametrize("broken", [False, True])
def test_the_covering_signature_is_decided_first(*, broken: bool) -> None:
    """Whatever order the facts have, the earlier signature knows what the later one is worth."""
    fault = (Finding("digest_mismatch", "No."),) if broken else ()
    first = signature("First", 10, changes=(change(ChangeKind.SIGNATURE, covered_by="Second"),))
    facts = DocumentFacts("PAdES", (first, signature("Second", 20, *fault)))
    decided = decide_document(facts, DocumentPaths((NO_PATHS, NO_PATHS)), NOW, STRICT)
    assert decided.signatures[0].verdict.passed is not broken


def decided_alone(policy: ValidationPolicy, *findings: Finding) -> SignatureDecision:
    """Decide about one signature without any certificate."""
    facts = DocumentFacts("PAdES", (signature("One", 10, *findings),))
    return decide_document(facts, DocumentPaths((NO_PATHS,)), NOW, policy).signatures[0]


@pytest.mark.parametrize("least", [None, *Level])
def test_a_least_level_is_required(least: Level | None) -> None:
    """A signature of a lower level does not pass."""
    found = decided_alone(replace(STRICT, least_level=least))
    assert found.verdict.passed is (least in (None, Level.B))
    codes = [item.code for item in found.verdict.errors]
    assert codes == ([] if found.verdict.passed else ["level_too_low"])


def test_a_required_qualification_must_be_reached() -> None:
    """Without a trusted list that knows the service, nothing is qualified."""
    found = decided_alone(replace(STRICT, qualification="QESIG"))
    assert [item.code for item in found.verdict.errors] == ["qualification_not_reached"]


def test_the_steps_are_told_in_their_order_and_agree_with_the_verdict() -> None:
    """Each step of the standard once; a failed one carries the finding that failed it."""
    found = decided_alone(STRICT, Finding("digest_mismatch", "Other bytes."))
    assert [item.step for item in found.steps] == [
        ProcessStep.FORMAT_CHECKING,
        ProcessStep.IDENTIFICATION,
        ProcessStep.VALIDATION_CONTEXT,
        ProcessStep.REVOCATION_FRESHNESS,
        ProcessStep.X509_VALIDATION,
        ProcessStep.CRYPTOGRAPHIC_VERIFICATION,
        ProcessStep.ACCEPTANCE,
        ProcessStep.TIME_STAMPS,
        ProcessStep.WITH_TIME,
        ProcessStep.PROOFS,
        ProcessStep.PAST_CERTIFICATE,
        ProcessStep.PAST_SIGNATURE,
        ProcessStep.ARCHIVAL,
    ]
    failed = [item for item in found.steps if item.outcome is Outcome.FAILED]
    assert [item.step for item in failed] == [ProcessStep.CRYPTOGRAPHIC_VERIFICATION]
    assert [item.code for item in failed[0].reasons] == ["digest_mismatch"]
    assert all(item.looked_at.endswith(".") for item in found.steps)


RESPONSE = st.sampled_from(list(Response))


@given(
    st.sets(st.sampled_from(sorted(RULES)), max_size=4),
    st.dictionaries(st.sampled_from(sorted(ADJUSTABLE)), st.tuples(RESPONSE, RESPONSE)),
    st.lists(st.tuples(st.sampled_from(list(ChangeKind)), st.sampled_from(list(ChangeVerdict)))),
    st.dictionaries(st.sampled_from(list(ChangeKind)), st.tuples(RESPONSE, RESPONSE)),
    st.tuples(RESPONSE, RESPONSE),
)
def test_a_stricter_policy_never_lets_more_pass(
    codes: set[str],
    findings: dict[str, tuple[Response, Response]],
    changes: list[tuple[ChangeKind, ChangeVerdict]],
    kinds: dict[ChangeKind, tuple[Response, Response]],
    open_ones: tuple[Response, Response],
) -> None:
    """Whatever passes under a policy passes under every one that answers nothing more strictly."""
    told = [Finding(code, code) for code in codes]
    made = [change(kind, verdict) for kind, verdict in changes]

    def passes(pick: Callable[[tuple[Response, Response]], Response]) -> bool:
        policy = replace(
            STRICT,
            findings={code: pick(pair) for code, pair in findings.items()},
            changes=ChangePolicy(
                {kind: pick(pair) for kind, pair in kinds.items()}, pick(open_ones)
            ),
        )
        judged = judge_changes(made, policy.changes, none_valid)
        return verdict_of((*told, *judged.findings), policy).passed

    assert passes(min) or not passes(max)
