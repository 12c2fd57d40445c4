"""Commands that are killed at any moment of their lives: issuing, revoking and signing files."""

import contextlib
import json
import random
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.commands import command
from support.homes import PERSON, PIN1, PIN2, PUK, environment
from support.kill_drill_ledger import CERTIFICATE, Breaches, Ledger, Line, certificate_lines
from support.kill_drill_load import Load
from support.pdfs import baseline

_FILES = 12
_LEVELS = ("B-B", "B-T")


@dataclass
class CommandKiller:
    """Runs commands beside the service, on the same home, and kills each of them."""

    home: Path
    env: Mapping[str, str]
    load: Load
    breaches: Breaches
    dice: random.Random
    folder: Path
    kills: int = 0
    cut_short: int = 0
    _typical: dict[str, float] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        """The book that all clients share."""
        return self.load.ledger

    def once(self) -> None:
        """Run one command of some kind and kill it."""
        kind = self.dice.choice(["issue", "revoke", "sign"])
        if kind == "issue":
            self._issue()
        elif kind == "revoke" and len(self.load.acknowledged_people) > 1:
            self._revoke(self.load.acknowledged_people.pop())
        else:
            self._sign()

    def _issue(self) -> None:
        arguments = ("person", "issue", "--given-name", "Jaan", "--surname", "Tamm")
        birth = ("--birth-date", "1985-05-06", "--sex", "male", "--json")
        said = self._killed("issue", *arguments, *birth)
        with contextlib.suppress(ValueError):
            person = json.loads(said)
            self.ledger.add(CERTIFICATE, certificate_lines(person))
            self.load.acknowledged_people.append(person)

    def _revoke(self, person: Line) -> None:
        code = person["personal_code"]
        said = self._killed("revoke", "person", "revoke", code)
        if said == f"{code} is revoked\n":
            self.load.note_revoked(person)

    def _sign(self) -> None:
        """Sign some files; those that were told of must be there, and all there are whole."""
        sources, out = self.folder / "single", self.folder / "single-out"
        if not sources.exists():
            sources.mkdir()
            for number in range(_FILES):
                (sources / f"single-{number}.pdf").write_bytes(baseline())
        out.mkdir()
        level = self.dice.choice(_LEVELS)
        said = self._killed(
            f"sign {level}", "sign", *sorted(sources.iterdir()), "--out-dir", out,
            "--as", PERSON, "--level", level, "--json",
        )  # fmt: skip
        whole = [json.loads(line) for line in said.splitlines(keepends=True) if line[-1] == "\n"]
        told = {Path(item["output"]).name for item in whole if item["status"] == "signed"}
        there = {path.name: path.read_bytes() for path in out.iterdir()}
        if not told <= there.keys():
            self.breaches.note(f"sign: told of {sorted(told - there.keys())}, which are not there")
        for name, data in there.items():
            if not (name.endswith(".pdf") and is_whole(data)):
                self.breaches.note(f"sign: {name} is a stray or partial file")
        shutil.rmtree(out)

    def _killed(self, kind: str, *arguments: str | Path) -> str:
        """Run a command and kill it at some moment of the time that it typically takes."""
        started = time.monotonic()
        with (self.folder / "command.err").open("ab") as errors:
            process = subprocess.Popen(
                command(*arguments),
                env=environment(
                    self.home, PYTHONUNBUFFERED="1", IDSERVICE_PIN1=PIN1, IDSERVICE_PIN2=PIN2,
                    IDSERVICE_PUK=PUK, **self.env,
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )  # fmt: skip
        # The first of a kind ends by itself, so that its duration is known.
        if kind in self._typical:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._typical[kind] * self.dice.uniform(0.3, 1.05))
            self.kills += 1
            self.cut_short += process.poll() is None
            process.kill()
        said, _ = process.communicate(timeout=120)
        if process.returncode == 0:
            self._typical[kind] = time.monotonic() - started
        return said


def is_whole(data: bytes) -> bool:
    """Whether these are the sample and a signature after it, to the end."""
    return data.startswith(baseline()) and len(data) > len(baseline()) and data[-6:] == b"%%EOF\n"
