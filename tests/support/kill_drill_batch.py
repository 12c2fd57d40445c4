"""Batches that are killed again and again until they are done, and what must be there then."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asn1crypto import cms

from idservice.services.assembly import Services
from support.commands import command
from support.homes import PERSON, PIN2, environment
from support.kill_drill_commands import is_whole
from support.kill_drill_ledger import Breaches
from support.kill_drill_service import EVERYBODY, PARENT, VICTIMS
from support.oracles import pdfsig
from support.pdfs import baseline

FILES = 120
_SAMPLES = 4
_PAUSE = 0.005
_FIRST_SECONDS = 1.5
_LATER_SECONDS = 0.5
_GIVE_UP_SECONDS = 120.0


@dataclass
class BatchKiller:
    """One batch after the other; each goes on with --resume until it ends by itself."""

    home: Path
    env: Mapping[str, str]
    breaches: Breaches
    dice: random.Random
    folder: Path
    kills: int = 0
    cut_short: int = 0
    batches: int = 0
    stamps: set[str] = field(default_factory=set)
    _known: dict[str, str] = field(default_factory=dict)
    _out: Path | None = None

    def once(self, *, kill: bool = True) -> None:
        """Run the batch that is under way, or a new one, and kill somebody in it."""
        if self._out is None:
            self._out = self.folder / f"out-{self.batches}"
            self._known = {}
        ended = self._run(self._out, self.dice.choice(VICTIMS) if kill else None)
        now = self._acknowledged(self._out)
        if not self._known.items() <= now.items():
            self.breaches.note("batch: an acknowledged file was lost or signed anew")
        self._known = now
        if ended:
            self._require_whole(self._out)
            shutil.rmtree(self._out)
            self._out = None
            self.batches += 1

    def finish(self) -> None:
        """Let the batch that is under way end, without killing anybody any more."""
        while self._out is not None:
            self.once(kill=False)

    def require_one_use_each(self, services: Services) -> None:
        """Each document's key uses are in the audit log: one for each batch, and none lost."""
        made, taken_up = (
            Counter(
                entry.details["document"]
                for entry in services.audit.entries(action=action, limit=10**6)
            )
            for action in ("signature.made", "signature.resumed")
        )
        for name in self._names:
            if made[name] > self.batches:
                self.breaches.note(f"batch: the key was used twice for one output of {name}")
            if made[name] + taken_up[name] < self.batches:
                self.breaches.note(f"batch: a use of the key for {name} has no audit row")

    @property
    def _names(self) -> set[str]:
        return {f"{number:04d}.pdf" for number in range(FILES)}

    def _source(self) -> Path:
        source = self.folder / "in"
        if not source.exists():
            source.mkdir()
            for name in self._names:
                (source / name).write_bytes(baseline())
        return source

    def _run(self, out: Path, victim: str | None) -> bool:
        """Run the batch and kill somebody at some moment; whether it ended by itself."""
        level = "B-T" if self.batches % 2 else "B-B"
        manifest = out / "manifest.jsonl"
        before = manifest.stat().st_size if manifest.exists() else 0
        with (self.folder / "batch.err").open("ab") as errors:
            process = subprocess.Popen(
                command(
                    *("sign", "--as", PERSON, "--batch", self._source(), "--out", out),
                    *("--workers", "2", "--level", level, "--resume"),
                ),
                env=environment(self.home, IDSERVICE_PIN2=PIN2, **self.env),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
        if victim is not None:
            self._await_moment(process, manifest, before)
            if process.poll() is None:
                self.kills += _kill(process.pid, victim)
        code = process.wait(_GIVE_UP_SECONDS)
        self.cut_short += code < 0
        return code == 0

    def _await_moment(self, process: subprocess.Popen[bytes], manifest: Path, before: int) -> None:
        """Some die before the first file is done, most while files are being done."""
        longest = _FIRST_SECONDS
        if self.dice.random() > 1 / 4:
            longest = _LATER_SECONDS
            while process.poll() is None and not _is_longer(manifest, before):
                time.sleep(_PAUSE)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.dice.uniform(0.0, longest))

    def _acknowledged(self, out: Path) -> dict[str, str]:
        """The files that the manifest calls signed, with the digest of each output."""
        manifest, found = out / "manifest.jsonl", dict[str, str]()
        data = manifest.read_bytes() if manifest.exists() else b""
        for line in data.splitlines(keepends=True):
            told = _told(line)
            if told.get("status") != "signed":
                continue
            if told["file"] in found:
                self.breaches.note(f"batch: {told['file']} was acknowledged twice")
            found[told["file"]] = told["target_sha256"]
        return found

    def _require_whole(self, out: Path) -> None:
        """There is one output for each source and nothing else, each a whole signed file."""
        there = {path.name for path in out.iterdir()}
        if there != self._names | {"manifest.jsonl"}:
            self.breaches.note(f"batch: files {sorted(there ^ self._names)[:5]}")
        outputs = {name: (out / name).read_bytes() for name in self._names & there}
        for name, data in outputs.items():
            if hashlib.sha256(data).hexdigest() != self._known.get(name) or not is_whole(data):
                self.breaches.note(f"batch: {name} is not what was acknowledged")
            self._note_stamps(data)
        for name in self.dice.sample(sorted(outputs), _SAMPLES):
            [verdict] = pdfsig(outputs[name], self.folder)
            if not verdict.valid:
                self.breaches.note(f"batch: {name} is not valid to pdfsig")

    def _note_stamps(self, data: bytes) -> None:
        """Note the serials of the signature time-stamps in an output; none may come twice."""
        for serial in stamp_serials(data):
            if serial in self.stamps:
                self.breaches.note(f"batch: time-stamp {serial} is in two outputs")
            self.stamps.add(serial)


def stamp_serials(data: bytes) -> list[str]:
    """The serials of the time-stamps in the value of a file's last signature."""
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    value = cms.ContentInfo.load(bytes.fromhex(data[start : data.index(b">", start)].decode()))
    [signer] = value["content"]["signer_infos"]
    attributes: Any = signer["unsigned_attrs"]
    tokens = [
        token
        for attribute in (attributes or ())
        if attribute["type"].native == "signature_time_stamp_token"
        for token in attribute["values"]
    ]
    infos = [token["content"]["encap_content_info"]["content"].parsed for token in tokens]
    return [f"{info['serial_number'].native:x}" for info in infos]


def _is_longer(manifest: Path, before: int) -> bool:
    return manifest.exists() and manifest.stat().st_size > before


def _told(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if line.endswith(b"\n") and isinstance(told, dict) else {}


def _kill(parent: int, victim: str) -> int:
    """Kill somebody; return how many kills that counts for: one, or none when nobody was there."""
    if victim == EVERYBODY:
        os.killpg(parent, signal.SIGKILL)
        return 1
    if victim == PARENT:
        os.kill(parent, signal.SIGKILL)
        return 1
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[:1]:
            os.kill(int(child), signal.SIGKILL)
            return 1
    return 0
