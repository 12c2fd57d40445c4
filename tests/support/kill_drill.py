"""The kill drill: a loaded service and commands beside it, killed at random, checked each time.

clients ─► service (2 workers) ◄─ killed: a worker, the parent, everybody
   │           │ same home
   ▼           ▼
ledger     batches and single commands, killed as well
   └──────► checker: after every restart, and at the end
"""

import json
import random
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from idservice.services.assembly import Services, open_services
from idservice.services.persons import Purpose
from support.homes import PERSON, PUK, settings_of
from support.kill_drill_batch import BatchKiller
from support.kill_drill_checks import Checker
from support.kill_drill_commands import CommandKiller
from support.kill_drill_ledger import CERTIFICATE, KILL, REVOKED, STAMP, Breaches, Ledger
from support.kill_drill_load import Load
from support.kill_drill_service import EVERYBODY, PARENT, WORKER, VictimService

ANSWERS_AGAIN_SECONDS = 5.0
_LONGEST_PEACE = 0.3
_VICTIMS = (*[WORKER] * 6, PARENT, EVERYBODY)
_SAFE_TRIES = 2


@dataclass
class DrillReport:
    """The numbers of one drill; times are seconds."""

    database: str
    seed: int
    seconds: float = 0.0
    first_start: float = 0.0
    kills: dict[str, int] = field(default_factory=dict)
    answers_again: dict[str, dict[str, float]] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def all_kills(self) -> int:
        """How many kills there were in all."""
        return sum(self.kills.values())

    def text(self) -> str:
        """The numbers as one line of JSON."""
        return json.dumps(asdict(self))


def run_drill(folder: Path, home: Path, kills: int, env: Mapping[str, str]) -> DrillReport:
    """Run one drill on an initialised home; fail on the first thing that must never be.

    `kills` are shared by the service, batches and single commands, as fast as each dies.
    """
    seed = random.SystemRandom().randrange(1 << 32)
    services = open_services(settings_of(home, **env))
    drill = _Drill(folder, home, env, services, seed)
    try:
        return drill.run(kills)
    finally:
        services.close()


class _Drill:
    """Three killers at once over one home, and the clients that keep the service busy."""

    def __init__(
        self, folder: Path, home: Path, env: Mapping[str, str], services: Services, seed: int
    ) -> None:
        self._services = services
        self._dice = random.Random(seed)  # noqa: S311 - when to kill, told on failure
        self._report = DrillReport("sqlite" if services.database.is_sqlite else "postgresql", seed)
        self._breaches = breaches = Breaches()
        self._ledger = ledger = Ledger(folder / "ledger.jsonl")
        self._service = VictimService(home, env)
        self._load = Load(self._service, home, ledger, breaches)
        self._checker = Checker(services, ledger, self._load, breaches)
        self._batch = BatchKiller(home, env, breaches, self._new_dice(), folder)
        self._commands = CommandKiller(home, env, self._load, breaches, self._new_dice(), folder)
        self._again: dict[str, list[float]] = {}
        self._wanted = 0

    def run(self, kills: int) -> DrillReport:
        """Kill as often as asked while clients work, then check everything once more in peace."""
        started = time.monotonic()
        self._wanted = kills
        self._service.start()
        self._report.first_start = round(time.monotonic() - started, 2)
        try:
            self._load.begin()
            killers = [
                self._thread("batch", self._batch.once),
                self._thread("command", self._commands.once),
            ]
            while self._is_going_on():
                self._kill_service()
            for killer in killers:
                killer.join()
            self._load.end()
            self._batch.finish()
            self._checker.at_the_end(self._batch.stamps)
            self._batch.require_one_use_each(self._services)
        finally:
            self._service.stop()
            self._ledger.close()
        self._report.seconds = round(time.monotonic() - started, 1)
        self._tell()
        self._breaches.require_none()
        return self._report

    def _is_going_on(self) -> bool:
        of_service = sum(len(times) for times in self._again.values())
        return of_service + self._batch.kills + self._commands.kills < self._wanted

    def _kill_service(self) -> None:
        time.sleep(self._dice.uniform(0.0, _LONGEST_PEACE))
        victim = self._dice.choice(_VICTIMS)
        seconds = self._service.kill(victim, self._dice.choice)
        self._ledger.add(KILL, [{"victim": victim, "answers_again": round(seconds, 3)}])
        self._again.setdefault(victim, []).append(seconds)
        self._checker.after_restart()
        self._breaches.require_none()

    def _restore_pin(self) -> None:
        """A try is counted before the PIN is looked at: who is killed in between has lost it."""
        persons = self._services.persons
        if persons.show(PERSON).tries_left["pin2"] < _SAFE_TRIES:
            persons.unlock(PERSON, Purpose.SIGNING, PUK)

    def _thread(self, name: str, kill_once: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                while self._is_going_on():
                    self._restore_pin()
                    kill_once()
            except Exception as exc:  # noqa: BLE001 - the outermost handler of a thread
                self._breaches.note(f"{name}: {type(exc).__name__}: {exc}")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def _tell(self) -> None:
        report = self._report
        report.kills = {f"service {victim}": len(times) for victim, times in self._again.items()}
        report.kills |= {"batch": self._batch.kills, "command": self._commands.kills}
        report.answers_again = {
            victim: {
                "median": round(statistics.median(times), 2),
                "worst": round(max(times), 2),
            }
            for victim, times in self._again.items()
        }
        report.acknowledged = {
            "certificates": len(self._ledger.lines(CERTIFICATE)),
            "revocations": len(self._ledger.lines(REVOKED)),
            "time-stamps": len(self._ledger.lines(STAMP)),
            "batches": self._batch.batches,
            "time-stamps in files": len(self._batch.stamps),
        }
        report.seen = {
            "lost requests": self._load.lost_requests,
            "OCSP answers": self._load.status_answers,
            "batches cut short": self._batch.cut_short,
            "commands cut short": self._commands.cut_short,
            "starts of the service": self._service.starts,
        }

    def _new_dice(self) -> random.Random:
        return random.Random(self._dice.random())  # noqa: S311 - as above
