"""Initialised home folders: one is made for each test process, every test gets a copy.

PIN tries are cheap in them (Argon2id with the least memory), so that tests are fast.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from idservice.services.assembly import Services
    from idservice.settings import Settings

CHEAP_PINS = {
    "IDSERVICE_PINS__ARGON2_MEMORY_KIB": "64",
    "IDSERVICE_PINS__ARGON2_ITERATIONS": "1",
}

PERSON = "38001085718"
PIN1 = "0090"
PIN2 = "01497"
PUK = "17258403"


def settings_of(home: Path, **environment: str) -> Settings:
    """Read the settings of a test home; `environment` overrides them."""
    from idservice.settings import load_settings

    return load_settings(home, {**CHEAP_PINS, **environment})


@pytest.fixture(scope="session")
def home_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Initialise one home folder for this test process; never change it."""
    from idservice.services import installation

    home = tmp_path_factory.mktemp("home-template") / "home"
    installation.initialise(settings_of(home))
    return home


@pytest.fixture
def home(home_template: Path, tmp_path: Path) -> Path:
    """Give a test an initialised home folder of its own, with the test people."""
    copy = tmp_path / "home"
    shutil.copytree(home_template, copy)
    return copy


@pytest.fixture
def services(home: Path) -> Iterator[Services]:
    """Give a test the services of its own home."""
    from idservice.services.assembly import open_services

    opened = open_services(settings_of(home))
    yield opened
    opened.close()


def card_of(home: Path, person: str = PERSON) -> Path:
    """The card files of a test person, without their endings."""
    return home / "var" / "cards" / person


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment for a command that works on this home."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    root = str(Path(__file__).parents[2])
    return {**inherited, **CHEAP_PINS, "IDSERVICE_HOME": str(home), "PYTHONPATH": root, **more}
