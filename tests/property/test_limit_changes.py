"""No sequence of changes loosens a limit without step-up and the wait, or lifts it over a ceiling.

The office on a real store against a model of a few lines.
"""

import random
from dataclasses import dataclass, field

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import CATALOGUE, World, make_user
from tests.fakes.quotes import FakeQuotes
from vanta.control.limits import LimitsOffice
from vanta.domain.command import Actor, Channel, Need
from vanta.domain.limits import Way, direction, find, value_of
from vanta.domain.policy import CEILING, Policy
from vanta.domain.units import E10
from vanta.store.pool import Pool
from vanta.store.users import Users

WAIT_NS = 3_600 * 10**9
STEPS = 250
KEYS = ("max_leverage", "liq_buffer_pct", "max_losses_in_row")
TEXTS = {
    "max_leverage": [f"{n}x" for n in (2, 20, 50, 60, 300, 500, 501)],
    "liq_buffer_pct": ["4%", "5%", "6%", "20%"],
    "max_losses_in_row": ["1", "9", "10", "11"],
}


@dataclass
class Model:
    """What must be in force."""

    own: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, tuple[int, int]] = field(default_factory=dict)  # value, due
    ceiling: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in KEYS:
            limit = find(key, own=True)
            self.own[key] = value_of(Policy(), limit)
            self.ceiling[key] = value_of(CEILING, limit)

    def ask(self, key: str, value: int, now_ns: int, *, stepped_up: bool) -> str:
        limit = find(key, own=True)
        if direction(limit, self.ceiling[key], value) is Way.LOOSER:
            return "ceiling"
        if direction(limit, self.own[key], value) is not Way.LOOSER:
            self.own[key] = value
            self.waiting.pop(key, None)
            return "done"
        if not stepped_up:
            return "step-up"
        self.waiting[key] = (value, now_ns + WAIT_NS)
        return "done"

    def pass_time(self, now_ns: int) -> None:
        for key, (value, due_ns) in list(self.waiting.items()):
            if due_ns <= now_ns:
                self.own[key] = value
                del self.waiting[key]

    def in_force(self, key: str) -> int:
        limit = find(key, own=True)
        looser = direction(limit, self.ceiling[key], self.own[key]) is Way.LOOSER
        return self.ceiling[key] if looser else self.own[key]


@pytest.mark.parametrize("seed", [1, 2])
async def test_limits_follow_the_model(pool: Pool, clock: ManualClock, seed: int) -> None:
    rng = random.Random(seed)
    user_id = await make_user(pool, policy=None)
    boss_id = await make_user(pool, role="super_admin")
    actor, boss = [
        Actor(user=await Users(pool).get(who), channel=Channel.CLI, trace_id="t")
        for who in (user_id, boss_id)
    ]
    model, met = Model(), set()
    async with World(pool, clock, FakeQuotes(clock)).running() as world:
        await world.book.ensure(user_id)
        office = LimitsOffice(
            pool=pool, book=world.book, desk=world.engine, catalogue=CATALOGUE, clock=clock,
            fixed={},
        )  # fmt: skip
        for _ in range(STEPS):
            key = rng.choice(KEYS)
            text = rng.choice(TEXTS[key])
            value = _value(key, text)
            match rng.randrange(10):
                case 0:
                    clock.advance(rng.choice((1, WAIT_NS // 2, WAIT_NS - 1, WAIT_NS)))
                    model.pass_time(clock.now_ns())
                    await office.apply_due()
                case 1:
                    reply = await office.set_limit(boss, key, text, None)
                    assert reply.done
                    model.ceiling[key] = value
                case _:
                    stepped_up = rng.random() < 0.5
                    said = model.ask(key, value, clock.now_ns(), stepped_up=stepped_up)
                    reply = await office.set_risk(actor, user_id, key, text, stepped_up=stepped_up)
                    met.add(said)
                    assert reply.done is (said == "done"), (key, text, said, reply)
                    assert (reply.need is Need.STEP_UP) is (said == "step-up")
            now = world.book.policy(user_id)
            for one in KEYS:
                assert value_of(now, find(one, own=True)) == model.in_force(one), one
            pending = {p.key: (p.value, p.due_ns) for p in await office.pending(user_id)}
            assert pending == model.waiting
    assert met == {"done", "step-up", "ceiling"}


def _value(key: str, text: str) -> int:
    if key == "max_leverage":
        return int(text[:-1]) * E10
    return int(text[:-1]) * E10 // 100 if key == "liq_buffer_pct" else int(text)
