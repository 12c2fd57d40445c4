"""docs/robustness.md names the budgets and parsers that there are."""

from __future__ import annotations

import re
from pathlib import Path

from idservice.cms import parsing
from idservice.pades import evidence
from idservice.pdf import limits, security_store, signatures
from idservice.settings import load_settings
from support.fuzz_targets import TARGETS
from support.source import ROOT

DOCUMENT = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
MEGABYTE = 1024 * 1024


def limit(what: str) -> str:
    """The second cell of the row of a table."""
    [found] = re.findall(rf"^\| {re.escape(what)} \| ([^|]+) \|", DOCUMENT, re.MULTILINE)
    return str(found)


def numbers(what: str) -> list[int]:
    """All numbers of a limit."""
    return [int(item.replace(",", "")) for item in re.findall(r"\d[\d,]*", limit(what))]


def test_every_parser_that_is_fuzzed_has_its_row() -> None:
    """The table of changed inputs lists all targets of `make fuzz`, in order, and nothing else."""
    table = DOCUMENT.partition("## Changed inputs")[2]
    assert re.findall(r"^\| ([a-z-]+) \| [\d,]+ \|", table, re.MULTILINE) == sorted(TARGETS)


def test_the_budgets_are_those_of_the_code(tmp_path: Path) -> None:
    """Each number in the table of budgets is the one that counts."""
    settings = load_settings(tmp_path).validation
    assert numbers("one document") == [settings.max_document_bytes // MEGABYTE]
    assert numbers("CPU time for one document") == [settings.cpu_seconds]
    assert numbers("memory for one document") == [settings.memory_bytes // MEGABYTE]
    assert numbers("documents at the same time") == [settings.parallel]
    assert numbers("objects of a PDF") == [limits.MAX_OBJECTS]
    assert numbers("cross-reference sections") == [limits.MAX_SECTIONS]
    assert numbers("depth of page and field trees") == [limits.MAX_TREE_DEPTH]
    assert numbers("what object streams hold when decoded") == [
        limits.MAX_DECODED_BYTES // MEGABYTE
    ]
    assert numbers("signatures in one document") == [signatures.MAX_SIGNATURES]
    store = [security_store.MAX_ITEMS, security_store.MAX_STORE_BYTES // MEGABYTE]
    assert numbers("entries in a security store") == store
    message = [parsing.MAX_BYTES // MEGABYTE, parsing.MAX_CERTIFICATES]
    assert numbers("a CMS message") == message
    lists = evidence.MAX_LISTS_BYTES // MEGABYTE
    assert numbers("revocation lists in one validation") == [lists]
    assert numbers("statements about one certificate") == [evidence.MAX_STATEMENTS]
