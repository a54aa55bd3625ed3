"""Operating: the acts that change what the whole system may do, each shown before and after.

Right, step-up, confirmation and second person were the gate's matter before any of this is called.
Falling to safety is easy and at once; what takes risk again says what becomes real.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import msgspec

from vanta.domain.command import Actor, Channel, Reply
from vanta.domain.enums import Mode
from vanta.domain.ports import Clock, SystemControls
from vanta.domain.roles import Right, Role, may
from vanta.domain.system import REASON_LIMIT, Notice, Stop, SystemState, maintenance_words, mode_of
from vanta.domain.verdict import Reason
from vanta.store.audit import Audit
from vanta.store.outbox import REPLY, RISK
from vanta.store.pool import Pool
from vanta.store.positions import Positions
from vanta.store.users import Users

TEXT_LIMIT: Final = 300
NAMED: Final = 10  # so many people are named, the rest is counted
_EVERYBODY: Final = tuple(role.value for role in Role)
_OPERATORS: Final = tuple(role.value for role in Role if may(role, Right.OPERATE))


class ModeBook(Protocol):
    """The engine's effective modes."""

    @property
    def can_send(self) -> bool: ...

    def effective(self, wanted: Mode, user: str) -> tuple[Mode, str]: ...

    def system(self) -> tuple[Mode, str]: ...

    def against(self, user: str) -> list[str]: ...


class Operating:
    """Stop, resume, maintenance and modes."""

    def __init__(
        self,
        *,
        system: SystemControls,
        modes: ModeBook,
        pool: Pool,
        clock: Clock,
        changed: Callable[[int], Awaitable[None]],
        canary: str = "",
    ) -> None:
        self._system = system
        self._modes = modes
        self._pool = pool
        self._clock = clock
        self._changed = changed
        self._canary = canary
        self._users = Users(pool)
        self._positions = Positions(pool)
        self._audit = Audit(pool)

    # --- falling to safety ------------------------------------------------------------------------

    async def stop(self, actor: Actor, level: Stop, reason: str) -> Reply:
        """Stop opens, or everything; a stricter stop that is in force stays."""
        now_ns = self._clock.now_ns()

        def edit(state: SystemState) -> SystemState:
            stopped = state.stopped(level, reason[:REASON_LIMIT], now_ns)
            return msgspec.structs.replace(stopped, mode=Mode.DRY)

        before = self._system.state
        stop = max(before.stop, level, key=lambda one: one.level)
        notice = _to_operators(actor, "system.stop", f"{stop.value}. {reason}".rstrip())
        is_durable = await self._apply(actor, edit, "system.stop", notice)
        lines = list(_stop_effects(self._system.state.stop))
        if self._system.state.stop is not level:
            lines.append("A stricter stop was in force already, and stays.")
        if not is_durable:
            lines.append(
                "The database did not answer: the stop is in force here and kept in the stop file "
                "until it can be written; the other operators hear of it then."
            )
        title = "All is stopped." if self._system.state.stop is Stop.ALL else "Opens are stopped."
        return self._reply(title, before, lines)

    async def before_stop(self, level: Stop) -> Sequence[str]:
        """Say what a stop would do, for the question before it."""
        lines = list(_stop_effects(level))
        if level is Stop.ALL:
            count = len(await self._positions.all_open())
            lines.append(f"{count} positions are open; nobody can close them by Vanta then.")
        return lines

    async def maintenance(self, actor: Actor, on: bool, minutes: int, text: str) -> Reply:
        """Switch maintenance on or off; everybody is told once."""
        before, now_ns = self._system.state, self._clock.now_ns()
        until_ns = now_ns + minutes * 60 * 10**9 if on and minutes else 0

        def edit(state: SystemState) -> SystemState:
            return msgspec.structs.replace(
                state,
                maintenance=on,
                maintenance_text=text[:TEXT_LIMIT] if on else "",
                maintenance_until_ns=until_ns,
            )

        if not on and not before.maintenance:
            return Reply(title="Maintenance is off.", data=self._data(before))
        words = maintenance_words(edit(before))
        told = f"{words} New trades wait; closing and stops work. E-MAINT"
        notice = Notice(
            kind="system.maintenance",
            roles=_EVERYBODY,
            priority=REPLY,
            text=told if on else "Maintenance is over. New trades work again.",
        )
        is_durable = await self._apply(actor, edit, "system.maintenance", notice)
        if not is_durable and not on:
            return _not_stored("Maintenance goes on.")
        lines = []
        if on:
            lines.append("Opens are refused, signals are sent away; closing and stops go on.")
            lines.append("It stays on until it is switched off, also when its time is up.")
        lines.append(
            "Everybody is told once."
            if is_durable
            else "The database did not answer: it is in force here until it can be written, and "
            "everybody is told then."
        )
        title = words if on else "Maintenance is off."
        return self._reply(title, before, lines)

    # --- taking risk again ------------------------------------------------------------------------

    async def resume(self, actor: Actor) -> Reply:
        """Lift the stop; the system is in DRY then, and LIVE is an act of its own."""
        before = self._system.state
        held = self._system.held_by()
        if held:
            text = f"The stop is held by {' and '.join(held)}."
            hint = "Remove the file with `vanta emergency-resume`; start again without VANTA_STOP."
            return _refused("Still stopped.", "E-STOPPED", "STOPPED", text, hint)
        if before.stop is Stop.NONE:
            return Reply(title="Nothing is stopped.", data=self._data(before))

        def edit(state: SystemState) -> SystemState:
            return msgspec.structs.replace(
                state, mode=Mode.DRY, stop=Stop.NONE, stop_reason="", stopped_ns=0
            )

        notice = _to_operators(actor, "system.resume", "ended the stop; mode DRY.")
        if not await self._apply(actor, edit, "system.resume", notice):
            return _not_stored("Still stopped.")
        lines = ["The mode is DRY. LIVE is a separate act: /execution_mode LIVE."]
        return self._reply("Trading is resumed in DRY.", before, lines)

    async def execution_mode(self, actor: Actor, mode: Mode) -> Reply:
        """Set the system's mode: to DRY at once, to LIVE only when nothing is stopped."""
        before = self._system.state
        if mode is Mode.LIVE:
            if before.stop is not Stop.NONE:
                text = "Trading is stopped. Resume first; that leads to DRY."
                return _refused("Still in DRY.", "E-STOPPED", "STOPPED", text)
            if not self._modes.can_send:
                text = "This build only simulates: there is no venue that LIVE could send to."
                return _refused("Still in DRY.", "E-MODE", "MODE", text)

        def edit(state: SystemState) -> SystemState:
            # A stop that came meanwhile has the last word.
            wanted = mode if state.stop is Stop.NONE else Mode.DRY
            return msgspec.structs.replace(state, mode=wanted)

        lines = list(await self.before_live()) if mode is Mode.LIVE else list(_DRY_EFFECTS)
        is_durable = await self._apply(actor, edit, "system.mode")
        if not is_durable and mode is Mode.LIVE:
            return _not_stored("Still in DRY.")
        effective, why = self._modes.system()
        if mode is Mode.LIVE and effective is not Mode.LIVE:
            lines.append(f"For now everything stays in DRY {why}.")
        if not is_durable:
            lines.append("The database did not answer: DRY is in force here until it is written.")
        return self._reply(f"The system's mode is {mode.value}.", before, lines)

    async def before_live(self) -> Sequence[str]:
        """Say what becomes real with LIVE, for the question before it."""
        wishing = [u for u in await self._users.all() if mode_of(u.mode) is Mode.LIVE]
        names = ", ".join(f"#{user.id} {user.name}" for user in wishing[:NAMED])
        more = f" and {len(wishing) - NAMED} more" if len(wishing) > NAMED else ""
        opened = await self._positions.all_open()
        live = sum(position.mode is Mode.LIVE for position in opened)
        return (
            f"Real money for {len(wishing)} people who asked for LIVE: {names}{more}."
            if wishing
            else "Nobody has asked for LIVE yet: nothing becomes real until somebody does.",
            f"{len(opened)} positions are open, {live} of them LIVE; DRY ones stay simulated.",
            self._canary or "No canary is set: everybody, every market, up to each one's limits.",
        )

    # --- one person -------------------------------------------------------------------------------

    async def user_mode(self, actor: Actor, mode: Mode) -> Reply:
        """Set the actor's own wish; what it comes to hangs on the system, too."""
        user_id = actor.user.id
        before = (await self._users.get(user_id)).mode
        async with self._pool.acquire() as conn, conn.transaction():
            await self._users.set_mode(conn, user_id, mode)
            await self._audit.append(
                conn,
                actor.name,
                "user.mode",
                f"user:{user_id}",
                {"before": before, "after": mode.value},
                actor.trace_id,
                self._clock.now_ns(),
            )
        await self._changed(user_id)
        effective, why = self._modes.effective(Mode.LIVE, mode.value)
        lines = [f"Before: {before}. You are in {effective.value}{f' {why}' if why else ''}."]
        if mode is Mode.LIVE:
            lines.append("Orders that ask for LIVE use real money as soon as all else allows it.")
            lines += [self._canary] if self._canary else []
        else:
            lines.append("Open LIVE positions stay, and can be closed.")
        data = {"before": before, "after": mode.value, "effective": effective.value, "why": why}
        return Reply(title=f"Your mode is {mode.value}.", lines=tuple(lines), data=data)

    async def describe(self, actor: Actor) -> Reply:
        """Show the switches and what they come to, for the system and for who asks."""
        state = self._system.state
        wish = (await self._users.get(actor.user.id)).mode
        mode, _ = self._modes.effective(Mode.LIVE, wish)
        against = self._modes.against(wish)
        lines = [
            f"You are in {mode.value}{f' {against[0]}' if against else ''}.",
            f"System {state.mode.value}, your wish {wish}, stop {state.stop.value}.",
            *(f"Not LIVE {why}." for why in against[1:]),
        ]
        if state.maintenance:
            lines.append(maintenance_words(state))
        data = {**self._data(state), "user": wish, "against": against}
        return Reply(title=f"Mode {mode.value}", lines=tuple(lines), data=data)

    # --- words ------------------------------------------------------------------------------------

    async def _apply(
        self,
        actor: Actor,
        edit: Callable[[SystemState], SystemState],
        action: str,
        notice: Notice | None = None,
    ) -> bool:
        return await self._system.apply(
            edit, actor.name, action=action, trace_id=actor.trace_id, notice=notice
        )

    def _reply(self, title: str, before: SystemState, lines: Sequence[str]) -> Reply:
        after = self._system.state
        changes = [
            f"{name}: {old} to {new}"
            for name, old, new in (
                ("Mode", before.mode.value, after.mode.value),
                ("Stop", before.stop.value, after.stop.value),
                ("Maintenance", _on(before.maintenance), _on(after.maintenance)),
            )
            if old != new
        ]
        data = {"before": _plain(before), **self._data(after)}
        return Reply(title=title, lines=(*(changes or ["Nothing changed."]), *lines), data=data)

    def _data(self, state: SystemState) -> dict[str, Any]:
        mode, why = self._modes.system()
        return {"state": _plain(state), "effective": mode.value, "why": why}


_DRY_EFFECTS: Final = (
    "Nothing new is sent for real from now on.",
    "Open LIVE positions stay, are protected, and can be closed.",
)


def _stop_effects(stop: Stop) -> tuple[str, ...]:
    if stop is Stop.ALL:
        return (
            "Nothing is sent any more: closing is blocked too.",
            "Vanta's stops wait, armed; after the resume they fire if they are still crossed.",
            "The venue's own stops and liquidations go on.",
        )
    return (
        "Opens, increases, copies and opening signals are refused.",
        "Closing, reducing, new stops and triggers go on.",
    )


def _to_operators(actor: Actor, kind: str, did: str) -> Notice:
    return Notice(
        kind=kind,
        roles=_OPERATORS,
        priority=RISK,
        text=f"{actor.name}: {did}",
        # Who did it in the chat sees it there; what came another way may be somebody else's doing.
        but=actor.user.id if actor.channel is Channel.TELEGRAM else 0,
    )


def _plain(state: SystemState) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(state)
    return built


def _on(flag: bool) -> str:
    return "on" if flag else "off"


def _refused(title: str, code: str, rule: str, text: str, *hints: str) -> Reply:
    return Reply(title=title, lines=hints, reasons=(Reason(code=code, rule=rule, text=text),))


def _not_stored(title: str) -> Reply:
    text = "The database did not answer. Nothing was loosened; try again."
    return _refused(title, "E-STORE", "STORE", text)
