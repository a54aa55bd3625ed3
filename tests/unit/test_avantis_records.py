"""The venue's JSON as it should not be: every fault is an `InputError` that names its field."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from vanta import _core
from vanta.domain.errors import InputError
from vanta.venues.avantis.decimals import amount, raw, scaled
from vanta.venues.avantis.pair import Pair, Snapshot, oi_caps, order_rules
from vanta.venues.avantis.user_data import OpenPosition, RestingOrder
from vanta.venues.avantis.wire import Wire, read

E10 = 10**10
PAIR: dict[str, Any] = {
    "from": "ETH_UPSIDE",
    "to": "USD",
    "groupIndex": 0,
    "isPairListed": True,
    "leverages": {"minLeverage": 1, "maxLeverage": 75, "pnlMinLeverage": 2, "pnlMaxLeverage": 200},
    "closeFeeP": "0.045",
    "minLevPosUSDC": 100,
    "openInterest": {"long": 40.5, "short": 60},
    "pairMaxOI": 600,
    "maxWalletOI": 700,
    "feed": {"attributes": {"isOpen": True, "nextOpen": 0, "nextClose": 0}},
    "values": {
        "maxGainP": 2500,
        "maxSlP": 80,
        "maxLongOiP": 50,
        "maxShortOiP": 50,
        "groupOpenInterestPercentageP": 100,
    },
    "pnlFees": {"numTiers": 2, "tierP": [1, 5], "feesP": [80, 50]},
    "newFieldOfTheVenue": [1, {"a": None}],
}
SNAPSHOT: dict[str, Any] = {
    "maxTradesPerPair": 40,
    "totalOi": 100,
    "maxOpenInterest": 1000,
    "groupInfo": {"0": {"groupMaxOI": 800, "groupOI": 50}},
}


def with_value(record: dict[str, Any], path: str, value: Any) -> bytes:
    changed: Any = copy.deepcopy(record)
    *folders, name = path.split(".")
    inner = changed
    for folder in folders:
        inner = inner[folder]
    if value is KeyError:
        del inner[name]
    else:
        inner[name] = value
    return json.dumps(changed).encode()


def pair(path: str = "to", value: Any = "USD") -> Pair:
    return read(with_value(PAIR, path, value), Pair)


def snapshot(path: str = "totalOi", value: Any = 100) -> Snapshot:
    return read(with_value(SNAPSHOT, path, value), Snapshot)


def build(one: Pair, around: Snapshot) -> tuple[_core.OiCaps, _core.OrderRules]:
    return oi_caps(one, around), order_rules(one, around, now_s=0)


def test_a_good_record_becomes_caps_and_rules() -> None:
    caps, rules = build(pair(), snapshot())
    assert caps.headroom(is_long=True, wallet_oi_e6=0) == 359_500_000
    assert rules.min_stop(leverage_e10=50 * E10) == 75 * E10 // 10


@pytest.mark.parametrize(
    "path",
    ["leverages", "feed", "values.maxGainP", "openInterest.long", "pairMaxOI", "isPairListed"],
)
def test_a_missing_field_is_named(path: str) -> None:
    with pytest.raises(InputError, match=path.rsplit(".", maxsplit=1)[-1]):
        pair(path, KeyError)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("isPairListed", 1),
        ("isPairListed", "true"),
        ("groupIndex", 0.5),
        ("pairMaxOI", None),
        ("pairMaxOI", True),
        ("pairMaxOI", "twelve"),
        ("pairMaxOI", [1]),
        ("pairMaxOI", float("nan")),
        ("pairMaxOI", float("inf")),
        ("pnlFees.tierP", {"0": 1}),
        ("leverages", []),
        ("feed.attributes.nextOpen", "soon"),
    ],
)
def test_a_field_of_another_kind_is_refused(path: str, value: Any) -> None:
    with pytest.raises(InputError):
        pair(path, value)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "-Infinity", "1e400", "1e-400", "-1", -0.000001])
@pytest.mark.parametrize(
    "path",
    [
        "minLevPosUSDC", "pairMaxOI", "maxWalletOI", "openInterest.short", "values.maxGainP",
        "values.maxSlP", "values.maxShortOiP", "leverages.pnlMaxLeverage",
    ],
)  # fmt: skip
def test_a_number_that_is_none_is_refused_by_name(path: str, value: Any) -> None:
    one = pair(path, value)
    if value == "1e-400":  # truncated like any other digit below the scale
        build(one, snapshot())
        return
    with pytest.raises(InputError) as caught:
        build(one, snapshot())
    name = path.rsplit(".", maxsplit=1)[-1].removeprefix("pnl")
    assert name.lower() in caught.value.field.lower()


@pytest.mark.parametrize("path", ["totalOi", "maxOpenInterest", "groupInfo.0.groupOI"])
def test_the_catalogue_is_held_to_the_same(path: str) -> None:
    for value in ("NaN", -1, 10**13):
        with pytest.raises(InputError, match=path.rsplit(".", maxsplit=1)[-1]):
            build(pair(), snapshot(path, value))


@pytest.mark.parametrize(
    ("tiers", "fees"), [([1, 5], [80]), ([], [80]), ([1], []), ([1, 5], [80, 50, 1])]
)
def test_a_tier_without_its_fee_is_not_free(tiers: list[int], fees: list[int]) -> None:
    one = pair("pnlFees", {"tierP": tiers, "feesP": fees})
    with pytest.raises(InputError, match="feesP"):
        build(one, snapshot())


def test_a_share_above_all_of_a_profit_is_refused() -> None:
    with pytest.raises(_core.InvalidInput, match="fees_p_e10"):
        build(pair("pnlFees", {"tierP": [1], "feesP": [101]}), snapshot())


def test_a_group_that_is_not_there_has_no_room() -> None:
    caps, _ = build(pair("groupIndex", 7), snapshot())
    assert caps.headroom(is_long=True, wallet_oi_e6=0) == 0


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'"x"', b"\xff", b"[" * 100_000, b'{"a":1}}']
)
@pytest.mark.parametrize("kind", [Pair, Snapshot, OpenPosition, RestingOrder])
def test_what_is_no_record_is_refused(body: bytes, kind: type[Wire]) -> None:
    with pytest.raises(InputError, match=kind.__name__):
        read(body, kind)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "+1", "1_0", "1.0", "1e3", "\u0661", "0x1", "--1", "9" * 79, "9" * 10_000],
)
def test_a_raw_integer_is_plain(text: str) -> None:
    with pytest.raises(InputError, match="leverage"):
        raw(text, field="leverage")
    position = {"buy": True, "collateral": "5", "leverage": text, "openPrice": "1"}
    held = read(json.dumps(position).encode(), OpenPosition)
    with pytest.raises(InputError, match="leverage"):
        held.human(base_is_usd=False)


def test_an_older_order_keeps_its_collateral_elsewhere() -> None:
    for collateral, size, kept in (("7", "9", 7), ("0", "9", 9), ("0", "0", 0)):
        order = {"buy": False, "collateral": collateral, "positionSize": size}
        assert read(json.dumps(order).encode(), RestingOrder).collateral_e6 == kept


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("0.99999999999999999999999999999999", 999_999),  # longer than a context of 28 digits
        ("-0.9999999", -999_999),
        ("9223372036854.7758079", 9_223_372_036_854_775_807),
        ("1e-999999", 0),
        ("0e999999", 0),
        ("1.5e3", 1_500_000_000),
    ],
)
def test_scaling_truncates_toward_zero_at_any_length(text: str, whole: int) -> None:
    assert scaled(text, decimals=6, field="x") == whole


@pytest.mark.parametrize("text", ["1e999999", "9" * 100_000, "1e73"])
def test_a_number_of_no_use_is_refused_at_once(text: str) -> None:
    with pytest.raises(InputError, match="digits"):
        scaled(text, decimals=6, field="x")


def test_an_amount_is_not_negative_and_fits() -> None:
    assert amount(Decimal("9223372036854.775807"), decimals=6, field="x") == 2**63 - 1
    for value in ("9223372036854.775808", "-0.0000000001"):
        with pytest.raises(InputError):
            amount(Decimal(value), decimals=6, field="x")
