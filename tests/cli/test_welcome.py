"""The commands that a started service suggests can be typed as they are."""

import sys
from pathlib import Path

import pytest

from idservice.cli.welcome import next_commands, program_name
from idservice.services.test_people import ReadyPerson
from support.homes import settings_of

OWN = "http://127.0.0.1:8080"
PEOPLE = [
    ReadyPerson("60001017869", "CARD", "TESTNUMBER", ("card",), "0090", "01497", "17258403"),
    ReadyPerson("38001085718", "JAAK", "JÕEORG", ("server",), "0090", "01497", "17258403"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a current folder with a program in .venv/bin."""
    monkeypatch.chdir(tmp_path)
    program = tmp_path / ".venv" / "bin" / "idservice"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program), "run"])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tmp_path


def test_a_program_in_the_virtual_environment(folder: Path) -> None:
    """The program is named by its path from here, and a home that is here is not named."""
    assert program_name(folder) == ".venv/bin/idservice"
    assert next_commands(settings_of(folder), PEOPLE, [OWN]) == [
        ".venv/bin/idservice login --as 38001085718",
        ".venv/bin/idservice sign var/contract.pdf --as 38001085718",
        ".venv/bin/idservice verify var/contract.signed.pdf",
    ]


def test_a_program_on_the_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that the shell finds is called by its name alone."""
    monkeypatch.setenv("PATH", str(folder / ".venv" / "bin"))
    assert program_name(folder) == "idservice"


def test_another_home_is_named_and_quoted(folder: Path) -> None:
    """A home elsewhere, also one with a space, is part of every command."""
    home = folder / "my home"
    home.mkdir()
    assert program_name(home) == ".venv/bin/idservice --home 'my home'"
    [_, sign, verify] = next_commands(settings_of(home), PEOPLE, [OWN])
    assert "'my home/var/contract.pdf'" in sign
    assert "'my home/var/contract.signed.pdf'" in verify


@pytest.mark.parametrize(
    ("settings", "origins", "options"),
    [
        ({"PORT": "9000"}, [OWN], f" --url http://127.0.0.1:9000 --origin {OWN}"),
        ({"PORT": "9000"}, [OWN, "http://127.0.0.1:9000"], " --url http://127.0.0.1:9000"),
        ({"PORT": "9000"}, [], ""),
        (
            {"PORT": "9000", "PUBLIC_URL": "http://[::1]:9500"},
            ["http://[::1]:9500"],
            " --url http://[::1]:9000 --origin http://[::1]:9500",
        ),
        ({"PUBLIC_URL": "https://eid.example"}, ["https://eid.example"], ""),
    ],
)
def test_a_login_elsewhere_names_address_and_origin(
    folder: Path, settings: dict[str, str], origins: list[str], options: str
) -> None:
    """At another address than the home was made for, the login says where and for which origin."""
    environment = {f"IDSERVICE_SERVER__{name}": value for name, value in settings.items()}
    [login, *_] = next_commands(settings_of(folder, **environment), PEOPLE, origins)
    assert login == f".venv/bin/idservice login --as 38001085718{options}"


def test_as_a_module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started with `python -m idservice`, that is what the commands say."""
    monkeypatch.setattr(sys, "argv", [str(folder / "idservice" / "__main__.py")])
    assert program_name(folder) == "python -m idservice"
