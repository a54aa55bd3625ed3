"""Rights as people use them: long random lives of a desk, every act a command of the book.

Nothing is known here of how the rules work. After each command the rows of the database, what this
test saw being handed out, and what ran have to be explained by a right somebody held before it.
"""

import random
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.rights import PIN, RightsWorld, actor
from vanta.control.commands import Command, CommandBook, Plan
from vanta.control.handlers.people import PeopleCommands
from vanta.control.handlers.security import SecurityCommands
from vanta.control.words import Words
from vanta.domain.command import Actor, CommandInfo, Need, Reply
from vanta.domain.errors import InputError
from vanta.domain.policy import User
from vanta.domain.roles import Right, Role, permits
from vanta.store.credentials import Credentials
from vanta.store.policies import Policies
from vanta.store.pool import Pool

SESSION = 600 * 10**9
PEOPLE = (1, 2, 3, 4, 5)
STEPS = 250
STOP = CommandInfo(name="stop", usage="", summary="", group="", right=Right.GOVERN, confirm=True)
LIVE = CommandInfo(
    name="live", usage="", summary="", group="", right=Right.GOVERN,
    step_up=True, word="LIVE", second_person=True,
)  # fmt: skip
CHANGES = ("approve {id}", "block {id}", "unblock {id}", "roles {id} {role}", "reset_pin {id}")
TEXTS = (
    *CHANGES,
    "roles {id} super_admin",
    "stop {n}",
    *["live"] * 3,
    "agree {n}",
    "agree {last}",
    "lock",
)


class Life:
    """A desk, its book, and what has been seen of both."""

    def __init__(self, world: RightsWorld, seed: int) -> None:
        self.world = world
        self.rng = random.Random(seed)
        self.book = CommandBook(world.gate)
        self.met: dict[int, User] = {}  # as a way in first knew them
        self.proven: dict[int, int] = {}  # user -> when
        self.tokens: list[tuple[str, int, str]] = []  # token, whose, for what
        self.ran: list[tuple[str, int]] = []  # house command, in whose name
        self.seen: Counter[str] = Counter()
        self.last = 1
        people = PeopleCommands(
            people=world.people,
            approvals=world.approvals,
            right_of=self.book.right_of,
            carry_out=self.book.carry_out,
            users=world.users,
            policies=Policies(world.pool),
            books=None,  # type: ignore[arg-type]  # nobody looks at an account here
        )
        security = SecurityCommands(
            step_up=world.step_up, credentials=Credentials(world.pool), clock=world.clock
        )
        self.book.add(people.commands())
        self.book.add(security.commands())
        self.book.add([Command(info, partial(self._read, info)) for info in (STOP, LIVE)])

    async def _read(self, info: CommandInfo, who: Actor, words: Words) -> Plan:
        words.text("why")

        async def act() -> Reply:
            self.ran.append((info.name, who.user.id))
            return Reply(title="Done")

        return Plan(info, act)

    async def rights(self) -> dict[int, set[Right]]:
        everybody = await self.world.users.all()
        for user in everybody:
            self.met.setdefault(user.id, user)
        return {u.id: {r for r in Right if permits(u.role, u.standing, r)} for u in everybody}

    async def go_live(self) -> None:
        """What always happens once, however the life goes on."""
        one, two = list(self.met.values())[:2]
        await self.prove(one, PIN)
        await self.prove(two, PIN)
        asked = await self.run(one, "live")
        assert asked is not None
        await self.run(one, "live", asked.token, "LIVE")
        await self.run(two, f"agree {self.last}")
        assert self.seen["live"] == 1

    async def step(self) -> None:
        who = self.rng.choice(list(self.met.values()))
        match self.rng.randrange(10):
            case 0:
                await self.prove(who, self.rng.choice((PIN, "not-" + PIN)))
            case 1 | 2 | 3 | 4:  # somebody who may, and can
                held = await self.rights()
                who = self.rng.choice([u for u in self.met.values() if Right.GOVERN in held[u.id]])
                await self.prove(who, PIN)
                await self.command(who)
            case 5:
                span = self.rng.choice((1, 30 * 10**9, 60 * 10**9, SESSION))
                self.world.clock.advance(span)
            case _:
                await self.command(who)

    async def prove(self, who: User, pin: str) -> None:
        await self.world.step_up.set_pin(who.id, PIN, vouched=True)  # who has none
        if (await self.world.step_up.prove(who.id, pin=pin)).ok:
            self.proven[who.id] = self.world.clock.now_ns()

    async def command(self, who: User) -> None:
        text = self.rng.choice(TEXTS).format(
            id=self.rng.choice(list(self.met)),
            role=self.rng.choice(list(Role)),
            n=self.rng.randint(1, 3),
            last=self.last,
        )
        reply = await self.run(who, text)
        if reply is not None and reply.need in (Need.CONFIRM, Need.WORD):
            self.tokens.append((reply.token, who.id, text))
            if self.rng.random() < 0.2:
                who = self.rng.choice(list(self.met.values()))
            if self.rng.random() < 0.3:
                text = self.rng.choice(("stop 1", "stop 2", "live"))
            token = reply.token if self.rng.random() < 0.8 else self.rng.choice(self.tokens)[0]
            reply = await self.run(who, text, token, self.rng.choice(("LIVE", "LIVE", "live")))
        if reply is not None and reply.need is Need.SECOND_PERSON and self.rng.random() < 0.8:
            held = await self.rights()
            other = self.rng.choice([u for u in self.met.values() if Right.GOVERN in held[u.id]])
            await self.prove(other, PIN)
            await self.run(other, f"agree {self.last}")

    async def run(self, who: User, text: str, token: str = "", word: str = "") -> Reply | None:
        before, ran = await self.rights(), len(self.ran)
        asker = await self._asker(text)
        name, *args = text.split()
        try:
            reply = await self.book.run(actor(who), name, args, token=token, word=word)
        except InputError:
            reply = None
        if reply is not None and reply.need is Need.SECOND_PERSON:
            self.last = reply.data["approval"]
        done = reply is not None and reply.done
        self.seen[f"{name} {'done' if done else 'no'}"] += 1
        wishes = {who.id} | ({asker} if name == "agree" else set())
        said = f"{text} by {who.id}"
        for user_id, rights in (await self.rights()).items():
            gained = rights - before.get(user_id, set())
            if not gained:
                continue
            self.seen["gained"] += 1
            assert done, f"{said}: {user_id} gained {gained} by what was refused"
            assert user_id not in wishes, f"{said}: {user_id} gave himself {gained}"
            assert all(gained <= before[wish] for wish in wishes), f"{said}: {gained} from nobody"
            if name in ("roles", "agree"):
                self._is_fresh(who.id, said)
            if Right.GOVERN in gained and name != "unblock":
                assert name == "agree", f"{said}: a super admin by one person's word"
        for command, wisher in self.ran[ran:]:
            self.seen[command] += 1
            assert all(Right.GOVERN in before[wish] for wish in wishes), f"{said}: no right"
            if command == "live":
                assert (name, wisher) == ("agree", asker), said
                assert asker != who.id, f"{said}: agreed with himself"
                self._is_fresh(who.id, said)
            else:
                assert (token, who.id, text) in self.tokens, f"{said}: not what was confirmed"
                self.tokens.remove((token, who.id, text))
        return reply

    async def _asker(self, text: str) -> int:
        number = int(text.split()[1]) if text.startswith("agree") else 0
        query = "SELECT asked_by FROM approvals WHERE id = $1"
        return await self.world.pool.fetchval(query, number) or 0

    def _is_fresh(self, user_id: int, said: str) -> None:
        age = self.world.clock.now_ns() - self.proven.get(user_id, -SESSION)
        assert age < SESSION, f"{said}: without a fresh proof"


@pytest.mark.parametrize("seed", range(3))
async def test_every_right_that_is_used_or_gained_was_given(
    pool: Pool, clock: ManualClock, tmp_path: Path, seed: int
) -> None:
    world = RightsWorld(pool, clock, tmp_path, two_person=True)
    for telegram_id in PEOPLE[:3]:
        await world.people.claim_owner(telegram_id, "owner", world.owner_code())
    for telegram_id in PEOPLE[3:]:
        await world.people.knock(telegram_id, "somebody")
    life = Life(world, seed)
    await life.rights()
    await life.go_live()
    for _ in range(STEPS):
        await life.step()
    happened = ("stop", "gained", "roles no", "agree no")
    assert all(life.seen[what] for what in happened), life.seen
