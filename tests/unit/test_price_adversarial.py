"""What goes wrong with prices, case by case: liars, clocks, nonsense, repetition."""

import itertools

import pytest

from tests.fakes.price_market import MINUTE, ONE, PUSH, SECOND, STREAM, Market, P, off, streams
from vanta._core import QUALITIES


@pytest.mark.parametrize("lie", [-50, -0.6, 0.6, 50])
@pytest.mark.parametrize("liar", [0, 1])
def test_one_of_two_lies(liar: int, lie: float) -> None:
    market = streams(2)
    market.all(P, P)
    market.pass_(SECOND)
    for _ in range(4):  # insists, so that the jump guard lets it in
        market.pass_(1)
        market.say(liar, off(lie))
        market.say(1 - liar, P)
        assert market.quote().price_e10 == P
    assert market.quality == "CONFLICT"
    assert market.quote().sources_used == ()
    market.pass_(3 * SECOND + 1)
    assert market.breaker == "OPEN"
    assert "CONFLICT" in market.alarms


@pytest.mark.parametrize("lie", [-50, -0.6, 0.6, 50])
@pytest.mark.parametrize(("liar", "quality"), [(0, "DEGRADED"), (1, "GOOD"), (2, "GOOD")])
def test_one_of_three_lies(liar: int, quality: str, lie: float) -> None:
    market = streams(3)
    values = [P, P, P]
    values[liar] = off(lie)
    market.all(*values)
    quote = market.quote()
    assert (QUALITIES[quote.quality], quote.price_e10) == (quality, P)
    assert market.rejected == {liar: "OUTLIER"}


@pytest.mark.parametrize("step", [2.1, 5, 40])
def test_two_of_three_collude_are_followed_and_the_breaker_opens(step: float) -> None:
    market = streams(3)
    market.run(P, P, P, seconds=5)
    market.pass_(SECOND // 10)
    market.say(0, P)
    market.say(1, off(step))
    market.say(2, off(step))
    quote = market.quote()
    assert (QUALITIES[quote.quality], quote.price_e10) == ("DEGRADED", off(step))
    assert market.breaker == "OPEN"


def test_two_of_three_collude_beyond_the_bounds() -> None:
    market = streams(3)
    market.all(P, P, P)
    market.pass_(1)
    assert market.say(1, 10_000_001 * ONE) == "OUT_OF_BOUNDS"
    assert market.say(2, 10_000_001 * ONE) == "OUT_OF_BOUNDS"
    assert market.quality == "GOOD"


def test_a_liar_drifting_below_the_tolerance_is_an_alarm() -> None:
    market = streams(2)
    lie = 0.0
    while lie < 0.45:
        market.run(P + market.wall % 7, off(lie) + market.wall % 5, seconds=1)
        lie += 0.4 / 60
    assert market.quality == "GOOD"
    assert market.alarms == []
    for n in range(3 * 60):
        market.run(P + n % 7, off(lie) + n % 5, seconds=1)
    assert market.quality == "GOOD"
    assert market.alarms == ["DIVERGENCE"]


def test_a_liar_who_widens_confidence_gains_nothing() -> None:
    market = streams(2)
    market.all(P, P)
    market.pass_(1)
    assert market.say(1, off(0.9), conf=off(0.9) // 100) == "WIDE_CONF"
    # The widest confidence that passes leaves the tolerance at 0.5 %.
    assert market.say(1, off(0.6), conf=off(0.6) // 200) == "ACCEPTED"
    assert market.quality == "CONFLICT"


def test_a_wide_push_feed_and_a_wide_confidence_stay_below_the_cap() -> None:
    market = Market(STREAM, PUSH | {"deviation_e10": ONE // 50})
    market.book.set_head(1, head_ns=market.wall, **market.now)
    market.all(P, off(1.49))
    assert market.quality == "GOOD"
    market.pass_(1)
    market.say(1, off(1.51))
    assert market.quality == "CONFLICT"


def test_all_stale() -> None:
    market = streams(2)
    market.all(P, P)
    market.pass_(10 * MINUTE)
    quote = market.quote()
    assert (QUALITIES[quote.quality], quote.price_e10) == ("STALE", P)
    assert quote.age_ns == 10 * MINUTE
    assert quote.valid_until_ns == 0
    assert market.breaker == "OPEN"
    market.pass_(6 * MINUTE)
    assert (market.quality, market.quote().price_e10) == ("NONE", 0)


def test_primary_stale_then_back_flips_exactly_once() -> None:
    market = streams(2)
    market.all(P, P + 2)
    seen = [market.quality]
    for _ in range(8):
        market.pass_(SECOND)
        market.say(1, P + 2)
        seen.append(market.quality)
    for _ in range(20):
        market.run(P, P + 2, seconds=1)
        seen.append(market.quality)
    flips = [b for a, b in itertools.pairwise(seen) if a != b]
    assert flips == ["FALLBACK", "GOOD"]


@pytest.mark.parametrize("seconds", [10, -10, -3_600])
def test_our_clock_steps(seconds: int) -> None:
    market = streams(3)
    market.all(P, P, P)
    market.wall += seconds * SECOND
    for n in range(1, 30):
        market.pass_(SECOND)
        for source in range(3):
            market.say(source, P + n, publish_ns=market.wall - seconds * SECOND)
        assert market.quality == "CLOCK_SUSPECT"
        assert market.quote().age_ns >= 0
        assert all(age >= 0 for _, age, _ in market.book.ages(0, **market.now))


def test_an_unmeasured_clock_makes_every_quote_suspect() -> None:
    market = streams(2)
    market.all(P, P)
    for offset in (None, 500_000_001, -500_000_001):
        market.book.set_clock_offset(offset, **market.now)
        assert market.quality == "CLOCK_SUSPECT"
    market.book.set_clock_offset(-500_000_000, **market.now)
    assert market.quality == "GOOD"


@pytest.mark.parametrize(
    ("publish_ns", "expected"),
    [
        (1_700_000_001 * SECOND, "ACCEPTED"),
        (1_700_000_001 * SECOND + 1, "FUTURE"),
        (1_700_000_060 * SECOND, "FUTURE"),
        (9_999_999_999 * SECOND, "FUTURE"),
        (1_700_000_000_000 * SECOND, "FUTURE"),
        (10**40, "FUTURE"),
        (-1, "MALFORMED"),
        (-(10**40), "MALFORMED"),
    ],
    ids=["skew", "beyond", "minute", "year 2286", "ms for s", "huge", "before 1970", "huge past"],
)
def test_publish_time_in_the_future(publish_ns: int, expected: str) -> None:
    assert streams(1).say(0, P, publish_ns=publish_ns) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", "NONPOSITIVE"),
        (0, "NONPOSITIVE"),
        ("-0", "NONPOSITIVE"),
        (-P, "NONPOSITIVE"),
        (f"-{P}", "NONPOSITIVE"),
        ("NaN", "MALFORMED"),
        ("Infinity", "MALFORMED"),
        ("1e5", "MALFORMED"),
        ("", "MALFORMED"),
        (None, "MALFORMED"),
        (10**40, "MALFORMED"),
        (-(10**40), "MALFORMED"),
        ("1" + "0" * 40, "MALFORMED"),
        ("9" * 10_000_000, "MALFORMED"),
        (10**30 - 1, "OUT_OF_BOUNDS"),
        ("+1", "MALFORMED"),
        ("\u0661\u0662\u0663", "MALFORMED"),
        ("\ud800", "MALFORMED"),
        (" 1", "MALFORMED"),
        ("1\n", "MALFORMED"),
        ("0x10", "MALFORMED"),
        (1.5, "MALFORMED"),
        (float("nan"), "MALFORMED"),
        (True, "MALFORMED"),
        (b"600", "MALFORMED"),
        ([P], "MALFORMED"),
    ],
    ids=lambda v: repr(v)[:16],
)
def test_what_is_no_price(value: object, expected: str) -> None:
    market = streams(1)
    assert market.say(0, value) == expected
    assert market.book.counters()[expected] == 1
    # The process is alive and the book works.
    assert market.say(0, str(P)) == "ACCEPTED"
    assert market.quote().price_e10 == P


@pytest.mark.parametrize("conf", ["NaN", "", 10**40, "-1", 0, 1.5])
def test_what_is_no_confidence(conf: object) -> None:
    assert streams(1).say(0, P, conf=conf) in {"MALFORMED", "WIDE_CONF"}


@pytest.mark.parametrize(
    ("pinned", "claimed", "mantissa"),
    [
        (-8, -10, 60_000 * 10**8),
        (-10, -8, 60_000 * 10**10),
        (-8, -18, 60_000 * 10**18),
        (-8, -18, 60_000 * 10**8),
    ],
    ids=["same mantissa", "other way", "decimals 8 to 18", "decimals of a wrong proxy"],
)
def test_a_changed_exponent_is_never_another_price(
    pinned: int, claimed: int, mantissa: int
) -> None:
    market = Market(STREAM | {"expo": pinned}, STREAM)
    assert market.say(0, 60_000 * 10**-pinned, expo=pinned) == "ACCEPTED"
    assert market.say(1, P) == "ACCEPTED"
    for _ in range(3):
        market.pass_(SECOND)
        assert market.say(0, mantissa, expo=claimed) == "EXPO_CHANGED"
        market.say(1, P)
        assert (market.quality, market.quote().price_e10) == ("FALLBACK", P)
    assert market.rejected == {0: "QUARANTINED"}


def test_a_changed_exponent_is_believed_after_five_agreeing_updates() -> None:
    market = Market(STREAM | {"expo": -8}, STREAM)
    market.say(0, 60_000 * 10**8, expo=-8)
    market.say(1, P)
    answers = []
    for n in range(6):
        market.pass_(SECOND)
        market.say(1, P)
        answers.append(market.say(0, 60_000 * 10**18 + n, expo=-18))
    assert answers == ["EXPO_CHANGED"] * 4 + ["ACCEPTED"] * 2
    assert market.rejected == {}


def test_a_changed_exponent_is_believed_on_the_operators_word() -> None:
    market = Market(STREAM | {"expo": -8}, STREAM)
    market.say(1, P)
    assert market.say(0, 60_000 * 10**18, expo=-18) == "EXPO_CHANGED"
    market.book.repin(0, 0, expo=-18, **market.now)
    assert market.say(0, 60_000 * 10**18, expo=-18) == "ACCEPTED"
    assert market.quality == "GOOD"


def test_duplicate_reordered_replayed_and_equivocating() -> None:
    market = streams(2)
    market.all(P, P)
    first = market.wall
    market.run(P + 1, P + 1, seconds=2)
    now = market.wall
    assert market.say(0, P + 1, publish_ns=now) == "DUPLICATE"
    assert market.say(0, P, publish_ns=now - SECOND) == "OUT_OF_ORDER"
    assert market.say(0, P, publish_ns=first - 86_400 * SECOND) == "OUT_OF_ORDER"
    assert market.quality == "GOOD"
    assert market.say(0, P + 2, publish_ns=now) == "EQUIVOCATION"
    assert market.rejected == {0: "QUARANTINED"}
