"""`admin` and `system_status`: how the house is, on one page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from vanta.checks import Check, run_checks
from vanta.control.commands import Command, Plan
from vanta.control.operating import Operating
from vanta.control.words import Words
from vanta.domain import exact
from vanta.domain.command import Actor, CommandInfo, Reply, Table
from vanta.domain.ports import Books, Clock, SystemControls
from vanta.domain.roles import Right, Standing
from vanta.domain.system import Stop
from vanta.domain.units import format_scaled
from vanta.store.users import Users

ADMIN: Final = CommandInfo(
    name="admin",
    usage="",
    summary="The house on one page, and its commands",
    group="Admin",
    right=Right.OPERATE,
    menu=True,
)
SYSTEM_STATUS: Final = CommandInfo(
    name="system_status",
    usage="",
    summary="Mode and why, parts, queues, tasks",
    group="Admin",
    right=Right.OPERATE,
    menu=True,
)

Count = Callable[[], Awaitable[int]]


class SystemCommands:
    """Asks every part how it is.

    `queues` count what waits, by name; `tasks` describes the supervised tasks in JSON values;
    `listing` are the commands of a role.
    """

    def __init__(
        self,
        *,
        operating: Operating,
        controls: SystemControls,
        checks: Mapping[str, Check],
        queues: Mapping[str, Count],
        tasks: Callable[[], Mapping[str, Mapping[str, Any]]],
        listing: Callable[[str], Sequence[CommandInfo]],
        users: Users,
        books: Books,
        clock: Clock,
    ) -> None:
        self._operating = operating
        self._controls = controls
        self._checks = checks
        self._queues = queues
        self._tasks = tasks
        self._listing = listing
        self._users = users
        self._books = books
        self._clock = clock
        self._started_ns = clock.mono_ns()

    def commands(self) -> list[Command]:
        return [Command(ADMIN, self._read_admin), Command(SYSTEM_STATUS, self._read_status)]

    async def _read_admin(self, actor: Actor, _words: Words) -> Plan:
        return Plan(ADMIN, partial(self._admin, actor))

    async def _read_status(self, actor: Actor, _words: Words) -> Plan:
        return Plan(SYSTEM_STATUS, partial(self._status, actor))

    async def _admin(self, actor: Actor) -> Reply:
        everybody = await self._users.all()
        waiting = sum(u.standing == Standing.WAITING for u in everybody)
        positions = len(self._books.open_positions())
        infos = [i for i in self._listing(actor.user.role) if i.right in _OPERATING]
        mode = await self._operating.describe(actor)
        lines = [
            mode.title,
            *self._stopped(),
            f"People {len(everybody)}, waiting {waiting}",
            f"Open positions {positions}",
        ]
        return Reply(
            title="Admin",
            lines=tuple(lines),
            tables=(
                Table(
                    columns=("Command", "What it does"),
                    rows=tuple((i.name, i.summary) for i in infos),
                ),
            ),
            data={
                "mode": mode.data,
                "people": len(everybody),
                "waiting": waiting,
                "open_positions": positions,
                "commands": [i.name for i in infos],
            },
        )

    def _stopped(self) -> list[str]:
        state = self._controls.state
        if state.stop is Stop.NONE:
            return []
        why = f": {state.stop_reason}" if state.stop_reason else ""
        since = (
            f" since {(exact.iso(state.stopped_ns) or '')[11:16]} UTC" if state.stopped_ns else ""
        )
        held = [f"Held by {holder}" for holder in self._controls.held_by()]
        return [f"Emergency stop ({state.stop.value}){since}{why}", *held]

    async def _status(self, actor: Actor) -> Reply:
        mode = await self._operating.describe(actor)
        parts = await run_checks(self._checks)
        queues = await run_checks({name: _counted(count) for name, count in self._queues.items()})
        restarted = {name: task for name, task in self._tasks().items() if _is_troubled(task)}
        up_ns = self._clock.mono_ns() - self._started_ns
        failing = [name for name, (ok, _) in parts.items() if not ok]
        lines = [
            *mode.lines,
            *self._stopped(),
            f"Up {_how_long(up_ns)}",
            f"Not ready: {', '.join(failing)}" if failing else "Every part is ready.",
        ]
        return Reply(
            title="System",
            lines=tuple(lines),
            tables=_tables(parts, queues, restarted),
            data={
                "mode": {**mode.data, "held_by": list(self._controls.held_by())},
                "uptime_s": format_scaled(up_ns, decimals=9, places=1),
                "now": exact.iso(self._clock.now_ns()),
                "parts": {name: {"ok": ok, "detail": text} for name, (ok, text) in parts.items()},
                "queues": {name: int(n) if ok else None for name, (ok, n) in queues.items()},
                "tasks": {name: dict(task) for name, task in self._tasks().items()},
            },
        )


_OPERATING: Final = frozenset({Right.OPERATE, Right.GOVERN})


def _counted(count: Count) -> Check:
    async def check() -> tuple[bool, str]:
        return True, str(await count())

    return check


def _is_troubled(task: Mapping[str, Any]) -> bool:
    return bool(task.get("restarts")) or not task.get("running", True)


def _tables(
    parts: Mapping[str, tuple[bool, str]],
    queues: Mapping[str, tuple[bool, str]],
    restarted: Mapping[str, Mapping[str, Any]],
) -> tuple[Table, ...]:
    states = tuple((name, "ok" if ok else "FAILS") for name, (ok, _) in parts.items())
    counts = tuple((name, text if ok else "?") for name, (ok, text) in queues.items())
    tasks = tuple(
        (name, "runs" if task.get("running") else "down", str(task.get("restarts", 0)))
        for name, task in restarted.items()
    )
    tables = (
        Table(columns=("Part", "State"), rows=states),
        Table(columns=("Queue", "Waiting"), rows=counts),
        Table(columns=("Task", "State", "Restarts"), rows=tasks),
    )
    return tuple(table for table in tables if table.rows)


def _how_long(ns: int) -> str:
    minutes = ns // (60 * 10**9)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return f"{days} d {hours} h {minutes} min" if days else f"{hours} h {minutes} min"
