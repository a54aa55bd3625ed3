"""An act is the last statement of its transaction.

Who appends holds the head of the chain until the commit. Who then waits for a row that another
transaction holds, which in turn waits for the head, waits for ever.
"""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import vanta

FOLDER: Final = Path(vanta.__file__).parent
NOTES: Final = {"_note", "note", "_refuse"}
ENDS: Final = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def awaited(node: ast.AST) -> list[ast.Await]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Await)]


def is_act(node: ast.Await) -> bool:
    called = node.value.func if isinstance(node.value, ast.Call) else None
    if not isinstance(called, ast.Attribute):
        return False
    if called.attr == "append":
        return "audit" in ast.unparse(called.value).lower()
    return called.attr in NOTES


def acts(node: ast.AST) -> bool:
    return any(map(is_act, awaited(node)))


def goes_on(statement: ast.stmt) -> bool:
    """Tell whether what stands after a statement may run after its act."""
    if not isinstance(statement, ast.If):
        return True
    parts = [part for part in (statement.body, statement.orelse) if any(map(acts, part))]
    return not all(isinstance(part[-1], ENDS) for part in parts)


def early(statements: Sequence[ast.stmt]) -> Iterator[int]:
    """Give the lines of acts that are followed by another statement of the database."""
    for at, statement in enumerate(statements):
        if not acts(statement):
            continue
        if goes_on(statement) and any(map(awaited, statements[at + 1 :])):
            yield statement.lineno
        for part in ("body", "orelse", "finalbody"):
            yield from early(getattr(statement, part, ()))


def found(source: str) -> list[int]:
    return [
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AsyncWith)
        and any("transaction()" in ast.unparse(item.context_expr) for item in node.items)
        for line in early(node.body)
    ]


def test_every_act_comes_last() -> None:
    looked = {path: path.read_text() for path in FOLDER.rglob("*.py")}
    assert {str(path): lines for path, source in looked.items() if (lines := found(source))} == {}
    assert sum("transaction()" in source and acts(ast.parse(source)) for source in looked.values())


def test_an_early_act_is_seen() -> None:
    block = "async def f():\n  async with conn.transaction():\n"
    assert found(block + "    await self._audit.append(1)\n    await other()\n") == [3]
    assert found(block + "    await other()\n    await self._note(1)\n") == []
    no = "    if no:\n      await self._note(1)\n      return\n    await other()\n"
    assert found(block + no) == []
    assert found(block + no.replace("      return\n", "")) == [3]
