"""The ledger of limits, and limits that several processes or callers touch at once."""

import asyncio
from typing import NoReturn

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, rules
from tests.fakes.engine_world import BTC, World, make_user, open_intent
from tests.fakes.limits_room import DAY_NS, HOUR_NS, office_of, room, super_admin
from tests.fakes.quotes import FakeQuotes
from vanta.control.limit_rows import after
from vanta.domain.command import Need
from vanta.domain.units import E6, E10
from vanta.store.counters import Counters
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.redis import Client


async def test_the_ledger_says_what_is_used_and_a_wish_what_it_would_use(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        await r.world.done(open_intent(r.actor.user.id))
        quotes.put(BTC, PRICE - 6_000 * E10 // 10)
        book = await r.office.ledger(r.actor.user.id)
        midnight_ns = (clock.now_ns() // DAY_NS + 1) * DAY_NS
        assert [row.key for row in book.rows][:3] == [
            "max_leverage",
            "max_position_usd",
            "max_account_risk_pct",
        ]
        opens = book.row("opens_per_minute")
        assert (opens.used, opens.left, opens.limit) == (1, 4, 5)
        day = book.row("volume_day_usd")
        assert (day.used, day.left) == (1_000 * E6, 49_000 * E6)
        assert day.resets_at_ns == book.row("trades_per_day").resets_at_ns == midnight_ns
        loss = book.row("max_daily_loss_pct")
        assert loss.used is not None
        assert 10_000_000 < loss.used < 12_000_000  # 0.1 % of the account
        assert book.row("copies_per_minute").used is None  # only the counters know
        assert book.row("markets").markets == ()

        wish = open_intent(r.actor.user.id, collateral_e6=200 * E6)
        preview = await r.office.what_if(r.actor.user.id, wish)
        then = after(book, wish, preview)
        assert (then.row("opens_per_minute").used, then.row("opens_per_minute").left) == (2, 3)
        assert then.row("volume_hour_usd").used == 3_000 * E6
        assert then.row("max_position_usd").used == 2_000 * E6
        assert then.row("max_leverage").used == 10 * E10
        risk = then.row("max_account_risk_pct").used
        assert risk is not None
        assert risk == -(-preview.worst_loss_e6 * E10 // preview.equity_e6)
        # Asking is free: nothing was used by it.
        assert await r.office.ledger(r.actor.user.id) == book


async def test_the_shared_counters_say_when_a_rate_is_free_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, redis: Client
) -> None:
    counters = Counters(redis)
    user_id = await make_user(pool, policy=None)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes, counters=counters).running() as world:
        await world.done(open_intent(user_id))
        opened_ns = clock.now_ns()
        clock.advance(10**9)
        assert await counters.message(user_id, 30, clock.now_ns()) == 0
        book = await office_of(world, counters=counters).ledger(user_id)
        opens, hour = book.row("opens_per_minute"), book.row("volume_hour_usd")
        assert (opens.used, opens.resets_at_ns) == (1, opened_ns + 60 * 10**9)
        assert (hour.used, hour.resets_at_ns) == (1_000 * E6, opened_ns + HOUR_NS)
        messages = book.row("messages_per_minute")
        assert (messages.used, messages.resets_at_ns) == (1, clock.now_ns() + 60 * 10**9)
        assert book.row("copies_per_minute").used == 0


class LostCounters:
    """Counters whose server is gone."""

    async def usage(self, _user_id: int, _now_ns: int) -> NoReturn:
        raise ConnectionError("gone")


async def test_without_the_counters_the_engine_still_tells_what_it_knows(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        await r.world.done(open_intent(r.actor.user.id))
        book = await office_of(r.world, counters=LostCounters()).ledger(r.actor.user.id)
        assert book.row("opens_per_minute").used == 1
        assert book.row("messages_per_minute").used is None


async def test_two_changes_at_once_loosen_nothing_without_step_up(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """Both are tighter than what was asked about; the one that comes second may not be."""
    async with room(pool, clock, quotes) as r:
        for _ in range(5):
            tight, loose = await asyncio.gather(
                r.set("max_leverage", "30x"), r.set("max_leverage", "40x")
            )
            assert tight.done
            assert loose.done or loose.need is Need.STEP_UP
            assert r.policy.max_leverage_e10 == 30 * E10
            assert (await Policies(pool).current(r.actor.user.id))[1] == r.policy


async def test_what_another_process_sets_arrives_with_the_next_look(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    async with room(pool, clock, quotes) as r:
        boss = await super_admin(pool)
        other = World(pool, clock, quotes)
        await other.book.load()
        elsewhere = office_of(other)
        assert (await elsewhere.set_limit(boss, "max_position_usd", "900", None)).done
        assert r.policy.max_position_e6 == 10_000 * E6
        await r.world.book.refresh()
        assert r.policy.max_position_e6 == 900 * E6
        assert rules(await r.scene.refused()) == ["POSITION_MAX"]
        assert (await elsewhere.set_limit(boss, "max_leverage", "3x", r.actor.user.id)).done
        await r.world.book.refresh()
        assert rules(await r.scene.refused()) == ["LEVERAGE_POLICY", "POSITION_MAX"]
