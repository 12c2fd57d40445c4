"""Large documents: how much memory it takes to sign, extend and verify them."""

from pathlib import Path

import pytest

from support import pdfs
from support.homes import PERSON, PIN2
from support.peak_memory import peak_memory

MEGABYTE = 1024 * 1024
DOCUMENT_MEGABYTES = 110
ALLOWANCE = 64 * MEGABYTE


@pytest.mark.slow
def test_a_large_document_is_in_memory_once(home: Path, tmp_path: Path) -> None:
    """Every process needs at most what an idle one does, the document, and 64 MB."""
    plain, signed, renewed = (tmp_path / name for name in ("a.pdf", "b.pdf", "c.pdf"))
    plain.write_bytes(pdfs.multi_megabyte(DOCUMENT_MEGABYTES))
    limit = peak_memory(home, "person", "list") + plain.stat().st_size + ALLOWANCE
    key = ("--as", PERSON, "--pin", PIN2)
    level = ("--level", "B-LTA")
    steps: dict[str, tuple[str | Path, ...]] = {
        "sign": ("sign", plain, "-o", signed, *key, *level),
        "extend": ("extend", signed, "-o", renewed, *level),
        "verify": ("verify", renewed),
    }
    peaks = {name: peak_memory(home, *arguments) for name, arguments in steps.items()}
    for path in (plain, signed, renewed):
        path.unlink()
    over = {name: peak - limit for name, peak in peaks.items() if peak > limit}
    assert not over, f"bytes beyond the {limit} allowed: {over}"
