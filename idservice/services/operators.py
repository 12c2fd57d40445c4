"""The operator's bearer token, which `init` writes into the home folder."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from idservice.errors import NotInitialised, OperatorTokenInvalid


class OperatorToken:
    """Knows the operator's token by its hash only."""

    def __init__(self, path: Path) -> None:
        """Read the token's file. Raises NotInitialised when it is missing or empty."""
        try:
            token = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise _missing(path) from exc
        if not token:
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
        f"The operator's token is not in {path}, so nobody could manage people over HTTP.",
        "Run `idservice init` once, or restore the file.",
    )
