"""How a validation came to its verdicts, step by step, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.cli import failures
from idservice.cli.terminal import plain, results

if TYPE_CHECKING:
    from rich.tree import Tree

    from idservice.services.validation import StepResult, ValidationReport

_STYLES = {"passed": "green", "failed": "red", "indeterminate": "yellow", "skipped": "dim"}
_MAX_NAME = 200
_MAX_TEXT = 2000


def explain(report: ValidationReport) -> None:
    """Print the steps for each signature and time-stamp (EN 319 102-1), passed or not, and why."""
    from rich.tree import Tree

    tree = Tree(plain(f"How this was decided, by the policy {report.policy or 'strict'}", "bold"))
    told = set()
    for signature in report.signatures:
        branch = tree.add(plain(failures.printable(signature.facts.id, _MAX_NAME)))
        _add_steps(branch, signature.steps)
        for stamp in signature.time_stamps:
            if stamp.facts.id not in told:
                told.add(stamp.facts.id)
                name = failures.printable(stamp.facts.id, _MAX_NAME)
                _add_steps(branch.add(plain(f"time-stamp {name}")), stamp.steps)
    for stamp in report.time_stamps:
        if stamp.facts.id not in told:
            name = failures.printable(stamp.facts.id, _MAX_NAME)
            _add_steps(tree.add(plain(f"time-stamp {name}")), stamp.steps)
    results().print(tree)


def _add_steps(tree: Tree, steps: tuple[StepResult, ...]) -> None:
    for item in steps:
        outcome = item.outcome.value
        title = f"{item.step.clause} {item.step.title}: {outcome}"
        branch = tree.add(plain(title, _STYLES[outcome]))
        branch.add(plain(failures.printable(item.looked_at, _MAX_TEXT)))
        for reason in item.reasons:
            branch.add(plain(f"{reason.code}: {failures.printable(reason.message, _MAX_TEXT)}"))
