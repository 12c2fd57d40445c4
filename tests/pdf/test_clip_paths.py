"""Clipping of looks: upright rectangles leave the text to be seen, other shapes may not."""

import pytest

from idservice.pdf.clip_paths import ClipPaths
from idservice.pdf.content_tokens import operations

INSIDE = {
    "its own operator": b"1 1 198 18 re W n",
    "side by side": b"0 0 m 200 0 l 200 20 l 0 20 l h W n",
    "upwards first": b"0 0 m 0 20 l 200 20 l 200 0 l W n",
    "back to the start": b"0 0 m 0 20 l 200 20 l 200 0 l 0 0 l h W n",
    "inside of another one that was left": b"0 0 9 9 re Q 1 1 m 8 1 l 8 8 l 1 8 l h W n",
    "moved and made larger": b"q 2 0 0 2 5 5 cm 0 0 9 9 re W n Q",
    "turned by a right angle": b"0 1 -1 0 9 0 cm 0 0 9 9 re W n",
    "after a path that was painted": b"0 0 m 9 0 l 0 9 l h f 0 0 9 9 re W n",
    "turned only before": b"q .7 .7 -.7 .7 0 0 cm Q 0 0 9 9 re W n",
}
ODD = {
    "nothing": b"W n",
    "three corners": b"0 0 m 9 0 l 0 9 l h W n",
    "five corners": b"0 0 m 9 0 l 9 9 l 5 4 l 0 9 l h W n",
    "crossed sides": b"0 0 m 9 9 l 9 0 l 0 9 l h W n",
    "aslant": b"0 0 m 9 1 l 9 9 l 0 8 l h W n",
    "turned": b".7 .7 -.7 .7 0 0 cm 0 0 9 9 re W n",
    "with a hole": b"0 0 m 9 0 l 9 9 l 0 9 l h 1 1 m 1 8 l 8 8 l 8 1 l h W n",
    "with an even hole": b"0 0 9 9 re 1 1 7 7 re W* n",
    "in two parts": b"0 0 4 9 re 5 0 4 9 re W n",
    "with a curve": b"0 0 9 9 re 0 0 m 1 1 2 2 3 3 c W n",
}


def _conceals(content: bytes) -> bool:
    paths = ClipPaths()
    return any(paths.conceals(operator, operands) for operator, operands in operations(content))


@pytest.mark.parametrize("name", INSIDE)
def test_upright_rectangles_clip_as_programs_do(name: str) -> None:
    """However it is written, an upright rectangle conceals nothing inside of itself."""
    assert not _conceals(INSIDE[name])


@pytest.mark.parametrize("name", ODD)
def test_other_shapes_may_conceal_a_part_of_the_text(name: str) -> None:
    """A shape with other corners, holes or several parts is no clipping that a field needs."""
    assert _conceals(ODD[name])
