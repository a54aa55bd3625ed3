"""Limits by name: what they are called, how a text becomes a number, which way is tighter. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from vanta.domain.errors import InputError
from vanta.domain.market import Catalogue
from vanta.domain.policy import CEILING, Policy
from vanta.domain.units import (
    E6,
    E10,
    format_leverage,
    format_percent,
    format_scaled,
    format_usd,
    parse_scaled,
)

Value = int | tuple[int, ...]
"""A number in the limit's unit; of `markets` the indices, none = all."""

ALL_MARKETS: Final = "all"
SOLANA_KEYS: Final = frozenset(
    {"max_trade_sol", "daily_loss_sol", "min_liquidity_usd", "check_honeypots"}
)


class Way(StrEnum):
    """Where a change of a limit goes."""

    TIGHTER = "tighter"
    SAME = "same"
    LOOSER = "looser"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. `low` and `high` are what the core, the counters and the columns hold."""

    key: str
    field: str  # of `Policy`
    rule: str  # of the verdicts it leads to
    code: str
    title: str
    unit: str
    low: int = 1
    high: int = 0
    is_own: bool = False  # people may set theirs
    is_floor: bool = False  # more is tighter


def _ratio(key: str, field: str, *, rule: str, code: str, title: str, high: int = E10) -> Limit:
    return Limit(
        key=key,
        field=field,
        rule=rule,
        code=code,
        title=title,
        unit="ratio_e10",
        low=E10 // 10_000,
        high=high,
        is_own=field != "max_slippage_e10",
        is_floor=field == "liquidation_buffer_e10",
    )


def _rate(key: str, *, title: str) -> Limit:
    high: int = getattr(CEILING, key)
    return Limit(
        key=key, field=key, rule=key.upper(), code="E-RATE", title=title, unit="count", high=high
    )


def _volume(window: str, *, title: str) -> Limit:
    return Limit(
        key=f"volume_{window}_usd",
        field=f"volume_{window}_e6",
        rule=f"VOLUME_{window.upper()}",
        code="E-VOL",
        title=title,
        unit="usd_e6",
        low=E6,
        high=CEILING.volume_day_e6,
    )


LIMITS: Final = (
    Limit(
        key="max_leverage",
        field="max_leverage_e10",
        rule="LEVERAGE_POLICY",
        code="E-LEV",
        title="Leverage",
        unit="leverage_e10",
        low=E10,
        high=1_000 * E10,
        is_own=True,
    ),
    Limit(
        key="max_position_usd",
        field="max_position_e6",
        rule="POSITION_MAX",
        code="E-RISK-POS",
        title="Position",
        unit="usd_e6",
        low=E6,
        high=10**9 * E6,
        is_own=True,
    ),
    _ratio(
        "max_account_risk_pct",
        "max_account_risk_e10",
        rule="ACCOUNT_RISK",
        code="E-RISK-ACC",
        title="Account risk",
    ),
    _ratio(
        "liq_buffer_pct",
        "liquidation_buffer_e10",
        rule="LIQUIDATION_BUFFER",
        code="E-RISK-LIQ",
        title="Liquidation buffer",
        high=E10 * 9 // 10,
    ),
    _ratio(
        "max_daily_loss_pct",
        "max_daily_loss_e10",
        rule="DAILY_LOSS",
        code="E-RISK-DAY",
        title="Daily loss",
    ),
    _rate("opens_per_minute", title="Opens per minute"),
    _rate("trades_per_day", title="Trades per day"),
    _volume("hour", title="Hourly volume"),
    _volume("day", title="Daily volume"),
    _rate("copies_per_minute", title="Copies per minute"),
    _rate("messages_per_minute", title="Messages per minute"),
    Limit(
        key="max_losses_in_row",
        field="max_losses_in_row",
        rule="BREAKER",
        code="E-RISK-DAY",
        title="Losses in a row",
        unit="count",
        high=CEILING.max_losses_in_row,
        is_own=True,
    ),
    _ratio(
        "max_slippage_pct",
        "max_slippage_e10",
        rule="SLIPPAGE_CEILING",
        code="E-SLIP",
        title="Slippage",
        high=E10 // 2,
    ),
    Limit(
        key="markets",
        field="markets",
        rule="MARKET_ALLOWED",
        code="E-SYM",
        title="Markets",
        unit="markets",
        is_own=True,
    ),
)
"""In the order of the published table."""

MARKETS: Final = LIMITS[-1]
_BY_KEY: Final = {limit.key: limit for limit in LIMITS}


def find(key: str, *, own: bool) -> Limit:
    """Return a limit by its key; `own` = only those that people set for themselves.

    Raises `InputError` naming the keys there are.
    """
    name = key.lower() if isinstance(key, str) and key.isascii() else ""
    if name in SOLANA_KEYS:
        raise InputError("E-ARG", field="key", value=key, limit="Solana, which comes later")
    limit = _BY_KEY.get(name)
    if limit is None or (own and not limit.is_own):
        known = ", ".join(names(own=own))
        raise InputError("E-ARG", field="key", value=key, limit=f"one of {known}")
    return limit


def names(*, own: bool) -> list[str]:
    """Return the keys there are; `own` = only those that people set for themselves."""
    return [limit.key for limit in LIMITS if limit.is_own or not own]


def parse(limit: Limit, text: str, catalogue: Catalogue) -> Value:
    """Read `50x`, `10000`, `10%`, `5`, `BTC,ETH` or `all`, exactly.

    Raises `InputError` naming the key, the text and what a good one looks like; E-SYM for a market
    that there is not.
    """
    if limit.unit == "markets":
        return _parse_markets(text, catalogue)
    suffix, decimals = _GRAMMAR[limit.unit]
    bare = text.lower() if isinstance(text, str) and text.isascii() else ""
    wanted = f"{format_value(limit, limit.low)} to {format_value(limit, limit.high)}"
    if limit.unit == "ratio_e10" and not bare.endswith(suffix):
        # 0.1 may mean a tenth or a tenth of a percent: nobody should have to guess.
        raise InputError(
            "E-ARG", field=limit.key, value=text, limit=f"a percentage such as 10%, {wanted}"
        )
    try:
        value = parse_scaled(bare.removesuffix(suffix), decimals=decimals, field=limit.key)
    except InputError:
        raise InputError("E-ARG", field=limit.key, value=text, limit=wanted) from None
    if not limit.low <= value <= limit.high:
        raise InputError("E-ARG", field=limit.key, value=text, limit=wanted)
    return value


_GRAMMAR: Final = {
    "leverage_e10": ("x", 10),
    "usd_e6": ("usd", 6),
    "ratio_e10": ("%", 8),
    "count": ("", 0),
}


def _parse_markets(text: str, catalogue: Catalogue) -> tuple[int, ...]:
    if not isinstance(text, str) or len(text) > 400:
        raise InputError("E-ARG", field=MARKETS.key, value=text, limit="names such as BTC,ETH")
    if text.lower() == ALL_MARKETS:
        return ()
    return tuple(sorted({catalogue.resolve(name).ix for name in text.split(",")}))


def format_value(limit: Limit, value: Value, catalogue: Catalogue | None = None) -> str:
    """Render a limit's value as people read it."""
    if isinstance(value, tuple):
        if not value:
            return ALL_MARKETS
        return ",".join(_base(ix, catalogue) for ix in value)
    match limit.unit:
        case "leverage_e10":
            return format_leverage(value)
        case "usd_e6":
            exact = value % 10_000 == 0
            return "$" + (format_usd(value) if exact else format_scaled(value, decimals=6))
        case "ratio_e10":
            exact = value % 10**6 == 0
            shown = format_percent(value) if exact else format_scaled(value, decimals=8) + " %"
            return shown.replace(".00 %", " %")
        case _:
            return str(value)


def _base(ix: int, catalogue: Catalogue | None) -> str:
    try:
        return f"#{ix}" if catalogue is None else catalogue[ix].base
    except KeyError:
        return f"#{ix}"


def value_of(policy: Policy, limit: Limit) -> Value:
    """Return one limit of a policy."""
    value: Value = getattr(policy, limit.field)
    return value


def with_value(policy: Policy, limit: Limit, value: Value) -> Policy:
    """Return the policy with one limit changed."""
    return msgspec.structs.replace(policy, **{limit.field: value})


def direction(limit: Limit, old: Value, new: Value) -> Way:
    """Tell which way a change goes. Of markets only a part of the old ones is tighter."""
    if isinstance(old, tuple) or isinstance(new, tuple):
        before, after = _markets(old), _markets(new)
        if before == after:
            return Way.SAME
        is_part = bool(after) and (not before or after < before)
        return Way.TIGHTER if is_part else Way.LOOSER
    if old == new:
        return Way.SAME
    return Way.TIGHTER if (new > old) is limit.is_floor else Way.LOOSER


def _markets(value: Value) -> frozenset[int]:
    return frozenset(value) if isinstance(value, tuple) else frozenset({value})


def stricter(policy: Policy, ceiling: Policy) -> Policy:
    """Return the policy with each number brought within the ceiling's."""
    bound = {}
    for limit in LIMITS:
        mine, most = getattr(policy, limit.field), getattr(ceiling, limit.field)
        if limit is not MARKETS and direction(limit, most, mine) is Way.LOOSER:
            bound[limit.field] = most
    return msgspec.structs.replace(policy, **bound) if bound else policy


def ceiling(stored: Mapping[str, int], fixed: Mapping[str, int]) -> Policy:
    """Return the system's ceiling: as published, changed by `stored` (by key).

    What the settings have fixed (by field of `Policy`) is never exceeded: who may change a setting
    owns the machine. A key of another version is passed over.
    """
    policy = msgspec.structs.replace(CEILING, **fixed)
    for limit in LIMITS:
        value = stored.get(limit.key)
        if value is None or limit is MARKETS:
            continue
        value = min(max(value, limit.low), limit.high)
        bound = fixed.get(limit.field)
        if bound is None or direction(limit, bound, value) is not Way.LOOSER:
            policy = with_value(policy, limit, value)
    return policy
