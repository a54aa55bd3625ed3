"""Rate counters on a real Redis: each limit at its exact boundary, once each, all or nothing."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from vanta.domain.enums import Source
from vanta.domain.errors import InputError
from vanta.domain.policy import Policy
from vanta.domain.units import I64_MAX
from vanta.sandbox.redis import EmbeddedRedis
from vanta.store.counters import COUNTABLE, Counters, Excess, OpenAsk
from vanta.store.redis import redis_client

SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
T = 20_000 * DAY + 43_200 * SECOND  # noon
MIDNIGHT = 20_001 * DAY
USER = 7

# Wide enough that a test about one limit does not meet another.
WIDE = {
    "opens_per_minute": 1_000,
    "trades_per_day": 1_000,
    "volume_hour_e6": 10**9,
    "volume_day_e6": 10**9,
    "copies_per_minute": 1_000,
}


@pytest.fixture
def counters(redis: Redis) -> Counters:
    return Counters(redis, timeout_s=10.0)


def ask(ref: str, notional_e6: int = 1, source: Source = Source.CLI, **limits: int) -> OpenAsk:
    return OpenAsk(
        user_id=USER,
        source=source,
        ref=ref,
        notional_e6=notional_e6,
        policy=Policy(**{**WIDE, **limits}),
    )


# rule, limit's field, the limit, units before, when what was first counted leaves
LIMITS = [
    ("OPENS_PER_MINUTE", "opens_per_minute", 4, T + MINUTE),
    ("TRADES_PER_DAY", "trades_per_day", 4, MIDNIGHT),
    ("VOLUME_HOUR", "volume_hour_e6", 4_000, T + HOUR),
    ("VOLUME_DAY", "volume_day_e6", 4_000, MIDNIGHT),
    ("COPIES_PER_MINUTE", "copies_per_minute", 4, T + MINUTE),
]


@pytest.mark.parametrize(("over", "passes"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize(("rule", "field", "limit", "leaves_ns"), LIMITS)
async def test_a_limit_passes_at_itself_and_not_one_unit_above(
    counters: Counters, rule: str, field: str, limit: int, leaves_ns: int, over: int, passes: bool
) -> None:
    source = Source.COPY if rule == "COPIES_PER_MINUTE" else Source.CLI
    is_volume = field.endswith("_e6")
    # Make limit + over in two steps; the second is the one that is judged.
    wanted = limit + over
    first, last = ([wanted - 3], 3) if is_volume else ([1] * (wanted - 1), 1)
    before = [ask(f"b{n}", size, source, **{field: limit}) for n, size in enumerate(first)]
    assert all(grant.counted for grant in await counters.take(before, T))
    [grant] = await counters.take([ask("last", last, source, **{field: limit})], T + SECOND)
    if passes:
        assert grant.ok
    else:
        assert grant.excesses == (Excess(rule, wanted, limit, leaves_ns),)


@pytest.mark.parametrize(("rule", "field", "limit", "leaves_ns"), LIMITS)
async def test_a_window_ends_to_the_microsecond(
    counters: Counters, rule: str, field: str, limit: int, leaves_ns: int
) -> None:
    source = Source.COPY if rule == "COPIES_PER_MINUTE" else Source.CLI
    sizes = [limit] if field.endswith("_e6") else [1] * limit
    full = [ask(f"f{n}", size, source, **{field: limit}) for n, size in enumerate(sizes)]
    assert all(grant.ok for grant in await counters.take(full, T))
    more = ask("more", sizes[0], source, **{field: limit})
    [early] = await counters.take([more], leaves_ns - 1)
    assert [excess.resets_at_ns for excess in early.excesses] == [leaves_ns]
    [late] = await counters.take([more], leaves_ns)
    assert late.counted


async def test_an_open_between_two_microseconds_never_leaves_early(counters: Counters) -> None:
    one = {"opens_per_minute": 1}
    await counters.take([ask("a", **one)], T + 1)
    [early] = await counters.take([ask("b", **one)], T + MINUTE + 999)
    [late] = await counters.take([ask("b", **one)], T + MINUTE + 1_000)
    assert (early.ok, late.ok) == (False, True)


async def test_every_failed_limit_is_told_and_nothing_counted(counters: Counters) -> None:
    tight = {
        "opens_per_minute": 1,
        "trades_per_day": 1,
        "volume_hour_e6": 10,
        "volume_day_e6": 15,
        "copies_per_minute": 1,
    }
    await counters.take([ask("a", 10, Source.COPY, **tight)], T)
    before = await counters.usage(USER, T)
    [grant] = await counters.take([ask("b", 11, Source.COPY, **tight)], T)
    assert grant.excesses == (
        Excess("OPENS_PER_MINUTE", 2, 1, T + MINUTE),
        Excess("TRADES_PER_DAY", 2, 1, MIDNIGHT),
        Excess("VOLUME_HOUR", 21, 10, 0),  # 11 never fit under 10
        Excess("VOLUME_DAY", 21, 15, MIDNIGHT),
        Excess("COPIES_PER_MINUTE", 2, 1, T + MINUTE),
    )
    assert await counters.usage(USER, T) == before


async def test_the_same_key_counts_once_and_can_be_given_back(counters: Counters) -> None:
    two = {"opens_per_minute": 2}
    first, second = ask("a", 5, **two), ask("b", 7, **two)
    said = await counters.take([first, first, second], T)
    assert [grant.counted for grant in said] == [True, False, True]
    again = await counters.take([first], T)  # over the limit, but counted before
    assert (again[0].ok, again[0].counted) == (True, False)
    await counters.give_back([first, ask("never asked")])
    usage = await counters.usage(USER, T)
    assert (usage.opens_minute.value, usage.volume_hour_e6.value) == (1, 7)
    assert (await counters.take([ask("c", **two)], T))[0].counted


async def test_the_same_ref_of_another_source_is_another_open(counters: Counters) -> None:
    said = await counters.take([ask("a"), ask("a", source=Source.SIGNAL)], T)
    assert [grant.counted for grant in said] == [True, True]


async def test_a_smaller_open_passes_after_a_larger_one_did_not(counters: Counters) -> None:
    hour = {"volume_hour_e6": 10}
    said = await counters.take([ask("a", 8, **hour), ask("b", 3, **hour), ask("c", 2, **hour)], T)
    assert [grant.ok for grant in said] == [True, False, True]


async def test_many_at_once_never_make_more_than_the_limit(redis_url: str, redis: Redis) -> None:
    """Several processes, each with a client of its own, ask for the same user together."""
    clients = [redis_client(redis_url) for _ in range(4)]
    processes = [Counters(client, timeout_s=10.0) for client in clients]
    limits = {"opens_per_minute": 11, "volume_hour_e6": 100}
    said = await asyncio.gather(
        *(
            process.take([ask(f"{who}-{n}", 9, **limits)], T)
            for n in range(25)
            for who, process in enumerate(processes)
        )
    )
    assert sum(grant.counted for [grant] in said) == 11
    usage = await Counters(redis, timeout_s=10.0).usage(USER, T)
    assert (usage.opens_minute.value, usage.volume_hour_e6.value) == (11, 99)
    for client in clients:
        await client.aclose()


async def test_users_do_not_share_a_count_nor_a_slot(counters: Counters, redis: Redis) -> None:
    one = Policy(opens_per_minute=1)
    asks = [
        OpenAsk(user_id=user_id, source=Source.CLI, ref="r", notional_e6=1, policy=one)
        for user_id in (1, 2, 3)
    ]
    assert all(grant.counted for grant in await counters.take(asks, T))
    await counters.message(1, 5, T)
    keys = sorted(await redis.keys("*"))
    assert {key.partition(b"}")[0] for key in keys} == {b"{u:1", b"{u:2", b"{u:3"}
    # Nothing stays for ever.
    for key in keys:
        assert 0 < await redis.ttl(key) <= 28 * 3_600


async def test_a_server_that_lost_its_scripts_gets_them_again(
    counters: Counters, redis: Redis
) -> None:
    await counters.take([ask("a", 5)], T)
    await redis.script_flush()
    [grant] = await counters.take([ask("b", 6)], T)
    assert grant.counted
    assert (await counters.usage(USER, T)).volume_hour_e6.value == 11


async def test_a_flushed_server_counts_from_zero(counters: Counters, redis: Redis) -> None:
    await counters.take([ask("a", opens_per_minute=1)], T)
    await redis.flushall()
    assert (await counters.take([ask("b", opens_per_minute=1)], T))[0].counted


@pytest.mark.parametrize("gone", ["opens", "sums"])
async def test_half_of_a_count_is_no_count(counters: Counters, redis: Redis, gone: str) -> None:
    """An eviction takes one key of a user: it counts anew instead of failing for ever."""
    await counters.take([ask("a", 5), ask("b", 6)], T)
    await redis.delete(f"{{u:{USER}}}:{gone}")
    [grant] = await counters.take([ask("c", 7)], T)
    usage = await counters.usage(USER, T)
    assert (grant.counted, usage.trades_day.value, usage.volume_day_e6.value) == (True, 1, 7)


@pytest.mark.parametrize("field", ["opens_per_minute", "volume_hour_e6", "volume_day_e6"])
async def test_a_limit_beyond_the_countable_is_refused_by_name(
    counters: Counters, field: str
) -> None:
    assert (await counters.take([ask("a", **{field: COUNTABLE})], T))[0].ok
    for beyond in (COUNTABLE + 1, I64_MAX, -1):
        with pytest.raises(InputError) as failed:
            await counters.take([ask("b", **{field: beyond})], T)
        assert failed.value.field == field
    with pytest.raises(InputError, match="notional_e6"):
        await counters.take([ask("b", COUNTABLE + 1)], T)


async def test_sums_stay_exact_over_many_years(counters: Counters) -> None:
    """Each day the largest countable amount: the running sum is rebased, not rounded."""
    wide = {"volume_hour_e6": COUNTABLE, "volume_day_e6": COUNTABLE}
    for day in range(40):
        now_ns = T + day * DAY
        for ref, amount in (("odd", 1), ("big", COUNTABLE - 2)):
            [grant] = await counters.take([ask(f"{ref}{day}", amount, **wide)], now_ns)
            assert grant.counted
        usage = await counters.usage(USER, now_ns)
        assert usage.volume_day_e6.value == COUNTABLE - 1
        [grant] = await counters.take([ask(f"more{day}", 2, **wide)], now_ns)
        assert {excess.value for excess in grant.excesses} == {COUNTABLE + 1}


@pytest.mark.parametrize(("over", "passes"), [(-1, True), (0, True), (1, False)])
async def test_messages_pass_up_to_their_limit(counters: Counters, over: int, passes: bool) -> None:
    for _ in range(30 + over - 1):
        assert await counters.message(USER, 30, T) == 0
    waits_ns = await counters.message(USER, 30, T + SECOND)
    assert waits_ns == (0 if passes else 59 * SECOND)
    assert await counters.message(USER, 30, T + MINUTE) == 0


async def test_a_paused_server_is_given_up_and_its_late_answer_not_mistaken(
    open_folder: Path,
) -> None:
    data = open_folder / "redis"
    data.mkdir()
    server = EmbeddedRedis(data, open_folder / "s")
    client = redis_client(await server.start(), timeout_s=None)
    try:
        counters = Counters(client)
        await counters.take([ask("a", 5)], T)
        assert server.pid is not None
        signal_to(server, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            await counters.take([ask("b", 6)], T)
        signal_to(server, signal.SIGCONT)
        # Whether b counted is not known; asked again it counts once.
        assert (await counters.take([ask("b", 6), ask("c", 7)], T))[1].counted
        assert (await counters.usage(USER, T)).volume_hour_e6.value == 18
    finally:
        signal_to(server, signal.SIGCONT)
        await client.aclose()
        await server.stop()


async def test_what_holds_up_this_process_is_no_lost_server(open_folder: Path) -> None:
    data = open_folder / "redis"
    data.mkdir()
    server = EmbeddedRedis(data, open_folder / "s")
    client = redis_client(await server.start(), timeout_s=None)
    try:
        counters = Counters(client, timeout_s=0.5)
        await counters.take([ask("a", 5)], T)
        signal_to(server, signal.SIGSTOP)
        taking = asyncio.create_task(counters.take([ask("b", 6)], T))
        for _ in range(20):
            await asyncio.sleep(0)
        # The loop is busy for longer than the time-out; meanwhile the answer comes.
        signal_to(server, signal.SIGCONT)
        time.sleep(0.8)
        assert (await taking)[0].counted
    finally:
        signal_to(server, signal.SIGCONT)
        await client.aclose()
        await server.stop()


def signal_to(server: EmbeddedRedis, number: signal.Signals) -> None:
    assert server.pid is not None

    os.kill(server.pid, number)
