"""Commands about modes: DRY and LIVE of the system and of a person, stop, resume, maintenance."""

from functools import partial
from typing import Final

import msgspec

from vanta.control.commands import Command, Plan
from vanta.control.operating import Operating
from vanta.control.words import Words, is_number
from vanta.domain.command import Actor, CommandInfo
from vanta.domain.enums import Mode
from vanta.domain.roles import Right
from vanta.domain.system import Stop

MAX_MINUTES: Final = 24 * 60
_MODES: Final = ("dry", "live")

EXECUTION_MODE: Final = CommandInfo(
    name="execution_mode",
    usage="[DRY | LIVE]",
    summary="The system's mode; to DRY at once",
    group="Admin",
    right=Right.OPERATE,
)
SYSTEM_LIVE: Final = msgspec.structs.replace(
    EXECUTION_MODE,
    right=Right.GOVERN,
    step_up=True,
    word=Mode.LIVE.value,
    second_person=True,
)
EMERGENCY_STOP: Final = CommandInfo(
    name="emergency_stop",
    usage="[all] [reason]",
    summary="Refuse everything new; all: closing too",
    group="Super admin",
    right=Right.GOVERN,
    confirm=True,
)
STOP_ALL: Final = msgspec.structs.replace(EMERGENCY_STOP, step_up=True)
EMERGENCY_RESUME: Final = CommandInfo(
    name="emergency_resume",
    usage="",
    summary="End the stop; the mode is DRY then",
    group="Super admin",
    right=Right.GOVERN,
    step_up=True,
    confirm=True,
    second_person=True,
)
MAINTENANCE: Final = CommandInfo(
    name="maintenance_mode",
    usage="on|off [minutes] [text]",
    summary="Tell everybody, and pause what is new",
    group="Super admin",
    right=Right.GOVERN,
    step_up=True,
)
MODE: Final = CommandInfo(
    name="mode",
    usage="[dry | live]",
    summary="Your own mode, and what it comes to",
    group="Account",
    right=Right.LOOK,
    menu=True,
)
OWN_DRY: Final = msgspec.structs.replace(MODE, right=Right.TRADE)
OWN_LIVE: Final = msgspec.structs.replace(OWN_DRY, step_up=True, word=Mode.LIVE.value)


class ModeCommands:
    """Every switch is turned by `operating`, durably and with a row in the audit log."""

    def __init__(self, operating: Operating) -> None:
        self._operating = operating

    def commands(self) -> list[Command]:
        return [
            Command(MODE, self._read_mode),
            Command(EXECUTION_MODE, self._read_execution_mode),
            Command(EMERGENCY_STOP, self._read_stop),
            Command(EMERGENCY_RESUME, self._read_resume),
            Command(MAINTENANCE, self._read_maintenance),
        ]

    async def _read_mode(self, actor: Actor, words: Words) -> Plan:
        if not words.are_left:
            return Plan(MODE, partial(self._operating.describe, actor))
        mode = _mode(words)
        info = OWN_LIVE if mode is Mode.LIVE else OWN_DRY
        return Plan(info, partial(self._operating.user_mode, actor, mode))

    async def _read_execution_mode(self, actor: Actor, words: Words) -> Plan:
        if not words.are_left:
            return Plan(EXECUTION_MODE, partial(self._operating.describe, actor))
        mode = _mode(words)
        act = partial(self._operating.execution_mode, actor, mode)
        if mode is not Mode.LIVE:
            return Plan(EXECUTION_MODE, act)
        return Plan(SYSTEM_LIVE, act, tuple(await self._operating.before_live()))

    async def _read_stop(self, actor: Actor, words: Words) -> Plan:
        level = Stop.ALL if words.skip("all") else Stop.OPENS
        reason = words.text("reason")
        info = STOP_ALL if level is Stop.ALL else EMERGENCY_STOP
        act = partial(self._operating.stop, actor, level, reason)
        return Plan(info, act, tuple(await self._operating.before_stop(level)))

    async def _read_resume(self, actor: Actor, _words: Words) -> Plan:
        act = partial(self._operating.resume, actor)
        return Plan(EMERGENCY_RESUME, act, ("The mode is DRY then; LIVE is a separate act.",))

    async def _read_maintenance(self, actor: Actor, words: Words) -> Plan:
        is_on = words.choice("switch", ("on", "off")) == "on"
        minutes, text = 0, ""
        if is_on:
            has_minutes = words.are_left and is_number(words.peek())
            minutes = words.whole("minutes", low=1, high=MAX_MINUTES) if has_minutes else 0
            text = words.text("text")
        act = partial(self._operating.maintenance, actor, is_on, minutes, text)
        return Plan(MAINTENANCE, act)


def _mode(words: Words) -> Mode:
    return Mode(words.choice("mode", _MODES).upper())
