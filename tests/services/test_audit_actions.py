"""Acts are named in one style in the audit log, so that people can search it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import idservice
from idservice.services import home_folder

SERVICES = Path(idservice.__file__).parent / "services"
STYLE = re.compile(r"[a-z]+(_[a-z]+)*\.([a-z]+ed|begun|made)")


def _literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be: one, or one of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _actions(tree: ast.AST) -> Iterator[str]:
    """The actions that are recorded in a module, there or through a method of its own."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            if keyword.arg == "action":
                yield from _literals(keyword.value)
        if isinstance(call.func, (ast.Name, ast.Attribute)):
            name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
            if name in {"_audit", "_record"}:
                yield from (text for item in call.args for text in _literals(item) if "." in text)


def test_every_action_is_a_noun_and_what_was_done_to_it() -> None:
    """Actions read like person.issued: what, a full stop, and a past participle."""
    found = {home_folder.BEGUN, home_folder.COMPLETED}
    for path in SERVICES.glob("*.py"):
        found.update(_actions(ast.parse(path.read_text(encoding="utf-8"))))
    assert len(found) >= 15
    assert {"person.issued", "signature.begun", "pin.locked", "login.succeeded"} <= found
    assert [action for action in sorted(found) if not STYLE.fullmatch(action)] == []
