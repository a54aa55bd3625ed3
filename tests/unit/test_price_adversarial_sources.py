"""What goes wrong with prices, case by case: sources that freeze, reorganise, close or split."""

from tests.fakes.price_market import MINUTE, ONE, PUSH, SECOND, STREAM, Market, P, off, streams
from vanta._core import QUALITIES


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
