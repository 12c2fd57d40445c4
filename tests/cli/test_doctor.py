"""`idservice doctor`: every fault that it looks for is provoked, found and explained."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idservice.services.assembly import Services, now, open_services
from idservice.services.authority_keys import SERVICE_KEYS
from idservice.services.diagnosis import Diagnosis, Finding, Level, is_healthy
from idservice.store import audit, time_stamps
from support.commands import run_idservice
from support.homes import settings_of
from support.ports import free_port


def findings(home: Path, clock: Callable[[], datetime] = now, **env: str) -> list[Finding]:
    """Everything that doctor finds about a home."""
    return Diagnosis(settings_of(home, **env), clock=clock).run()


def bad(found: list[Finding]) -> dict[str, Finding]:
    """The findings that are not ok, by check."""
    return {item.check: item for item in found if item.level is not Level.OK}


def test_a_new_home_is_healthy(home: Path) -> None:
    """Nothing is wrong with a fresh home, and the command exits with 0."""
    env = {
        "IDSERVICE_SERVER__PORT": str(free_port()),
        "IDSERVICE_SERVER__PUBLIC_URL": "http://127.0.0.1:8080",
    }
    done = run_idservice(home, "doctor", "--json", env=env)
    assert done.code == 0
    report = json.loads(done.out)
    assert report["healthy"] is True
    assert [item for item in report["findings"] if item["level"] != "ok"] == []
    checks = {item["check"] for item in report["findings"]}
    assert checks == {
        "home", "clock", "permissions", "database", "schema", "keys", "expiry", "issuance",
        "revocation", "address", "port", "disk",
    }  # fmt: skip


def test_an_empty_folder_is_told_how_to_begin(tmp_path: Path) -> None:
    """Without a home doctor fails with 1, names init, and creates nothing."""
    home = tmp_path / "home"
    home.mkdir()
    done = run_idservice(home, "doctor")
    assert done.code == 1
    assert "idservice init" in done.out
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["keys/keystore.secret", "keys/esteid2025.key.pem", "keys/operator.token", "keys", "var"],
)
def test_secrets_that_others_can_read(home: Path, name: str) -> None:
    """A key file or folder open to others is named, with the command that mends it."""
    (home / name).chmod(0o755 if (home / name).is_dir() else 0o644)
    found = [item for item in findings(home) if item.check == "permissions"]
    assert [item.level for item in found] == [Level.FAIL]
    assert str(home / name) in found[0].fix
    assert found[0].fix.startswith("Run: chmod")


def test_a_clock_behind_the_records(services: Services, home: Path) -> None:
    """A clock set back behind the last act is found."""
    with services.database.begin() as connection:
        later = datetime.now(UTC) + timedelta(hours=1)
        audit.record(connection, at=later, action="test", subject="s", actor="a")
    assert bad(findings(home))["clock"].level is Level.FAIL


def test_a_clock_behind_the_last_time_stamp(services: Services, home: Path) -> None:
    """A time-stamp of the future is found, too: until then no more are made."""
    with services.database.begin() as connection:
        time_stamps.lock_unit(connection, "tsa")
        time_stamps.advance(connection, "tsa", datetime.now(UTC) + timedelta(hours=1))
    assert bad(findings(home))["clock"].level is Level.FAIL


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (19, {}),
        (21, {"ocsp": Level.WARN}),
        (31, {"ocsp": Level.WARN}),
        (1200, dict.fromkeys(("ocsp", "tsa"), Level.WARN)),
        (40 * 365, dict.fromkeys(("root", "esteid2025", *SERVICE_KEYS), Level.FAIL)),
    ],
)
def test_certificates_that_end(home: Path, days: int, expected: dict[str, Level]) -> None:
    """An ended authority is a failure; a service's certificate that is renewed is a warning."""
    found = findings(home, lambda: datetime.now(UTC) + timedelta(days=days))
    ending = [item for item in found if item.check == "expiry" and item.level is not Level.OK]
    for name, level in expected.items():
        (about,) = [item for item in ending if f"certificate of {name} " in item.message]
        assert about.level is level
        assert ("keys renew" in about.fix) is (level is Level.WARN)
        assert ("new home" in about.fix) is (level is Level.FAIL)
    assert is_healthy(found) is (Level.FAIL not in expected.values())
    assert len(ending) == len(expected)


def test_what_an_earlier_home_lacks(home: Path) -> None:
    """Without the archive unit's key, and without a current list, doctor warns and says how."""
    for name in ("tsa_archive.key.pem", "tsa_archive.crt.pem"):
        (home / "keys" / name).unlink()
    services = open_services(settings_of(home))
    with services.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM certificates WHERE profile = 'tsa_archive'")
        connection.exec_driver_sql("DELETE FROM crls WHERE issuer = 'root'")
    services.close()
    found = bad(findings(home))
    assert {name: item.level for name, item in found.items()} == {
        "expiry": Level.WARN,
        "revocation": Level.WARN,
    }
    assert "tsa_archive" in found["expiry"].message
    assert "/crl/root.crl" in found["revocation"].fix
    assert run_idservice(home, "keys", "renew").out == "tsa_archive has a new certificate\n"
    assert list(bad(findings(home))) == ["revocation"]


def test_a_key_that_is_not_its_certificates(home: Path) -> None:
    """Swapped, damaged and missing key files are found."""
    keys = home / "keys"
    ocsp, tsa = keys / "ocsp.key.pem", keys / "tsa.key.pem"
    good = ocsp.read_bytes()
    ocsp.write_bytes(tsa.read_bytes())
    assert bad(findings(home))["keys"].level is Level.FAIL
    ocsp.write_bytes(good[:100])
    assert bad(findings(home))["keys"].level is Level.FAIL
    ocsp.unlink()
    assert "ocsp.key.pem" in bad(findings(home))["keys"].message
    assert bad(findings(home))["keys"].fix.startswith("Restore the file from a backup")
    ocsp.write_bytes(good)
    ocsp.chmod(0o600)
    assert "keys" not in bad(findings(home))


def test_another_secret_opens_nothing(home: Path) -> None:
    """A key store secret from elsewhere is noticed before anybody signs."""
    (home / "keys" / "keystore.secret").write_bytes(bytes(32))
    assert bad(findings(home))["keys"].level is Level.FAIL


def test_a_database_that_is_gone_or_of_another_version(home: Path) -> None:
    """A schema of another version and a missing database are told apart."""
    opened = open_services(settings_of(home))
    with opened.database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    opened.close()
    assert "--migrate" in bad(findings(home))["schema"].fix
    (home / "var" / "idservice.db").unlink()
    found = findings(home)
    (failed,) = [item for item in found if item.level is Level.FAIL]
    assert failed.check == "home"
    assert "idservice.db is missing beside existing keys" in failed.message
    assert "from a backup" in failed.fix
    assert {"keys", "expiry", "permissions", "port"} <= {item.check for item in found}


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("postgresql://ann:s3cret@127.0.0.1:{port}/ids?password=s3cret", "refused"),
        ("sqlite:///{home}/keys/README.pem", "not a database"),
    ],
)
def test_a_database_that_does_not_open_is_told_of_once(home: Path, url: str, cause: str) -> None:
    """Its address without the password and the cause are one failure, and what needs it is left."""
    (home / "keys" / "README.pem").write_bytes(b"no database " * 200)
    (home / "keys" / "README.pem").chmod(0o600)
    address = url.format(port=free_port(), home=home)
    found = findings(home, IDSERVICE_DATABASE__URL=address)
    (failed,) = [item for item in found if item.level is Level.FAIL]
    assert failed.check == "database"
    assert address.partition(":s3cret")[0].partition("://")[2] in failed.message
    assert cause in failed.message
    assert "s3cret" not in "".join(item.message + item.fix for item in found)
    checks = {item.check for item in found}
    assert {"home", "keys", "expiry", "permissions", "port", "disk"} <= checks
    assert not {"schema", "issuance", "address"} & checks


def test_an_unfinished_issuance(services: Services, home: Path) -> None:
    """Certificates that were allocated and never signed are counted."""
    with services.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE certificates SET status = 'pending' WHERE person_code IS NOT NULL"
        )
    found = bad(findings(home))["issuance"]
    assert found.level is Level.WARN
    assert "never finished" in found.message


def test_a_port_that_is_taken(home: Path) -> None:
    """Another program on the port is a warning, and no failure."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        found = findings(home, IDSERVICE_SERVER__PORT=port)
    assert bad(found)["port"].level is Level.WARN
    assert is_healthy(found)


def test_an_address_that_nobody_registered(home: Path) -> None:
    """A public address other than that of the demo relying party is a warning."""
    found = findings(home, IDSERVICE_SERVER__PUBLIC_URL="https://id.example.org")
    assert "https://id.example.org" in bad(found)["address"].message


def test_a_disk_that_is_full(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little space is a warning, none a failure."""
    import shutil

    usage = shutil.disk_usage(home)
    for free, level in ((500 << 20, Level.WARN), (1 << 20, Level.FAIL)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        assert bad(findings(home))["disk"].level is level


def test_an_unsafe_database_starts_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With synchronous off doctor fails and the services refuse to open."""
    from idservice.errors import UnsafeDatabase
    from idservice.store import database

    safe = database._prepare_sqlite

    def unsafe(connection: object, record: object) -> None:
        safe(connection, record)
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    monkeypatch.setattr(database, "_prepare_sqlite", unsafe)
    assert bad(findings(home))["database"].level is Level.FAIL
    with pytest.raises(UnsafeDatabase):
        open_services(settings_of(home))


def test_a_damaged_database_file(home: Path) -> None:
    """Pages overwritten in the middle of the file are found, with what to do."""
    path = home / "var" / "idservice.db"
    data = bytearray(path.read_bytes())
    page = 4096
    for start in range(4 * page, len(data), 2 * page):
        data[start : start + page] = b"\xff" * page
    path.write_bytes(data)
    found = [item for item in findings(home) if item.check == "database"]
    assert any("damaged" in item.message and "backup" in item.fix for item in found)
