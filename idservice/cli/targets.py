"""Where commands that turn files into files put their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from idservice.errors import FileNotWritable


def targets_for(
    files: Sequence[Path], output: Path | None, out_dir: Path | None, suffix: str
) -> list[Path]:
    """Name the output of each input, and refuse before anything is done what would collide.

    Without `output` and `out_dir` it stands beside its input, with `suffix` for .pdf.
    """
    if output is not None and (len(files) > 1 or out_dir is not None):
        raise click.UsageError("-o is for one input; use --out-dir for several.")
    if output is not None:
        return [output]
    targets = [
        out_dir / source.name if out_dir else source.with_name(f"{source.stem}{suffix}")
        for source in files
    ]
    repeated = {str(target) for target in targets if targets.count(target) > 1}
    if repeated:
        raise click.UsageError(f"Several inputs would be written to {', '.join(sorted(repeated))}.")
    return targets


def make_folder(folder: Path) -> None:
    """Make the folder of the outputs before anything is done. Raises FileNotWritable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise FileNotWritable(
            f"The folder {folder} cannot be made, so no output could be written there.",
            "Name a folder that you may write to.",
        ) from exc
