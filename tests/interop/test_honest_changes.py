"""Every honest later change, made to documents that this product signed: none is refused."""

from collections import Counter

import pytest

from support.attack_catalogue import REFUSED_ALTHOUGH_HONEST, all_honest_changes
from support.attack_documents import signed_base
from support.attacks import Variant, judge, revised, told
from support.honest_commenting import COMMENTS


@pytest.mark.parametrize("variant", all_honest_changes(), ids=lambda item: item.id)
def test_no_honest_change_is_refused(variant: Variant) -> None:
    """Every signature passes, the file has no error, and the change is listed by its name."""
    report = judge(variant.build())
    if variant.recipe in REFUSED_ALTHOUGH_HONEST:
        assert not all(item.passed for item in report.signatures)
        return
    assert report.signatures
    assert {item.verdict.indication.value for item in report.signatures} == {"TOTAL-PASSED"}
    assert not report.errors
    assert variant.codes <= told(report)


@pytest.mark.parametrize(
    ("base", "warned"),
    [("table", True), ("stream", True), ("twice", True), ("p3", False), ("p3-objects", False)],
)
def test_comments_are_told_with_a_warning_unless_a_certification_foresees_them(
    base: str, *, warned: bool
) -> None:
    """Whoever certified with DocMDP 3 knew that comments follow; other signers did not."""
    report = judge(revised(COMMENTS["note"][1])(signed_base(base)))
    for signature in report.signatures:
        assert signature.passed
        (added,) = [item for item in signature.facts.changes if item.code == "annotation-added"]
        assert added.is_foreseen is not warned
        assert ("changes_warned" in {item.code for item in signature.verdict.warnings}) is warned


def test_there_are_many_honest_changes_under_names_of_their_own() -> None:
    """At least a hundred, none of them twice."""
    found = all_honest_changes()
    assert max(Counter(item.id for item in found).values()) == 1
    assert len(found) >= 100
