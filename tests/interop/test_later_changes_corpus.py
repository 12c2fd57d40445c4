"""Files by many producers, signed twice by us: the first signature knows the second for harmless.

The collection is not part of this project; the test is skipped where it does not stand beside
it. Where an expectation cannot be met, the exception is named here with the argument.
"""

import csv
from pathlib import Path

import pytest

from idservice.errors import IdServiceError
from idservice.pades.facts import read_facts
from idservice.validation.facts import worst_change
from support.signing import signed

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
TABLE = CORPUS / "expected.tsv"

pytestmark = [
    pytest.mark.skipif(
        not TABLE.exists(), reason="corpus: the collection is not beside the project"
    ),
    pytest.mark.filterwarnings("ignore"),
]


def rows() -> list[tuple[str, str | None]]:
    """Files that anybody should be able to sign, with their passwords."""
    if not TABLE.exists():
        return []
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [
            (row["file"], row["password"] or None)
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["kind"] == "plain" and row["expected"] == "sign-ok"
        ]


def test_a_second_signature_is_harmless_in_files_of_all_producers() -> None:
    """In every file that can be signed, the first of two signatures stays permitted."""
    judged = 0
    wrong: dict[str, str] = {}
    for name, password in rows():
        data = (CORPUS / name).read_bytes()
        try:
            twice = signed(signed(data, password=password), password=password)
        except IdServiceError:
            # That such a file is refused, and why, is for the tests of signing.
            continue
        first, second = read_facts(twice, password=password).signatures[-2:]
        verdicts = worst_change(first.changes).value, worst_change(second.changes).value
        judged += 1
        if verdicts != ("permitted", "none"):
            wrong[name] = verdicts[0]
    assert judged > 200
    assert wrong == {}
