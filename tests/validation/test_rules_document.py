"""The table of findings in the documentation is the table in the code."""

from pathlib import Path

from idservice.validation.report import FORMAT_FAILURE, NO_SIGNATURE_FOUND
from idservice.validation.rules import RULES, Rule

PAGE = Path(__file__).parents[2] / "docs" / "life-of-a-validation.md"


def row(code: str, rule: Rule) -> str:
    """One line of the table."""
    step = rule.step.name.replace("_", " ").capitalize().replace("X509", "X.509")
    sub = rule.sub_indication
    if sub is None:
        return f"| {code} | {step} | none: a warning |  |"
    return f"| {code} | {step} | {sub.indication.value} | {sub.value} |"


def test_every_finding_is_documented_as_it_is_judged() -> None:
    """Each code has its row, with step, indication and sub-indication, and no row is left over."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("|---|---|---|---|") + 1
    end = lines.index("", start)
    written = set(lines[start:end])
    assert written == {row(code, rule) for code, rule in RULES.items()}


def test_what_concerns_the_document_is_documented() -> None:
    """The codes of a whole document have their rows, and no row is left over."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("|---|---|") + 1
    written = [line.split("|")[1].strip() for line in lines[start:]]
    assert written == [FORMAT_FAILURE, NO_SIGNATURE_FOUND]
