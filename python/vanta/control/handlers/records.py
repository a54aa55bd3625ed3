"""`audit`: who did what, newest first."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from vanta.control.commands import Command, Plan
from vanta.control.words import Words, is_number
from vanta.domain import exact
from vanta.domain.command import Actor, CommandInfo, Reply, Table
from vanta.domain.errors import InputError
from vanta.domain.roles import Right
from vanta.store.audit import Audit, AuditRow

MOST: Final = 100
USUAL: Final = 10

AUDIT: Final = CommandInfo(
    name="audit",
    usage="[n | user ID | action]",
    summary="Who did what, newest first",
    group="Admin",
    right=Right.OPERATE,
)


class AuditCommands:
    """Looks only: the rows are written by whoever acts."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def commands(self) -> list[Command]:
        return [Command(AUDIT, self._read)]

    async def _read(self, _actor: Actor, words: Words) -> Plan:
        if not words.are_left:
            return Plan(AUDIT, partial(self._show, USUAL))
        if words.skip("user"):
            return Plan(AUDIT, partial(self._show, USUAL, actor=f"user:{words.user_id()}"))
        word = words.need("what", "a number, user ID, or an action")
        if is_number(word):
            if len(word) > len(str(MOST)) or not 1 <= int(word.removeprefix("#")) <= MOST:
                limit = f"a whole number from 1 to {MOST}"
                raise InputError("E-ARG", field="n", value=word, limit=limit)
            return Plan(AUDIT, partial(self._show, int(word.removeprefix("#"))))
        return Plan(AUDIT, partial(self._show, USUAL, action=word))

    async def _show(self, limit: int, *, actor: str = "", action: str = "") -> Reply:
        rows = await self._audit.recent(limit, actor=actor, action=action)
        return Reply(
            title="Audit",
            lines=() if rows else ("Nothing of this kind is written down.",),
            tables=_tables(rows),
            data={"acts": [_described(row) for row in rows]},
        )


def _tables(rows: Sequence[AuditRow]) -> tuple[Table, ...]:
    if not rows:
        return ()
    shown = tuple(
        ((exact.iso(r.at_ns) or "-")[5:16].replace("T", " "), r.actor, r.action, r.object)
        for r in rows
    )
    return (Table(columns=("At (UTC)", "Who", "Did", "To"), rows=shown),)


def _described(row: AuditRow) -> dict[str, object]:
    return {
        "id": row.id,
        "at": exact.iso(row.at_ns),
        "actor": row.actor,
        "action": row.action,
        "object": row.object,
        "detail": row.detail,
        "trace_id": row.trace_id,
    }
