"""The document about later changes: every code in the code is there, and none that is not."""

import re

from support.source import ROOT, package_modules

DOCUMENT = ROOT / "docs" / "later-changes.md"
ROW = re.compile(r"^\| ([a-z]+(?:-[a-z]+)+) \| [a-z, ]+ \| [^|]+ \|$", re.MULTILINE)
CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')


def codes_in_the_code() -> set[str]:
    """Every text that is shaped like a code, in the modules that judge changes."""
    modules = [
        item
        for item in package_modules()
        if re.search(r"\b(?:pdf|pades)\.changes(?:_\w+)?$", item.name)
    ]
    assert len(modules) > 8
    text = "".join(item.path.read_text(encoding="utf-8") for item in modules)
    return {code for code in CODE.findall(text) if not code.startswith("utf-")}


def test_every_code_is_documented() -> None:
    """Whoever gets a code in a report finds it in the table, and the table has no other."""
    documented = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(documented) == len(set(documented))
    assert set(documented) == codes_in_the_code()
