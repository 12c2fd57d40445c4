"""A PKCS#11 library in this process: initialised for several threads, its token found.

The binding initialises libraries as if one thread alone used them (C_Initialize with no
arguments, PKCS#11 v2.40 cl. 5.4), yet lets other threads run during calls. So the library
is initialised a second time here, with locks of the operating system.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Protocol

import pkcs11
from pkcs11 import PKCS11Error, Session, Token, TokenFlag

from idservice.errors import KeyStoreInvalid, KeyStoreUnavailable, SettingsInvalid

_OS_LOCKING = 0x2
_OK = 0x0
_USER_STATES = {1, 3}
"""CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS."""


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS (PKCS#11 v2.40 cl. 3.7)."""

    _fields_ = (
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _SessionInfo(ctypes.Structure):
    """CK_SESSION_INFO (PKCS#11 v2.40 cl. 3.3)."""

    _fields_ = (
        ("slot", ctypes.c_ulong),
        ("state", ctypes.c_ulong),
        ("flags", ctypes.c_ulong),
        ("device_error", ctypes.c_ulong),
    )


class Library:
    """One shared library that speaks PKCS#11; nothing is loaded before `restart`."""

    def __init__(self, path: str) -> None:
        """Take the path of the shared library."""
        self.path = path
        self._kept = False

    def restart(self) -> None:
        """Initialise the library, after finalising it if it was; every session is void then.

        No other call may be under way. Raises SettingsInvalid when the file is no PKCS#11
        library, KeyStoreUnavailable when the library or the device behind it fails.
        """
        functions = self._functions()
        try:
            # The binding wants its own way first; it raises when the device is not there.
            binding = pkcs11.lib(self.path)
        except PKCS11Error as exc:
            raise unavailable("its library does not start") from exc
        if not self._kept:
            # Never freed: freeing it unloads the library, perhaps under a call that still runs.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(binding))
            self._kept = True
        functions.C_Finalize(None)
        self._initialise(functions)

    def finalise(self) -> None:
        """Let go of the library; what it was asked for before is void."""
        self._functions().C_Finalize(None)

    def log_in(self, label: str, pin: str) -> Session:
        """Open the token with this label and log in; the login holds while the session is open.

        A wrong PIN is tried once by a caller that gives up then, and never as the last try
        that the token has. Raises KeyStoreInvalid for a PIN that is wrong, locked or about
        to be, KeyStoreUnavailable when there is no such token now.
        """
        token = self._token(label)
        require_tries(token)
        try:
            return token.open(user_pin=pin)
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as exc:
            raise KeyStoreInvalid(
                f"The PIN in hsm.pin_file is not that of the token {label}; it is not tried again, "
                "because the token would lock.",
                "Put the token's user PIN into the file, then restart the service.",
            ) from exc
        except pkcs11.PinLocked as exc:
            raise _locked(label) from exc
        except PKCS11Error as exc:
            raise unavailable("it does not open") from exc

    def require_login(self, session: Session) -> None:
        """Raise PKCS11Error unless a session is open and may use private keys."""
        info = _SessionInfo()
        code = self._functions().C_GetSessionInfo(
            ctypes.c_ulong(session.handle),  # type: ignore[attr-defined] # the binding has it
            ctypes.byref(info),
        )
        if code != _OK or info.state not in _USER_STATES:
            raise pkcs11.UserNotLoggedIn

    def _token(self, label: str) -> Token:
        try:
            found = list(self._tokens(label))
        except PKCS11Error as exc:
            raise unavailable(f"it does not answer ({type(exc).__name__})") from exc
        if len(found) > 1:
            raise KeyStoreInvalid(
                f"{len(found)} tokens have the label {label}, so it is unclear which holds the "
                "keys.",
                "Give each token a label of its own.",
            )
        if not found:
            raise unavailable(f"there is no token with the label {label}")
        return found[0]

    def _tokens(self, label: str) -> Iterator[Token]:
        return pkcs11.lib(self.path).get_tokens(token_label=label)

    def _functions(self) -> ctypes.CDLL:
        try:
            functions = ctypes.CDLL(self.path)
            functions.C_Initialize  # noqa: B018 - looked up now, so that it fails here
        except (OSError, AttributeError) as exc:
            raise SettingsInvalid(
                f"hsm.module is {self.path}, which is no PKCS#11 library that this machine can "
                "load.",
                "Set it to the library of the module, such as "
                "/usr/lib/softhsm/libsofthsm2.so of Debian's package softhsm2.",
            ) from exc
        return functions

    @staticmethod
    def _initialise(functions: ctypes.CDLL) -> None:
        arguments = _InitializeArguments(flags=_OS_LOCKING)
        code = functions.C_Initialize(ctypes.byref(arguments))
        if code != _OK:
            raise unavailable(f"its library does not start (0x{code:x})")


def unavailable(reason: str) -> KeyStoreUnavailable:
    """Make the error for a token that does not do its work now."""
    return KeyStoreUnavailable(
        f"The token that holds the keys is not available: {reason}.",
        "Try again in a few seconds. If it lasts, see to the token; `idservice doctor` looks at "
        "it. The service finds it again by itself.",
    )


class Described(Protocol):
    """What a token says of itself."""

    @property
    def flags(self) -> TokenFlag:
        """CK_TOKEN_INFO.flags."""

    @property
    def label(self) -> str:
        """CK_TOKEN_INFO.label."""


def require_tries(token: Described) -> None:
    """Raise KeyStoreInvalid when a wrong PIN would lock the token, or it is locked."""
    if token.flags & TokenFlag.USER_PIN_LOCKED:
        raise _locked(token.label)
    if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
        raise KeyStoreInvalid(
            f"The token {token.label} has one try left for its PIN, and a service must not be the "
            "one to lock it.",
            "Log in to the token with its own tool and the right PIN, put that into hsm.pin_file, "
            "then restart the service.",
        )


def _locked(label: str) -> KeyStoreInvalid:
    return KeyStoreInvalid(
        f"The PIN of the token {label} is locked, so its keys cannot be used.",
        "Set a new user PIN as the token's security officer, put it into hsm.pin_file, and "
        "restart the service.",
    )
