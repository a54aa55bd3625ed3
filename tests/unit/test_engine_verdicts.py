"""Words of refusals that need no engine."""

import pytest

from tests.fakes.engine_world import BTC, CATALOGUE
from vanta import _core
from vanta.domain import exact
from vanta.domain.enums import Side
from vanta.domain.policy import UserBreaker
from vanta.domain.slippage import adverse_move_e10
from vanta.domain.units import E6, E10, I64_MAX
from vanta.domain.verdict import clock_time
from vanta.engine import risk_words, verdicts

S = 10**9
NOW = 1_790_000_000 * S  # 14:13:20 UTC


@pytest.mark.parametrize(
    ("ns", "words"),
    [
        (-5 * S, "1 s"),
        (0, "1 s"),
        (1, "1 s"),
        (59 * S, "59 s"),
        (59 * S + 1, "1 min"),
        (60 * S, "1 min"),
        (61 * S, "2 min"),
        (3_540 * S, "59 min"),
        (3_540 * S + 1, "1 h"),
        (3_600 * S, "1 h"),
        (11_100 * S, "3 h 5 min"),
    ],
)
def test_waits_are_rounded_up(ns: int, words: str) -> None:
    assert verdicts.how_long(ns) == words


def test_times_are_utc() -> None:
    assert clock_time(NOW) == "14:13 UTC"
    assert clock_time(0) == "00:00 UTC"


class Failed:
    """Stands in for `_core.Failure`."""

    def __init__(self, rule: str, value: int, limit: int, resets_at_ns: int = 0) -> None:
        self.rule = _core.RULES.index(rule)
        self.value = value
        self.limit = limit
        self.resets_at_ns = resets_at_ns


CASE = risk_words.RiskCase(
    market=CATALOGUE[BTC],
    side=Side.SHORT,
    collateral_e6=20 * E6,
    leverage_e10=2 * E10,
    buffer_e10=500_000_000,
    now_ns=NOW,
)


@pytest.mark.parametrize(
    ("failed", "code", "words"),
    [
        (Failed("MARKET", 1, 0), "E-VENUE", "BTC/USD takes no new positions here."),
        (
            Failed("ACCOUNT_RISK", 1_400_000_000, 1_000_000_000),
            "E-RISK-ACC",
            "This could lose 14.00 % of your account; your limit is 10.00 %. "
            "A smaller size or a nearer stop passes.",
        ),
        (
            Failed("ACCOUNT_RISK", I64_MAX, 1_000_000_000),
            "E-RISK-ACC",
            "There is no equity to lose this from; your limit is 10.00 % of your account.",
        ),
        (
            Failed("STOP_SIDE", 59_000 * E10, 60_000 * E10),
            "E-ARG",
            "Stop loss 59,000.0 must be above the entry 60,000.0.",
        ),
        (
            Failed("OPENS_PER_MINUTE", 1, 0),
            "E-RATE",
            "0 opens in the last minute (limit 0).",
        ),
        (
            Failed("TRADES_PER_DAY", 51, 50, NOW + 9 * 3_600 * S + 2_800 * S),
            "E-RATE",
            "50 trades today (limit 50). Resets 00:00 UTC (9 h 47 min). Closing still works.",
        ),
        (
            Failed("VOLUME_HOUR", 22_200 * E6, 10_000 * E6, NOW + 23 * 60 * S),
            "E-VOL",
            "Hourly volume: this would make 22,200.00 of 10,000.00. Resets 14:36 UTC (23 min).",
        ),
        (
            Failed("VOLUME_DAY", 60_000 * E6, 50_000 * E6),
            "E-VOL",
            "Daily volume: this would make 60,000.00 of 50,000.00. Waiting does not help.",
        ),
        (
            Failed("DAILY_LOSS", I64_MAX, 2_000_000_000, NOW + 60 * S),
            "E-RISK-DAY",
            "Daily loss limit reached: all of 20.00 %. Trading paused until 00:00 UTC (1 min). "
            "Closing still works.",
        ),
    ],
)
def test_a_failed_rule_in_words(failed: Failed, code: str, words: str) -> None:
    reason = risk_words.of_failure(failed, CASE)  # type: ignore[arg-type]
    assert (reason.code, reason.text) == (code, words)
    assert (reason.value, reason.limit) == (failed.value, failed.limit)
    assert reason.resets_at_ns == failed.resets_at_ns
    assert reason.rule == _core.RULES[failed.rule]


def test_what_breaks_a_limit_by_a_hair_does_not_read_like_the_limit() -> None:
    hair = [
        Failed("POSITION_MAX", 10_000 * E6 + 1, 10_000 * E6),
        Failed("BALANCE", 50_310_001, 50_310_000),
        Failed("ACCOUNT_RISK", 1_000_000_001, 1_000_000_000),
        Failed("VOLUME_HOUR", 10_000 * E6 + 1, 10_000 * E6),
        Failed("DAILY_LOSS", 2_000_000_001, 2_000_000_000, NOW + S),
    ]
    texts = [risk_words.of_failure(failed, CASE).text for failed in hair]  # type: ignore[arg-type]
    assert "10,000.01 of 10,000.00" in texts[0]
    assert "have 50.31 USDC free; this needs 50.32" in texts[1]
    assert "lose 10.01 %" in texts[2]
    assert "make 10,000.01 of 10,000.00" in texts[3]
    assert "reached: 20.01 % of 20.00 %" in texts[4]
    assert "moved 0.51 % (limit 0.50 %)" in verdicts.slipped(50_000_001, 50_000_000).text


def test_every_rule_of_the_core_has_words() -> None:
    for rule in _core.RULES[1:]:
        reason = risk_words.of_failure(Failed(rule, 3, 2), CASE)  # type: ignore[arg-type]
        assert reason.code.startswith("E-")
        assert reason.text


@pytest.mark.parametrize(
    ("from_e10", "to_e10", "buys", "moved_e10"),
    [
        pytest.param(100 * E10, 101 * E10, True, 100_000_000, id="a buy gets dearer"),
        pytest.param(100 * E10, 99 * E10, True, 0, id="a buy gets cheaper"),
        pytest.param(100 * E10, 99 * E10, False, 100_000_000, id="a sell gets cheaper"),
        pytest.param(100 * E10, 101 * E10, False, 0, id="a sell gets dearer"),
        pytest.param(3 * E10, 3 * E10 + 1, True, 1, id="rounded up"),
        pytest.param(1, I64_MAX, True, I64_MAX, id="cut at what can be stored"),
    ],
)
def test_movement_against_the_trader(
    from_e10: int, to_e10: int, buys: bool, moved_e10: int
) -> None:
    assert adverse_move_e10(from_e10, to_e10, buys=buys) == moved_e10


def test_a_pause_by_oneself_has_no_count_and_losses_in_a_row_have() -> None:
    def said(losses: int, limit: int) -> str:
        found = UserBreaker(until_ns=NOW + 200 * S, losses=losses, limit=limit)
        return exact.facts(verdicts.breaker(found, NOW))

    assert said(10, 10) == "BREAKER 10 of 10 count, resets 2026-09-21T14:16:40.000000Z"
    assert said(0, 0) == "BREAKER, resets 2026-09-21T14:16:40.000000Z"
