"""Commands that look: what they show is what the engine and the stores know."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.control_world import BTC, BTC_E10, ControlWorld, control_world
from vanta.domain.command import Reply
from vanta.domain.enums import Action, OrderState, Side, Source
from vanta.domain.errors import InputError
from vanta.domain.intent import Intent
from vanta.domain.policy import User
from vanta.domain.units import E6, E10
from vanta.store.pool import Pool

WIDTH = 33  # of a table on a phone, one blank between columns


@pytest.fixture
async def world(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path
) -> AsyncIterator[ControlWorld]:
    async with control_world(pool, clock, redis, tmp_path) as made:
        yield made


@asynccontextmanager
async def trading(world: ControlWorld) -> AsyncIterator[None]:
    """Let the engine and the paper venue run."""
    async with asyncio.TaskGroup() as group:
        runs = (world.trading.engine.run, world.trading.paper.run)
        tasks = [group.create_task(run()) for run in runs]
        yield
        for task in tasks:
            task.cancel()


async def opened(world: ControlWorld, user: User, *, leverage: int = 10) -> None:
    """Open a long BTC of 100 USDC."""
    async with trading(world):
        order = await world.trading.engine.submit(
            Intent(
                user_id=user.id,
                source=Source.CLI,
                ref=f"ref-{user.id}",
                action=Action.OPEN,
                trace_id="t",
                market_ix=BTC,
                side=Side.LONG,
                collateral_e6=100 * E6,
                leverage_e10=leverage * E10,
            )
        )
        order = await world.trading.engine.settled(order.id, 10.0)
    assert order.state is OrderState.FILLED, order.verdict


def fits_a_phone(reply: Reply) -> bool:
    for table in reply.tables:
        every = [table.columns, *table.rows]
        widths = [max(len(row[i]) for row in every) for i in range(len(table.columns))]
        if sum(widths) + len(widths) - 1 > WIDTH:
            return False
    return True


async def test_the_risk_of_everybody(world: ControlWorld) -> None:
    admin = await world.person("admin")
    near, calm = await world.person("trader", name="near"), await world.person("trader")
    await opened(world, near, leverage=50)
    await opened(world, calm, leverage=2)
    world.source.price(BTC_E10 * 9868 // 10000)  # 1.32 % down: 50x is near its end
    reply = await world.run(admin, "risk_summary")
    data = reply.data
    assert data["open_positions"] == 2
    assert data["margin"] == "200"
    assert float(data["long_notional"]) == pytest.approx(5_000 + 200, rel=0.02)
    assert data["short_notional"] == "0"
    assert float(data["unrealised"]) == pytest.approx(-(5_000 + 200) * 0.0132, rel=0.05)
    assert [row["user_id"] for row in data["near_liquidation"]] == [near.id]
    assert 0 < float(data["near_liquidation"][0]["left"]) < 0.25
    assert data["worst_accounts"][0]["user_id"] == near.id
    assert fits_a_phone(reply)


async def test_an_open_breaker_is_seen_by_operators(world: ControlWorld) -> None:
    admin, user = await world.person("admin"), await world.person("trader")
    assert (await world.run(admin, "risk_summary")).data["user_breakers"] == []
    await world.run(user, "pause 2")
    reply = await world.run(admin, "risk_summary")
    assert reply.data["user_breakers"] == [user.id]
    assert f"Breaker open: #{user.id}" in reply.lines


async def test_a_near_end_is_told_at_its_exact_boundary(world: ControlWorld) -> None:
    admin, user = await world.person("admin"), await world.person("trader")
    await opened(world, user, leverage=50)
    [position] = world.trading.book.open_positions()
    way = position.entry_e10 - position.liquidation_e10
    for left, is_near in ((way * 26 // 100, False), (way * 24 // 100, True)):
        world.source.price(position.liquidation_e10 + left)
        found = (await world.run(admin, "risk_summary")).data["near_liquidation"]
        assert bool(found) is is_near, left


async def test_rates_of_one_and_of_the_heaviest(world: ControlWorld) -> None:
    admin, user = await world.person("admin"), await world.person("trader")
    await world.person("trader", name="idle")
    await opened(world, user)
    one = await world.run(admin, f"rate_limits {user.id}")
    rates = {row["key"]: row for row in one.data["users"][0]["rates"]}
    assert rates["opens_per_minute"]["used"] == "1"
    assert rates["opens_per_minute"]["left"] == "4"
    assert float(rates["volume_hour_usd"]["used"]) == pytest.approx(1_000, rel=0.01)
    assert rates["trades_per_day"]["resets_at"].endswith("T00:00:00.000000Z")
    heaviest = await world.run(admin, "rate_limits")
    assert [row["user_id"] for row in heaviest.data["users"]] == [user.id]
    assert fits_a_phone(one)
    assert fits_a_phone(heaviest)


async def test_price_feeds_say_what_a_price_stands_on(world: ControlWorld) -> None:
    admin = await world.person("admin")
    reply = await world.run(admin, "price_feeds btc")
    [found] = reply.data["markets"]
    assert (found["market"], found["price"], found["quality"]) == ("BTC/USD", "60000", "GOOD")
    assert found["opens"]
    assert [s["name"] for s in found["sources"]] == ["told-0", "told-1", "told-2"]
    world.clock.advance(60 * 10**9)
    stale = await world.run(admin, "price_feeds")
    assert {m["quality"] for m in stale.data["markets"]} == {"STALE", "NONE"}
    assert not any(m["opens"] for m in stale.data["markets"])
    assert fits_a_phone(reply)
    assert fits_a_phone(stale)


async def test_the_status_names_parts_queues_and_tasks(world: ControlWorld) -> None:
    admin = await world.person("admin")

    async def database() -> tuple[bool, str]:
        return True, "answers"

    async def redis() -> tuple[bool, str]:
        raise OSError("a secret address")

    world.checks.update(database=database, redis=redis)
    world.clock.advance(3_700 * 10**9)
    reply = await world.run(admin, "system_status")
    data = reply.data
    assert data["uptime_s"] == "3701.0"
    assert data["parts"]["database"] == {"ok": True, "detail": "answers"}
    assert data["parts"]["redis"] == {"ok": False, "detail": "OSError"}
    assert data["queues"] == {"orders": 0, "signals": 0, "notices": 0}
    assert data["tasks"]["feed"]["restarts"] == 2
    assert data["mode"]["effective"] == "DRY"
    assert "Not ready: redis" in reply.lines
    assert "Up 1 h 1 min" in reply.lines
    assert "a secret address" not in str(reply)
    assert fits_a_phone(reply)


async def test_people_the_waiting_first_and_page_by_page(world: ControlWorld) -> None:
    admin = await world.person("super_admin", name="a name that is rather long")
    for n in range(11):
        await world.person("trader", name=f"t{n}")
    late = await world.person("viewer", name="late", standing="waiting")
    first = await world.run(admin, "users")
    assert first.data["users"][0]["id"] == late.id
    assert (first.data["total"], first.data["waiting"], first.data["pages"]) == (13, 1, 2)
    second = await world.run(admin, "users 2")
    shown = [u["id"] for u in (*first.data["users"], *second.data["users"])]
    assert sorted(shown) == sorted({*shown})
    assert len(shown) == 13
    assert (await world.run(admin, "users 3")).data["users"] == []
    assert fits_a_phone(first)
    roles = await world.run(admin, "roles")
    assert [u["id"] for u in roles.data["users"]] == [admin.id]


async def test_one_person(world: ControlWorld) -> None:
    admin, user = await world.person("admin"), await world.person("trader")
    await opened(world, user)
    data = (await world.run(admin, f"user #{user.id}")).data
    assert (data["role"], data["standing"], data["open_positions"]) == ("trader", "active", 1)
    assert float(data["account"]["margin"]) == 100
    nobody = await world.run(admin, "user 99")
    assert [(r.code, r.rule) for r in nobody.reasons] == [("E-ARG", "NOT_FOUND")]


async def test_the_audit_by_number_by_person_and_by_act(world: ControlWorld) -> None:
    admin, user = await world.person("admin"), await world.person("trader")
    await world.run(admin, f"block {user.id} spam and abuse")
    await world.run(user, "users")  # refused, which is written down too
    await world.run(admin, f"unblock {user.id}")
    newest = await world.run(admin, "audit 1")
    assert [a["action"] for a in newest.data["acts"]] == ["user.unblock"]
    assert newest.data["acts"][0]["trace_id"]
    of_user = await world.run(admin, f"audit user {user.id}")
    assert [a["action"] for a in of_user.data["acts"]] == ["gate.refused"]
    blocks = await world.run(admin, "audit user.block")
    assert [a["object"] for a in blocks.data["acts"]] == [f"user:{user.id}"]
    assert blocks.data["acts"][0]["detail"]["why"] == "spam and abuse"
    assert (await world.run(admin, "audit nothing")).data["acts"] == []


async def test_limits_and_what_if(world: ControlWorld) -> None:
    user = await world.person("trader")
    shown = await world.run(user, "limits")
    limits = {row["key"]: row for row in shown.data["limits"]}
    assert limits["max_leverage"]["limit"] == "50"
    assert limits["max_position_usd"]["limit"] == "10000"
    assert fits_a_phone(shown)
    good = await world.run(user, "limits BTC 100 25x sl=-2%")
    assert good.data["what_if"]["verdict"]["ok"]
    bad = await world.run(user, "limits 51x 1000 short btc")
    reasons = bad.data["what_if"]["verdict"]["reasons"]
    assert {"E-LEV", "E-RISK-POS"} <= {r["code"] for r in reasons}
    assert bad.done  # asking is no refusal
    assert fits_a_phone(bad)
    assert await world.pool.fetchval("SELECT count(*) FROM orders") == 0


async def test_limits_say_what_is_used_what_is_left_and_when_more_is(world: ControlWorld) -> None:
    user = await world.person("trader")
    await opened(world, user)
    shown = await world.run(user, "limits")
    counted, asked = shown.tables
    assert counted.columns == ("Limit", "Used", "Left", "Again")
    rows = {row[0]: row[1:] for row in counted.rows}
    assert rows["Opens/min"] == ("1", "4", "60s")
    assert rows["Trades/day"] == ("1", "49", "00:00")
    assert rows["Volume/hour"][2] != "-"
    assert rows["Copies/min"] == ("0", "10", "-")
    assert ("Leverage", "50x") in asked.rows
    assert fits_a_phone(shown)


async def test_security_and_lock(world: ControlWorld) -> None:
    user = await world.person("trader")
    before = (await world.run(user, "security")).data
    assert (before["pin"], before["code"], before["proved_until"]) == (False, False, None)
    await world.proved(user)
    assert (await world.run(user, "security")).data["proved_until"]
    await world.run(user, "lock")
    after = (await world.run(user, "security")).data
    assert (after["pin"], after["proved_until"]) == (True, None)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("limits BCT 100 25x", "market"),
        ("limits BTC", "trade"),
        ("limits BTC １００ 25x", "amount"),
        ("limits BTC 1e309 25x", "amount"),
        ("limits long BTC 100 5x short", "side"),
        ("users 0", "page"),
        ("users two", "page"),
        ("user", "user"),
        ("user -0", "user"),
        ("user 2147483648", "user"),
        ("audit 0", "n"),
        ("audit 101", "n"),
        ("audit user", "user"),
        ("price_feeds BCT", "market"),
        ("price_feeds ВТС", "market"),
        ("rate_limits NaN", "user"),
        ("risk_summary now", "word"),
        ("security pin 1234", "word"),
        ("breaker off", "word"),
    ],
)
async def test_nonsense_is_named(world: ControlWorld, text: str, field: str) -> None:
    admin = await world.person("super_admin")
    with pytest.raises(InputError) as caught:
        await world.run(admin, text)
    assert caught.value.code in ("E-ARG", "E-SYM")
    assert caught.value.field == field


async def test_every_answer_is_json(world: ControlWorld) -> None:
    boss = await world.person("super_admin")
    await opened(world, boss)
    for info in world.book.listing("super_admin"):
        if not info.usage or info.usage.startswith("["):
            reply = await world.run(boss, info.name)
            msgspec.json.encode(reply)
            assert all(len(table.columns) == len(r) for table in reply.tables for r in table.rows)
