"""State of the whole system that every order is judged by: mode, stop, maintenance."""

from enum import StrEnum
from typing import Final

import msgspec

from vanta.domain.enums import Mode
from vanta.domain.verdict import clock_time

STOP_FILE: Final = "STOP"
"""In the home: as long as it is there, a stop is in force."""


REASON_LIMIT: Final = 200
STOP_COMMAND: Final = "emergency_stop"
STOP_ELSEWHERE: Final = (
    "To stop trading now run `vanta emergency-stop` at the machine: it needs no database."
)


class Stop(StrEnum):
    """Emergency stop. `OPENS`: nothing new; reducing, closing and stops go on. `ALL`: nothing."""

    NONE = "none"
    OPENS = "opens"
    ALL = "all"

    @property
    def level(self) -> int:
        """0, 1 or 2: the higher, the more is stopped."""
        return _LEVELS[self]


_LEVELS: Final = {Stop.NONE: 0, Stop.OPENS: 1, Stop.ALL: 2}


class SystemState(msgspec.Struct, frozen=True, kw_only=True):
    """What operators have set. `*_ns` 0 = not known or without end."""

    mode: Mode = Mode.DRY
    stop: Stop = Stop.NONE
    stop_reason: str = ""
    stopped_ns: int = 0
    maintenance: bool = False
    maintenance_text: str = ""
    maintenance_until_ns: int = 0

    def stopped(self, stop: Stop, reason: str, at_ns: int) -> "SystemState":
        """Return this state under a stop too; a stricter one that is in force stays."""
        if stop.level <= self.stop.level:
            return self
        return msgspec.structs.replace(self, stop=stop, stop_reason=reason, stopped_ns=at_ns)

    def restricted(self, other: "SystemState") -> "SystemState":
        """Return the stricter of both in each respect."""
        state = self.stopped(other.stop, other.stop_reason, other.stopped_ns)
        if other.mode is not Mode.LIVE:
            state = msgspec.structs.replace(state, mode=Mode.DRY)
        if other.maintenance and not self.maintenance:
            state = msgspec.structs.replace(
                state,
                maintenance=True,
                maintenance_text=other.maintenance_text,
                maintenance_until_ns=other.maintenance_until_ns,
            )
        return state


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What people of these roles are told of a change with it; user `but` needs no telling."""

    kind: str
    roles: tuple[str, ...]
    priority: int
    text: str
    but: int = 0


def maintenance_words(state: SystemState) -> str:
    """Say what people are told of a maintenance."""
    until_ns, words = state.maintenance_until_ns, state.maintenance_text.rstrip(".")
    until = f" until about {clock_time(until_ns)}" if until_ns else ""
    return f"Maintenance{until}. {words}." if words else f"Maintenance{until}."


def mode_of(word: str | None) -> Mode:
    """Return LIVE for exactly that word; everything else, and silence, is DRY."""
    return Mode.LIVE if word == Mode.LIVE.value else Mode.DRY


def read_stop(text: str) -> tuple[Stop, str]:
    """Read a level and, on the lines after it, a reason. What is neither level stops opens."""
    first, _, reason = text.strip().partition("\n")
    stop = Stop.ALL if first.strip().lower() == Stop.ALL.value else Stop.OPENS
    shown = "".join(char if char.isprintable() else " " for char in reason)
    return stop, " ".join(shown.split())[:REASON_LIMIT]


def stop_text(stop: Stop, reason: str) -> str:
    """Write what `read_stop` reads."""
    return f"{stop.value}\n{reason}" if reason else stop.value
