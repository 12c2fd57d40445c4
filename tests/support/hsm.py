"""A real token for tests: SoftHSM 2 with a folder of its own, one for each test process."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.homes import CHEAP_PINS
from support.programs import require_program, skip_for_lack_of

if TYPE_CHECKING:
    from idservice.keystore.pkcs11_sessions import TokenSessions

LABEL = "idservice test"
PIN = "8765-4321"
SO_PIN = "12345678"
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
ALL_KEYS = ("root", "esteid2025", "ocsp", "tsa", "tsa_archive", "persons")

# Holds the lock for which the token waits, inside its own calls, as a slow device would.
_HOLD = """
import fcntl, glob, sys, time
files = [open(name, "r+") for name in glob.glob(sys.argv[1] + "/*/generation")]
for file in files:
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


@dataclass(frozen=True, slots=True)
class SoftToken:
    """A SoftHSM token: its library, its folder of tokens, and the configuration that names it."""

    library: str
    folder: Path
    configuration: Path
    pin_file: Path

    def environment(self, *keys: str) -> dict[str, str]:
        """The settings of a home with these keys in the token, as environment variables."""
        return {
            "SOFTHSM2_CONF": str(self.configuration),
            "IDSERVICE_HSM__MODULE": self.library,
            "IDSERVICE_HSM__TOKEN": LABEL,
            "IDSERVICE_HSM__PIN_FILE": str(self.pin_file),
            "IDSERVICE_HSM__KEYS": ",".join(keys),
        }

    def take_away(self) -> None:
        """Let the token vanish from this machine."""
        self.folder.rename(self.folder.with_name("gone"))

    def bring_back(self) -> None:
        """Put the token back where it was, if it was taken away."""
        gone = self.folder.with_name("gone")
        if gone.exists():
            gone.rename(self.folder)

    def hang(self) -> "subprocess.Popen[str]":
        """Let every call wait inside the token until `release`."""
        holder = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder


def release(holder: "subprocess.Popen[str]") -> None:
    """Let the calls go on that wait inside the token."""
    holder.communicate("\n", timeout=20)


def make_token(folder: Path) -> SoftToken:
    """Make a new token in an empty folder."""
    require_program("softhsm2-util")
    library = next((name for name in LIBRARIES if Path(name).exists()), None)
    if library is None:
        skip_for_lack_of("libsofthsm2.so")
    token = SoftToken(library, folder / "tokens", folder / "softhsm2.conf", folder / "hsm.pin")
    token.folder.mkdir()
    token.pin_file.write_text(f"{PIN}\n")
    token.pin_file.chmod(0o600)
    token.configuration.write_text(
        f"directories.tokendir = {token.folder}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    subprocess.run(
        [
            *("softhsm2-util", "--init-token", "--free", "--label", LABEL),
            *("--so-pin", SO_PIN, "--pin", PIN),
        ],
        env={**os.environ, "SOFTHSM2_CONF": str(token.configuration)},
        check=True,
        capture_output=True,
    )
    return token


def open_sessions(
    token: SoftToken, *, pin: str = PIN, deadline: float = 0.8, opening: float = 5.0
) -> "TokenSessions":
    """Open a way to the token that belongs to one test; close it in the end."""
    from idservice.keystore.pkcs11_library import Library
    from idservice.keystore.pkcs11_sessions import TokenSessions

    library = Library(token.library)
    return TokenSessions(
        library, LABEL, lambda: pin, sessions=4, deadline=deadline, opening=opening
    )


@pytest.fixture(scope="session")
def soft_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftToken]:
    """Give this test process a token; SoftHSM reads the name of its configuration once."""
    token = make_token(tmp_path_factory.mktemp("hsm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(token.configuration))
        yield token


@pytest.fixture
def token(soft_token: SoftToken) -> Iterator[SoftToken]:
    """Give a test the token, and leave it in its place whatever the test did."""
    yield soft_token
    soft_token.bring_back()


@pytest.fixture(scope="session")
def hsm_home_template(soft_token: SoftToken, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Initialise one home whose keys are all in the token; never change it."""
    from idservice.services import installation
    from idservice.settings import load_settings

    home = tmp_path_factory.mktemp("hsm-home-template") / "home"
    environment = {**CHEAP_PINS, **hsm_variables(soft_token, *ALL_KEYS)}
    installation.initialise(load_settings(home, environment))
    return home


@pytest.fixture
def hsm_home(hsm_home_template: Path, tmp_path: Path, token: SoftToken) -> Path:  # noqa: ARG001 - the token is put back
    """Give a test a home of its own whose keys are all in the token."""
    copy = tmp_path / "hsm-home"
    shutil.copytree(hsm_home_template, copy)
    return copy


def hsm_variables(token: SoftToken, *keys: str) -> dict[str, str]:
    """The settings alone, for `load_settings`."""
    found = token.environment(*keys)
    return {name: value for name, value in found.items() if name.startswith("IDSERVICE_")}


def unused_label() -> str:
    """A label that no key in the token has."""
    return f"idservice test {secrets.token_hex(8)}"
