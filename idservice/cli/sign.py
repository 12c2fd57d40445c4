"""`idservice sign`: sign any number of PDF files with one key and one PIN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idservice.cli import failures
from idservice.cli.attribute_options import attribute_options
from idservice.cli.batch_options import BatchChoice, batch_options
from idservice.cli.context import AppContext
from idservice.cli.key_options import chosen_key, key_options
from idservice.cli.level_options import level_options
from idservice.cli.secrets_input import password_options, read_password, read_pin
from idservice.cli.stamp_options import stamp_options
from idservice.cli.targets import make_folder, targets_for
from idservice.errors import IdServiceError

if TYPE_CHECKING:
    from idservice.services.file_signing import FileOrder, FileSigner, SignedFile
    from idservice.services.level_sources import LevelChoice
    from idservice.services.signature_options import SignerWishes
    from idservice.services.stamps import StampChoice

SUFFIX = ".signed.pdf"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: it was signed, or an error says why not."""

    order: FileOrder
    signed: SignedFile | None
    error: IdServiceError | None


@click.command()
@click.argument("files", nargs=-1, metavar="IN…", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Output, for one input.")
@click.option(
    "--out-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the outputs, which keep the names of their inputs.",
)
@batch_options
@key_options
@click.option("--reason", help="Why it is signed; viewers show it.")
@click.option("--location", help="Where it is signed.")
@click.option("--contact", help="How to reach the signer.")
@click.option("--field", help="Name of an empty signature field of the document.")
@click.option("--new-field", metavar="NAME", help="Name of the new signature field.")
@stamp_options
@attribute_options
@level_options
@password_options
@click.option("--repair", is_flag=True, help="Rewrite a damaged file first, if nobody signed it.")
@click.option("--force", is_flag=True, help="Replace existing outputs; never an input.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
@click.pass_obj
def sign(
    app: AppContext,
    files: tuple[Path, ...],
    output: Path | None,
    out_dir: Path | None,
    person: str | None,
    card: Path | None,
    pin: str | None,
    pin_file: Path | None,
    reason: str | None,
    location: str | None,
    contact: str | None,
    field: str | None,
    new_field: str | None,
    password: str | None,
    password_file: Path | None,
    repair: bool,
    force: bool,
    as_json: bool,
    wishes: SignerWishes,
    stamp: StampChoice | None,
    level: LevelChoice | None,
    batch: BatchChoice | None,
) -> int:
    """Sign PDF files (PAdES baseline signatures) with PIN2.

    Without -o or --out-dir the output of a.pdf is a.signed.pdf beside it. The PIN is
    asked and tried once for all files. One file that fails does not stop the others; the
    exit code is the highest of them all.

    --batch DIR --out DIR signs all PDF files of a folder on every processor. What became of
    each is in manifest.jsonl; after a kill, the same command with --resume goes on.
    """
    from idservice.services.file_signing import FileOrder, SignatureOptions

    choice = chosen_key(person, card)
    _require_inputs(files, output, out_dir, batch)
    targets = targets_for(files, output, out_dir, SUFFIX)
    options = SignatureOptions(reason, location, contact, field, wishes, stamp, new_field)
    if out_dir is not None:
        make_folder(out_dir)
    opens = read_password(given=password, file=password_file)
    orders = [
        FileOrder(source, target, options, password=opens, repair=repair, replace=force)
        for source, target in zip(files, targets, strict=True)
    ]
    pin2 = read_pin("pin2", given=pin, file=pin_file, holder=choice.shown)
    services = app.services()
    key = services.own_keys.for_signing(choice, pin2)
    signer = services.file_signing.with_key(key, wishes, level)
    if batch is not None:
        from idservice.cli.batch import run_batch
        from idservice.services.batch_signing import BatchSigning
        from idservice.services.batch_worker import BatchOrder

        order = BatchOrder(batch.source, batch.target, options, opens, repair=repair, replace=force)
        work = BatchSigning(order, signer, clock=services.clock, workers=batch.workers)
        return run_batch(work, resume=batch.resume, as_json=as_json)
    show = _print_json_line if as_json else _print_line
    outcomes = _sign_all(signer, orders, show)
    if not as_json and len(outcomes) > 1:
        _print_summary(outcomes)
    return _exit_code(outcomes)


def _require_inputs(
    files: Sequence[Path],
    output: Path | None,
    out_dir: Path | None,
    batch: BatchChoice | None,
) -> None:
    if batch is None and not files:
        raise click.UsageError("Name the files to sign, or a folder with --batch.")
    if batch is not None and (files or output or out_dir):
        raise click.UsageError("--batch takes its inputs from its folder and writes to --out.")


def _sign_all(
    signer: FileSigner, orders: Sequence[FileOrder], show: Callable[[Outcome], None]
) -> list[Outcome]:
    from rich.progress import Progress

    from idservice.cli.terminal import talk

    console = talk()
    outcomes = []
    with Progress(
        console=console, transient=True, disable=not console.is_terminal or len(orders) < 2
    ) as progress:
        for order in progress.track(orders, description="Signing"):
            outcome = _sign_one(signer, order)
            outcomes.append(outcome)
            show(outcome)
    return outcomes


def _sign_one(signer: FileSigner, order: FileOrder) -> Outcome:
    from idservice.errors import Configuration, Dependency

    try:
        return Outcome(order, signer.sign(order), None)
    except (Configuration, Dependency):
        raise  # the next file would fail alike
    except IdServiceError as exc:
        return Outcome(order, None, exc)


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return the highest exit code of all files: that of a single file is its error's own."""
    codes = [failures.exit_code(type(item.error)) for item in outcomes if item.error is not None]
    return max(codes, default=failures.DONE)


def _print_line(outcome: Outcome) -> None:
    from idservice.cli.terminal import plain, plain_lines, results, talk

    if outcome.signed is not None:
        results().print(plain(f"{outcome.order.source} → {outcome.order.target}"))
        for fault in outcome.signed.repaired_faults:
            talk().print(plain(f"  repaired: {fault}", style="yellow"))
    elif outcome.error is not None:
        talk().print(plain(f"{outcome.order.source} was not signed", style="bold red"))
        talk().print(plain_lines(failures.message(outcome.error).splitlines()))


def _print_json_line(outcome: Outcome) -> None:
    from idservice.cli.terminal import print_json

    value: dict[str, Any] = {"file": str(outcome.order.source), "status": "failed"}
    if outcome.signed is not None:
        value |= {
            "status": "signed",
            "output": str(outcome.signed.target),
            "field": outcome.signed.field_name,
            "level": outcome.signed.level,
            "size": outcome.signed.size,
            "repaired": list(outcome.signed.repaired_faults),
        }
    if outcome.error is not None:
        error = outcome.error
        value["error"] = {"code": error.code, "message": error.detail, "fix": error.fix}
    print_json(value, indent=None)


def _print_summary(outcomes: Sequence[Outcome]) -> None:
    from idservice.cli.terminal import talk

    failed = sum(item.error is not None for item in outcomes)
    talk().print(f"{len(outcomes) - failed} signed, {failed} failed")
