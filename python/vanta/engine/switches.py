"""Switches: what operators have set, in force at once and durable, never looser by accident.

    rows of `controls`   mode, stop, maintenance; written with their audit row and who is told
    pending changes      in force before they are written, as far as they restrict
    HOME/STOP            a file anybody at the machine can make: `opens` or `all`, then a reason
    VANTA_STOP           the same for as long as the process runs

The state in force is the strictest of all of them. A stop of any kind sets the system to DRY, so
that lifting it never brings LIVE back. Without a database a stop still takes effect, and is kept
in the stop file until it can be written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from vanta import logs
from vanta.domain.enums import Mode
from vanta.domain.ports import Clock
from vanta.domain.system import Notice, Stop, SystemState, mode_of, read_stop, stop_text
from vanta.engine.stop_file import StopFile
from vanta.metrics import Metrics
from vanta.store.audit import Audit
from vanta.store.controls import Control, Controls
from vanta.store.outbox import Outbox
from vanta.store.pool import Conn, Pool
from vanta.supervise import beat

_log = logs.get(__name__)

MODE: Final = "mode"
STOP: Final = "stop"
MAINTENANCE: Final = "maintenance"
_KEYS: Final = (MODE, STOP, MAINTENANCE)

LOOK_NS: Final = 250_000_000
LOOK_S: Final = 0.25
REREAD_EVERY: Final = 4  # looks, so once a second
WRITE_WITHIN_S: Final = 2.0

Edit = Callable[[SystemState], SystemState]


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """One act of an operator on its way to the database."""

    edit: Edit
    by: str
    action: str
    trace_id: str
    at_ns: int
    notice: Notice | None = None

    def restricting(self, state: SystemState) -> SystemState:
        return state.restricted(self.edit(state))


class Switches:
    """Holds the state in memory; implements `SystemControls`."""

    def __init__(
        self,
        *,
        controls: Controls,
        audit: Audit,
        pool: Pool,
        clock: Clock,
        metrics: Metrics,
        stop_file: Path,
        environment: Stop = Stop.NONE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._controls = controls
        self._audit = audit
        self._pool = pool
        self._outbox = Outbox(pool)
        self._clock = clock
        self._metrics = metrics
        self._file = StopFile(stop_file)
        self._environment = environment
        self._sleep = sleep
        self._durable = SystemState()
        self._readable = False
        self._pending: list[_Change] = []  # bounded: what changes nothing is not kept
        self._file_since_ns = 0
        self._looked_ns = clock.mono_ns() - LOOK_NS
        self._version = 0
        self._writing = asyncio.Lock()
        self._state = SystemState()
        self._told = SystemState()  # in the log
        self.look()

    # --- reading --------------------------------------------------------------------------------

    @property
    def state(self) -> SystemState:
        """What is in force now, all switches together."""
        self.look()
        return self._state

    @property
    def readable(self) -> bool:
        """Tell whether the last look at the database was answered."""
        return self._readable

    @property
    def wants_live(self) -> bool:
        """Tell whether operators have set LIVE, whatever has come between."""
        return self._durable.mode is Mode.LIVE and not self._pending

    def held_by(self) -> Sequence[str]:
        """Name the stops that no command can lift: the file and the environment."""
        self._look_now()
        held = []
        if self._file.stop is not Stop.NONE and not self._file.is_own:
            held.append(f"the file {self._file.path}")
        if self._environment is not Stop.NONE:
            held.append(f"VANTA_STOP={self._environment.value}")
        return held

    def look(self) -> None:
        """Look for the stop file, at most each 250 ms."""
        mono_ns = self._clock.mono_ns()
        if not 0 <= mono_ns - self._looked_ns < LOOK_NS:
            self._look_now()

    def _look_now(self) -> None:
        self._looked_ns = self._clock.mono_ns()
        was = self._file.stop
        if self._file.look():
            if was is Stop.NONE:
                self._file_since_ns = self._clock.now_ns()
            # On record, and DRY for good: LIVE does not come back when the file goes away.
            self._note(f"file:{self._file.stop.value}", "system.stop_file")
        self._settle()

    async def reread(self) -> None:
        """Take over what the database says, and write what it was not there for.

        Raises what the database raises; then the mode is DRY and a stop stays.
        """
        try:
            if self._pending and not self._writing.locked():
                await self._write_pending()
            version = self._version
            rows = await self._controls.read(_KEYS)
        except BaseException:
            self._readable = False
            self._settle()
            raise
        if version == self._version:  # else something was set while we were asking
            self._durable = _state_of(rows)
            self._readable = True
        self._settle()

    async def run(self) -> None:
        """Look at the file, and each second at the database, for ever."""
        while True:
            for _ in range(REREAD_EVERY):
                beat()
                self.look()
                await self._sleep(LOOK_S)
            try:
                await self.reread()
            except Exception as error:
                _log.warning("switches.not_read", error=f"{type(error).__name__}: {error}"[:200])

    # --- setting --------------------------------------------------------------------------------

    async def apply(
        self,
        edit: Edit,
        by: str,
        *,
        action: str,
        trace_id: str = "",
        notice: Notice | None = None,
    ) -> bool:
        """Change the state; True when it is durable.

        What it restricts is in force before this waits for anything; what it loosens only once
        it is durable. False: the database did not take it. Then what restricts stays in force, a
        stop is in the stop file, and it is written as soon as the database is back.
        """
        change = _Change(
            edit=edit,
            by=by,
            action=action,
            trace_id=trace_id,
            at_ns=self._clock.now_ns(),
            notice=notice,
        )
        self._pending.append(change)
        self._version += 1
        self._settle()
        try:
            await self._write_pending()
        except Exception as error:
            _log.exception("switches.not_written", action=action, error=type(error).__name__)
            return not self._owe(change)
        except BaseException:
            self._owe(change)
            raise
        return True

    async def _write_pending(self) -> None:
        """Write what waits, first set first: a stop that is owed comes before its resume."""
        async with self._writing:
            while self._pending:
                await self._write(self._pending[0])
        if self._file.is_own:
            self._file.take_back()
            self._settle()

    async def _write(self, change: _Change) -> None:
        async with (
            asyncio.timeout(WRITE_WITHIN_S),
            self._pool.acquire() as conn,
            conn.transaction(),
        ):
            before = _state_of(await self._controls.read(_KEYS, conn))
            after = change.edit(before)
            old, new = _rows_of(before), _rows_of(after)
            changed = {key: value for key, value in new.items() if value != old[key]}
            await self._controls.set(changed, change.by, change.at_ns, conn)
            await self._tell(conn, change)
            await self._audit.append(
                conn,
                change.by,
                change.action,
                "system",
                {"before": before, "after": after},
                change.trace_id,
                change.at_ns,
            )
        self._version += 1
        self._durable = after
        self._readable = True
        self._forget(change)
        self._settle()

    async def _tell(self, conn: Conn, change: _Change) -> None:
        if (notice := change.notice) is not None:
            await self._outbox.put_to_roles(
                conn,
                f"{notice.kind}:{change.at_ns}",
                notice.roles,
                notice.kind,
                notice.priority,
                {"text": notice.text},
                change.at_ns,
                but=notice.but,
            )

    def _forget(self, change: _Change) -> bool:
        kept = [other for other in self._pending if other is not change]
        was_there = len(kept) < len(self._pending)
        self._pending = kept
        return was_there

    def _owe(self, change: _Change) -> bool:
        """Keep of an unwritten change what restricts; put a stop in the file.

        False when it was written after all, by who wrote the ones before it.
        """
        if not self._forget(change):
            return False
        if change.restricting(self._durable) != self._durable:
            self._pending.append(msgspec.structs.replace(change, edit=change.restricting))
        self._settle()
        if self._state.stop.level > self._file.stop.level:
            self._file.write(self._state.stop, self._state.stop_reason)
        return True

    # --- one state of all of them -----------------------------------------------------------------

    def _settle(self) -> None:
        state = self._durable
        for change in self._pending:
            state = change.restricting(state)
        state = state.stopped(self._file.stop, self._file.reason, self._file_since_ns)
        state = state.stopped(self._environment, "VANTA_STOP is set", 0)
        if state.stop is not Stop.NONE and state.mode is Mode.LIVE:
            self._note("system", "system.mode")
            state = _to_dry(state)
        if not self._readable:
            state = _to_dry(state)  # no answer is no permission
        self._state = state
        self._metrics.stop_level.set(state.stop.level)
        self._metrics.maintenance.set(1 if state.maintenance else 0)
        if state != self._told:
            _log.warning(
                "switches.changed",
                mode=state.mode.value,
                stop=state.stop.value,
                reason=state.stop_reason,
                maintenance=state.maintenance,
            )
            self._told = state

    def _note(self, by: str, action: str) -> None:
        """Have DRY and who caused it written with the next look at the database."""
        # Of those that wait the newest is enough: a file may come and go while nobody can write.
        self._pending = [change for change in self._pending if change.action != action]
        at_ns = self._clock.now_ns()
        self._pending.append(_Change(edit=_to_dry, by=by, action=action, trace_id="", at_ns=at_ns))


def _to_dry(state: SystemState) -> SystemState:
    return msgspec.structs.replace(state, mode=Mode.DRY)


def _state_of(rows: dict[str, Control]) -> SystemState:
    """Read the rows; what cannot be understood is taken as the stricter."""
    stop, reason, stopped_ns = Stop.NONE, "", 0
    if (row := rows.get(STOP)) is not None and row.value != Stop.NONE.value:
        stop, reason = read_stop(row.value)
        stopped_ns = row.at_ns
    word, _, text = rows[MAINTENANCE].value.partition("\n") if MAINTENANCE in rows else ("off",) * 3
    until = word.removeprefix("on").strip()
    return SystemState(
        mode=mode_of(rows[MODE].value if MODE in rows else None),
        stop=stop,
        stop_reason=reason,
        stopped_ns=stopped_ns,
        maintenance=word != "off",
        maintenance_text="" if word == "off" else text,
        maintenance_until_ns=int(until) if until.isascii() and until.isdigit() else 0,
    )


def _rows_of(state: SystemState) -> dict[str, str]:
    until = f"on {state.maintenance_until_ns}\n{state.maintenance_text}"
    return {
        MODE: state.mode.value,
        STOP: stop_text(state.stop, state.stop_reason),
        MAINTENANCE: until if state.maintenance else "off",
    }
