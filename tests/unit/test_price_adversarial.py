"""What goes wrong with prices, case by case, and what the book must answer."""

import itertools

import pytest

from vanta._core import BREAKERS, PRICE_REJECTS, QUALITIES, AggregateConfig, PriceBook, Quote

ONE = 10**10
P = 60_000 * ONE
SECOND = 10**9
MINUTE = 60 * SECOND
STREAM = {"kind": "stream", "interval_ns": SECOND}
PUSH = {"kind": "push", "heartbeat_ns": 1_200 * SECOND, "deviation_e10": ONE // 200}


class Market:
    """One market, its sources by number (source 0 is the primary), and time that is told."""

    def __init__(self, *feeds: dict, has_hours: bool = False, **bounds: int) -> None:
        self.book = PriceBook(AggregateConfig())
        self.wall = 1_700_000_000 * SECOND
        self.mono = 100 * SECOND
        self.book.set_clock_offset(0, **self.now)
        limits = {"min_price_e10": 1_000 * ONE, "max_price_e10": 10_000_000 * ONE} | bounds
        self.book.add_market(0, has_hours=has_hours, **limits)
        for source, feed in enumerate(feeds):
            self.book.add_feed(0, source, **{"group": source, "primary": source == 0} | feed)

    @property
    def now(self) -> dict[str, int]:
        return {"now_wall_ns": self.wall, "now_mono_ns": self.mono}

    def pass_(self, ns: int) -> None:
        self.wall += ns
        self.mono += ns

    def say(self, source: int, value: object = P, **more: object) -> str:
        fields = {"publish_ns": self.wall} | more
        code = self.book.update(
            0, source, value=value, recv_wall_ns=self.wall, recv_mono_ns=self.mono, **fields
        )
        return PRICE_REJECTS[code]

    def all(self, *values: int) -> None:
        for source, value in enumerate(values):
            assert self.say(source, value) == "ACCEPTED"

    def run(self, *values: int, seconds: int) -> None:
        for _ in range(seconds):
            self.pass_(SECOND)
            for source, value in enumerate(values):
                self.say(source, value)

    def quote(self) -> Quote:
        return self.book.quote(0, **self.now)

    @property
    def quality(self) -> str:
        return QUALITIES[self.quote().quality]

    @property
    def breaker(self) -> str:
        return BREAKERS[self.quote().breaker]

    @property
    def rejected(self) -> dict[int, str]:
        return dict(self.quote().sources_rejected)

    @property
    def alarms(self) -> list[str]:
        return self.book.alarms(0, now_wall_ns=self.wall, now_mono_ns=self.mono)


def streams(count: int) -> Market:
    return Market(*[STREAM] * count)


def off(percent: float) -> int:
    return P + round(P * percent / 100)


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


def test_a_frozen_feed_restamped_with_new_times() -> None:
    market = streams(3)
    market.all(P, P, P)
    market.run(P, off(0.3), off(0.3), seconds=60)
    assert market.rejected == {}
    market.run(P, off(0.3), off(0.3), seconds=1)
    assert market.rejected == {0: "FROZEN"}
    assert market.quote().price_e10 == off(0.3)


def test_a_price_carried_forward_in_fresh_messages_is_stale() -> None:
    market = streams(2)
    market.all(P, P)
    then = market.wall
    for _ in range(10):
        market.pass_(SECOND)
        assert market.say(0, P, publish_ns=then) == "DUPLICATE"
        market.say(1, P)
    assert market.quality == "FALLBACK"
    assert market.rejected == {0: "STALE"}


def test_a_push_round_unchanged_for_nineteen_minutes_is_fresh() -> None:
    market = Market(PUSH, STREAM)
    market.all(P, P)
    for _ in range(19 * 60):
        market.pass_(SECOND)
        market.book.set_head(0, head_ns=market.wall, **market.now)
        market.say(1, off(0.1))
    assert market.quality == "GOOD"
    assert market.quote().price_e10 == P
    assert market.quote().age_ns == 19 * MINUTE


def test_a_phase_change_is_accepted() -> None:
    market = Market(PUSH)
    assert market.say(0, P, seq=(3 << 64) + 1599) == "ACCEPTED"
    market.pass_(MINUTE)
    assert market.say(0, P + 1, seq=(4 << 64) + 1) == "ACCEPTED"


def test_a_feed_shut_down_is_taken_out() -> None:
    market = Market(PUSH, STREAM)
    market.book.set_head(0, head_ns=market.wall, **market.now)
    market.all(P, P)
    assert market.quality == "GOOD"
    assert market.say(0, 0) == "NONPOSITIVE"
    market.book.withdraw(0, 0, **market.now)
    assert market.quality == "FALLBACK"
    assert market.rejected == {0: "STALE"}


def test_sequencer_down_and_up() -> None:
    market = Market(PUSH, STREAM)
    market.all(P, P)

    def minutes(count: int) -> set[str]:
        seen = set()
        for _ in range(count * 30):
            market.pass_(2 * SECOND)
            market.book.set_head(0, head_ns=market.wall, **market.now)
            market.say(0, P)
            market.say(1, P)
            seen.add(market.quality)
        return seen

    assert minutes(1) == {"GOOD"}
    market.book.set_sequencer(up=False, since_ns=market.wall, **market.now)
    assert minutes(10) == {"FALLBACK"}
    assert market.rejected == {0: "SEQUENCER"}
    market.book.set_sequencer(up=True, since_ns=market.wall, **market.now)
    assert minutes(59) == {"FALLBACK"}
    assert "GOOD" in minutes(2)
    assert market.quality == "GOOD"


def test_a_reorg_takes_an_observation_back() -> None:
    market = Market(PUSH, STREAM)
    market.all(P, P)
    market.book.set_head(0, head_ns=market.wall, **market.now)
    before = market.wall
    market.pass_(MINUTE)
    market.book.set_head(0, head_ns=market.wall, **market.now)
    market.all(P + 5, P)
    assert market.quote().price_e10 == P + 5
    market.book.withdraw(0, 0, **market.now)
    assert market.quality == "FALLBACK"
    # The round before it stands again; what is older still does not.
    assert market.say(0, P - 1, publish_ns=before - 1) == "OUT_OF_ORDER"
    assert market.say(0, P, publish_ns=before) == "ACCEPTED"


def test_two_heads_of_one_provider_are_one_source_that_never_goes_back() -> None:
    market = Market(PUSH, PUSH | {"group": 0, "primary": False}, STREAM)
    for source in (0, 1):
        market.book.set_head(source, head_ns=market.wall, **market.now)
    market.say(0, P, publish_ns=market.wall - 20 * SECOND, seq=11)
    market.say(1, P - 9, publish_ns=market.wall - 60 * SECOND, seq=10)
    assert (market.quality, market.quote().price_e10) == ("SINGLE", P)
    assert market.say(0, P - 9, publish_ns=market.wall - 60 * SECOND, seq=10) == "OUT_OF_ORDER"
    assert market.quote().price_e10 == P


def test_friday_close_to_sunday_open() -> None:
    market = Market(STREAM, STREAM, has_hours=True)
    for source in (0, 1):
        assert market.say(source, P, session_open=True) == "ACCEPTED"
    assert market.quality == "GOOD"
    market.pass_(SECOND)
    for source in (0, 1):
        assert market.say(source, P, session_open=False) == "CLOSED"
    seen = set()
    for _ in range(48):
        market.pass_(3_600 * SECOND)
        seen.add((market.quality, market.breaker))
        assert market.alarms == []
    assert seen == {("CLOSED", "CLOSED")}
    assert market.say(0, P, session_open=None) == "CLOSED"
    market.pass_(1)
    for source in (0, 1):
        assert market.say(source, off(1), session_open=True) == "ACCEPTED"
    assert (market.quality, market.breaker) == ("GOOD", "CLOSED")


def test_a_split_is_gated() -> None:
    market = Market(STREAM, STREAM, has_hours=True)
    for source in (0, 1):
        market.say(source, P, session_open=True)
    market.pass_(SECOND)
    assert market.say(0, P // 2, session_open=True) == "JUMP"
    assert market.quote().price_e10 == P


def test_a_stablecoin_depeg_seen_by_two_sources_is_a_price() -> None:
    market = Market(STREAM, STREAM, min_price_e10=ONE // 2, max_price_e10=2 * ONE)
    market.all(ONE, ONE)
    for cent in (99, 98, 97):
        market.run(ONE * cent // 100, ONE * cent // 100, seconds=1)
    quote = market.quote()
    assert (QUALITIES[quote.quality], quote.price_e10) == ("GOOD", ONE * 97 // 100)


def test_a_burst_keeps_the_latest_word_of_each_source() -> None:
    market = streams(2)
    for n in range(10_000):
        assert market.say(n % 2, P + n, seq=n) == "ACCEPTED"
    assert market.quote().price_e10 == P + 9_998
    assert market.book.counters()["ACCEPTED"] == 10_000


def test_a_silent_source_is_named_for_its_watchdog() -> None:
    market = streams(2)
    market.all(P, P)
    market.pass_(3 * SECOND + 1)
    market.say(1, P)
    ages = market.book.ages(0, **market.now)
    assert ages == [(0, 3 * SECOND + 1, "SILENT"), (1, 0, "FRESH")]
