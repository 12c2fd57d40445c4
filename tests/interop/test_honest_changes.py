"""Every honest later change, made to documents that this product signed: none is refused."""

from collections import Counter

import pytest

from support.attack_catalogue import all_honest_changes
from support.attacks import Variant, judge, told

# What programs of good will write and what is refused all the same, with the argument.
REFUSED_ALTHOUGH_HONEST = {
    "fill/by-pypdf": "the update takes the document information away, title included",
    "fill/box-by-pypdf": "likewise",
    "comment/pypdf-note": "likewise",
    "comment/pypdf-highlight": "likewise, and how viewers draw its red is not said in the file",
    "fill/by-pyhanko": "the update claims more objects than there are",
}


def refusal(variant: Variant) -> str | None:
    """Why a variant is refused although it is honest; None for all others."""
    return REFUSED_ALTHOUGH_HONEST.get(variant.id.split("@")[0])


@pytest.mark.parametrize("variant", all_honest_changes(), ids=lambda item: item.id)
def test_no_honest_change_is_refused(variant: Variant) -> None:
    """Every signature passes, the file has no error, and the change is listed by its name."""
    report = judge(variant.build())
    if refusal(variant) is not None:
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
