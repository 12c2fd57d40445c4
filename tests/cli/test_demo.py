"""`idservice demo` tells the whole story, leaves its files, and ends what it started."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from support.commands import command, run_idservice, running_service
from support.homes import environment
from support.oracles import pdfsig
from support.ports import free_port


def test_the_story_is_told_in_a_new_folder(tmp_path: Path) -> None:
    """In an empty folder the demo initialises, tells ten steps, and leaves three documents."""
    home = tmp_path / "home"
    started = time.monotonic()
    done = run_idservice(home, "demo", env={"IDSERVICE_SERVER__PORT": str(free_port())})
    assert done.code == 0, done.err
    assert time.monotonic() - started < 60
    told = re.findall(r"^(\d+)\. (.+?)  ", done.out, re.MULTILINE)
    assert [int(number) for number, _ in told] == list(range(1, 11))
    for words in ("TOTAL-PASSED", "HASH_FAILURE", "920 euros", "certificate_revoked"):
        assert words in done.out
    [folder] = (home / "var" / "demo").iterdir()
    assert str(folder) in done.out
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "contract.pdf", "contract.signed.pdf", "contract.tampered.pdf", "service.log",
    }  # fmt: skip
    signed = (folder / "contract.signed.pdf").read_bytes()
    [verdict] = pdfsig(signed, tmp_path)
    assert verdict.valid
    tampered = (folder / "contract.tampered.pdf").read_bytes()
    assert sum(a != b for a, b in zip(signed, tampered, strict=True)) == 1
    [verdict] = pdfsig(tampered, tmp_path)
    assert not verdict.valid
    assert _nobody_listens(done.out)


def test_a_running_service_is_used(home: Path) -> None:
    """When the home's service runs, the story happens there and the service goes on."""
    env = {"IDSERVICE_SERVER__PUBLIC_URL": "http://127.0.0.1:8080"}
    with running_service(home, **env) as service:
        done = run_idservice(home, "demo", env={**env, "IDSERVICE_SERVER__PORT": str(service.port)})
        assert done.code == 0, done.err
        assert service.url in done.out
        assert not list((home / "var" / "demo").glob("*/service.log"))
        assert service.get("/healthz")[0] == 200


def test_another_homes_service_is_left_alone(home: Path, tmp_path: Path) -> None:
    """A service of another home on the port is not used: the demo starts its own."""
    other = tmp_path / "other"
    with running_service(home) as service:
        done = run_idservice(other, "demo", env={"IDSERVICE_SERVER__PORT": str(service.port)})
        assert done.code == 0, done.err
        assert service.url not in done.out.splitlines()[0]


def test_interrupted_it_ends_what_it_started(home: Path) -> None:
    """SIGTERM in the middle of the story stops the service that was started for it."""
    process = subprocess.Popen(
        command("demo"),
        cwd=home.parent,
        env=environment(home, IDSERVICE_SERVER__PORT=str(free_port()), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode in (0, 130)
    assert _nobody_listens(first)


def _nobody_listens(out: str) -> bool:
    """Whether the port that the demo named in its first line is free again."""
    found = re.search(r"127\.0\.0\.1:(\d+)", out)
    assert found is not None
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(found[1]))) != 0
