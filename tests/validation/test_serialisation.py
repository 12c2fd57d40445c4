"""Facts as JSON: what is written is read back, and nothing else is taken for facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import MalformedRequest
from idservice.pades.facts import read_facts
from idservice.validation.serialisation import facts_from_json, facts_to_json
from support import pdfs
from support.cms_forgery import Forgery
from support.long_term import archived
from support.signed_pdfs import SignedPdf
from support.signing import signed

GOOD = signed(pdfs.baseline())
NAMELESS = SignedPdf(entries={"M": b""}, cms=Forgery(certificates=()).encode).build()


def test_facts_survive_json() -> None:
    """What is written as JSON is read back equal."""
    for data in (GOOD, signed(GOOD), GOOD[:-50], pdfs.baseline(), NAMELESS, archived()):
        facts = read_facts(data)
        assert facts_from_json(facts_to_json(facts)) == facts


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
)


@given(JSON)
def test_other_json_is_refused(value: object) -> None:
    """A process that was taken over can only answer with facts or be refused."""
    with pytest.raises(MalformedRequest):
        facts_from_json(value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("integrity", "perfect"),
        ("coverage", 1),
        ("certificate", "not base64!"),
        ("claimedSigningTime", "2026-06-01T00:00:00"),
        ("revision", True),
        ("findings", [["only a code"]]),
        ("level", None),
    ],
)
def test_a_wrong_part_is_refused(key: str, value: object) -> None:
    """Each part of the facts is checked for its kind."""
    shown = facts_to_json(read_facts(GOOD))
    shown["signatures"][0][key] = value
    with pytest.raises(MalformedRequest):
        facts_from_json(shown)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("timeStamps", "kind", "time-stamp"),
        ("timeStamps", "integrity", "whole"),
        ("timeStamps", "genTime", "2026-06-01T00:00:00"),
        ("timeStamps", "accuracy", 1),
        ("timeStamps", "accuracy", float("inf")),
        ("timeStamps", "accuracy", -1.0),
        ("timeStamps", "certificate", "not base64!"),
        ("timeStamps", "issuedBy", 7),
        ("timeStamps", "end", "12"),
        ("timeStamps", "end", True),
        ("evidence", 0, "secret"),
        ("evidence", 1, "not base64!"),
        ("evidence", 2, None),
        ("evidence", 2, 1.5),
    ],
)
def test_a_wrong_part_of_time_stamps_and_evidence_is_refused(
    part: str, key: str | int, value: object
) -> None:
    """Time-stamps and evidence are held to their shape like all other facts."""
    shown = facts_to_json(read_facts(archived()))
    shown[part][0][key] = value
    with pytest.raises(MalformedRequest):
        facts_from_json(shown)
