"""The token for keys, if the settings name one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from idservice.errors import KeyStoreInvalid, SettingsInvalid
from idservice.keystore.files import read_secret_file
from idservice.keystore.secret import KeyStoreSecret
from idservice.settings import HsmSettings

if TYPE_CHECKING:
    from idservice.keystore.pkcs11 import HsmKeys
    from idservice.keystore.pkcs11_sessions import TokenSessions

PERSONS = "persons"
TAG_BYTES = 6

# A PKCS#11 library has one state for the whole process: whoever starts it anew voids the
# sessions of everybody. So there is one way to each token, whatever asks for it.
_OPENED: dict[tuple[str, str, Path], TokenSessions] = {}
_OPENING = threading.Lock()


def open_hsm(settings: HsmSettings, secret: KeyStoreSecret) -> HsmKeys:
    """Take the token of a home; nothing is loaded or opened before its first use.

    Raises SettingsInvalid when the settings name no token, or what drives it is not
    installed.
    """
    if not settings.is_set:
        raise SettingsInvalid(
            "A key is to be in a hardware security module, and the settings name none.",
            "Set hsm.module, hsm.token and hsm.pin_file; docs/hardware-keys.md has an example.",
        )
    try:
        from idservice.keystore.pkcs11 import HsmKeys
    except ModuleNotFoundError as exc:
        if exc.name != "pkcs11":
            raise
        raise SettingsInvalid(
            "hsm.module is set, but the package that speaks PKCS#11 is not installed.",
            "Install it: pip install 'idservice[hsm]'",
        ) from exc
    tag = secret.derive("hsm label")[:TAG_BYTES].hex()
    return HsmKeys(_sessions(settings), tag)


def _sessions(settings: HsmSettings) -> TokenSessions:
    from idservice.keystore.pkcs11_library import Library
    from idservice.keystore.pkcs11_sessions import TokenSessions

    with _OPENING:
        key = (settings.module, settings.token, settings.pin_file)
        if key not in _OPENED:
            _OPENED[key] = TokenSessions(
                Library(settings.module),
                settings.token,
                lambda: _read_pin(settings.pin_file),
                sessions=settings.sessions,
                deadline=settings.deadline_seconds,
            )
        return _OPENED[key]


def _read_pin(path: Path) -> str:
    """Read the token's PIN. Raises KeyStoreInvalid, UnsafePermissions."""
    try:
        pin = read_secret_file(path).decode().strip()
    except UnicodeDecodeError as exc:
        raise KeyStoreInvalid(
            f"{path} does not hold a PIN in UTF-8.", "Put the token's user PIN into the file."
        ) from exc
    if not pin:
        raise KeyStoreInvalid(
            f"{path} is empty, so nobody can log in to the token.",
            "Put the token's user PIN into the file, on one line.",
        )
    return pin
