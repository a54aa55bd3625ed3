"""The book: read first, admitted next, acted last; what is unknown is named."""

from collections.abc import Sequence

import msgspec
import pytest

from vanta.control.commands import Command, CommandBook, Plan
from vanta.control.words import Words
from vanta.domain.command import Actor, Channel, CommandInfo, Need, Reply
from vanta.domain.errors import InputError, NotFoundError
from vanta.domain.policy import User
from vanta.domain.roles import Right, Role

LOOK = CommandInfo(name="look", usage="[n]", summary="", group="", right=Right.LOOK)
STOP = CommandInfo(name="stop", usage="[all]", summary="", group="", right=Right.GOVERN)


def person(role: str = "super_admin") -> Actor:
    user = User(id=1, telegram_id=None, name="who", role=role, created_ns=1)
    return Actor(user=user, channel=Channel.CLI, trace_id="0" * 16)


class Asked:
    """A gate that remembers what it was asked and says what it is told."""

    def __init__(self, answer: Reply | None = None, out: Reply | None = None) -> None:
        self.answer = answer
        self.out = out
        self.asked: list[tuple[CommandInfo, Sequence[str], str, str]] = []

    async def keeps_out(self, actor: Actor, info: CommandInfo) -> Reply | None:
        return self.out

    async def admit(
        self, actor: Actor, info: CommandInfo, args: Sequence[str], token: str, word: str
    ) -> Reply | None:
        self.asked.append((info, args, token, word))
        return self.answer


class Log:
    """Two commands that write down that they acted."""

    def __init__(self) -> None:
        self.acted: list[str] = []

    async def read_look(self, _actor: Actor, words: Words) -> Plan:
        words.maybe()

        async def act() -> Reply:
            raise NotFoundError("no user 9")

        return Plan(LOOK, act)

    async def read_stop(self, _actor: Actor, words: Words) -> Plan:
        is_all = words.skip("all")

        async def act() -> Reply:
            self.acted.append("stop")
            return Reply(title="Stopped")

        info = msgspec.structs.replace(STOP, step_up=is_all)
        return Plan(info, act, shows=("Nothing opens then.",))


def make_book(gate: Asked) -> tuple[CommandBook, Log]:
    log = Log()
    book = CommandBook(gate)
    book.add([Command(LOOK, log.read_look), Command(STOP, log.read_stop)])
    return book, log


async def test_an_admitted_command_acts() -> None:
    gate = Asked()
    book, log = make_book(gate)
    assert (await book.run(person(), "stop", ["ALL "], token="t", word="w")).done
    assert log.acted == ["stop"]
    info, args, token, word = gate.asked[0]
    assert (info.step_up, args, token, word) == (True, ("ALL",), "t", "w")


async def test_what_the_gate_stops_does_not_act() -> None:
    missing = Reply(title="Sure?", need=Need.CONFIRM, token="t")
    book, log = make_book(Asked(missing))
    reply = await book.run(person(), "stop", [])
    assert (reply.need, reply.token, reply.lines) == (Need.CONFIRM, "t", ("Nothing opens then.",))
    assert log.acted == []


async def test_what_a_second_person_agreed_to_does_not_pass_the_gate_again() -> None:
    gate = Asked(Reply(title="No"))
    book, log = make_book(gate)
    assert (await book.carry_out(person(), "stop", ["all"])).done
    assert (log.acted, gate.asked) == (["stop"], [])
    assert (book.right_of("stop"), book.right_of("gone")) == (Right.GOVERN, None)


async def test_words_too_many_never_reach_the_gate() -> None:
    gate = Asked()
    book, log = make_book(gate)
    with pytest.raises(InputError, match=r"the form stop \[all\]"):
        await book.run(person(), "stop", ["all", "now"])
    assert (gate.asked, log.acted) == ([], [])


async def test_who_is_kept_out_hears_that_before_his_words_are_read() -> None:
    gate = Asked(out=Reply(title="Not you"))
    book, log = make_book(gate)
    for args in ([], ["all", "now"], ["\0"], ["x"] * 100):
        assert (await book.run(person(), "stop", args)).title == "Not you"
    assert (gate.asked, log.acted) == ([], [])


async def test_a_thing_that_is_not_there_is_a_refusal() -> None:
    book, _ = make_book(Asked())
    reply = await book.run(person(), "look", [])
    assert [(r.code, r.rule, r.text) for r in reply.reasons] == [
        ("E-ARG", "NOT_FOUND", "No user 9.")
    ]


@pytest.mark.parametrize(
    ("role", "given", "near"),
    [("super_admin", "stpo", "stop"), ("viewer", "stpo", "look"), ("super_admin", "", "look")],
)
async def test_the_nearest_of_the_names_one_may_use(role: str, given: str, near: str) -> None:
    book, _ = make_book(Asked())
    with pytest.raises(InputError) as caught:
        await book.run(person(role), given, [])
    assert (caught.value.code, caught.value.field) == ("E-ARG", "command")
    assert near in caught.value.limit
    assert role == "super_admin" or "stop" not in caught.value.limit


def test_a_role_sees_what_it_may_use() -> None:
    book, _ = make_book(Asked())
    assert [i.name for i in book.listing(Role.SUPER_ADMIN)] == ["look", "stop"]
    assert [i.name for i in book.listing(Role.TRADER)] == ["look"]
    assert book.listing("king") == []


def test_no_two_commands_of_one_name() -> None:
    log = Log()
    with pytest.raises(ValueError, match="two commands"):
        CommandBook(Asked()).add([Command(LOOK, log.read_look)] * 2)
