"""Recordings: read strictly, placed on our markets, played as if they happened now."""

import gzip
import itertools
from fractions import Fraction
from pathlib import Path

import pytest

from tests.fakes.sink import MemorySink, catalogue
from tests.fakes.sleeper import InstantTime, eventually, running
from vanta.domain.errors import ConfigError
from vanta.domain.ports import FeedSpec
from vanta.domain.sources import SourceNames
from vanta.prices.recording import HEADER, RecordingError, place, read, survey
from vanta.prices.replay import Replay, parse_speed

T0 = 1_700_000_000_000_000_000
SECOND = 10**9


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    file = path / "r.csv.gz"
    with gzip.open(file, "wt", newline="") as out:
        out.write("\n".join((header, *lines)) + "\n")
    return file


def make(path: Path, **options: object) -> tuple[Replay, InstantTime, SourceNames]:
    time, names = InstantTime(), SourceNames()
    replay = Replay(
        path,
        catalogue=catalogue("ETH/USD", "BTC/USD"),
        names=names,
        clock=time,
        sleep=time.sleep,
        **options,  # type: ignore[arg-type]
    )
    return replay, time, names


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("x,BTC/USD,a,1,", 'line 3: ts_ns "x"'),
        ("9223372036854775808,BTC/USD,a,1,", "line 3: ts_ns"),
        ("-1,BTC/USD,a,1,", "line 3: ts_ns"),
        (f"{T0},BTC/USD,a,1", "5 fields"),
        (f"{T0},BTC/USD,a,1,,", "5 fields"),
        (f"{T0},btc,a,1,", 'line 3: market "btc"'),
        (f"{T0},BTC/USD,,1,", 'line 3: source ""'),
        (f"{T0},BTC/USD,a b,1,", "line 3: source"),
        (f"{T0},BTC/USD,a,NaN,", 'line 3: price "NaN"'),
        (f"{T0},BTC/USD,a,1e5,", "line 3: price"),
        (f"{T0},BTC/USD,a,-1,", "line 3: price"),
        (f"{T0},BTC/USD,a,0,", "line 3: price"),
        (f"{T0},BTC/USD,a,,", 'line 3: price ""'),
        (f"{T0},BTC/USD,a,1,Infinity", 'line 3: conf "Infinity"'),
        (f"{T0},BTC/USD,a,1,-0.1", "line 3: conf"),
        (f"{T0 - 1},BTC/USD,a,1,", "not before the last"),
        ("", "5 fields"),
        ("1" * 600, "at most 512"),
    ],
)
def test_a_bad_row_stops_with_line_and_field(tmp_path: Path, line: str, complaint: str) -> None:
    path = write(tmp_path, f"{T0},BTC/USD,a,1,", line)
    with pytest.raises(RecordingError, match=complaint.replace("(", r"\(")):
        survey(path)


def test_a_foreign_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="line 1: header"):
        survey(write(tmp_path, header="time,price"))


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no rows"):
        survey(write(tmp_path))


@pytest.mark.parametrize(
    "content",
    [b"", b"ts_ns,market\n", gzip.compress(b"x" * 9_000)[:40]],
    ids=["empty", "plain text", "cut"],
)
def test_a_file_that_is_no_gzip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.csv.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        survey(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError):
        survey(tmp_path / "none.csv.gz")


def test_rows_come_back_as_integers(tmp_path: Path) -> None:
    path = write(tmp_path, f"{T0},BTC/USD,a,68900.5,0.005", f"{T0},BTC/USDC,b,1,")
    rows = list(read(path))
    assert [(r.number, r.price_e10, r.conf_e10) for r in rows] == [
        (1, 689_005_000_000_000, 50_000_000),
        (2, 10**10, None),
    ]


@pytest.mark.parametrize(
    ("market", "source", "where"),
    [
        ("BTC/USD", "kraken", ("BTC/USD", "kraken")),
        ("BTC/USDC", "kraken", ("BTC/USD", "kraken:USDC")),
        ("BTC/USDT", "binance", ("BTC/USD", "binance:USDT")),
        ("USDC/USD", "kraken", None),
        ("USDC/USDT", "kraken", None),
        ("BTC/EUR", "kraken", None),
        ("DOGE/USDT", "kraken", None),
    ],
)
def test_stable_quoted_pairs_become_further_sources(
    market: str, source: str, where: tuple[str, str] | None
) -> None:
    assert place(market, source, ["BTC/USD", "ETH/USD"]) == where


def specs(replay: Replay, names: SourceNames) -> dict[str, FeedSpec]:
    return {names.name(s.source_ix): s for s in replay.feeds() if s.market_ix == 1}


def test_feeds_are_read_off_the_names(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        *(
            f"{T0 + i * SECOND},BTC/USD,{name},60000,"
            for i in range(3)
            for name in (
                "derived:chainlink-0.15pct-1200s",
                "derived:pyth-400ms",
                "binance-spot-quote",
                "binance-spot-trade",
                "chainlink-mainnet",
            )
        ),
    )
    replay, _, names = make(path, speed=Fraction(10))
    found = specs(replay, names)
    push = found["derived:chainlink-0.15pct-1200s"]
    assert (push.kind, push.heartbeat_ns, push.deviation_e10) == ("push", 120 * SECOND, 15_000_000)
    assert found["chainlink-mainnet"].deviation_e10 == 50_000_000
    assert found["derived:pyth-400ms"].primary and found["derived:pyth-400ms"].kind == "stream"
    assert found["binance-spot-quote"].group == found["binance-spot-trade"].group
    assert found["derived:pyth-400ms"].interval_ns == SECOND // 10
    assert len({s.group for s in found.values()}) == 4


def test_bars_keep_their_freshness_at_their_own_pace(tmp_path: Path) -> None:
    path = write(tmp_path, *(f"{T0 + i * 60 * SECOND},BTC/USD,bar,60000," for i in range(9)))
    slow, _, names = make(path)
    assert specs(slow, names)["bar"].max_age_ns == 150 * SECOND
    fast, _, names = make(path, speed=Fraction(600))
    assert specs(fast, names)["bar"].max_age_ns == 5 * SECOND


def test_without_any_market_of_ours_it_refuses(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no market of ours in it, only LUNA/USD"):
        make(write(tmp_path, f"{T0},LUNA/USD,a,1,"))


@pytest.mark.parametrize(
    ("text", "speed"), [("1", Fraction(1)), ("0.5", Fraction(1, 2)), ("600", Fraction(600))]
)
def test_speeds(text: str, speed: Fraction) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "NaN", "inf", "1e3", "", "1/2", "٣", "9" * 9])
def test_nonsense_speeds_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="speed"):
        parse_speed(text)


@pytest.mark.parametrize("speed", [Fraction(1), Fraction(7), Fraction(1, 2)])
async def test_publish_times_move_to_the_wall_clock_and_scale(
    tmp_path: Path, speed: Fraction
) -> None:
    path = write(tmp_path, *(f"{T0 + i * SECOND},BTC/USD,a,{60_000 + i}," for i in range(50)))
    replay, time, _ = make(path, speed=speed)
    begin = time.now_ns()
    sink = MemorySink()
    async with running(replay.run(sink)) as task:
        await eventually(replay.ended.is_set, task)
    assert [t.value for t in sink.all] == [(60_000 + i) * 10**10 for i in range(50)]
    for i, tick in enumerate(sink.all):
        assert tick.publish_ns == begin + int(i * SECOND / speed)
    assert time.now_ns() - begin == pytest.approx(49 * SECOND / speed, abs=100)


async def test_rows_of_one_instant_keep_their_order_and_are_told_apart(tmp_path: Path) -> None:
    path = write(tmp_path, *(f"{T0},BTC/USD,a,{60_000 + i}," for i in range(5)))
    replay, _, _ = make(path)
    sink = MemorySink()
    async with running(replay.run(sink)) as task:
        await eventually(replay.ended.is_set, task)
    assert [t.value for t in sink.all] == [(60_000 + i) * 10**10 for i in range(5)]
    assert len({(t.publish_ns, t.seq) for t in sink.all}) == 5


async def test_at_the_end_it_rests_and_with_loop_starts_over(tmp_path: Path) -> None:
    path = write(tmp_path, *(f"{T0 + i * SECOND},BTC/USD,a,60000," for i in range(3)))
    replay, _, _ = make(path)
    async with running(replay.run(MemorySink())) as task:
        await eventually(replay.ended.is_set, task)
        assert not task.done() and replay.played == 3
    looped, _, _ = make(path, loop=True)
    sink = MemorySink()
    async with running(looped.run(sink)) as task:
        await eventually(lambda: looped.played >= 9, task)
    published = [t.publish_ns for t in sink.all]
    assert all(b >= a for a, b in itertools.pairwise(published))
    assert published[0] < published[8]


async def test_a_process_that_was_held_up_plays_on_instead_of_catching_up(tmp_path: Path) -> None:
    path = write(tmp_path, *(f"{T0 + i * SECOND},BTC/USD,a,60000," for i in range(10)))
    replay, time, _ = make(path)
    sink = MemorySink()
    fresh: list[int] = []

    class Watching(MemorySink):
        def ticks(self, batch: object) -> None:
            super().ticks(batch)  # type: ignore[arg-type]
            fresh.append(time.now_ns() - self.batches[-1][-1].publish_ns)
            if len(self.batches) == 4:
                time.advance(3_600 * SECOND)  # the laptop was closed for an hour

    sink = Watching()
    async with running(replay.run(sink)) as task:
        await eventually(replay.ended.is_set, task)
    assert len(sink.all) == 10
    assert max(fresh) < SECOND // 100
