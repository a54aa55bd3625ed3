"""State of the whole system that every order is judged by: mode, stop, maintenance."""

from enum import StrEnum

import msgspec

from vanta.domain.enums import Mode


class Stop(StrEnum):
    """Emergency stop. `OPENS`: nothing new; reducing, closing and stops go on. `ALL`: nothing."""

    NONE = "none"
    OPENS = "opens"
    ALL = "all"


class SystemState(msgspec.Struct, frozen=True, kw_only=True):
    """What operators have set. `*_ns` 0 = not known or without end."""

    mode: Mode = Mode.DRY
    stop: Stop = Stop.NONE
    stop_reason: str = ""
    stopped_ns: int = 0
    maintenance: bool = False
    maintenance_text: str = ""
    maintenance_until_ns: int = 0
