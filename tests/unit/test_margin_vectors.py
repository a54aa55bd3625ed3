"""Margin maths and our scaling against the venue's own package (see tests/vectors/README.md).

The reference works in doubles and clamps nothing. Here each result is also held to the exact value:
recomputed in fractions from the vector's decimals, rounded once in the named direction.
"""

import json
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest

from vanta import _core
from vanta.domain.errors import InputError
from vanta.domain.units import parse_scaled

E6 = 10**6
E10 = 10**10
PATH = Path(__file__).resolve().parent.parent / "vectors" / "avantis_compute.json"
# A float's repr is what the reference was given, so decimals are read from it, never from bits.
VECTORS: list[dict[str, Any]] = json.loads(PATH.read_text(), parse_float=Decimal)["vectors"]


def vectors(function: str) -> list[dict[str, Any]]:
    return [vector for vector in VECTORS if vector["function"] == function]


def scaled(value: object, decimals: int) -> int:
    exact = Decimal(str(value)).scaleb(decimals)
    return int(exact.to_integral_value(rounding=ROUND_DOWN))


def close_to(ours: int, reference: object, scale: int, *, slack: Fraction = Fraction(0)) -> bool:
    """Within one unit of rounding, the double's own error and `slack`."""
    wanted = Fraction(str(reference)) * scale
    return abs(ours - wanted) <= 1 + slack + abs(wanted) / 10**9


def gross(open_price: Any, current: Any, collateral: Any, leverage: Any, is_long: bool) -> int:
    return _core.pnl(
        entry_e10=scaled(open_price, 10),
        price_e10=scaled(current, 10),
        collateral_e6=scaled(collateral, 6),
        leverage_e10=scaled(leverage, 10),
        is_long=is_long,
    )


def assert_gross(
    open_price: Any, current: Any, collateral: Any, leverage: Any, is_long: bool, reference: Any
) -> None:
    ours = gross(open_price, current, collateral, leverage, is_long)
    entry, at = scaled(open_price, 10), scaled(current, 10)
    size = Fraction(str(collateral)) * Fraction(str(leverage)) * E6
    move = Fraction(at - entry, entry) * (1 if is_long else -1)
    assert ours == max(floor(move * size), -scaled(collateral, 6))
    if Fraction(str(reference)) <= -Fraction(str(collateral)):
        assert ours == -scaled(collateral, 6)
    else:
        # A price of more than ten decimals was truncated by up to one unit.
        assert close_to(ours, reference, E6, slack=size / entry)


def test_gross_pnl() -> None:
    checked = refused = 0
    for vector in vectors("gross_pnl"):
        current, open_price, collateral, leverage, is_long = vector["args"]
        if current == 0 or open_price == 0:
            with pytest.raises(_core.InvalidInput):
                gross(open_price, current, collateral, leverage, is_long)
            refused += 1
            continue
        assert_gross(open_price, current, collateral, leverage, is_long, vector["result"])
        checked += 1
    assert (checked, refused) == (25, 2)


def test_gross_and_closing_fee_of_net_pnl() -> None:
    checked = fees = 0
    for vector in vectors("net_pnl"):
        if "error" in vector:
            continue
        k, result = vector["kwargs"], vector["result"]
        assert_gross(
            k["open_price"],
            k["current_price"],
            k["collateral"],
            k["leverage"],
            k["is_long"],
            result["gross"],
        )
        checked += 1
        base = k.get("close_fee_base", "notional")
        if "close_fee_p" not in k or k.get("is_upside") or base != "notional":
            continue
        kept = 1 - Fraction(str(k["fee_discount_p"])) / 100
        rate = Fraction(str(k["close_fee_p"])) * kept / 100 * E10
        assert rate.denominator == 1
        notional = _core.notional(
            collateral_e6=scaled(k["collateral"], 6), leverage_e10=scaled(k["leverage"], 10)
        )
        fee = _core.fee(notional_e6=notional, rate_e10=int(rate))
        assert fee == ceil(notional * rate / E10)
        assert close_to(fee, result["closing_fee"], E6)
        fees += 1
    assert (checked, fees) == (52, 18)


def test_liquidation_price() -> None:
    checked = clamped = refused = 0
    for vector in vectors("estimate_liquidation_price"):
        k, reference = vector["kwargs"], vector["result"]
        arguments: dict[str, Any] = {
            "entry_e10": scaled(k["open_price"], 10),
            "collateral_e6": scaled(k["collateral"], 6),
            "leverage_e10": scaled(k["leverage"], 10),
            "is_long": k["is_long"],
            "threshold_e10": scaled(k.get("liq_threshold_p", 85), 8),
            "rollover_e6": scaled(k.get("rollover_fee", 0), 6),
            "funding_e6": scaled(k.get("funding_fee", 0), 6),
        }
        if k["collateral"] == 0:
            # The reference answers 0 for no position; here there is no line to ask for.
            with pytest.raises(_core.InvalidInput, match="collateral_e6"):
                _core.liquidation_price(**arguments)
            refused += 1
            continue
        ours = _core.liquidation_price(**arguments)
        if reference <= 0:
            assert ours == 0
            clamped += 1
            continue
        assert close_to(ours, reference, E10)
        # Exactly: one rounding, towards entry.
        room = arguments["collateral_e6"] * Fraction(arguments["threshold_e10"], E10)
        room -= arguments["rollover_e6"] + arguments["funding_e6"]
        size = arguments["collateral_e6"] * Fraction(arguments["leverage_e10"], E10)
        distance = arguments["entry_e10"] * room / size
        exact = (
            ceil(arguments["entry_e10"] - distance)
            if k["is_long"]
            else floor(arguments["entry_e10"] + distance)
        )
        assert ours == exact
        checked += 1
    assert (checked, clamped, refused) == (51, 2, 1)


def test_position_model() -> None:
    checked = 0
    for vector in vectors("position_model"):
        position, result = vector["kwargs"]["position"], vector["result"]
        notional = _core.notional(
            collateral_e6=int(position["collateral"]), leverage_e10=int(position["leverage"])
        )
        assert notional == scaled(result["position_size"], 6)
        for raw, human in (
            ("openPrice", "open_price"),
            ("liquidationPrice", "liquidation_price"),
            ("tp", "tp"),
            ("sl", "sl"),
            ("leverage", "leverage"),
        ):
            assert int(position[raw]) == parse_scaled(result[human], decimals=10, field=human)
        assert int(position["rolloverFee"]) == scaled(result["rollover_fee"], 6)
        assert int(position["unrealisedFundingFee"]) == scaled(result["unrealised_funding_fee"], 6)
        checked += 1
    assert checked == 24


def test_gross_of_positions() -> None:
    checked = 0
    for vector in vectors("position_net_pnl"):
        position = vector["kwargs"]["position"]
        assert_gross(
            Decimal(position["openPrice"]).scaleb(-10),
            vector["kwargs"]["current_price"],
            Decimal(position["collateral"]).scaleb(-6),
            Decimal(position["leverage"]).scaleb(-10),
            position["buy"],
            vector["result"]["gross"],
        )
        checked += 1
    assert checked == 24


@pytest.mark.parametrize(
    ("function", "decimals", "count"), [("scale_p10", 10, 26), ("scale_usdc", 6, 25)]
)
def test_scaling(function: str, decimals: int, count: int) -> None:
    """Our parser gives the reference's integer, or refuses where the reference drops digits,
    takes a sign, an exponent or no number at all."""
    accepted = refused = 0
    for vector in vectors(function):
        (human,) = vector["args"]
        text = format(human, "f") if isinstance(human, Decimal) else str(human)
        try:
            ours = parse_scaled(text, decimals=decimals, field="amount")
        except InputError:
            lost = "error" not in vector and (
                Decimal(text).scaleb(decimals) != int(vector["result"])
                or text.startswith("-")
                or "e" in text.lower()
            )
            assert lost or "error" in vector, vector["id"]
            refused += 1
        else:
            assert ours == int(vector["result"])
            accepted += 1
        if "error" not in vector:
            # The reader of every vector above is held to the reference as well.
            assert scaled(human, decimals) == int(vector["result"])
    assert accepted + refused == count
    assert accepted >= 14
