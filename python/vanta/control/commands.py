"""The book of commands: one implementation for chat, command line and HTTP.

name ─► gate (any right to it?) ─► read (what do the words ask for?) ─► gate (this?) ─► act

What a command asks for may hang on its words: looking at the mode is free, LIVE is not. So a
command is first read into a `Plan`, which names its demands, and only an admitted plan acts.
"""

import difflib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from vanta import logs
from vanta.control.words import Words
from vanta.domain.command import Actor, CommandInfo, Need, Reply
from vanta.domain.errors import InputError, NotFoundError
from vanta.domain.roles import Right, may
from vanta.domain.verdict import Reason

_log = logs.get(__name__)


class Plan(NamedTuple):
    """An understood command: what it asks for with these words, and what it then does.

    `shows` is what a person should know before a yes: what will change.
    """

    info: CommandInfo
    act: Callable[[], Awaitable[Reply]]
    shows: tuple[str, ...] = ()


class Command(NamedTuple):
    """`info` is the least it asks for: who sees it at all. `read` acts on nothing yet."""

    info: CommandInfo
    read: Callable[[Actor, Words], Awaitable[Plan]]


class Doorkeeper(Protocol):
    """`control.gate.Gate`, or in tests something simpler."""

    async def keeps_out(self, actor: Actor, info: CommandInfo) -> Reply | None:
        """Return None for who has a right to the command at all, else the refusal."""
        ...

    async def admit(
        self, actor: Actor, info: CommandInfo, args: Sequence[str], token: str, word: str
    ) -> Reply | None:
        """Return None to go on, else the refusal or what is still missing."""
        ...


class CommandBook:
    """Implements `domain.command.Commands`."""

    def __init__(self, gate: Doorkeeper) -> None:
        self._gate = gate
        self._commands: dict[str, Command] = {}

    def add(self, commands: Iterable[Command]) -> None:
        """Write commands down, in the order of help. Raises `ValueError` for a name twice."""
        for command in commands:
            if command.info.name in self._commands:
                raise ValueError(f"two commands are called {command.info.name!r}")
            self._commands[command.info.name] = command

    def listing(self, role: str) -> Sequence[CommandInfo]:
        """Return what this role may use, group by group."""
        found = [c.info for c in self._commands.values() if may(role, c.info.right)]
        groups = list(dict.fromkeys(info.group for info in found))
        return sorted(found, key=lambda info: groups.index(info.group))

    def right_of(self, name: str) -> Right | None:
        """Return the right that whoever lets another's command happen has to have.

        Only what changes the whole house ever waits for a second person.
        """
        return Right.GOVERN if name in self._commands else None

    async def run(
        self, actor: Actor, name: str, args: Sequence[str], *, token: str = "", word: str = ""
    ) -> Reply:
        """Run a command.

        Raises `InputError` for a name or words that cannot be understood; who has no right to the
        command hears that instead, whatever the words.
        """
        command = self._find(actor, name)
        with logs.bind_trace(actor.trace_id):
            if (no := await self._gate.keeps_out(actor, command.info)) is not None:
                return no
            plan, words = await self._read(command, actor, args)
            stopped = await self._gate.admit(actor, plan.info, words.given, token, word)
            if stopped is None:
                return await self._act(actor, name, plan)
            if plan.shows and stopped.need in (Need.CONFIRM, Need.WORD):
                return msgspec.structs.replace(stopped, lines=(*plan.shows, *stopped.lines))
            return stopped

    async def carry_out(self, asker: Actor, name: str, args: Sequence[str]) -> Reply:
        """Do what `asker` was admitted to when it was asked, and another person agreed to now."""
        plan, _ = await self._read(self._find(asker, name), asker, args)
        with logs.bind_trace(asker.trace_id):
            return await self._act(asker, name, plan)

    async def _read(
        self, command: Command, actor: Actor, args: Sequence[str]
    ) -> tuple[Plan, Words]:
        words = Words(args)
        plan = await command.read(actor, words)
        words.end(f"{command.info.name} {command.info.usage}".rstrip())
        return plan, words

    async def _act(self, actor: Actor, name: str, plan: Plan) -> Reply:
        _log.info("command.run", command=name, user_id=actor.user.id, way=actor.channel.value)
        try:
            return await plan.act()
        except NotFoundError as error:
            return refused("Not found", not_found(str(error)))

    def _find(self, actor: Actor, name: str) -> Command:
        if (found := self._commands.get(name)) is not None:
            return found
        known = [info.name for info in self.listing(actor.user.role)]
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        limit = f"a command such as {', '.join(near)}" if near else f"one of {', '.join(known)}"
        raise InputError("E-ARG", field="command", value=name, limit=limit)


def refused(title: str, *reasons: Reason) -> Reply:
    """Say no, with reasons."""
    return Reply(title=title, reasons=reasons)


def not_found(text: str) -> Reason:
    return Reason(code="E-ARG", rule="NOT_FOUND", text=f"{text[:1].upper()}{text[1:]}.")
