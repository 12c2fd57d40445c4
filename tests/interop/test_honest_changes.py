"""Every honest later change, made to documents that this product signed: none is refused."""

from collections import Counter

import pytest

from support.attack_catalogue import REFUSED_ALTHOUGH_HONEST, all_honest_changes
from support.attacks import Variant, judge, told


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


def test_there_are_many_honest_changes_under_names_of_their_own() -> None:
    """At least a hundred, none of them twice."""
    found = all_honest_changes()
    assert max(Counter(item.id for item in found).values()) == 1
    assert len(found) >= 100
