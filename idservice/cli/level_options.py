"""Options that choose the level of a signature, and where its proofs come from."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from idservice.services.level_sources import LevelChoice

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")

_SOURCES = (
    click.option(
        "--tsa",
        "tsa_urls",
        multiple=True,
        metavar="URL",
        help="Time-stamping authority; the next one given is asked when it fails.",
    ),
    click.option(
        "--ocsp",
        "ocsp_urls",
        multiple=True,
        metavar="URL",
        help="OCSP responder to ask first; may be repeated.",
    ),
    click.option(
        "--trust",
        "trust_files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Certificates to trust besides our own root, for time-stamps and signers of others.",
    ),
)
Option = Callable[[Callable[..., Any]], Callable[..., Any]]

_NAMES = ("level", "tsa_urls", "ocsp_urls", "trust_files")


def level_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --level and its sources to a command, which gets them as its argument `level`."""
    return _with_options(
        command,
        click.option(
            "--level",
            type=click.Choice(LEVELS),
            help="Level of the signature; without it the one of the settings, usually B-B.",
        ),
    )


def target_level_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that raises levels: --level must be given."""
    return _with_options(
        command,
        click.option(
            "--level",
            type=click.Choice(LEVELS[1:]),
            required=True,
            help="Level to raise all signatures to; B-LTA also renews an archived file.",
        ),
    )


def _with_options(command: Callable[..., Any], level: Option) -> Callable[..., Any]:
    @wraps(command)
    def with_choice(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in _NAMES}
        return command(*args, level=_choice(**given), **kwargs)

    options: tuple[Option, ...] = (*reversed(_SOURCES), level)
    decorated: Callable[..., Any] = with_choice
    return reduce(lambda current, option: option(current), options, decorated)


def _choice(
    level: str | None,
    tsa_urls: tuple[str, ...],
    ocsp_urls: tuple[str, ...],
    trust_files: tuple[Path, ...],
) -> LevelChoice | None:
    """Return what was chosen, or None when nothing was. Raises FileNotReadable."""
    if not (level or tsa_urls or ocsp_urls or trust_files):
        return None
    from idservice.cli.trust_files import read_trust_file
    from idservice.services.level_sources import Baseline, LevelChoice

    chosen = None if level is None else Baseline(level)
    trusted = tuple(item for path in trust_files for item in read_trust_file(path))
    return LevelChoice(chosen, tsa_urls, ocsp_urls, trusted)
