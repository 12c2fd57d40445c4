"""`idservice serve`, `run` and `login`: a real service on a real port, started and stopped."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from support.commands import (
    RunningService,
    command,
    run_idservice,
    running_service,
    stop,
    wait_until_healthy,
)
from support.homes import PERSON, PIN1, PIN2, card_of, environment
from support.ports import free_port

ORIGIN = "http://127.0.0.1:8080"
LOGIN = ("--origin", ORIGIN, "--as", PERSON, "--pin", PIN1)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in tasks.split()]


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_service_starts_tells_where_and_ends_with_all_its_children(
    home: Path, ending: signal.Signals
) -> None:
    """The box names address, people and next commands; the signal ends every process and port."""
    with running_service(home) as service:
        workers = children(service.process.pid)
        assert len(workers) == 2
        service.process.send_signal(ending)
        out, err = service.process.communicate(timeout=20)
        assert service.process.returncode == 0
        assert out == ""
    for shown in (f"{ORIGIN}/docs", PERSON, PIN2, "login --as", "sign ", "verify ", "never trust"):
        assert shown in err or shown.replace("8080", str(service.port)) in err, shown
    assert not [pid for pid in workers if is_running(pid)]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", service.port)) != 0
    assert not list(Path("/tmp").glob(f"idservice-metrics-{service.process.pid}-*"))  # noqa: S108


def test_a_login_with_server_key_and_card(home: Path) -> None:
    """The client logs in with both kinds of key and prints claims, or the token alone."""
    with running_service(home) as service:
        url = ("--url", service.url)
        done = run_idservice(home, "login", *url, *LOGIN, "--json")
        assert done.code == 0, done.err
        answer = json.loads(done.out)
        assert answer["claims"]["sub"] == f"PNOEE-{PERSON}"
        card = ("--origin", ORIGIN, "--card", card_of(home), "--pin", PIN1)
        token = run_idservice(home, "login", *url, *card, "--token-only")
        assert token.code == 0, token.err
        assert token.out.count(".") == 2
        shown = run_idservice(home, "login", *url, *LOGIN)
        assert "JAAK-KRISTJAN" in shown.out
        wrong = run_idservice(
            home, "login", *url, "--origin", "https://evil.example", "--as", PERSON, "--pin", PIN1
        )
        assert (wrong.code, wrong.out) == (1, "")
        assert "origin_mismatch" in wrong.err
        party = run_idservice(home, "login", *url, *LOGIN, "--relying-party", "nobody")
        assert "relying_party_unknown" in party.err
        added = run_idservice(
            home, "relying-party", "add", "shop", "--name", "Shop", "--origin", "https://shop.ee"
        )
        assert added.code == 0
        assert "shop" in run_idservice(home, "relying-party", "list").out
        shop = ("--relying-party", "shop", "--origin", "https://shop.ee")
        done = run_idservice(home, "login", *url, *shop, "--as", PERSON, "--pin", PIN1, "--json")
        assert json.loads(done.out)["claims"]["aud"] == "shop"


def test_rotated_keys_overlap(home: Path) -> None:
    """After `keys rotate` new tokens name the new key and both keys are published."""
    with running_service(home) as service:
        before = json.loads(service.get("/.well-known/jwks.json")[1])["keys"]
        rotated = run_idservice(home, "keys", "rotate", "--json")
        assert rotated.code == 0
        after = json.loads(service.get("/.well-known/jwks.json")[1])["keys"]
        assert [key["kid"] for key in after] == [json.loads(rotated.out)["kid"], before[0]["kid"]]
        listed = json.loads(run_idservice(home, "keys", "list", "--json").out)
        tokens = [item for item in listed if item["kind"] == "access-token"]
        assert len(tokens) == 2
        assert tokens[1]["retiredAt"] is not None


def test_without_a_service_a_login_says_so(home: Path) -> None:
    """Nobody listening ends with 4 and what to start; no web service at all with 4 as well."""
    port = free_port()
    done = run_idservice(home, "login", "--url", f"http://127.0.0.1:{port}", *LOGIN)
    assert done.code == 4
    assert "service_unavailable" in done.err
    assert "idservice serve" in done.err
    done = run_idservice(home, "login", "--url", "ftp://127.0.0.1", *LOGIN)
    assert done.code == 2


def test_a_port_in_use_is_told(home: Path) -> None:
    """A second service, or another program on the port, is refused before any worker starts."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_idservice(home, "serve", "--port", str(port))
    assert done.code == 4
    assert "address_in_use" in done.err
    assert str(port) in done.err
    with running_service(home) as service:
        done = run_idservice(home, "serve", "--port", str(service.port))
        assert "address_in_use" in done.err


def test_of_services_started_at_one_moment_one_serves(home: Path) -> None:
    """Four at once on one port: one listens, the others say that the port is in use."""
    port = free_port()
    started = [
        subprocess.Popen(
            command("serve", "--port", str(port), "--workers", "1"),
            env=environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and sum(one.poll() is None for one in started) > 1:
        time.sleep(0.1)
    ended = [one for one in started if one.poll() is not None]
    for one in started:
        stop(one) if one.poll() is None else None
    assert [one.returncode for one in ended] == [4, 4, 4]
    for one in ended:
        assert one.stderr
        assert "address_in_use" in one.stderr.read()


def test_keys_that_do_not_open_stop_the_start(home: Path) -> None:
    """A damaged key, one that others can read, or another secret stop the service with 3."""
    key, secret = home / "keys" / "esteid2025.key.pem", home / "keys" / "keystore.secret"
    good = key.read_bytes()
    key.chmod(0o644)
    done = run_idservice(home, "serve", "--port", str(free_port()))
    assert (done.code, "unsafe_permissions" in done.err) == (3, True)
    key.chmod(0o600)
    key.write_bytes(good[:80])
    done = run_idservice(home, "serve", "--port", str(free_port()))
    assert (done.code, "key_store_invalid" in done.err) == (3, True)
    key.write_bytes(good)
    secret.write_bytes(bytes(32))
    done = run_idservice(home, "serve", "--port", str(free_port()))
    assert (done.code, "key_store_invalid" in done.err) == (3, True)


@pytest.mark.parametrize(
    "token", [b"", b"\n", b"short\n", b"two words of some length\n", b"\xff" * 40]
)
def test_an_operator_token_that_is_none_stops_the_start(home: Path, token: bytes) -> None:
    """One message with the file and what to do, before any worker starts; doctor agrees."""
    (home / "keys" / "operator.token").write_bytes(token)
    done = run_idservice(home, "serve", "--port", str(free_port()))
    assert (done.code, "not_initialised" in done.err) == (3, True)
    assert "operator.token" in done.err
    found = run_idservice(home, "doctor")
    assert found.code == 1
    assert "operator.token" in found.out


def test_an_exposed_address_is_warned_about(home: Path) -> None:
    """Listening on every address says that test identities are exposed."""
    with running_service(home, "--host", "0.0.0.0") as service:  # noqa: S104 - that is the test
        service.process.send_signal(signal.SIGTERM)
        err = service.process.communicate(timeout=20)[1]
    assert "warning" in err
    assert "0.0.0.0" in err  # noqa: S104


def test_an_unregistered_address_is_warned_about_and_can_be_added(home: Path) -> None:
    """The warning names the command after which the warning is gone and logins work."""
    with running_service(home) as service:
        service.process.send_signal(signal.SIGTERM)
        err = " ".join(service.process.communicate(timeout=20)[1].split())
    assert f"idservice relying-party add-origin demo {service.url}" in err
    added = run_idservice(home, "relying-party", "add-origin", "demo", service.url)
    assert added.code == 0, added.err
    assert service.url in added.out
    again = run_idservice(home, "relying-party", "add-origin", "demo", service.url, "--json")
    assert json.loads(again.out)["origins"] == [ORIGIN, service.url]
    process = subprocess.Popen(
        command("serve", "--port", str(service.port)),
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until_healthy(RunningService(service.url, service.port, process))
        done = run_idservice(home, "login", "--url", service.url, "--as", PERSON, "--pin", PIN1)
        assert done.code == 0, done.err
    finally:
        process.send_signal(signal.SIGTERM)
        err = process.communicate(timeout=20)[1]
    assert "warning" not in err


def test_run_initialises_a_new_home_for_its_port(tmp_path: Path) -> None:
    """`run --port` makes a home whose own address has that port; again, it only serves."""
    home, port = tmp_path / "home", free_port()
    for _ in range(2):
        process = subprocess.Popen(
            command("run", "--port", str(port)),
            cwd=tmp_path,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        service = RunningService(f"http://127.0.0.1:{port}", port, process)
        try:
            wait_until_healthy(service)
            done = run_idservice(home, "login", "--as", PERSON, "--pin", PIN1, "--json")
            assert done.code == 0, done.err
            assert json.loads(done.out)["claims"]["iss"] == service.url
        finally:
            stop(process)


def test_a_killed_worker_is_replaced(home: Path) -> None:
    """When one worker dies, the service goes on and has its full number again."""
    with running_service(home) as service:
        victim, other = children(service.process.pid)
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            now = [pid for pid in children(service.process.pid) if is_running(pid)]
            if len(now) == 2 and victim not in now:
                break
            time.sleep(0.1)
        assert len(now) == 2
        assert other in now
        assert service.get("/healthz")[0] == 200


def test_a_killed_service_leaves_no_worker(home: Path) -> None:
    """Even killed outright, the service takes its workers with it, so that the port is free."""
    with running_service(home) as service:
        workers = children(service.process.pid)
        service.process.kill()
        service.process.wait()
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and any(is_running(pid) for pid in workers):
            time.sleep(0.1)
        assert not [pid for pid in workers if is_running(pid)]
        left = f"idservice-metrics-{service.process.pid}-*"
    assert list(Path(tempfile.gettempdir()).glob(left))
    with running_service(home):
        assert not list(Path(tempfile.gettempdir()).glob(left)), "the next start tidies up"


def test_signing_works_while_the_service_runs(home: Path, tmp_path: Path) -> None:
    """The command line and the service use one home at the same time."""
    with running_service(home) as service:
        done = run_idservice(
            home, "sign", home / "var" / "contract.pdf", "-o", tmp_path / "o.pdf",
            "--as", PERSON, "--pin", PIN2,
        )  # fmt: skip
        assert done.code == 0, done.err
        assert run_idservice(home, "verify", tmp_path / "o.pdf").code == 0
        assert service.get("/healthz")[0] == 200
