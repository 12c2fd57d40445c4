"""`idservice extend`: raise the level of signatures that exist, and renew archived files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli import failures
from idservice.cli.context import AppContext
from idservice.cli.level_options import target_level_options
from idservice.cli.secrets_input import password_options, read_password
from idservice.cli.targets import make_folder, targets_for
from idservice.errors import Configuration, Dependency, IdServiceError

if TYPE_CHECKING:
    from idservice.services.extending import ExtendedFile, Extending, ExtensionOrder
    from idservice.services.level_sources import LevelChoice

SUFFIX = ".extended.pdf"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Output, for one file.")
@click.option(
    "--out-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the outputs, which keep the names of the files.",
)
@target_level_options
@password_options
@click.option("--force", is_flag=True, help="Replace existing outputs; never an input.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
@click.pass_obj
def extend(
    app: AppContext,
    files: tuple[Path, ...],
    output: Path | None,
    out_dir: Path | None,
    password: str | None,
    password_file: Path | None,
    force: bool,
    as_json: bool,
    level: LevelChoice,
) -> int:
    """Raise all signatures of PDF files to a level; no key and no PIN are needed.

    Without -o or --out-dir the output of a.pdf is a.extended.pdf beside it. A file that has
    the level is copied unchanged, except that B-LTA renews: it adds proofs about the last
    document time-stamp, and a new one. One file that fails does not stop the others.
    """
    from idservice.services.extending import ExtensionOrder

    targets = targets_for(files, output, out_dir, SUFFIX)
    if out_dir is not None:
        make_folder(out_dir)
    opens = read_password(given=password, file=password_file)
    extending = app.services().extending(level)
    codes = [failures.DONE]
    for source, target in zip(files, targets, strict=True):
        order = ExtensionOrder(source, target, password=opens, replace=force)
        codes.append(_extend_one(extending, order, as_json=as_json))
    return max(codes)


def _extend_one(extending: Extending, order: ExtensionOrder, *, as_json: bool) -> int:
    try:
        extended = extending.extend(order)
    except (Configuration, Dependency) as exc:
        if as_json:
            _print_json(order.source, None, exc)
        raise  # the next file would fail alike
    except IdServiceError as exc:
        _show(order.source, None, exc, as_json=as_json)
        return failures.exit_code(type(exc))
    _show(order.source, extended, None, as_json=as_json)
    return failures.DONE


def _show(
    source: Path, extended: ExtendedFile | None, error: IdServiceError | None, *, as_json: bool
) -> None:
    from idservice.cli.terminal import plain, plain_lines, results, talk

    if as_json:
        _print_json(source, extended, error)
    elif extended is not None:
        done = extended.level.value if extended.changed else "unchanged: it has the level"
        results().print(plain(f"{source} → {extended.target} ({done})"))
    elif error is not None:
        talk().print(plain(f"{source} was not extended", style="bold red"))
        talk().print(plain_lines(failures.message(error).splitlines()))


def _print_json(source: Path, extended: ExtendedFile | None, error: IdServiceError | None) -> None:
    from idservice.cli.terminal import print_json

    value: dict[str, Any] = {"file": str(source), "status": "failed"}
    if extended is not None:
        value |= {
            "status": "extended" if extended.changed else "unchanged",
            "output": str(extended.target),
            "level": extended.level.value,
            "size": extended.size,
        }
    if error is not None:
        value["error"] = {"code": error.code, "message": error.detail, "fix": error.fix}
    print_json(value, indent=None)
