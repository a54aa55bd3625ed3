"""The canary: caps of LIVE opens, refused at the start when it could never trade."""

from typing import Any

import pytest

from tests.fakes.engine_world import BTC, CATALOGUE, ETH, open_intent
from vanta.domain.enums import Mode
from vanta.domain.errors import ConfigError
from vanta.domain.units import E6, E10
from vanta.engine.canary import Canary, canary_of


def made(**fields: Any) -> Canary:
    profile = {
        "collateral_e6": 50 * E6,
        "leverage_e10": 2 * E10,
        "markets": ("BTC",),
        "users": (7,),
    }
    return canary_of(**{**profile, **fields}, catalogue=CATALOGUE)


def test_the_default_profile_is_exactly_at_the_venues_minimum() -> None:
    assert made().markets == (CATALOGUE[BTC],)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"collateral_e6": 10 * E6}, "10.00 x 2x = 20.00 USDC, the venue's minimum is 100.00"),
        ({"collateral_e6": 50 * E6 - 1}, "never trade BTC"),
        ({"collateral_e6": 100 * E6, "leverage_e10": 2 * E10 - 1}, "CANARY_LEVERAGE"),
        ({"users": ()}, "VANTA_CANARY_USERS names nobody"),
        ({"markets": ()}, "names no market"),
        ({"markets": ("BTC", "BCT")}, "VANTA_CANARY_MARKETS='BCT': one of"),
    ],
)
def test_a_profile_that_could_never_trade_is_refused_with_its_numbers(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**fields)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({}, []),
        ({"collateral_e6": 50 * E6 - 1}, []),
        ({"collateral_e6": 50 * E6 + 1}, ["CANARY_COLLATERAL"]),
        ({"leverage_e10": 2 * E10 + 1}, ["CANARY_LEVERAGE"]),
        ({"market_ix": ETH}, ["CANARY_MARKET"]),
        (
            {"market_ix": ETH, "leverage_e10": 3 * E10, "collateral_e6": 60 * E6},
            ["CANARY_MARKET", "CANARY_LEVERAGE", "CANARY_COLLATERAL"],
        ),
    ],
)
def test_a_value_equal_to_a_cap_passes(fields: dict[str, Any], rules: list[str]) -> None:
    wish = {"collateral_e6": 50 * E6, "leverage_e10": 2 * E10, "mode": Mode.LIVE, **fields}
    assert [reason.rule for reason in made().reasons(open_intent(7, **wish))] == rules


def test_others_than_the_named_stay_in_dry() -> None:
    wish = open_intent(8, collateral_e6=50 * E6, leverage_e10=2 * E10)
    assert [reason.rule for reason in made().reasons(wish)] == ["CANARY_USER"]
