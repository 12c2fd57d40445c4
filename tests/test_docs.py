"""What the documents say is what the program does."""

import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from idservice.settings import Settings
from support.documents import (
    CLI,
    ERRORS,
    all_leaves,
    cli_document,
    command,
    errors_document,
    what_to_do,
)
from support.source import PACKAGE, ROOT, own_module_names, tracked_files

DOCUMENTS = sorted(path for path in tracked_files() if path.suffix == ".md")
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
CODE_BLOCK = re.compile(r"^```(?:sh|console|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
IN_A_SENTENCE = re.compile(r"`((?:idservice|make) [^`]+)`")
PARTS = (
    "errors|settings|crypto|pki|cms|pdf|pades|validation|"
    "keystore|store|transport|services|web|cli|bench"
)
NAMED_IN_CODE = re.compile(rf"`((?:{PARTS})(?:\.\w+)+)(?:\(\))?`")

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def test_errors_are_documented_as_they_are() -> None:
    """docs/errors.md has a row for every error, with its true status and exit code."""
    document = ERRORS.read_text()
    assert document == errors_document(what_to_do(document)), "run `make docs`"


def test_for_every_error_there_is_something_to_do() -> None:
    """No row of docs/errors.md leaves a person alone with the problem."""
    written = what_to_do(ERRORS.read_text())
    assert [leaf.code for leaf in all_leaves() if not written.get(leaf.code)] == []


def test_codes_of_errors_are_unique() -> None:
    """Two reasons never share a code."""
    codes = [leaf.code for leaf in all_leaves()]
    assert len(codes) == len(set(codes))


def test_help_is_documented_as_it_is() -> None:
    """docs/cli.md quotes `--help` of every command word for word."""
    assert CLI.read_text() == cli_document(), "run `make docs`"


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """All settings that a file may contain, as `section.key`."""
    for name, field in model.model_fields.items():
        below = field.annotation
        if isinstance(below, type) and issubclass(below, BaseModel):
            yield from setting_names(below, f"{prefix}{name}.")
        elif prefix:
            yield prefix + name


def test_the_default_settings_are_complete() -> None:
    """config/default.toml has every setting that exists, and no other."""
    sections = tomllib.loads((ROOT / "config" / "default.toml").read_text())
    written = {f"{section}.{key}" for section, keys in sections.items() for key in keys}
    assert written == set(setting_names(Settings))


def test_every_setting_is_explained() -> None:
    """In config/default.toml each setting stands under a comment that says what it is."""
    explained = False
    for line in (ROOT / "config" / "default.toml").read_text().splitlines():
        if line.startswith("["):
            explained = False
        elif line.startswith("#"):
            explained = True
        elif line and not line.startswith(" "):
            assert explained, f"no comment explains: {line}"


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    """Every link to a file, and every picture, exists in the tree."""
    targets = LINK.findall(document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


@every_document
def test_modules_named_in_documents_exist(document: Path) -> None:
    """A document that names a module, class or function names one that is there."""
    named = set(NAMED_IN_CODE.findall(document.read_text()))
    assert [name for name in sorted(named) if not exists_in_code(name)] == []


def exists_in_code(name: str) -> bool:
    """Tell whether `services.signing.SigningService.prepare` leads from a module to a thing."""
    words = [PACKAGE, *name.split(".")]
    modules = [".".join(words[:count]) for count in range(len(words), 0, -1)]
    module = next(found for found in modules if found in own_module_names())
    thing: object = importlib.import_module(module)
    for word in words[module.count(".") + 1 :]:
        fields = getattr(thing, "__dataclass_fields__", {})
        if not hasattr(thing, word) and word not in fields:
            return False
        thing = getattr(thing, word, None)
    return True


def shell_lines() -> Iterator[tuple[str, str]]:
    """Every line of a shell block, and every command in a sentence, with its document's name."""
    for document in DOCUMENTS:
        for line in IN_A_SENTENCE.findall(document.read_text()):
            yield str(document.relative_to(ROOT)), " ".join(line.split())
        for block in CODE_BLOCK.findall(document.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                yield (
                    str(document.relative_to(ROOT)),
                    line.removeprefix("$ ").split("  #")[0].strip(),
                )


@pytest.mark.parametrize(("document", "line"), list(shell_lines()))
def test_commands_in_documents_exist(document: str, line: str) -> None:
    """A command that a document shows can be typed: its words and its options exist."""
    words = line.split()
    if words and words[0].endswith("idservice"):
        check_own_command(words[1:])
    elif words and words[0] == "make":
        targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
        goals = [word for word in words[1:] if re.fullmatch(r"[a-z-]+", word)]
        assert set(goals) <= set(targets), f"{document}: {line}"


def check_own_command(words: list[str]) -> None:
    """Check command words and options against the command line itself."""
    path: list[str] = []
    for word in words:
        if isinstance(command(path), click.Group) and not word.startswith("-"):
            path.append(word)
    known = {
        name for option in command(path).params for name in [*option.opts, *option.secondary_opts]
    }
    known |= {name for option in command([]).params for name in option.opts} | {"--help"}
    used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert used <= known, f"unknown options: {sorted(used - known)}"
