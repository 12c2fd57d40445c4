"""Keys in hardware as operators meet them: commands, a running service, and what goes wrong."""

import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.commands import RunningService, run_idservice, running_service
from support.homes import PERSON, PIN2
from support.hsm import ALL_KEYS, SoftToken, release

ROOT = Path(__file__).parents[2]
FAST = 0.1
RECOVERY = 5.0
HANG_LIMIT = 4.0
"""Seconds for the first request that meets a token which hangs: making a key may take three."""
NEW = {"given_name": "MARI", "surname": "MAASIKAS", "birth_date": "1990-05-17", "sex": "female"}


@pytest.fixture(scope="module")
def module_home(hsm_home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the tests of this module one home whose keys are all in the token."""
    copy = tmp_path_factory.mktemp("hsm-served") / "home"
    shutil.copytree(hsm_home_template, copy)
    return copy


@pytest.fixture(scope="module")
def served(module_home: Path, soft_token: SoftToken) -> Iterator[RunningService]:
    """Serve it with two workers."""
    with running_service(module_home, **soft_token.environment(*ALL_KEYS)) as service:
        yield service


def issue(service: RunningService, home: Path) -> tuple[int, dict[str, str], Any]:
    """Issue a person with keys in hardware; return status, headers and body."""
    token = (home / "keys" / "operator.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    with closing(connection):
        body = json.dumps(NEW | {"custody": "hsm"})
        connection.request("POST", "/v1/persons", body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read())


def test_a_person_is_issued_over_http(served: RunningService, module_home: Path) -> None:
    """Both workers make keys in the token, and tell PINs as for server keys."""
    for _ in range(6):
        status, _, person = issue(served, module_home)
        assert (status, person["custody"]) == (201, ["hsm"]), person
        assert set(person["pins"]) == {"pin1", "pin2", "puk"}
        assert person["tries_left"] == {"pin1": 3, "pin2": 3, "puk": 3}


def test_a_running_service_survives_its_token(
    served: RunningService, module_home: Path, token: SoftToken
) -> None:
    """Token gone: 503 with Retry-After, soon fast, on every worker; back: served again."""
    assert issue(served, module_home)[0] == 201
    token.take_away()
    seconds = []
    for _ in range(12):
        begun = time.monotonic()
        status, headers, problem = issue(served, module_home)
        seconds.append(time.monotonic() - begun)
        assert (status, problem["code"]) == (503, "key_store_unavailable")
        assert headers["retry-after"].isdecimal()
    assert max(seconds) < 1.5
    assert sorted(seconds)[len(seconds) // 2] < FAST
    assert served.get("/healthz")[0] == 200
    token.bring_back()
    wait_until_all_workers_issue(served, module_home)


def wait_until_all_workers_issue(service: RunningService, home: Path) -> None:
    """Issue so often in a row that both workers must have answered; fail if that takes long."""
    begun = time.monotonic()
    in_a_row = 0
    while in_a_row < 10:
        in_a_row = in_a_row + 1 if issue(service, home)[0] == 201 else 0
        assert time.monotonic() - begun < 2 * RECOVERY
        time.sleep(0.05)


@pytest.mark.slow
def test_a_running_service_survives_a_token_that_hangs(
    served: RunningService, module_home: Path, token: SoftToken
) -> None:
    """Calls that do not come back hold no request for long, and later ones not at all."""
    wait_until_all_workers_issue(served, module_home)
    holder = token.hang()
    try:
        seconds = []
        for _ in range(12):
            begun = time.monotonic()
            status, _, problem = issue(served, module_home)
            seconds.append(time.monotonic() - begun)
            assert (status, problem["code"]) == (503, "key_store_unavailable")
        assert max(seconds) < HANG_LIMIT
        assert sorted(seconds)[len(seconds) // 2] < FAST
    finally:
        release(holder)
    wait_until_all_workers_issue(served, module_home)


@pytest.mark.slow
def test_a_person_is_issued_and_signs_on_the_command_line(
    hsm_home: Path, token: SoftToken, tmp_path: Path
) -> None:
    """`person issue --custody hsm`, then `sign --as`; the list of keys says where each lives."""
    variables = token.environment(*ALL_KEYS)
    issued = run_idservice(
        hsm_home, "person", "issue", "--given-name", "Mari", "--surname", "Tamm",
        "--code", "49002030009", "--custody", "hsm", "--json",
        env=variables | {"IDSERVICE_PIN2": PIN2},
    )  # fmt: skip
    assert issued.code == 0, issued.err
    assert json.loads(issued.out)["custody"] == ["hsm"]
    signed = run_idservice(
        hsm_home, "sign", hsm_home / "var" / "contract.pdf", "--as", "49002030009",
        "-o", tmp_path / "signed.pdf",
        env=variables | {"IDSERVICE_PIN2": PIN2},
    )  # fmt: skip
    assert signed.code == 0, signed.err
    listed = run_idservice(hsm_home, "keys", "list", "--json", env=variables)
    places = {item["name"]: item["place"] for item in json.loads(listed.out) if "place" in item}
    assert places == dict.fromkeys(ALL_KEYS[:-1], "hsm")
    doctor = run_idservice(hsm_home, "doctor", env=variables)
    assert "the token" in doctor.out


@pytest.mark.slow
def test_a_batch_is_signed_by_forked_workers(
    hsm_home: Path, token: SoftToken, tmp_path: Path
) -> None:
    """The key was opened before the workers were forked; each has sessions of its own."""
    documents, out = tmp_path / "documents", tmp_path / "out"
    documents.mkdir()
    for number in range(12):
        shutil.copy(hsm_home / "var" / "contract.pdf", documents / f"{number}.pdf")
    ended = run_idservice(
        hsm_home, "sign", "--batch", documents, "--out", out, "--workers", "2", "--as", PERSON,
        env=token.environment(*ALL_KEYS) | {"IDSERVICE_PIN2": PIN2},
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert len(list(out.glob("*.pdf"))) == 12


def test_a_wrong_pin_stops_the_start(hsm_home: Path, token: SoftToken, tmp_path: Path) -> None:
    """`serve` refuses to start, says which PIN is wrong, and tries it once."""
    wrong = tmp_path / "wrong.pin"
    wrong.write_text("0000-0000\n")
    wrong.chmod(0o600)
    variables = token.environment(*ALL_KEYS) | {"IDSERVICE_HSM__PIN_FILE": str(wrong)}
    refused = run_idservice(hsm_home, "serve", "--port", "1", env=variables)
    assert refused.code == 3
    assert "is not that of the token" in refused.err
    signed = run_idservice(
        hsm_home, "sign", hsm_home / "var" / "contract.pdf", "--as", PERSON,
        "-o", tmp_path / "signed.pdf", env=token.environment() | {"IDSERVICE_PIN2": PIN2},
    )  # fmt: skip
    assert signed.code == 0, signed.err


@pytest.mark.parametrize("content", ["", "\n", None])
def test_a_pin_file_without_a_pin_is_told_of(
    hsm_home: Path, token: SoftToken, tmp_path: Path, content: str | None
) -> None:
    """A missing or empty PIN file is named, and the token is not bothered."""
    path = tmp_path / "hsm.pin"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    variables = token.environment(*ALL_KEYS) | {"IDSERVICE_HSM__PIN_FILE": str(path)}
    refused = run_idservice(hsm_home, "serve", "--port", "1", env=variables)
    assert refused.code == 3
    assert "hsm.pin" in refused.err


def test_a_token_that_is_gone_is_worth_another_try(hsm_home: Path, token: SoftToken) -> None:
    """A command that needs the token ends with the exit code for trying again."""
    token.take_away()
    ended = run_idservice(hsm_home, "keys", "renew", env=token.environment(*ALL_KEYS))
    assert ended.code == 4
    assert "key_store_unavailable" in ended.err


@pytest.mark.slow
def test_a_service_starts_while_its_token_is_away(hsm_home: Path, token: SoftToken) -> None:
    """It serves what needs no key, says 503 to the rest, and works when the token is back."""
    token.take_away()
    with running_service(hsm_home, **token.environment(*ALL_KEYS)) as service:
        assert service.get("/healthz")[0] == 200
        assert service.get("/chain/root.crt")[0] == 200
        assert issue(service, hsm_home)[0] == 503
        token.bring_back()
        wait_until_all_workers_issue(service, hsm_home)


@pytest.mark.slow
def test_the_five_lines_of_the_documentation_work(token: SoftToken, tmp_path: Path) -> None:
    """What docs/hardware-keys.md says one types makes a home with every key in a new token."""
    text = (ROOT / "docs" / "hardware-keys.md").read_text()
    install, *lines = text.split("```sh\n")[1].split("```")[0].splitlines()
    assert "pip install" in install  # what this machine has already
    script = tmp_path / "five-lines.sh"
    library = "/usr/lib/softhsm/libsofthsm2.so"
    script.write_text("set -e\n" + "\n".join(lines).replace(library, token.library) + "\n")
    subprocess.run(["sh", str(script)], cwd=tmp_path, check=True, capture_output=True)
    conf = {"SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf")}
    made = run_idservice(tmp_path, "init", env=conf)
    assert made.code == 0, made.err
    listed = run_idservice(tmp_path, "keys", "list", "--json", env=conf)
    places = {item["name"]: item["place"] for item in json.loads(listed.out) if "place" in item}
    assert places == dict.fromkeys(ALL_KEYS[:-1], "hsm")


WITHOUT_BINDING = """
import sys
sys.modules["pkcs11"] = None
from idservice.cli.main import main
sys.argv = ["idservice", "keys", "list"]
main()
"""


def test_the_missing_package_is_named(hsm_home: Path, token: SoftToken) -> None:
    """Without python-pkcs11 a home with a token says what to install."""
    from support.homes import environment

    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_BINDING],
        env=environment(hsm_home, **token.environment(*ALL_KEYS)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 3, ended.stderr
    assert "pip install 'idservice[hsm]'" in ended.stderr


def test_a_home_without_hardware_never_loads_the_package(home: Path) -> None:
    """Where the settings name no token, signing works without the package."""
    script = WITHOUT_BINDING.replace('"keys", "list"', '"doctor"')
    from support.homes import environment

    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
