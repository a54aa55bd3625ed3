"""Validation of orders and the size the venue still takes, as the reference words them."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from tests.vectors.compute_scale import close, e6, e10
from vanta import _core
from vanta.venues.avantis.pair import Pair, Snapshot, oi_caps, order_rules

NOW_S = 1_795_000_000
"""Between every past and future time of the vectors."""

OURS_ALONE = {"STOP_PRICE", "TP_SIDE", "SL_SIDE", "SLIPPAGE"}
"""Published rules that the reference's validator leaves to the contract."""

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def check_max_position_size(k: dict[str, Any], result: Any) -> None:
    pair, snapshot = _catalogue(k)
    ours = oi_caps(pair, snapshot).headroom(
        is_long=k["is_long"], wallet_oi_e6=e6(k.get("wallet_oi", 0))
    )
    noise = Fraction(e6(snapshot.max_open_interest), 10**12)
    close(ours, result, 6, slack=noise)


def _catalogue(k: dict[str, Any]) -> tuple[Pair, Snapshot]:
    return msgspec.convert(k["pair_info"], Pair), msgspec.convert(k["snapshot"], Snapshot)


def check_validate_order(k: dict[str, Any], result: Any) -> None:
    pair, snapshot = _catalogue(k)
    optional = {
        "take_profit_p_e10": k.get("take_profit_percent"),
        "stop_loss_p_e10": k.get("stop_loss_percent"),
        "spread_p_e10": k.get("dynamic_spread_p"),
        "market_e10": k.get("market_price"),
        "price_e10": k.get("limit_price"),
    }
    given = {name: e10(value) for name, value in optional.items() if value is not None}
    failures, _ = _core.validate_order(
        order_rules(pair, snapshot, now_s=NOW_S, is_upside=k.get("is_upside")),
        oi_caps(pair, snapshot),
        is_long=k["is_long"],
        collateral_e6=e6(k["collateral"]),
        leverage_e10=e10(k["leverage"]),
        wallet_oi_e6=e6(k.get("wallet_oi", 0)),
        open_trades=k.get("open_trades_on_pair", 0),
        kind="limit" if "price_e10" in given else "market",
        **given,
    )
    said = [
        (_core.ORDER_RULES[rule], value, limit)
        for rule, value, limit in failures
        if _core.ORDER_RULES[rule] not in OURS_ALONE
    ]
    assert [name for name, _, _ in said] == result["codes"], (said, result)
    assert result["ok"] == (not said)
    assert result["warnings"] == []
    for (name, value, limit), text in zip(said, result["errors"], strict=True):
        _same_numbers(name, value, limit, text, pair)


def _same_numbers(name: str, value: int, limit: int, text: str, pair: Pair) -> None:
    """The numbers of the reference's text are ours, to the digits it prints."""
    if name in {"DELISTED", "CLOSE_ONLY", "MARKET_CLOSED"}:
        assert text.startswith(pair.symbol)
        return
    printed = [Decimal(number) for number in NUMBER.findall(text)]
    at_10, at_6 = Decimal(value).scaleb(-10), Decimal(value).scaleb(-6)
    top_10, top_6 = Decimal(limit).scaleb(-10), Decimal(limit).scaleb(-6)
    ours = {
        "LEVERAGE": [at_10],
        "MIN_SIZE": [at_6, top_6],
        "HEADROOM": [at_6, top_6],
        "MAX_TRADES": [Decimal(limit)],
        "TP_TOO_HIGH": [at_10, top_10],
        "SL_TOO_HIGH": [at_10, top_10],
        "SL_TOO_LOW": [top_10],
        "SL_TOO_LOW_UPSIDE": [top_10],
        "SPREAD": [2 * at_10],
        "SPREAD_X_LEVERAGE": [at_10, top_10],
    }.get(name, [])
    if name == "LEVERAGE":
        assert top_10 in printed[1:], (text, limit)
    for mine, theirs in zip(ours, printed, strict=False):
        # Half of the last printed digit, and the double it was printed from.
        digit = Decimal(1).scaleb(int(theirs.as_tuple().exponent))
        assert abs(mine - theirs) <= digit / 2 + abs(theirs) / 10**9 + Decimal(2).scaleb(-6), text
