"""A home comes into being whole or not at all, and nothing in it is ever overwritten."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from idservice.errors import (
    AlreadyInitialised,
    NotInitialised,
    OriginUnacceptable,
    StorageUnavailable,
)
from idservice.services import home_folder, installation
from idservice.services.assembly import open_services
from idservice.services.home_folder import require_initialised
from idservice.services.own_keys import KeyChoice
from idservice.settings import Settings
from idservice.store.database import Database
from support.commands import command, run_idservice
from support.homes import PERSON, PIN2, environment, settings_of

KILLS = 30


@pytest.fixture(params=["sqlite", "postgresql"])
def new_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of a home that does not exist yet, once for each kind of database."""
    if request.param == "sqlite":
        return settings_of(tmp_path / "home")
    url = request.getfixturevalue("postgres_url")
    return settings_of(tmp_path / "home", IDSERVICE_DATABASE__URL=url)


def everything(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_new_home_is_complete(new_settings: Settings) -> None:
    """After `init` the services open, test people are there, and secrets are private."""
    installation.initialise(new_settings)
    services = open_services(new_settings)
    try:
        assert {view.person.code for view in services.persons.list()} >= {PERSON}
        assert [party.id for party in services.relying_parties.list()] == ["demo"]
        assert len(services.token_keys.jwks()["keys"]) == 1
    finally:
        services.close()
    for name in ("keystore.secret", "operator.token", "root.key.pem", "esteid2025.key.pem"):
        assert (new_settings.keys.folder / name).stat().st_mode & 0o777 == 0o600
    assert not installation.is_new(new_settings)


def test_a_home_is_never_initialised_twice(new_settings: Settings) -> None:
    """The second `init` refuses and changes no byte."""
    installation.initialise(new_settings)
    before = {
        name: (new_settings.home / name).read_bytes() for name in everything(new_settings.home)
    }
    with pytest.raises(AlreadyInitialised):
        installation.initialise(new_settings)
    assert {name: (new_settings.home / name).read_bytes() for name in before} == before
    assert everything(new_settings.home) == before.keys()


def test_any_single_leftover_makes_init_refuse(tmp_path: Path) -> None:
    """One key, the database or the cards alone are enough to refuse, and they stay as they are."""
    for name in ("keys/esteid2025.key.pem", "var/idservice.db", "var/cards/x.p12", "keys/my.pem"):
        home = tmp_path / name.replace("/", "-")
        (home / name).parent.mkdir(parents=True)
        (home / name).write_bytes(b"precious")
        with pytest.raises(AlreadyInitialised) as refused:
            installation.initialise(settings_of(home))
        assert Path(name).name in refused.value.detail or "cards" in refused.value.detail
        assert everything(home) == {name}
        assert (home / name).read_bytes() == b"precious"


@pytest.mark.parametrize(
    "name", ["keys/keystore.secret", "keys/operator.token", "var/idservice.db"]
)
def test_a_piece_that_is_missing_is_no_new_home(home: Path, name: str) -> None:
    """Beside existing keys `init` would refuse, so a backup is what the message asks for."""
    (home / name).unlink()
    with pytest.raises(NotInitialised) as refused:
        open_services(settings_of(home))
    assert f"{home / name} is missing beside existing keys" in refused.value.detail
    assert refused.value.fix.startswith("Restore it from a backup")
    with pytest.raises(AlreadyInitialised):
        installation.initialise(settings_of(home))


def test_a_home_without_anything_is_told_to_begin(tmp_path: Path) -> None:
    """Where nothing exists, there is nothing to restore."""
    with pytest.raises(NotInitialised) as refused:
        open_services(settings_of(tmp_path / "home"))
    assert refused.value.fix.startswith("Run `idservice init`")


def test_a_readme_in_the_key_folder_is_no_key(tmp_path: Path) -> None:
    """What a checkout has in keys/ does not count as keys."""
    (tmp_path / "home" / "keys").mkdir(parents=True)
    for name in ("README.md", ".gitignore"):
        (tmp_path / "home" / "keys" / name).write_text("kept")
    installation.initialise(settings_of(tmp_path / "home"))
    assert (tmp_path / "home" / "keys" / "README.md").read_text() == "kept"


def test_a_failed_init_takes_everything_back(new_settings: Settings) -> None:
    """An error in the middle leaves no key, no file and no table; the next `init` succeeds."""
    bad = new_settings.model_copy(
        update={
            "server": new_settings.server.model_copy(update={"public_url": "http://example.org"})
        }
    )
    with pytest.raises(OriginUnacceptable):
        installation.initialise(bad)
    assert everything(new_settings.home) == set()
    database = Database(new_settings.database.url)
    assert database.schema_revision() is None
    database.close()
    installation.initialise(new_settings)
    require_initialised(new_settings)


KILLED_IN_STEP = """
import os, signal, sys
from pathlib import Path
from idservice.services import installation
from idservice.settings import load_settings

def tell(step):
    if step.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

installation.initialise(load_settings(Path(sys.argv[1])), tell=tell)
"""


@pytest.mark.parametrize(
    "step",
    [
        pytest.param("Root", marks=pytest.mark.slow),
        "Key of access tokens",
        pytest.param("Test people", marks=pytest.mark.slow),
    ],
)
def test_a_killed_init_is_refused_and_finished_by_the_next(
    new_settings: Settings, step: str
) -> None:
    """A killed `init` leaves a home that nobody serves; leftovers are moved aside, not deleted."""
    env = environment(new_settings.home, IDSERVICE_DATABASE__URL=new_settings.database.url)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_STEP, new_settings.home, step], env=env, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(NotInitialised) as refused:
        require_initialised(new_settings)
    assert "init" in refused.value.fix
    left = (new_settings.keys.folder / "keystore.secret").read_bytes()
    assert installation.is_new(new_settings)
    installation.initialise(new_settings)
    [aside] = new_settings.keys.folder.glob("interrupted-*/keystore.secret")
    assert aside.read_bytes() == left
    open_services(new_settings).close()


def test_two_inits_at_once_give_one_home(tmp_path: Path) -> None:
    """Of several processes that initialise one home, one succeeds and the others say why not."""
    home = tmp_path / "home"
    racing = [
        subprocess.Popen(
            command("init"), env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    ended = [(process.communicate()[1], process.returncode) for process in racing]
    assert sorted(code for _, code in ended) == [0, 1, 1, 1]
    assert all(b"already_initialised" in err for err, code in ended if code)
    assert run_idservice(home, "doctor").code == 0


def test_a_second_database_owner_is_left_alone(postgres_url: str, tmp_path: Path) -> None:
    """A home never empties a database that another home has begun or completed."""
    first = settings_of(tmp_path / "first", IDSERVICE_DATABASE__URL=postgres_url)
    second = settings_of(tmp_path / "second", IDSERVICE_DATABASE__URL=postgres_url)
    installation.initialise(first)
    marker = second.keys.folder / home_folder.MARKER_NAME
    marker.parent.mkdir(parents=True)
    marker.write_text("0123456789abcdef0123456789abcdef")
    with pytest.raises(AlreadyInitialised) as refused:
        installation.initialise(second)
    assert "another home" in refused.value.detail
    services = open_services(first)
    assert services.persons.show(PERSON).status == "active"
    services.close()


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A file where a folder should be gives our error."""
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageUnavailable):
        installation.initialise(settings_of(tmp_path / "home"))


def test_serve_never_creates(tmp_path: Path) -> None:
    """`serve` and `sign` on an empty folder refuse with exit code 3 and make nothing."""
    home = tmp_path / "home"
    home.mkdir()
    for arguments in (
        ["serve"],
        ["person", "list"],
        ["sign", "x.pdf", "--as", PERSON, "--pin", "1"],
    ):
        done = run_idservice(home, *arguments)
        assert done.code == 3, done.err
        assert "not_initialised" in done.err
    assert everything(home) == set()


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_init_killed_at_any_moment(tmp_path: Path) -> None:
    """Killed at random moments, a home is never half usable, and running again completes it."""
    seed = random.SystemRandom().randrange(1 << 32)
    moments = random.Random(seed)  # noqa: S311 - moments of kills, printed below
    for number in range(KILLS):
        home = tmp_path / str(number)
        process = subprocess.Popen(
            command("init"),
            env=environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.2, 1.6))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        settings = settings_of(home)
        done = run_idservice(home, "init")
        assert done.code == 0 or "already_initialised" in done.err, (seed, number, done)
        assert run_idservice(home, "doctor").code == 0, (seed, number)
        services = open_services(settings)
        services.own_keys.for_signing(KeyChoice(PERSON), PIN2)
        services.close()
