"""Every attack of the catalogue, made from documents that this product signed: none is accepted."""

from collections import Counter

import pytest

from idservice.validation.facts import Integrity
from support.attack_catalogue import LISTED_ONLY, all_attacks
from support.attack_documents import BASES, signed_base
from support.attacks import NOW, Variant, judge, told

_LEVEL_B = {"PAdES_BASELINE_B", "PAdES_BES"}

_LISTED = {"form-value-changed"}


@pytest.mark.parametrize("base", BASES)
def test_what_is_attacked_passes_before(base: str) -> None:
    """Every signed document is TOTAL-PASSED as its signers left it: a refusal means something."""
    report = judge(signed_base(base))
    assert report.signatures
    assert all(item.passed for item in report.signatures)
    assert not report.errors


@pytest.mark.parametrize("variant", all_attacks(), ids=lambda item: item.id)
def test_no_attack_is_accepted(variant: Variant) -> None:
    """Neither the attacked signature nor the file passes, and the report names the attack."""
    report = judge(variant.build())
    if variant.recipe in LISTED_ONLY and report.signatures[variant.victim].passed:
        assert told(report) & _LISTED
        return
    assert told(report) & variant.codes
    if variant.only_level:
        assert {item.best_signature_time for item in report.signatures} == {NOW}
        if "time_stamp_not_valid" in told(report):
            assert {item.level for item in report.signatures} <= _LEVEL_B
        return
    assert not (report.signatures and all(item.passed for item in report.signatures))
    assert not any(item.passed for item in report.signatures[variant.victim : variant.victim + 1])


def test_the_catalogue_is_large_and_its_names_are_unique() -> None:
    """At least three hundred variants, in all families, none of them twice."""
    found = all_attacks()
    assert max(Counter(item.id for item in found).values()) == 1
    assert len(found) >= 300
    assert len({item.build() for item in found}) > 0.99 * len(found)


def test_the_signed_revision_stays_what_it_was() -> None:
    """An attack by appending leaves the integrity of the signed revision alone."""
    appended = next(item for item in all_attacks() if item.id == "isa/content@table")
    (signature,) = judge(appended.build()).signatures
    assert signature.facts.integrity is Integrity.INTACT
