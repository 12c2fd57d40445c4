"""What `idservice doctor` looks at: each check tells what it found and how to mend it.

A check never changes anything, and what cannot be looked at is a finding too. None depends
on another's success, except on a database that opens: one that does not is told of once.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from idservice.errors import DatabaseUnavailable, IdServiceError
from idservice.keystore.secret import load_secret
from idservice.services import hsm_diagnosis, pki_diagnosis
from idservice.services.addresses import Listener, who_listens
from idservice.services.assembly import Clock, Services, now, open_database
from idservice.services.authority_keys import SERVICE_KEYS
from idservice.services.certificate_authority import ISSUING_KEY, ROOT_KEY
from idservice.services.findings import Finding, Level
from idservice.services.home_folder import require_initialised
from idservice.services.operators import OperatorToken
from idservice.services.relying_parties import DEMO_RELYING_PARTY
from idservice.settings import Settings
from idservice.store import audit, certificates, time_stamps
from idservice.store.database import Database

__all__ = ["Diagnosis", "Finding", "Level", "is_healthy"]

CLOCK_TOLERANCE = timedelta(seconds=1)
CLOCK_SAMPLE_SECONDS = 0.05
LITTLE_SPACE = 1 << 30
NO_SPACE = 100 << 20


class Diagnosis:
    """All checks of one home folder."""

    def __init__(self, settings: Settings, *, clock: Clock = now) -> None:
        """Look at the home of these settings."""
        self._settings = settings
        self._clock = clock
        self._database = open_database(settings)

    def run(self) -> list[Finding]:
        """Run every check and return all findings, in a fixed order."""
        file = self._database.sqlite_path
        try:
            findings = _all(("home", self._home), ("clock", _clock_rate))
            # The home tells when the file is missing; neither fault is told twice.
            there = file is None or file.exists()
            closed = _safely("database", self._opening) if there else []
            if there and not closed:
                findings += self._in_the_database()
            return findings + closed + self._outside_of_the_database()
        finally:
            self._close()

    def _in_the_database(self) -> list[Finding]:
        return _all(
            ("clock", self._clock_behind),
            ("database", self._durability),
            ("database", self._damage),
            ("schema", self._schema),
            ("keys", self._token_key),
            ("issuance", self._issuance),
            ("hsm", self._hardware),
            ("expiry", self._service_certificates),
            ("revocation", self._revocation_lists),
            ("address", self._address),
        )

    def _outside_of_the_database(self) -> list[Finding]:
        return _all(
            ("permissions", self._permissions),
            ("keys", self._keys),
            ("expiry", self._authorities),
            ("port", self._port),
            ("disk", self._disk),
        )

    def _opening(self) -> Iterable[Finding]:
        self._database.require_answer()
        return ()

    def _home(self) -> Iterator[Finding]:
        require_initialised(self._settings)
        yield Finding("home", Level.OK, f"{self._settings.home} is initialised")

    def _clock_behind(self) -> Iterator[Finding]:
        latest = _latest_record(self._database)
        behind = None if latest is None else latest - self._clock()
        if behind is not None and behind > CLOCK_TOLERANCE:
            yield Finding(
                "clock",
                Level.FAIL,
                f"The clock is {behind} behind the latest record, so new certificates and "
                "signatures would bear false times.",
                "Set the clock right; the service refuses to issue until then.",
            )
        else:
            yield Finding("clock", Level.OK, "not behind anything that was recorded")

    def _permissions(self) -> Iterator[Finding]:
        settings = self._settings
        private = [settings.keys.secret_file, settings.keys.operator_token_file]
        private += sorted(settings.keys.folder.glob("*.key.pem"))
        private += [settings.keys.folder, settings.state.folder]
        if self._database.sqlite_path is not None:
            private.append(self._database.sqlite_path)
        open_to_others = [path for path in private if path.exists() and _others_can_use(path)]
        for path in open_to_others:
            mode = "700" if path.is_dir() else "600"
            yield Finding(
                "permissions",
                Level.FAIL,
                f"{path} can be used by others on this machine.",
                f"Run: chmod {mode} {path}",
            )
        if not open_to_others:
            yield Finding("permissions", Level.OK, "keys and state belong to one user alone")

    def _durability(self) -> Iterator[Finding]:
        for setting in self._database.durability():
            text = f"{setting.name} is {setting.value}"
            if setting.safe:
                yield Finding("database", Level.OK, text)
            else:
                yield Finding(
                    "database",
                    Level.FAIL,
                    f"{text}: what is acknowledged could be lost in a power cut.",
                    f"Set {setting.name} to its safe default; the service refuses to start so.",
                )

    def _damage(self) -> Iterator[Finding]:
        try:
            damage = self._database.damage()
        except DatabaseUnavailable:
            damage = "it cannot be read to its end." if self._database.is_sqlite else ""
        if damage:
            yield Finding(
                "database",
                Level.FAIL,
                f"The database file is damaged: {damage}",
                "Stop the service and restore the file from a backup.",
            )
        elif self._database.is_sqlite:
            yield Finding("database", Level.OK, "the structure of the file is whole")

    def _schema(self) -> Iterator[Finding]:
        self._database.require_schema()
        yield Finding("schema", Level.OK, f"revision {self._database.schema_revision()}")

    def _keys(self) -> Iterator[Finding]:
        keys, files = self._services().authority_keys, self._services().key_files
        # A home of an earlier version lacks a service's key until that is used.
        made = (name for name in SERVICE_KEYS if files.certificate_path(name).exists())
        names = (ROOT_KEY, ISSUING_KEY, *made)
        for name in names:
            keys.load_signer(name)
        yield Finding("keys", Level.OK, f"{', '.join(names)} open and match their certificates")
        OperatorToken(self._settings.keys.operator_token_file)
        yield Finding("keys", Level.OK, "the operator has a token")

    def _token_key(self) -> Iterator[Finding]:
        services = self._services()
        with self._database.read() as connection:
            kid = services.token_keys.signing_key(connection, self._clock()).kid
        yield Finding("keys", Level.OK, f"access tokens are signed with {kid}")

    def _hardware(self) -> Iterator[Finding]:
        yield from hsm_diagnosis.hardware(self._services())

    def _authorities(self) -> Iterator[Finding]:
        yield from pki_diagnosis.expiry_of_authorities(self._services())

    def _service_certificates(self) -> Iterator[Finding]:
        yield from pki_diagnosis.expiry_of_services(self._services())

    def _revocation_lists(self) -> Iterator[Finding]:
        yield from pki_diagnosis.revocation_lists(self._services())

    def _issuance(self) -> Iterator[Finding]:
        with self._database.read() as connection:
            pending = certificates.count_pending(connection)
        if pending:
            yield Finding(
                "issuance",
                Level.WARN,
                f"{pending} certificates were allocated and never finished, by a process that "
                "died or is still at work.",
                "Starting the service marks those of dead processes as abandoned.",
            )
        else:
            yield Finding("issuance", Level.OK, "no certificate is left unfinished")

    def _address(self) -> Iterator[Finding]:
        public_url = self._settings.server.public_url
        parties = {party.id: party for party in self._services().relying_parties.list()}
        demo = parties.get(DEMO_RELYING_PARTY)
        if demo is not None and public_url not in demo.origins:
            yield Finding(
                "address",
                Level.WARN,
                f"server.public_url is {public_url}, but the demo relying party was registered "
                f"with {', '.join(demo.origins)}: logins without a relying party fail.",
                "Set server.public_url back, or run: "
                f"idservice relying-party add-origin demo {public_url}",
            )
        else:
            yield Finding("address", Level.OK, f"clients reach the service at {public_url}")

    def _port(self) -> Iterator[Finding]:
        server = self._settings.server
        listener = who_listens(server.host, server.port)
        where = f"port {server.port} on {server.host}"
        if listener is Listener.OTHER:
            yield Finding(
                "port",
                Level.WARN,
                f"{where} is used by another program, so `serve` would not start.",
                "Stop that program, or set server.port and server.public_url.",
            )
        else:
            text = "is free" if listener is Listener.NOBODY else "answers as idservice"
            yield Finding("port", Level.OK, f"{where} {text}")

    def _disk(self) -> Iterator[Finding]:
        folder = self._settings.state.folder
        free = shutil.disk_usage(folder if folder.exists() else self._settings.home).free
        text = f"{free / (1 << 30):.1f} GiB are free for {folder}"
        if free >= LITTLE_SPACE:
            yield Finding("disk", Level.OK, text)
        else:
            level = Level.WARN if free >= NO_SPACE else Level.FAIL
            yield Finding("disk", level, f"{text}; without space nothing is signed.", "Free space.")

    def _services(self) -> Services:
        secret = load_secret(self._settings.keys.secret_file)
        return Services(self._settings, self._database, secret, self._clock)

    def _close(self) -> None:
        self._database.close()
        if self._settings.hsm.is_set and self._settings.keys.secret_file.exists():
            with contextlib.suppress(IdServiceError):
                self._services().hsm.close()


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Tell whether no check failed; warnings are no failures."""
    return all(finding.level is not Level.FAIL for finding in findings)


def _all(*checks: tuple[str, Callable[[], Iterable[Finding]]]) -> list[Finding]:
    return [finding for name, check in checks for finding in _safely(name, check)]


def _safely(name: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Run one check; an error is its finding."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except IdServiceError as exc:
        found.append(Finding(name, Level.FAIL, exc.detail, exc.fix))
    except OSError as exc:
        found.append(
            Finding(name, Level.FAIL, f"{exc.filename}: {exc.strerror}.", "Check the folder.")
        )
    return found


def _clock_rate() -> Iterator[Finding]:
    """Compare wall clock and monotonic clock over a moment: a stepped or frozen clock differs."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(CLOCK_SAMPLE_SECONDS)
    drift = abs((time.time() - wall) - (time.monotonic() - steady))
    if drift > CLOCK_SAMPLE_SECONDS:
        yield Finding(
            "clock",
            Level.FAIL,
            f"The clock moved by {drift:.3f} s against the steady clock within a moment.",
            "Synchronise it with chrony or systemd-timesyncd, and look for what sets it.",
        )
    else:
        yield Finding("clock", Level.OK, "runs at the pace of the steady clock")


def _latest_record(database: Database) -> datetime | None:
    with database.read() as connection:
        times = (
            audit.latest_time(connection),
            certificates.latest_allocation(connection),
            time_stamps.latest_gen_time(connection),
        )
    return max((at for at in times if at is not None), default=None)


def _others_can_use(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
