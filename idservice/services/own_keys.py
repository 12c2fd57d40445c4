"""Keys that a person opens on this machine: by personal code, or by card file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idservice.keystore.card import Purpose
from idservice.services.key_custody import HeldKey, KeyCustody

__all__ = ["HeldKey", "KeyChoice", "OwnKeys"]


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """Whose key: the server key of a personal code, or the card in a file."""

    holder: str | Path

    @property
    def shown(self) -> str:
        """The holder as prompts name it."""
        return str(self.holder)


class OwnKeys:
    """Opens keys for login with PIN1 and for signing with PIN2."""

    def __init__(self, custody: KeyCustody) -> None:
        """Open keys in `custody`, which counts the tries."""
        self._custody = custody

    def for_login(self, choice: KeyChoice, pin1: str) -> HeldKey:
        """Open the authentication key. Raises what `KeyCustody` raises."""
        return self._open(choice, Purpose.AUTHENTICATION, pin1)

    def for_signing(self, choice: KeyChoice, pin2: str) -> HeldKey:
        """Open the signing key. Raises what `KeyCustody` raises."""
        return self._open(choice, Purpose.SIGNING, pin2)

    def _open(self, choice: KeyChoice, purpose: Purpose, pin: str) -> HeldKey:
        if isinstance(choice.holder, Path):
            return self._custody.open_card(choice.holder, purpose, pin)
        return self._custody.unlock_signer(choice.holder, purpose, pin)
