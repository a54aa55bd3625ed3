"""Limits by name: texts become numbers exactly or not at all; which way is tighter; ceilings."""

import pytest

from tests.fakes.engine_world import BTC, CATALOGUE, ETH
from vanta.domain import limits
from vanta.domain.errors import InputError
from vanta.domain.limits import LIMITS, Way, ceiling, direction, find, parse, stricter
from vanta.domain.policy import CEILING, Policy
from vanta.domain.units import E6, E10
from vanta.store.counters import COUNTABLE

NUMBERS = [limit for limit in LIMITS if limit.key != "markets"]
NONSENSE = (
    "1e309",
    "NaN",
    "-0",
    "-1",
    "+5",
    "０x",
    "５",
    "1,5",
    "0x10",
    "",
    " ",
    "1" * 200,
    "inf",
    "all",
    "0",
    "0%",
    "0x",
    "1.2.3",
    "\N{RIGHT-TO-LEFT MARK}5",
    "5\x00",
    "\ud800",
)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("max_leverage", "50x", 50 * E10),
        ("max_leverage", "2.5", 25 * E10 // 10),
        ("max_leverage", "1000X", 1_000 * E10),
        ("max_position_usd", "10000", 10_000 * E6),
        ("max_position_usd", "0100.25usd", 100_250_000),
        ("max_account_risk_pct", "10%", E10 // 10),
        ("liq_buffer_pct", "7.5%", 75 * E10 // 1_000),
        ("max_daily_loss_pct", "0.01%", E10 // 10_000),
        ("max_losses_in_row", "1", 1),
        ("MARKETS", "btc,ETH", (ETH, BTC)),
        ("markets", "BTC,BTC/USD", (BTC,)),
        ("markets", "ALL", ()),
    ],
)
def test_what_people_write_is_read_exactly(key: str, text: str, value: limits.Value) -> None:
    assert parse(find(key, own=True), text, CATALOGUE) == value


@pytest.mark.parametrize(
    "limit", [one for one in LIMITS if one.key != "markets"], ids=lambda x: x.key
)
@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused_by_name(limit: limits.Limit, text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(limit, text, CATALOGUE)
    assert (refused.value.code, refused.value.field) == ("E-ARG", limit.key)
    assert limits.format_value(limit, limit.low) in refused.value.limit


@pytest.mark.parametrize("text", [*NONSENSE[:17], "BTC,,ETH", "ВТС", "BTC ETH", "A" * 500])
def test_markets_that_there_are_not_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(limits.MARKETS, text.replace("all", "none"), CATALOGUE)


def test_a_percentage_needs_its_sign() -> None:
    with pytest.raises(InputError, match="such as 10%"):
        parse(find("max_daily_loss_pct", own=True), "0.1", CATALOGUE)


@pytest.mark.parametrize(
    "limit", [one for one in LIMITS if one.key != "markets"], ids=lambda x: x.key
)
def test_both_ends_are_inside_and_one_unit_further_is_not(limit: limits.Limit) -> None:
    suffix, decimals = limits._GRAMMAR[limit.unit]

    def written(value: int) -> str:
        return limits.format_scaled(value, decimals=decimals) + suffix

    assert parse(limit, written(limit.low), CATALOGUE) == limit.low
    assert parse(limit, written(limit.high), CATALOGUE) == limit.high
    for beyond in (limit.low - 1, limit.high + 1):
        with pytest.raises(InputError):
            parse(limit, written(beyond), CATALOGUE)
    assert limit.high <= COUNTABLE
    assert limit.low <= getattr(CEILING, limit.field) <= limit.high
    assert limit.low <= getattr(Policy(), limit.field) <= limit.high


def test_people_set_their_own_keys_only_and_solana_comes_later() -> None:
    with pytest.raises(InputError, match="max_leverage"):
        find("opens_per_minute", own=True)
    assert find("opens_per_minute", own=False).field == "opens_per_minute"
    for key in ("max_trade_sol", "daily_loss_sol", "min_liquidity_usd", "check_honeypots"):
        with pytest.raises(InputError, match="Solana"):
            find(key, own=True)
    for key in ("", "mаx_leverage", "\ud800", "x" * 10_000):
        with pytest.raises(InputError):
            find(key, own=True)


def test_every_limit_of_a_policy_has_a_name() -> None:
    assert {limit.field for limit in LIMITS} == set(Policy.__struct_fields__)
    assert len({limit.key for limit in LIMITS}) == len(LIMITS)


@pytest.mark.parametrize(
    ("key", "old", "new", "way"),
    [
        ("max_leverage", 50, 49, Way.TIGHTER),
        ("max_leverage", 50, 50, Way.SAME),
        ("max_leverage", 50, 51, Way.LOOSER),
        ("liq_buffer_pct", 5, 6, Way.TIGHTER),
        ("liq_buffer_pct", 5, 4, Way.LOOSER),
        ("markets", (), (1,), Way.TIGHTER),
        ("markets", (1, 2), (1,), Way.TIGHTER),
        ("markets", (1, 2), (2, 1), Way.SAME),
        ("markets", (1,), (1, 2), Way.LOOSER),
        ("markets", (1,), (2,), Way.LOOSER),  # another one is one more
        ("markets", (1,), (), Way.LOOSER),
    ],
)
def test_which_way_a_change_goes(key: str, old: limits.Value, new: limits.Value, way: Way) -> None:
    assert direction(find(key, own=True), old, new) is way


def test_the_stricter_of_two_keeps_every_field() -> None:
    mine = Policy(
        max_leverage_e10=9_000 * E10, copies_per_minute=1, messages_per_minute=2, markets=(BTC,)
    )
    bound = stricter(mine, CEILING)
    assert (bound.copies_per_minute, bound.messages_per_minute, bound.markets) == (1, 2, (BTC,))
    assert bound.max_leverage_e10 == 500 * E10
    low = limits.with_value(CEILING, find("liq_buffer_pct", own=True), E10 // 2)
    assert stricter(Policy(), low).liquidation_buffer_e10 == E10 // 2


def test_operators_change_the_ceiling_but_not_beyond_the_settings() -> None:
    assert ceiling({}, {}) == CEILING
    assert ceiling({"max_position_usd": 5}, {}).max_position_e6 == E6  # the hard bound
    raised = ceiling({"max_position_usd": 150_000 * E6}, {})
    assert raised.max_position_e6 == 150_000 * E6
    fixed = {"max_position_e6": 20_000 * E6, "liquidation_buffer_e10": E10 // 10}
    assert ceiling({"max_position_usd": 150_000 * E6}, fixed).max_position_e6 == 20_000 * E6
    assert ceiling({"max_position_usd": 10_000 * E6}, fixed).max_position_e6 == 10_000 * E6
    assert ceiling({"liq_buffer_pct": E10 // 20}, fixed).liquidation_buffer_e10 == E10 // 10
    assert ceiling({"liq_buffer_pct": E10 // 5}, fixed).liquidation_buffer_e10 == E10 // 5
    assert ceiling({"of_another_version": 1, "markets": 7}, {}) == CEILING
