"""Users, accounts, policies, markets, providers."""

import asyncio

import asyncpg
import msgspec
import pytest

from tests.fakes.envelope import TestEnvelope
from tests.integration.store_rows import T0, seeded
from vanta.domain.errors import InputError, NotFoundError
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10
from vanta.sandbox.seed import MARKETS
from vanta.store.accounts import Accounts
from vanta.store.markets import Markets
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.users import Users


async def test_pressing_start_twice_at_once_makes_one_user(pool: Pool) -> None:
    users = Users(pool)
    made = await asyncio.gather(
        *(users.create(f"n{i}", "trader", 42, now_ns=T0) for i in range(20))
    )
    assert len({user.id for user in made}) == 1
    assert await users.by_telegram(42) == await users.get(made[0].id) == made[0]
    assert await users.all() == [made[0]]
    assert await users.by_telegram(43) is None


async def test_users_without_telegram_are_many(pool: Pool) -> None:
    users = Users(pool)
    one = await users.create("a", "viewer", now_ns=T0)
    two = await users.create("a", "viewer", now_ns=T0)
    assert one.id != two.id
    await users.bind_telegram(one.id, 9)
    with pytest.raises(asyncpg.UniqueViolationError):
        await users.bind_telegram(two.id, 9)
    await users.bind_telegram(one.id, None)
    assert (await users.get(one.id)).telegram_id is None


@pytest.mark.parametrize("name", ["", "x" * 65, "a\x00b", "a\ud800"])
async def test_a_name_that_cannot_be_stored_is_refused_by_field(pool: Pool, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        await Users(pool).create(name, "trader", now_ns=T0)


async def test_who_is_not_there_is_said(pool: Pool) -> None:
    with pytest.raises(NotFoundError, match="no user 7"):
        await Users(pool).get(7)
    with pytest.raises(NotFoundError, match="user 7"):
        await Accounts(pool).get(7)


async def test_cash_moves_add_up_whoever_comes_first(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    accounts = Accounts(pool)

    async def move(delta_e6: int) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await accounts.apply(conn, user_id, delta_e6, 1)

    await asyncio.gather(*(move(step) for step in range(-20, 31)))
    account = await accounts.get(user_id)
    assert account.cash_e6 == 10_000 * E6 + sum(range(-20, 31))
    assert (account.deposited_e6, account.losses_in_row) == (10_000 * E6, 1)


async def test_opening_an_account_again_gives_no_money(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    async with pool.acquire() as conn:
        await Accounts(pool).apply(conn, user_id, -5, 0)
        with pytest.raises(NotFoundError):
            await Accounts(pool).apply(conn, 999, -5, 0)
    assert (await Accounts(pool).open(user_id, 1)).cash_e6 == 10_000 * E6 - 5
    assert len(await Accounts(pool).all()) == 1


async def test_each_policy_is_a_version_and_none_is_lost(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    policies = Policies(pool)
    assert await policies.current(user_id) == (0, Policy())
    assert await policies.all_current() == {}
    versions = await asyncio.gather(
        *(policies.set(user_id, Policy(trades_per_day=n), T0, "user:1") for n in range(1, 9))
    )
    assert sorted(versions) == list(range(1, 9))
    version, policy = await policies.current(user_id)
    assert version == 8
    assert await policies.all_current() == {user_id: policy}
    assert policy.trades_per_day == versions.index(8) + 1


async def test_markets_are_written_over(pool: Pool) -> None:
    await seeded(pool)
    markets = Markets(pool)
    assert tuple(await markets.all()) == MARKETS
    changed = msgspec.structs.replace(MARKETS[0], is_open=False, max_leverage_e10=10 * E10)
    await markets.upsert([changed])
    await markets.upsert([])
    assert tuple(await markets.all()) == (changed, *MARKETS[1:])


async def test_a_rotated_secret_lives_until_its_end(pool: Pool) -> None:
    providers = Providers(pool, TestEnvelope())
    provider_id = await providers.create("p", now_ns=T0)
    old, new = b"a" * 32, b"b" * 32
    await providers.add_key(provider_id, "k", old, T0)
    await providers.rotate(provider_id, "k", new, now_ns=T0 + 5, old_until_ns=T0 + 10)
    key = await providers.key("k")
    assert key is not None
    assert key.live(T0 + 9) == (new, old)
    assert key.live(T0 + 10) == (new,)
    assert await providers.all_keys() == [key]
    await providers.revoke("k", T0 + 20)
    revoked = await providers.key("k")
    assert revoked is not None
    assert revoked.revoked
    assert revoked.live(T0) == ()


async def test_a_key_id_belongs_to_one_provider(pool: Pool) -> None:
    providers = Providers(pool, TestEnvelope())
    one, two = await providers.create("one"), await providers.create("two")
    await providers.add_key(one, "k", b"a" * 32, T0)
    with pytest.raises(NotFoundError, match="not provider"):
        await providers.add_key(two, "k", b"b" * 32, T0)
    key = await providers.key("k")
    assert key is not None
    assert (key.provider_id, key.live(T0)) == (one, (b"a" * 32,))


async def test_no_secret_shows_itself(pool: Pool) -> None:
    made = await seeded(pool)
    key = await Providers(pool, TestEnvelope()).key(made.provider_key_id)
    shown = repr(key) + repr(made)
    assert made.provider_secret.hex() not in shown
    assert repr(made.provider_secret)[2:-1] not in shown


@pytest.mark.parametrize("key_id", ["", "nobody", "\x00", "\ud800", "x" * 10_000, "'; DROP--"])
async def test_any_text_may_be_asked_as_a_key(pool: Pool, key_id: str) -> None:
    assert await Providers(pool, TestEnvelope()).key(key_id) is None


async def test_a_suspended_provider_is_told_with_its_keys(pool: Pool) -> None:
    made = await seeded(pool)
    await Providers(pool, TestEnvelope()).suspend(made.provider_id, suspended=True)
    key = await Providers(pool, TestEnvelope()).key(made.provider_key_id)
    assert key is not None
    assert key.suspended
    (provider,) = await Providers(pool, TestEnvelope()).all()
    assert (provider.name, provider.suspended) == ("pulse", True)


async def test_following_and_leaving(pool: Pool) -> None:
    made = await seeded(pool)
    providers = Providers(pool, TestEnvelope())
    (follower,) = await providers.subscriptions(made.provider_id)
    assert follower.user_id == made.trader_id
    changed = await providers.subscribe(
        made.provider_id,
        made.trader_id,
        max_collateral_e6=E6,
        max_leverage_e10=E10,
        skip_without_stop=True,
        now_ns=T0,
    )
    assert changed.id == follower.id
    assert await providers.subscriptions(made.provider_id) == [changed]
    assert await providers.unsubscribe(made.provider_id, made.trader_id)
    assert not await providers.unsubscribe(made.provider_id, made.trader_id)
    assert await providers.subscriptions(made.provider_id) == []
    # A new start of the sandbox respects that somebody left.
    await seeded(pool)
    assert await providers.subscriptions(made.provider_id) == []
