"""`idservice diff`: what each revision of a PDF changed, and who signed it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli import failures
from idservice.cli.secrets_input import password_options, read_password
from idservice.cli.terminal import plain, print_json, results

if TYPE_CHECKING:
    from rich.tree import Tree

    from idservice.cli.context import AppContext
    from idservice.services.revision_comparison import RevisionChange, RevisionDifference

_MAX_NAME = 200
_STYLES = {"permitted": "green", "forbidden": "bold red", "not-analysed": "yellow"}


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@password_options
@click.pass_obj
def diff(
    context: AppContext,
    file: Path,
    as_json: bool,
    password: str | None,
    password_file: Path | None,
) -> int:
    """Show what each revision of a PDF changed, and who signed it.

    Every revision is compared with the one before, object by object. Changes after the first
    signature are marked as permitted or forbidden. Ends with 1 when one is not permitted, with
    0 otherwise.
    """
    from idservice.services.documents import open_document
    from idservice.services.revision_comparison import compare_revisions

    secret = read_password(given=password, file=password_file)
    settings = context.settings.validation
    with open_document(file, settings.max_document_bytes) as document:
        revisions = compare_revisions(document.data, settings, password=secret)
        document.require_unchanged()
    if as_json:
        print_json({"file": str(file), "revisions": [_json(item) for item in revisions]})
    else:
        _show(file, revisions)
    verdicts = {change.verdict for item in revisions for change in item.changes}
    return failures.FAILED if verdicts & {"forbidden", "not-analysed"} else failures.DONE


def _json(item: RevisionDifference) -> dict[str, Any]:
    return {
        "revision": item.number,
        "start": item.start,
        "end": item.end,
        "objects": {"added": item.added, "changed": item.changed, "removed": item.removed},
        "signatures": list(item.signatures),
        "timeStamps": list(item.time_stamps),
        "changes": [
            {
                "code": change.code,
                "page": change.page,
                "message": change.message,
                "verdict": change.verdict,
            }
            for change in item.changes
        ],
    }


def _show(file: Path, revisions: tuple[RevisionDifference, ...]) -> None:
    from rich.tree import Tree

    count = len(revisions)
    tree = Tree(plain(f"{file}: {count} {'revision' if count == 1 else 'revisions'}", "bold"))
    for item in revisions:
        branch = tree.add(plain(_heading(item), "bold"))
        for name in item.signatures:
            branch.add(plain(f"signed in the field {failures.printable(name, _MAX_NAME)}", "cyan"))
        for name in item.time_stamps:
            field = failures.printable(name, _MAX_NAME)
            branch.add(plain(f"time-stamped in the field {field}", "cyan"))
        for change in item.changes:
            _add_change(branch, change)
    results().print(tree)


def _heading(item: RevisionDifference) -> str:
    size = f"bytes {item.start} to {item.end}"
    if item.number == 1:
        return f"Revision 1 ({size}): the document as it was made"
    objects = f"{item.added} objects added, {item.changed} changed, {item.removed} removed"
    return f"Revision {item.number} ({size}): {objects}"


def _add_change(tree: Tree, change: RevisionChange) -> None:
    verdict = "" if change.verdict is None else f"{change.verdict}: "
    style = "" if change.verdict is None else _STYLES.get(change.verdict, "")
    tree.add(plain(f"{verdict}{change.message} [{change.code}]", style))
