"""Programs that some tests need and a machine may lack.

A test that needs one calls `require_program`. Where the program is missing the test is skipped
and says how to get it; in CI, where `.ci/run` installs them all, such a skip is a failure.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

# The Debian package that brings a program of another name.
DEBIAN_PACKAGES = {
    "pdfsig": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "initdb": "postgresql",
    "setpriv": "util-linux",
    "softhsm2-util": "softhsm2",
    "libsofthsm2.so": "softhsm2",
}

# Beginnings of the reasons for which a test may be skipped even in CI, each with why.
SKIPS_ALLOWED_IN_CI = {
    "corpus:": "foreign documents have licences of their own and are not part of this project",
}


def require_program(name: str) -> str:
    """Return the path of a program, or skip the test and say which package brings it."""
    path = shutil.which(name)
    if path is None:
        skip_for_lack_of(name)
    return path


def require_postgres_programs() -> Path:
    """Return the folder of PostgreSQL's server programs, the newest version, or skip the test."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda initdb: int(initdb.parts[-3]) if initdb.parts[-3].isdigit() else 0,
    )
    return found[-1].parent if found else Path(require_program("initdb")).parent


def skip_for_lack_of(name: str) -> NoReturn:
    """Skip the running test because the program `name` is missing; a failure in CI."""
    package = DEBIAN_PACKAGES.get(name, name)
    pytest.skip(f"needs: {name}, which is not installed (Debian: apt install {package})")


def is_forbidden_skip(reason: str) -> bool:
    """Tell whether a skip with this reason would hide something: every one in CI but a few."""
    return bool(os.environ.get("CI")) and not reason.startswith(tuple(SKIPS_ALLOWED_IN_CI))
