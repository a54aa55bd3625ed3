"""Commands of people and operators: one implementation, shown by chat, command line and HTTP.

way in ─► Commands.run(actor, name, args) ─► gate (right, step-up, confirm, second person)
                                            └► handler ─► Reply ─► each way in renders it
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from vanta.domain.policy import User
from vanta.domain.roles import Right
from vanta.domain.verdict import Reason


class Channel(StrEnum):
    """The way a command came in."""

    TELEGRAM = "telegram"
    WEB = "web"
    CLI = "cli"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as the way in has verified; never taken from a text."""

    user: User
    channel: Channel
    trace_id: str
    private: bool = True  # False: in a group, where only looking works

    @property
    def name(self) -> str:
        """How the audit log calls this person."""
        return f"user:{self.user.id}"


class Need(StrEnum):
    """What is missing before a command acts."""

    NOTHING = "nothing"
    CONFIRM = "confirm"  # send the same again with `token`
    WORD = "word"  # the same with `token` and the word typed
    STEP_UP = "step_up"  # prove PIN or TOTP, then ask again
    SECOND_PERSON = "second_person"  # another entitled person has to agree


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows for people; `data` of the reply has the same for programs."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a command: refused with `reasons`, not done yet while `need` is set."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    data: dict[str, Any] = {}
    reasons: tuple[Reason, ...] = ()
    need: Need = Need.NOTHING
    token: str = ""
    word: str = ""

    @property
    def done(self) -> bool:
        return not self.reasons and self.need is Need.NOTHING


class CommandInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a command is called and asks for."""

    name: str  # 1 to 32 of a-z0-9_
    usage: str  # arguments, as shown: `[all] [reason]`
    summary: str
    group: str
    right: Right
    step_up: bool = False
    confirm: bool = False
    word: str = ""  # to be typed
    second_person: bool = False  # where the two-person rule is on
    menu: bool = False


class Commands(Protocol):
    """The one implementation, as the ways in see it."""

    def listing(self, role: str) -> Sequence[CommandInfo]:
        """Return what this role may use, in the order of help."""
        ...

    async def run(
        self, actor: Actor, name: str, args: Sequence[str], *, token: str = "", word: str = ""
    ) -> Reply:
        """Run a command. Raises `InputError` for arguments that cannot be understood."""
        ...
