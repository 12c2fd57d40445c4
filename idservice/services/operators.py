"""The operator's bearer token, which `init` writes into the home folder."""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from idservice.errors import NotInitialised, OperatorTokenInvalid

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")
"""A bearer token (RFC 6750 cl. 2.1), long enough that nobody guesses it."""


class OperatorToken:
    """Knows the operator's token by its hash only."""

    def __init__(self, path: Path) -> None:
        """Read the token's file. Raises NotInitialised when it holds none."""
        try:
            token = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise _missing(path) from exc
        if not _TOKEN.fullmatch(token):
            raise _missing(path)
        self._sha256 = hashlib.sha256(token.encode()).digest()

    def require(self, presented: str | None) -> None:
        """Compare in constant time. Raises OperatorTokenInvalid."""
        found = hashlib.sha256((presented or "").encode("utf-8", "replace")).digest()
        if not hmac.compare_digest(found, self._sha256):
            raise OperatorTokenInvalid(
                "The operator's bearer token is missing or wrong, and only the operator changes "
                "people.",
                "Send Authorization: Bearer with the token from keys/operator.token.",
            )


def _missing(path: Path) -> NotInitialised:
    return NotInitialised(
        f"{path} holds no operator's token, so nobody could manage people over HTTP.",
        "Restore the file from a backup, or write a token of your own into it: one line of at "
        "least 16 letters, digits, dashes and underscores.",
    )
