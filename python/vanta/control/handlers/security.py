"""`security` and `lock`: what a person has set to prove who they are, and the end of a proof."""

from functools import partial
from typing import Any, Final

from vanta.control.commands import Command, Plan
from vanta.control.refusals import NO_PANEL
from vanta.control.step_up import StepUp
from vanta.control.words import Words
from vanta.domain import exact
from vanta.domain.command import Actor, CommandInfo, Reply
from vanta.domain.ports import Clock
from vanta.domain.roles import Right
from vanta.store.credentials import Credentials

SECURITY: Final = CommandInfo(
    name="security",
    usage="",
    summary="Your PIN and code, and whether a proof counts",
    group="Account",
    right=Right.LOOK,
)
LOCK: Final = CommandInfo(
    name="lock",
    usage="",
    summary="End your proof now: PIN or code is asked again",
    group="Account",
    right=Right.LOOK,
)


class SecurityCommands:
    """Secrets are set and proved elsewhere: never in the words of a command."""

    def __init__(self, *, step_up: StepUp, credentials: Credentials, clock: Clock) -> None:
        self._step_up = step_up
        self._credentials = credentials
        self._clock = clock

    def commands(self) -> list[Command]:
        return [Command(SECURITY, self._read_security), Command(LOCK, self._read_lock)]

    async def _read_security(self, actor: Actor, _words: Words) -> Plan:
        return Plan(SECURITY, partial(self.describe, actor.user.id))

    async def _read_lock(self, actor: Actor, _words: Words) -> Plan:
        return Plan(LOCK, partial(self._step_up.lock, actor.user.id, actor.trace_id))

    async def describe(self, user_id: int) -> Reply:
        """Tell what is set and what counts now; no secret and nothing made of one."""
        row = await self._credentials.get(user_id)
        now_ns = self._clock.now_ns()
        has_pin = row is not None and row.pin_hash is not None
        has_code = row is not None and row.totp is not None
        fresh_ns = row.session_until_ns if row is not None and row.is_fresh(now_ns) else 0
        locked_ns = row.locked_until_ns if row is not None else 0
        locked_ns = locked_ns if locked_ns > now_ns else 0
        lines = [
            f"PIN {'set' if has_pin else 'not set'}, code {'set' if has_code else 'not set'}",
            f"Proved until {_at(fresh_ns)}" if fresh_ns else "Nothing is proved now.",
        ]
        settles_ns = row.settles_ns if row is not None and row.settles_ns > now_ns else 0
        if locked_ns:
            lines.append(f"Too many wrong tries: locked until {_at(locked_ns)}")
        if not (has_pin or has_code):
            lines.append(f"Set a PIN: {NO_PANEL}")
        data: dict[str, Any] = {
            "pin": has_pin,
            "code": has_code,
            "proved_until": exact.iso(fresh_ns),
            "locked_until": exact.iso(locked_ns),
            "opens_admin_from": exact.iso(settles_ns),
        }
        return Reply(title="Security", lines=tuple(lines), data=data)


def _at(ns: int) -> str:
    return (exact.iso(ns) or "-")[11:16] + " UTC"
