"""The shape of the code, written as data and held true: who may import whom, and what is pure."""

import ast
import re
from collections.abc import Iterator

import pytest

from support.source import PACKAGE, Module, modules_of_tests, package_modules, tracked_files

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

CORE = {
    "ades",
    "cades",
    "crypto",
    "inspection",
    "presentation",
    "pki",
    "cms",
    "pdf",
    "pades",
    "trustlists",
    "validation",
    "webeid",
    "xmlsig",
}
STATEFUL = {"store", "keystore", "transport"}

# Each part of the package and the parts it may import; `errors` is open to all.
ALLOWED_IMPORTS: dict[str, set[str]] = {
    "errors": set(),
    "crypto": set(),
    "pki": {"crypto"},
    "cms": {"crypto"},
    "pdf": {"crypto"},
    "validation": {"crypto"},
    "ades": {"validation", "cms", "crypto"},
    "pades": {"ades", "validation", "cms", "pdf", "pki", "crypto"},
    "cades": {"ades", "validation", "cms", "crypto"},
    "webeid": {"pki", "crypto"},
    "xmlsig": {"crypto"},
    "trustlists": {"xmlsig", "pki", "crypto"},
    "presentation": {"validation", "pki", "crypto"},
    "inspection": {"pades", "webeid", "xmlsig", "validation", "cms", "pdf", "pki", "crypto"},
    "settings": set(),
    "keystore": {"crypto"},
    "store": {"crypto"},
    "transport": {"crypto"},
    "services": CORE | STATEFUL | {"settings"},
    "web": {"services", "settings", "presentation"},
    "bench": {"services", "settings"} | CORE,
    "cli": {"services", "settings", "web", "bench", "presentation"},
    "__main__": {"cli"},
    "": set(),
}

# A library that one concern uses, and the parts that may know it.
LIBRARY_HOMES = {
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "flask": {"web"},
    "werkzeug": {"web"},
    "click": {"cli"},
    "pikepdf": {"pdf"},
    "fontTools": {"pdf"},
    "PIL": {"pdf", "services"},
    "pypdfium2": {"services"},
    "jinja2": {"services"},
    "segno": {"pdf"},
    "pyhanko": {"bench"},
    "pkcs11": {"keystore"},
    "lxml": {"xmlsig", "presentation"},
}

# What the core must not touch: files, clocks, chance, the network, the log.
IMPURE_MODULES = {
    "asyncio", "http", "importlib", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "shutil", "socket", "structlog", "subprocess", "sys", "tempfile", "threading",
    "time", "urllib",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "exec", "eval"}
IMPURE_METHODS = {"now", "utcnow", "today", "write_text", "write_bytes"}

TEXT_SUFFIXES = {".py", ".md", ".toml", ".html", ".css", ".js", ".json", ".ini", ".mako", ""}

MAXIMUM_LINES = 400
FORBIDDEN_NAMES = re.compile(r"(?:^|_)(?:utils?|helpers?|common|managers?)(?:_|$)")
FORBIDDEN_CLASSES = re.compile(r"(?:Utils?|Helper|Common|Manager)$")

# A letter or dot in brackets keeps these patterns from matching themselves.
UNFINISHED = re.compile(r"\b(?:T[O]DO|FIX[M]E|XX[X])\b|NotImplemented[E]rror")
INDEX_HOSTS = re.compile(
    r"\b(?:pypi[.](?:org|io)|pythonhosted[.]org|npmjs[.](?:org|com)|crates[.]io|anaconda[.]org"
    r"|maven[.](?:org|apache[.]org)|proxy[.]golang[.]org|deb[.]debian[.]org)\b"
    r"|--(?:extra-)?index-ur[l]\s|--find-link[s]\s"
)

every_module = pytest.mark.parametrize("module", package_modules(), ids=lambda module: module.name)
every_file_of_python = pytest.mark.parametrize(
    "module", package_modules() + modules_of_tests(), ids=lambda module: module.name
)


def own_imports(module: Module) -> Iterator[str]:
    """Modules of our own package that `module` imports."""
    return (name for name in module.imports() if name.split(".")[0] == PACKAGE)


def part_of(name: str) -> str:
    """`pki` for idservice.pki.lint; empty for the package itself."""
    return name.split(".")[1] if "." in name else ""


@every_module
def test_imports_follow_the_arrows(module: Module) -> None:
    """No module imports a part that the table of arrows does not allow."""
    allowed = ALLOWED_IMPORTS[module.part] | {module.part, "errors", ""}
    forbidden = {name for name in own_imports(module) if part_of(name) not in allowed}
    assert not forbidden, f"{module.name} may import {sorted(allowed)}, not {sorted(forbidden)}"


def test_every_part_has_a_row_in_the_table() -> None:
    """A new part of the package must say what it may import."""
    assert {module.part for module in package_modules()} <= ALLOWED_IMPORTS.keys()


def test_the_table_has_no_circle() -> None:
    """The arrows between parts point downwards only."""
    remaining = dict(ALLOWED_IMPORTS)
    while leaves := [part for part, below in remaining.items() if not below & remaining.keys()]:
        for part in leaves:
            del remaining[part]
    assert not remaining


def test_modules_have_no_circle() -> None:
    """Inside the parts, too, no two modules need each other."""
    imports = {
        module.name: set(own_imports(module)) - {module.name} for module in package_modules()
    }
    while leaves := [name for name, below in imports.items() if not below & imports.keys()]:
        for name in leaves:
            del imports[name]
    assert not imports, f"these modules import each other in a circle: {sorted(imports)}"


@every_module
def test_a_library_is_known_only_where_it_lives(module: Module) -> None:
    """SQLAlchemy stays in the store, Flask in the web, qpdf in the PDF package, and so on."""
    roots = {name.split(".")[0] for name in module.imports()}
    strangers = {
        name for name in roots & LIBRARY_HOMES.keys() if module.part not in LIBRARY_HOMES[name]
    }
    assert not strangers, f"{module.name} must not import {sorted(strangers)}"


@pytest.mark.parametrize(
    "module",
    [module for module in package_modules() if module.part in CORE],
    ids=lambda module: module.name,
)
def test_the_core_is_pure(module: Module) -> None:
    """The core has no files, clock, chance, network or log: all of these come as arguments."""
    impure = {name for name in module.imports() if name.split(".")[0] in IMPURE_MODULES}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                impure.add(f"{node.func.id}() in line {node.lineno}")
            if isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_METHODS:
                impure.add(f".{node.func.attr}() in line {node.lineno}")
    assert not impure, f"{module.name} is part of the core, but uses {sorted(impure)}"


@every_file_of_python
def test_a_module_fits_in_the_head(module: Module) -> None:
    """No file of Python is longer than 400 lines."""
    assert module.lines <= MAXIMUM_LINES


@every_file_of_python
def test_names_say_what_a_thing_is(module: Module) -> None:
    """No module and no class is called by a word that fits everything."""
    classes = [node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    assert not [part for part in module.name.split(".") if FORBIDDEN_NAMES.search(part)]
    assert not [name for name in classes if FORBIDDEN_CLASSES.search(name)]


@every_file_of_python
def test_what_is_public_is_documented(module: Module) -> None:
    """Every public class, function and method, and every test, has a docstring."""
    silent = [node.name for node in public_definitions(module.tree) if not ast.get_docstring(node)]
    assert not silent, f"{module.name} leaves these without a docstring: {silent}"
    assert not module.name.startswith(PACKAGE) or ast.get_docstring(module.tree)


def public_definitions(tree: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Classes, functions and methods that others can call; overloads speak through their last."""
    for node in tree.body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        if any(
            isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list
        ):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node)


def test_no_file_names_a_package_index() -> None:
    """Locks and documents work with whatever index a machine is set up for."""
    named = {
        str(path)
        for path in tracked_files()
        if INDEX_HOSTS.search(path.read_bytes().decode("utf-8", errors="replace"))
    }
    assert not named


def test_nothing_is_marked_unfinished() -> None:
    """What is in the tree is done: no marks for later, no empty method."""
    own_text = [
        path
        for path in tracked_files()
        if path.suffix in TEXT_SUFFIXES and "vendor" not in path.parts
    ]
    unfinished = {
        f"{path}: {found.group()}"
        for path in own_text
        if (found := UNFINISHED.search(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert not unfinished
