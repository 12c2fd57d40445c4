"""The Dockerfile builds and starts: its own steps, carried out by a user who is not root."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.dockerfile import Image, build_environment, last, parse
from support.ports import free_port
from support.programs import require_program, skip_for_lack_of
from support.source import ROOT, tracked_files

NON_ROOT = 10001  # the Dockerfile's own USER
STEPS = parse((ROOT / "Dockerfile").read_text())
CONTEXT = ("requirements.lock", "pyproject.toml", "README.md", "LICENSE", "config", "idservice")
START_SECONDS = 30.0


def test_the_image_does_not_run_as_root() -> None:
    """The last USER is a number other than 0, so that every runtime can check it."""
    assert last(STEPS, "USER") == f"{NON_ROOT}:{NON_ROOT}"


def test_secrets_and_state_cannot_enter_the_image() -> None:
    """Everything is left out of the build but the files that the image is made from."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    assert rules[0] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == set(CONTEXT)


@pytest.fixture
def clean_folder() -> Iterator[Path]:
    """A folder that any user can reach, owned by the user who builds."""
    folder = Path(tempfile.mkdtemp(prefix="idservice-image-"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder, NON_ROOT, NON_ROOT)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_build_steps_and_start_command_work_without_root(
    clean_folder: Path, tmp_path: Path
) -> None:
    """From the tracked files alone the image builds, its command serves and its check passes."""
    image = Image(
        root=clean_folder,
        context=copy_of_tracked_files(tmp_path / "context"),
        environment=dict(
            build_environment(clean_folder, programs_of_the_base_image(clean_folder / "base"))
        ),
        as_user=becoming_non_root(),
    )
    image.carry_out(STEPS)
    port = free_port()
    with subprocess.Popen(
        [*image.command("CMD"), "--port", str(port)],
        cwd=image.inside("."),
        env=image.environment | {"IDSERVICE_LOG__LEVEL": "debug"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as service:
        try:
            wait_until_healthy(service, port)
            check = [part.replace(":8080/", f":{port}/") for part in image.command("HEALTHCHECK")]
            assert subprocess.run(check, env=image.environment, check=False).returncode == 0
            assert Path(f"/proc/{service.pid}").stat().st_uid != 0
        finally:
            service.terminate()
            service.wait(20)


def copy_of_tracked_files(folder: Path) -> Path:
    """Copy what a clone holds, as far as .dockerignore lets it through."""
    for path in tracked_files():
        relative = path.relative_to(ROOT)
        if relative.parts[0] in CONTEXT:
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / relative)
    return folder


def becoming_non_root() -> list[str]:
    """The prefix that turns root into the image's user; nothing when we are not root."""
    if os.geteuid() != 0:
        return []
    identity = ["--reuid", str(NON_ROOT), "--regid", str(NON_ROOT), "--clear-groups"]
    return [require_program("setpriv"), *identity]


def programs_of_the_base_image(folder: Path) -> str:
    """Return a PATH whose `python` the building user may run, as in the base image."""
    candidates = [sys._base_executable, "/usr/local/bin/python3", "/usr/bin/python3"]  # type: ignore[attr-defined]
    python = next(filter(is_fit_python, candidates), None)
    if python is None:
        skip_for_lack_of("python3-venv")
    folder.mkdir()
    (folder / "python").symlink_to(python)
    return f"{folder}:/usr/bin:/bin"


def is_fit_python(program: str) -> bool:
    """Tell whether the building user can run this Python and make an environment with it."""
    code = "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))"
    # By way of a shell: setpriv itself still has root's rights when it starts a program.
    shell = ["sh", "-c", 'exec "$0" -c "$1"', program, code]
    probe = subprocess.run([*becoming_non_root(), *shell], capture_output=True, check=False)
    return probe.returncode == 0


def wait_until_healthy(service: subprocess.Popen[bytes], port: int) -> None:
    """Wait for /healthz; fail with what the service said when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    service.kill()
    assert service.stdout is not None
    pytest.fail(f"the image's command does not serve: {service.stdout.read().decode()[-3000:]}")
