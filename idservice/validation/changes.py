"""What the changes after a signed revision are worth, by the document and by the policy.

The document's own certification and locks forbid; the reader has judged that already. A
policy can only refuse more of what is permitted, or bear with what nobody could analyse
and that is certainly no content. Nobody is warned of what a certification foresees. An added
signature that shows over what was signed (a sneaky signature) is borne only if it is itself
valid, by the rules of this very validation; while that is not decided, nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from idservice.errors import Finding
from idservice.validation.facts import Change, ChangeVerdict
from idservice.validation.rules import Indication
from idservice.validation.validation_policy import ChangePolicy, Response

_FIX = "Do not rely on what the document shows now; ask for the file as it was signed."


@dataclass(frozen=True, slots=True)
class JudgedChanges:
    """The changes with the verdicts that count, and what follows for the signature."""

    items: tuple[Change, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    change: Change
    code: str | None = None


def judge_changes(
    changes: Sequence[Change], policy: ChangePolicy, worth: Callable[[str], Indication]
) -> JudgedChanges:
    """Judge each change; `worth` tells what an added signature or time-stamp came to."""
    judged = [_judge(item, policy, worth) for item in changes]
    return JudgedChanges(tuple(item.change for item in judged), _findings(judged))


def _judge(change: Change, policy: ChangePolicy, worth: Callable[[str], Indication]) -> _Judged:
    if change.verdict is ChangeVerdict.FORBIDDEN:
        return _Judged(change, "changes_forbidden")
    covering = Indication.TOTAL_PASSED if change.covered_by is None else worth(change.covered_by)
    if covering is not Indication.TOTAL_PASSED:
        return _without_right(change, covering)
    response = policy.response(change.kind)
    if change.verdict is ChangeVerdict.NOT_ANALYSED:
        return _not_analysed(change, max(response, policy.not_analysed))
    if response is Response.REFUSE:
        return _Judged(_forbidden(change), "changes_refused")
    if change.covered_by is not None:
        return _Judged(change, "change_covers_content")
    warned = response is Response.WARN and not change.is_foreseen
    return _Judged(change, "changes_warned" if warned else None)


def _without_right(change: Change, covering: Indication) -> _Judged:
    """Judge what shows over signed content by a signature that does not pass, or not yet."""
    if covering is Indication.INDETERMINATE:
        why = f"{change.message} Whether that signature is valid is not decided."
        undecided = replace(change, message=why, verdict=ChangeVerdict.NOT_ANALYSED)
        return _Judged(undecided, "changes_not_analysed")
    why = f"{change.message} That signature is not itself valid, so it has no right to it."
    return _Judged(_forbidden(replace(change, message=why)), "changes_forbidden")


def _not_analysed(change: Change, response: Response) -> _Judged:
    if response is Response.REFUSE:
        return _Judged(change, "changes_not_analysed")
    borne = replace(change, verdict=ChangeVerdict.PERMITTED)
    return _Judged(borne, "changes_not_judged" if response is Response.WARN else None)


def _forbidden(change: Change) -> Change:
    return replace(change, verdict=ChangeVerdict.FORBIDDEN)


_SAID: dict[str, tuple[str, str]] = {
    "changes_forbidden": (
        "The document was changed after this signature in a way that is not permitted. {}",
        _FIX,
    ),
    "changes_refused": (
        (
            "The document was changed after this signature in a way that the validation policy "
            "does not accept. {}"
        ),
        _FIX,
    ),
    "changes_not_analysed": (
        (
            "The document was changed after this signature in a way that is not judged here. {} "
            "The signed revision itself is judged separately."
        ),
        "Look at the signed revision alone, or ask for the file as it was signed.",
    ),
    "changes_not_judged": (
        (
            "The document was changed after this signature in a way that is not judged here, and "
            "the validation policy accepts that. {}"
        ),
        "Look at the signed revision alone.",
    ),
    "change_covers_content": (
        "A later signature, which is itself valid, shows over what was signed. {}",
        "Look at the signed revision alone.",
    ),
    "changes_warned": (
        "What was added after this signature is permitted, and was not signed with it. {}",
        "Look at it as at something that the signer has not seen.",
    ),
}


def _findings(judged: Sequence[_Judged]) -> tuple[Finding, ...]:
    """Say each kind of thing once, with the first change and how many more there are."""
    found = []
    for code, (text, fix) in _SAID.items():
        messages = [item.change.message for item in judged if item.code == code]
        if messages:
            more = f" (And {len(messages) - 1} more.)" if len(messages) > 1 else ""
            found.append(Finding(code, text.format(messages[0] + more), fix))
    return tuple(found)
