"""Hermes updates and its event stream: recorded messages, chunk borders, nonsense."""

import itertools
import json
import random
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hermes
from tests.fakes.clock import ManualClock
from tests.fakes.sink import catalogue
from vanta.domain.sources import SourceNames
from vanta.prices.connect import BadMessageError, LostError
from vanta.prices.pyth import FEEDS, Pyth, PythFeed
from vanta.prices.sse import Event, SseReader

BTC = FEEDS["BTC/USD"].id


def pyth(**options: object) -> Pyth:
    return Pyth(
        catalogue=catalogue(),
        names=SourceNames(),
        clock=ManualClock(),
        rng=random.Random(1),
        session=aiohttp.ClientSession,
        **options,  # type: ignore[arg-type]
    )


def test_an_update_keeps_the_mantissa_as_text() -> None:
    row = hermes.parsed(BTC, "6890050000000", at_s=1_790_000_000, slot=77, conf="2500000")
    (tick,) = pyth().parse(json.dumps(hermes.update(row)))
    assert (tick.market_ix, tick.value, tick.conf, tick.expo) == (1, "6890050000000", "2500000", -8)
    assert (tick.publish_ns, tick.seq) == (1_790_000_000 * 10**9, 77)


def test_recorded_accumulator_messages_fit(data_dir: Path) -> None:
    recorded = json.loads((data_dir / "oracle" / "pyth_hermes_pnau.json").read_text())
    messages = [
        update
        for entry in recorded
        for update in entry["decoded"]["updates"]
        if update["msg_type"] == 0
    ]
    assert len(messages) >= 14
    one_each = {m["feed_id"]: m for m in messages}.values()
    known = {f"F{i}/USD": PythFeed(m["feed_id"], m["expo"]) for i, m in enumerate(one_each)}
    source = Pyth(
        catalogue=catalogue(*known),
        names=SourceNames(),
        clock=ManualClock(),
        rng=random.Random(1),
        session=aiohttp.ClientSession,
        feeds=known,
    )
    expo = {feed.id: feed.expo for feed in known.values()}
    for message in messages:
        own = {k: message[k] for k in ("expo", "publish_time")}
        own |= {"price": str(message["price"]), "conf": str(message["conf"])}
        body = {"parsed": [{"id": message["feed_id"], "price": own}]}
        (tick,) = source.parse(json.dumps(body))
        assert tick.value == str(message["price"]) and tick.conf == str(message["conf"])
        assert tick.publish_ns == message["publish_time"] * 10**9
        assert tick.expo == expo[message["feed_id"]]


def test_lazer_frames_are_another_protocol_and_bring_nothing(data_dir: Path) -> None:
    for frame in json.loads((data_dir / "oracle" / "pyth_lazer_ws_frames.json").read_text()):
        with pytest.raises(BadMessageError):
            pyth().parse(json.dumps(frame))


def test_several_updates_of_one_second_are_told_apart() -> None:
    source = pyth()
    seqs = []
    for slot in (10, 11, None, None, 14):
        row = hermes.parsed(BTC, "1", at_s=1_790_000_000, slot=slot)
        seqs += [t.seq for t in source.parse(json.dumps(hermes.update(row)))]
    assert seqs == [10, 11, 12, 13, 14]


def test_ids_come_with_or_without_0x_and_strangers_are_ignored() -> None:
    rows = [
        hermes.parsed("0x" + BTC.upper().replace("0X", ""), "1", at_s=1),
        hermes.parsed("00" * 32, "1", at_s=1),
    ]
    assert len(pyth().parse(json.dumps(hermes.update(*rows)))) == 1


@pytest.mark.parametrize(
    "price", ["NaN", "Infinity", "1e5", "", "9" * 41, "+1", "٣٤٥", "0x10", " 1"]
)
def test_a_price_that_is_no_number_goes_on_as_text(price: str) -> None:
    row = hermes.parsed(BTC, price, at_s=1_790_000_000)
    (tick,) = pyth().parse(json.dumps(hermes.update(row)))
    assert tick.value == price


def test_null_price_goes_on_as_text() -> None:
    body = {"parsed": [{"id": BTC, "price": {"price": None, "conf": None, "publish_time": 1}}]}
    (tick,) = pyth().parse(json.dumps(body))
    assert (tick.value, tick.conf) == ("null", "null")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Error receiving update: Lagged(3)",
        "[]",
        "{}",
        '{"parsed": 7}',
        '{"parsed": [{"id": 7}]}',
        '{"parsed": [{"id": "00", "price": {"publish_time": 1.5}}]}',
        '{"parsed": [{"id": "00", "price": {"publish_time": NaN}}]}',
        "\x1f\x8b\x08",
    ],
    ids=repr,
)
def test_nonsense_is_a_bad_message(text: str) -> None:
    with pytest.raises(BadMessageError):
        pyth().parse(text)


def test_the_key_is_nowhere_to_be_seen() -> None:
    source = pyth(key="topsecret")
    assert "topsecret" not in repr(source) + str(vars(source.link))


def test_one_group_one_kind_and_confidence_promised() -> None:
    specs = pyth().feeds()
    assert {s.kind for s in specs} == {"stream"} and all(s.conf_required for s in specs)
    assert {s.expo for s in specs if s.market_ix == 1} == {-8}


STREAM = (
    b": keep-alive\n\n"
    b'data:{"a":1}\n\n'
    b"event: error\ndata: went wrong\n\n"
    b"data: one\r\ndata: two\r\n\r\n"
    b"id: 7\nretry: 10\n\n"
    b"event:ping\n\n"
)
EVENTS = [
    Event("message", '{"a":1}'),
    Event("error", "went wrong"),
    Event("message", "one\ntwo"),
    Event("ping", ""),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_do_not_depend_on_where_the_chunks_break(cuts: list[int]) -> None:
    reader = SseReader()
    edges = [0, *sorted(cuts), len(STREAM)]
    found = [e for a, b in itertools.pairwise(edges) for e in reader.feed(STREAM[a:b])]
    assert found == EVENTS


@pytest.mark.parametrize("chunk", [b"x" * 100, b"data:" + b"y" * 60 + b"\n"], ids=["line", "data"])
def test_an_endless_event_is_cut_off(chunk: bytes) -> None:
    reader = SseReader(cap=1_000)
    with pytest.raises(LostError, match="above 1000 bytes"):
        for _ in range(40):
            list(reader.feed(chunk))


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(raw: bytes) -> None:
    for event in SseReader().feed(raw + b"\n\n"):
        try:
            pyth().parse(event.data)
        except BadMessageError:
            continue
