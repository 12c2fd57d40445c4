"""What people read of a report: words for every value, and nothing that imitates a verdict."""

import pytest

from idservice.presentation.report_tree import BAD, GOOD, OPEN, Line, headline, report_tree
from idservice.services.validation import validation_without_home
from idservice.validation.facts import Coverage, Integrity, TrustVerdict
from idservice.validation.report import ValidationReport
from idservice.validation.wording import (
    CHANGES,
    COVERAGE,
    SIGNED_BYTES,
    TRUST,
    legal_value,
    short_name,
)
from support import pdfs
from support.limits import limits
from support.signing import signed


def report_on(document: bytes) -> ValidationReport:
    """What is said of a document where nobody is trusted."""
    return validation_without_home(limits(max_document_bytes=10_000_000)).validate(
        document, "a.pdf"
    )


def texts(line: Line) -> list[str]:
    """All lines of a tree, from the top."""
    return [line.text, *(text for item in line.below for text in texts(item))]


def test_every_value_has_words() -> None:
    """No value of the report is missing from the words, and none is there that does not exist."""
    assert set(SIGNED_BYTES) == {item.value for item in Integrity}
    assert set(COVERAGE) == {item.value for item in Coverage}
    assert set(TRUST) == {item.value for item in TrustVerdict}
    assert set(CHANGES) == {"none", "permitted", "forbidden", "not-analysed"}


@pytest.mark.parametrize(
    ("level", "scheme", "words"),
    [
        ("QESIG", "real", "a qualified electronic signature"),
        ("QESEAL", "test", "a qualified electronic seal; a test scheme, without legal value"),
        ("ADESIG_QC", "real", "an advanced electronic signature with a qualified certificate"),
        (
            "INDETERMINATE_ADES",
            "real",
            "an advanced electronic signature or seal, if it is proved to be valid",
        ),
        ("NA", "real", "no trusted list that was asked knows the issuer"),
    ],
)
def test_a_level_is_explained(level: str, scheme: str, words: str) -> None:
    """The name of a level is said in words, with what a test scheme is worth."""
    assert legal_value(level, test_scheme=scheme == "test") == words


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("C=EE,O=Some\\, one,CN=The authority", "The authority"),
        ("CN=Before,C=EE", "Before"),
        ("O=A\\,CN=Trusted,C=EE", "O=A\\,CN=Trusted,C=EE"),
        ("2.5.4.5=1+CN=A\\+B", "A+B"),
        ("O=None", "O=None"),
        ("", ""),
    ],
)
def test_a_name_is_shortened_to_its_common_name(name: str, short: str) -> None:
    """Escaped separators separate nothing, so that no name passes for another."""
    assert short_name(name) == short


def test_doubt_and_failure_have_their_own_colour() -> None:
    """What cannot be decided is not shown as a failure, and a changed document is."""
    document = signed(pdfs.baseline())
    assert headline(report_on(document)).tone == OPEN
    changed = document.replace(b"the parties agree", b"the parties argue", 1)
    assert headline(report_on(changed)).tone == BAD
    assert headline(report_on(pdfs.baseline())).tone == BAD


def test_what_to_do_stands_below_its_reason_and_before_the_details() -> None:
    """Someone who is told no reads why and what to do first."""
    tree = report_tree(report_on(signed(pdfs.baseline())), as_of=False)
    (signature,) = tree.below
    labels = [item.text.partition(":")[0] for item in signature.below]
    error = next(item for item in signature.below if item.text.startswith("error "))
    assert error.below[0].text.startswith("to do: ")
    assert labels.index("changed later") < signature.below.index(error) < labels.index("trust")
    assert GOOD not in {item.tone for item in signature.below}
    assert not any(text.startswith("signed by:") for text in texts(tree))
