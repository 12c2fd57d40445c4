"""The project's own source, parsed once: what the tests of architecture and documents look at."""

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "idservice"
UNTRACKED = {".git", ".venv", "keys", "var", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: where it lies, what it is called, what it says."""

    path: Path
    name: str
    tree: ast.Module
    lines: int

    @property
    def part(self) -> str:
        """The part of the package it belongs to: `pki` for idservice.pki.lint."""
        return self.name.split(".")[1] if "." in self.name else ""

    def imports(self) -> Iterator[str]:
        """Every module this one imports, wherever the import stands, by its absolute name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from self._imported_from(node)

    def _imported_from(self, node: ast.ImportFrom) -> Iterator[str]:
        """Names `package.module` rather than `package` where a module is what is taken."""
        base = node.module or ""
        if node.level:
            is_package = self.path.name == "__init__.py"
            parents = self.name.split(".")
            kept = parents[: len(parents) - node.level + is_package]
            base = ".".join([*kept, base]) if base else ".".join(kept)
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield full if full in own_module_names() else base


@functools.cache
def own_module_names() -> frozenset[str]:
    """The dotted names of all modules of the package."""
    return frozenset(_dotted(path) for path in (ROOT / PACKAGE).rglob("*.py"))


@functools.cache
def package_modules() -> tuple[Module, ...]:
    """All modules of the package, parsed."""
    return tuple(_parse(path) for path in sorted((ROOT / PACKAGE).rglob("*.py")))


@functools.cache
def modules_of_tests() -> tuple[Module, ...]:
    """All Python files under tests/, parsed."""
    return tuple(_parse(path) for path in sorted((ROOT / "tests").rglob("*.py")))


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that a clone has; outside a clone, every file that is not made at run time."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        )
        names = listed.stdout.decode().rstrip("\0").split("\0")
        return tuple(path for name in names if (path := ROOT / name).is_file())
    everything = (path for path in ROOT.rglob("*") if path.is_file())
    return tuple(path for path in everything if not UNTRACKED & set(path.parts))


def _parse(path: Path) -> Module:
    """Read and parse one file."""
    text = path.read_text(encoding="utf-8")
    return Module(path, _dotted(path), ast.parse(text, str(path)), text.count("\n"))


def _dotted(path: Path) -> str:
    """`idservice.pki.lint` for idservice/pki/lint.py, `idservice.pki` for its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
