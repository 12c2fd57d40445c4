"""`idservice inspect`: what a file is and what is in it, as a tree or as JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli import failures
from idservice.cli.secrets_input import password_options, read_password
from idservice.cli.terminal import plain, print_json, results

if TYPE_CHECKING:
    from rich.tree import Tree

    from idservice.cli.context import AppContext

_MAX_TEXT = 600
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TITLES = ("subject", "id", "field", "type", "tag", "certStatus", "revision", "number", "code")
"""What names an element of a list, the first one that it has."""


@click.command("inspect")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@password_options
@click.pass_obj
def inspect(
    context: AppContext,
    file: Path,
    as_json: bool,
    password: str | None,
    password_file: Path | None,
) -> int:
    """Explain a certificate, CRL, OCSP answer, time-stamp, CMS, PDF or JSON web token.

    The content decides what a file is, not its name; PEM, DER and Base64 are read. Nothing is
    verified or trusted: `idservice verify` does that. Private keys are recognised and not shown.
    """
    from idservice.services.documents import open_document
    from idservice.services.inspection import inspect_document

    secret = read_password(given=password, file=password_file)
    settings = context.settings.validation
    with open_document(file, settings.max_document_bytes) as document:
        found = inspect_document(document.data, settings, password=secret)
        document.require_unchanged()
    if as_json:
        print_json({"file": str(file), **found})
    else:
        _show(file, found)
    return failures.DONE


def _show(file: Path, found: dict[str, Any]) -> None:
    from rich.tree import Tree

    tree = Tree(plain(f"{file}: {_words(found['kind'])}", "bold"))
    for key, value in found.items():
        if key == "content":
            _add_all(tree, value)
        elif key == "faults":
            _add_faults(tree, value)
        elif key != "kind":
            _add(tree, key, value)
    results().print(tree)


def _add_faults(tree: Tree, faults: list[dict[str, str]]) -> None:
    for fault in faults:
        tree.add(plain(f"fault {fault['code']}: {fault['message']}", "yellow"))


def _add_all(tree: Tree, value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _add(tree, key, item)
    else:
        _add(tree, "content", value)


def _add(tree: Tree, key: str, value: Any) -> None:
    """Add one member; what is empty is left out."""
    if value is None or value in ([], {}, ""):
        return
    label = _words(key)
    if key == "faults" and isinstance(value, list):
        _add_faults(tree, value)
    elif isinstance(value, dict):
        _add_all(tree.add(plain(label, "cyan")), value)
    elif isinstance(value, list):
        _add_list(tree, label, value)
    else:
        tree.add(plain(f"{label}: {_text(value)}"))


def _add_list(tree: Tree, label: str, items: list[Any]) -> None:
    if not any(isinstance(item, (dict, list)) for item in items):
        tree.add(plain(f"{label}: {', '.join(map(_text, items))}"))
        return
    branch = tree.add(plain(f"{label} ({len(items)})", "cyan"))
    for index, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            _add(branch, str(index), item)
            continue
        title = next((key for key in _TITLES if isinstance(item.get(key), (str, int))), None)
        name = str(index) if title is None else f"{_words(title)} {_text(item[title])}"
        rest = {key: value for key, value in item.items() if key != title}
        _add_all(branch.add(plain(name)), rest)


def _words(name: str) -> str:
    """Write a name such as notBefore as words, and leave everything else as it is."""
    return _WORD.sub(" ", name).lower() if name.isidentifier() and name[:1].islower() else name


def _text(value: Any) -> str:
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
