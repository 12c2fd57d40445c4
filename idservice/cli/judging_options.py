"""Options for the policy of a validation, and for how it came to its verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from idservice.services.validation_policies import ValidationPolicy


@dataclass(frozen=True, slots=True)
class JudgingWishes:
    """The policy that is asked for (None: that of the settings), and whether to tell each step."""

    choice: str | None
    explain: bool

    def policy(self) -> ValidationPolicy | None:
        """Read the policy. Raises ValidationPolicyInvalid."""
        from idservice.services.validation_policies import chosen_policy

        return None if self.choice is None else chosen_policy(self.choice)


def judging_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, and pass what they say as the argument `judging`."""

    @click.option(
        "--policy",
        metavar="NAME|FILE",
        help="Judge by this validation policy: strict, lenient, or a TOML file.",
    )
    @click.option(
        "--explain",
        is_flag=True,
        help="Tell each step of the validation, passed or not, and why.",
    )
    @wraps(command)
    def with_wishes(*args: Any, policy: str | None, explain: bool, **others: Any) -> Any:
        return command(*args, judging=JudgingWishes(policy, explain), **others)

    return with_wishes
