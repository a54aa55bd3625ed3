"""The limits office: tighter at once, looser later, never above the ceiling."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import rules
from tests.fakes.engine_world import ETH, World, make_user, open_intent
from tests.fakes.limits_room import HOUR_NS, office_of, room, super_admin
from tests.fakes.quotes import FakeQuotes
from vanta.domain.command import Need
from vanta.domain.enums import OrderState
from vanta.domain.errors import InputError, NotFoundError
from vanta.domain.limits import Way
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10
from vanta.store.audit import Audit
from vanta.store.policies import Policies
from vanta.store.pool import Pool


async def test_tighter_is_in_force_with_the_answer(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        assert await r.office.way(r.actor.user.id, "max_leverage", "9x") is Way.TIGHTER
        reply = await r.set("max_leverage", "9x")
        assert reply.done
        assert reply.title == "Leverage: 9x, was 50x."
        # No look at the store in between: the running engine refuses already.
        assert rules(await r.scene.refused(leverage_e10=10 * E10)) == ["LEVERAGE_POLICY"]
        assert await Policies(pool).current(r.actor.user.id) == (
            1,
            Policy(max_leverage_e10=9 * E10),
        )
        assert await r.acts() == ["limit.tightened"]


async def test_looser_needs_step_up_waits_and_survives_a_restart(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        user_id = r.actor.user.id
        assert await r.office.way(user_id, "max_leverage", "60x") is Way.LOOSER
        reply = await r.set("max_leverage", "60x")
        assert (reply.need, reply.reasons[0].code) == (Need.STEP_UP, "E-STEPUP")
        assert await r.office.pending(user_id) == []
        reply = await r.set("max_leverage", "60x", stepped_up=True)
        assert reply.done
        assert reply.title == "Leverage: 60x from 2026-09-21 15:13 UTC, 50x until then."
        clock.advance(HOUR_NS - 1)
        assert await r.office.apply_due() == 0
        assert r.policy.max_leverage_e10 == 50 * E10
    again = World(pool, clock, quotes)
    async with again.running():
        await again.book.ensure(user_id)
        office = office_of(again)
        assert [p.key for p in await office.pending(user_id)] == ["max_leverage"]
        clock.advance(1)
        assert await office.apply_due() == 1
        assert again.book.policy(user_id).max_leverage_e10 == 60 * E10
        assert await office.apply_due() == 0
    assert await r.acts() == ["limit.asked", "limit.loosened"]


@pytest.mark.parametrize("second", ["40x", "50x"])
async def test_a_later_tightening_takes_back_what_waits(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, second: str
) -> None:
    async with room(pool, clock, quotes) as r:
        await r.set("max_leverage", "60x", stepped_up=True)
        await r.set("max_position_usd", "20000", stepped_up=True)
        reply = await r.set("max_leverage", second)
        assert reply.lines[-1] == "The wait for 60x is over; it is taken back."
        assert [p.key for p in await r.office.pending(r.actor.user.id)] == ["max_position_usd"]
        clock.advance(HOUR_NS)
        assert await r.office.apply_due() == 1
        assert r.policy.max_leverage_e10 == int(second[:-1]) * E10
        assert r.policy.max_position_e6 == 20_000 * E6


async def test_asking_again_starts_the_wait_anew(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        await r.set("max_leverage", "60x", stepped_up=True)
        clock.advance(HOUR_NS // 2)
        await r.set("max_leverage", "70x", stepped_up=True)
        clock.advance(HOUR_NS // 2)
        assert await r.office.apply_due() == 0
        clock.advance(HOUR_NS // 2)
        assert await r.office.apply_due() == 1
        assert r.policy.max_leverage_e10 == 70 * E10


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS, 30 * 24 * HOUR_NS])
async def test_a_wall_clock_that_jumps_neither_ends_the_wait_nor_holds_it_longer(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, jump_ns: int
) -> None:
    async with room(pool, clock, quotes) as r:
        await r.set("max_leverage", "60x", stepped_up=True)
        clock.wall_ns += jump_ns
        assert await r.office.apply_due() == 0
        clock.advance(HOUR_NS - 1)
        assert await r.office.apply_due() == 0
        assert r.policy.max_leverage_e10 == 50 * E10
        clock.advance(1)
        assert await r.office.apply_due() == 1
        assert r.policy.max_leverage_e10 == 60 * E10


@pytest.mark.parametrize(
    ("key", "at", "beyond", "words"),
    [
        ("max_leverage", "500x", "501x", "Leverage 501x is above the ceiling of 500x."),
        (
            "max_position_usd",
            "100000",
            "100000.000001",
            "Position $100000.000001 is above the ceiling of $100,000.00.",
        ),
        (
            "max_account_risk_pct",
            "10%",
            "10.00000001%",
            "Account risk 10.00000001 % is above the ceiling of 10 %.",
        ),
        (
            "liq_buffer_pct",
            "5%",
            "4.99999999%",
            "Liquidation buffer 4.99999999 % is under the floor of 5 %.",
        ),
        ("max_daily_loss_pct", "20%", "21%", "Daily loss 21 % is above the ceiling of 20 %."),
    ],
)
async def test_the_ceiling_is_reached_and_never_passed(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, key: str, at: str, beyond: str, words: str
) -> None:
    async with room(pool, clock, quotes) as r:
        assert (await r.set(key, at, stepped_up=True)).done
        reply = await r.set(key, beyond, stepped_up=True)
        assert reply.reasons[0].rule == "CEILING"
        assert reply.reasons[0].text == f"{words} Nothing was changed."
        boss = await super_admin(pool)
        assert (await r.office.set_limit(boss, key, at, r.actor.user.id)).done
        assert not (await r.office.set_limit(boss, key, beyond, r.actor.user.id)).done


async def test_an_operator_sets_the_ceiling_and_everybody_is_under_it_at_once(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        boss = await super_admin(pool)
        await r.world.book.ensure(boss.user.id)
        assert not (await r.office.set_limit(r.actor, "max_leverage", "9x", None)).done
        reply = await r.office.set_limit(boss, "max_leverage", "9x", None)
        assert reply.title == "Leverage: 9x, was 500x."
        assert rules(await r.scene.refused(leverage_e10=10 * E10)) == ["LEVERAGE_POLICY"]
        reply = await r.set("max_leverage", "10x", stepped_up=True)
        assert reply.reasons[0].text.startswith("Leverage 10x is above the ceiling of 9x.")
        # The other process of a database hears of it within its look at the store.
        again = World(pool, clock, quotes)
        await again.book.load()
        assert again.book.policy(r.actor.user.id).max_leverage_e10 == 9 * E10
        reply = await r.office.set_limit(boss, "max_leverage", "800x", None)
        assert reply.done
        assert r.policy.max_leverage_e10 == 50 * E10  # the person's own
        assert await r.acts() == ["ceiling.set", "ceiling.set"]


async def test_the_settings_bind_operators_too(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        office = office_of(r.world, {"max_position_e6": 20_000 * E6})
        boss = await super_admin(pool)
        reply = await office.set_limit(boss, "max_position_usd", "20001", None)
        assert "$20,000.00 of this machine's settings" in reply.reasons[0].text
        assert (await office.set_limit(boss, "max_position_usd", "20000", None)).done


async def test_an_operator_gives_one_user_rates_at_once(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        boss = await super_admin(pool)
        reply = await r.office.set_limit(boss, "opens_per_minute", "1", r.actor.user.id)
        assert reply.title == "Opens per minute: 1, was 5."
        assert (await r.world.done(open_intent(r.actor.user.id))).state is OrderState.FILLED
        assert rules(await r.scene.refused()) == ["OPENS_PER_MINUTE"]
        with pytest.raises(NotFoundError):
            await r.office.set_limit(boss, "opens_per_minute", "1", 2**31 - 1)
        with pytest.raises(InputError, match="no ceiling"):
            await r.office.set_limit(boss, "markets", "BTC", None)
        [row] = await Audit(pool).recent(1)
        assert (row.actor, row.object) == (boss.name, f"user:{r.actor.user.id}")
        assert (row.detail["old"], row.detail["new"]) == ("5", "1")


async def test_the_allow_list_names_what_may_be_opened(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        opened = await r.world.done(open_intent(r.actor.user.id))
        assert (await r.set("markets", "ETH")).title == "Markets: ETH, was all."
        [reason] = (await r.scene.refused()).verdict.reasons
        assert (reason.code, reason.rule) == ("E-SYM", "MARKET_ALLOWED")
        assert reason.text == "BTC is not among the markets your limits allow: ETH."
        assert r.policy.markets == (ETH,)
        assert opened.state is OrderState.FILLED
        assert await r.office.way(r.actor.user.id, "markets", "BTC") is Way.LOOSER
        await r.set("markets", "all", stepped_up=True)
        clock.advance(HOUR_NS)
        await r.office.apply_due()
        assert r.policy.markets == ()


async def test_nobody_sets_anothers_limits_as_their_own(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        other = await make_user(pool)
        reply = await r.office.set_risk(r.actor, other, "max_leverage", "2x", stepped_up=True)
        assert reply.reasons[0].code == "E-ROLE"


async def test_a_pause_holds_and_ends_sooner_only_after_the_wait(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        for hours in (0, -1, 721):
            with pytest.raises(InputError):
                await r.office.pause(r.actor, hours)
        assert (await r.office.breaker(r.actor.user.id)).data == {"open": False}
        assert (await r.office.pause(r.actor, 8)).data["open"]
        [reason] = (await r.scene.refused()).verdict.reasons
        assert reason.text.startswith("You paused new positions until 22:13 UTC (8 h).")
        await r.office.pause(r.actor, 2)  # a shorter one does not shorten
        assert (await r.scene.refused()).verdict.reasons[0].resets_at_ns == (
            clock.now_ns() + 8 * HOUR_NS
        )
        assert (await r.office.end_pause(r.actor)).need is Need.STEP_UP
        await r.office.end_pause(r.actor, stepped_up=True)
        clock.advance(HOUR_NS - 1)
        assert rules(await r.scene.refused()) == ["BREAKER"]
        clock.advance(1)
        order = await r.world.done(open_intent(r.actor.user.id))
        assert order.state is OrderState.FILLED
        assert (await r.office.breaker(r.actor.user.id)).data == {"open": False}
