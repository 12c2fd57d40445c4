"""Read a Dockerfile and carry out its steps in a folder that stands for the image's root.

Only the instructions that our Dockerfile uses are known; another one is an error, so that a step
cannot be left out unnoticed. Both stages share one folder, which is enough as long as a stage
copies a path of another stage to the same path or to a new one.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

NO_EFFECT_HERE = {"FROM", "USER", "VOLUME", "EXPOSE", "LABEL"}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word in upper case, and the rest of its line."""

    word: str
    rest: str

    def options_and_arguments(self) -> tuple[dict[str, str], list[str]]:
        """Split leading --name=value options from what follows."""
        words = self.rest.split()
        options = [word for word in words if word.startswith("--")]
        named = dict(option.removeprefix("--").split("=", 1) for option in options)
        return named, [word for word in words if not word.startswith("--")]


def parse(text: str) -> list[Instruction]:
    """Return the instructions, with continued lines joined and comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [Instruction(word.upper(), rest.strip()) for word, rest in pairs]


def last(instructions: list[Instruction], word: str) -> str:
    """Return the rest of the last instruction of a kind."""
    return next(found.rest for found in reversed(instructions) if found.word == word)


@dataclass(slots=True)
class Image:
    """A folder that is filled as a builder would fill an image."""

    root: Path
    context: Path
    environment: dict[str, str]
    as_user: list[str]
    folder: str = "/"
    commands: dict[str, list[str]] = field(default_factory=dict)

    def carry_out(self, instructions: list[Instruction]) -> None:
        """Carry out all instructions in their order; raises AssertionError when a RUN fails."""
        for instruction in instructions:
            if instruction.word in NO_EFFECT_HERE:
                continue
            getattr(self, f"_{instruction.word.lower()}")(instruction)

    def inside(self, path: str) -> Path:
        """Return where a path of the image lies in this machine."""
        absolute = PurePosixPath(self.folder) / path
        return self.root / absolute.relative_to("/")

    def command(self, name: str) -> list[str]:
        """Return CMD or HEALTHCHECK as it was written, with its program found in the image."""
        program, *arguments = self.commands[name]
        found = shutil.which(program, path=self.environment["PATH"])
        assert found, f"the image has no program {program}"
        return [*self.as_user, found, *arguments]

    def _workdir(self, instruction: Instruction) -> None:
        self.folder = instruction.rest
        self.inside(".").mkdir(parents=True, exist_ok=True)
        self._give_to_user(self.inside("."))

    def _env(self, instruction: Instruction) -> None:
        for assignment in instruction.rest.split():
            name, written = assignment.split("=", 1)
            value = f"{self.root}{written}" if written.startswith("/") else written
            self.environment[name] = value.replace("$PATH", self.environment["PATH"])

    def _copy(self, instruction: Instruction) -> None:
        options, (*sources, target) = instruction.options_and_arguments()
        base = self.root if "from" in options else self.context
        for source in sources:
            origin = base / source.lstrip("/")
            goal = self.inside(target)
            goal = goal / origin.name if target.endswith("/") else goal
            if origin == goal:
                continue
            goal.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_dir():
                shutil.copytree(origin, goal, dirs_exist_ok=True)
            else:
                shutil.copy2(origin, goal)
            self._give_to_user(goal)

    def _run(self, instruction: Instruction) -> None:
        ran = subprocess.run(
            [*self.as_user, "sh", "-euc", instruction.rest],
            cwd=self.inside("."),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"RUN {instruction.rest} failed: {ran.stderr[-3000:]}"

    def _healthcheck(self, instruction: Instruction) -> None:
        self.commands["HEALTHCHECK"] = json.loads(instruction.rest.partition("CMD ")[2])

    def _cmd(self, instruction: Instruction) -> None:
        self.commands["CMD"] = json.loads(instruction.rest)

    def _give_to_user(self, path: Path) -> None:
        """Let the user of the build write what it was given, when we run as another one."""
        if not self.as_user:
            return
        owner = self.root.stat()
        for folder, _, files in os.walk(path):
            os.chown(folder, owner.st_uid, owner.st_gid)
            for name in files:
                os.chown(Path(folder) / name, owner.st_uid, owner.st_gid, follow_symlinks=False)
        os.chown(path, owner.st_uid, owner.st_gid)


def build_environment(home: Path, path: str) -> Mapping[str, str]:
    """Return the environment of a build: only what pip needs to reach its index, and a home."""
    passed = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {**passed, "HOME": str(home), "PATH": path}
