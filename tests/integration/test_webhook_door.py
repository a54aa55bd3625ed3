"""The door on a real database: answers, receipts, rates, refusals, and what is stored of them."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.door import DoorBench, open_door
from tests.fakes.signals import KEY_ID, OTHER_SECRET, SECRET, encode, open_body
from vanta.domain.signal import decode_signal
from vanta.domain.webhook_signature import format_secret
from vanta.store.pool import Pool
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import TRACE_HEADER, Reply

SECOND = 10**9
ID = "msg_00000001"


@pytest.fixture
async def bench(pool: Pool) -> AsyncIterator[DoorBench]:
    async with open_door(pool) as made:
        yield made


def error_of(reply: Reply) -> dict:
    return orjson.loads(reply.body)["error"]


async def test_accepted_means_stored_and_the_engine_told(bench: DoorBench) -> None:
    reply = await bench.deliver(ID, open_body(tp="70000"))
    assert reply.status == 202
    receipt = orjson.loads(reply.body)
    assert receipt == {
        "status": "accepted",
        "signal_id": ID,
        "received_at": "2026-09-21T14:13:20.000000Z",
        "trace_id": dict(reply.headers)[TRACE_HEADER],
    }
    record = await bench.signals.get(bench.provider_id, ID)
    assert record is not None
    assert record.trace_id == receipt["trace_id"]
    assert record.expires_ns == 0
    assert decode_signal(record.body).take_profit_e10 == 70_000 * 10**10
    assert bench.sink.keys == [(bench.provider_id, ID)]
    assert bench.crash.names == ["signal.committed", "signal.acknowledged"]


async def test_nothing_is_offered_before_the_answer_is_written(bench: DoorBench) -> None:
    body = encode(open_body())
    reply = await bench.door.accept(bench.sign(ID, body), body)
    assert bench.sink.keys == []
    assert bench.crash.names == ["signal.committed"]
    bench.door.acknowledged(reply)
    assert bench.sink.keys == [(bench.provider_id, ID)]


async def test_a_repeat_gets_the_first_receipt_even_when_late(bench: DoorBench) -> None:
    first = await bench.deliver(ID, open_body())
    bench.clock.advance(3_600 * SECOND)
    again = await bench.deliver(ID, open_body(), key_id=KEY_ID)
    assert again.status == 200
    assert again.body == first.body
    assert dict(again.headers)[TRACE_HEADER] == dict(first.headers)[TRACE_HEADER]
    assert bench.sink.keys == [(bench.provider_id, ID)]


async def test_a_repeat_whose_own_ts_is_stale_by_now_gets_the_first_receipt(
    bench: DoorBench,
) -> None:
    body = open_body(ts=bench.clock.now_ns() // 10**6)
    first = await bench.deliver(ID, body)
    bench.clock.advance(60 * SECOND)
    again = await bench.deliver(ID, body)
    assert (again.status, again.body) == (200, first.body)
    other = await bench.send(ID, {**body, "leverage": "6"})
    assert other[0] == 409
    never_seen = await bench.send("msg_00000002", body)
    assert never_seen[0] == 422
    assert never_seen[1]["error"]["code"] == "E-STALE"


async def test_the_same_id_with_another_body_is_a_conflict(bench: DoorBench) -> None:
    await bench.send(ID, open_body())
    status, answer = await bench.send(ID, open_body(leverage="6"))
    assert status == 409
    assert answer["error"]["code"] == "E-DUP"
    assert answer["error"]["value"] == ID
    record = await bench.signals.get(bench.provider_id, ID)
    assert record is not None
    assert decode_signal(record.body).leverage_e10 == 5 * 10**10


async def test_equal_meaning_in_other_bytes_is_still_another_body(bench: DoorBench) -> None:
    await bench.send(ID, open_body())
    spaced = json.dumps(open_body(), indent=1).encode()
    assert (await bench.send(ID, spaced))[0] == 409


async def test_a_thousand_identical_deliveries_at_once_are_one_signal(bench: DoorBench) -> None:
    replies = await asyncio.gather(*(bench.deliver(ID, open_body()) for _ in range(1_000)))
    assert Counter(reply.status for reply in replies) == {202: 1, 200: 999}
    assert len({reply.body for reply in replies}) == 1
    assert await bench.stored() == 1
    assert bench.sink.keys == [(bench.provider_id, ID)]


async def test_different_bodies_under_one_id_at_once_leave_one(bench: DoorBench) -> None:
    bodies = [open_body(collateral=str(100 + n % 2)) for n in range(100)]
    replies = await asyncio.gather(*(bench.deliver(ID, body) for body in bodies))
    assert Counter(reply.status for reply in replies) == {202: 1, 200: 49, 409: 50}
    assert await bench.stored() == 1


async def test_many_signals_at_once_are_each_stored(bench: DoorBench) -> None:
    replies = await asyncio.gather(
        *(bench.deliver(f"msg_{n:08d}", open_body()) for n in range(700))
    )
    assert {reply.status for reply in replies} == {202}
    assert await bench.stored() == 700
    assert len(set(bench.sink.keys)) == 700


async def test_two_doors_on_one_database_accept_a_signal_once(pool: Pool) -> None:
    async with open_door(pool) as left, open_door(pool) as right:
        replies = await asyncio.gather(
            *(bench.deliver(ID, open_body()) for _ in range(200) for bench in (left, right))
        )
        assert Counter(reply.status for reply in replies) == {202: 1, 200: 399}
        assert len({reply.body for reply in replies}) == 1
        assert len(left.sink.keys + right.sink.keys) == 1
        assert await left.stored() == 1


class TickingClock(ManualClock):
    """Each look at it takes a millisecond, so that commits take time."""

    def mono_ns(self) -> int:
        self.mono_time_ns += 10**6
        return self.mono_time_ns


async def test_waves_with_lingering_between_them_lose_nothing(pool: Pool) -> None:
    async with open_door(pool, clock=TickingClock()) as bench:
        for wave in range(10):
            replies = await asyncio.gather(
                *(bench.deliver(f"msg_{wave}_{n:08d}", open_body()) for n in range(wave * 7 + 1))
            )
            assert {reply.status for reply in replies} == {202}
        assert await bench.stored() == len(bench.sink.keys) == sum(w * 7 + 1 for w in range(10))


async def test_ids_are_per_provider(bench: DoorBench) -> None:
    other = await bench.providers.create("other")
    await bench.providers.add_key(other, "key_other", OTHER_SECRET, 1)
    await bench.keys.refresh()
    assert (await bench.send(ID, open_body()))[0] == 202
    theirs = open_body(leverage="7")
    assert (await bench.send(ID, theirs, secret=OTHER_SECRET, key_id="key_other"))[0] == 202
    assert await bench.stored() == 2


async def test_rotation_revocation_and_suspension_reach_the_door(bench: DoorBench) -> None:
    now = bench.clock.now_ns()
    await bench.providers.rotate(
        bench.provider_id, KEY_ID, OTHER_SECRET, now_ns=now, old_until_ns=now + 24 * 3_600 * SECOND
    )
    await bench.keys.refresh()
    assert (await bench.send("msg_00000001", open_body(), secret=SECRET))[0] == 202
    assert (await bench.send("msg_00000002", open_body(), secret=OTHER_SECRET))[0] == 202
    bench.clock.advance(24 * 3_600 * SECOND)
    assert (await bench.send("msg_00000003", open_body(), secret=SECRET))[0] == 401
    assert (await bench.send("msg_00000004", open_body(), secret=OTHER_SECRET))[0] == 202
    await bench.providers.suspend(bench.provider_id, suspended=True)
    await bench.keys.refresh()
    assert (await bench.send("msg_00000005", open_body(), secret=OTHER_SECRET))[0] == 403
    await bench.providers.revoke(KEY_ID, bench.clock.now_ns())
    await bench.keys.refresh()
    assert (await bench.send("msg_00000006", open_body(), secret=OTHER_SECRET))[0] == 410
    assert await bench.stored() == 3


async def test_a_refusal_stores_nothing(bench: DoorBench) -> None:
    refusals = [
        (open_body(levrage="5"), 400),
        (open_body(market="BCT"), 400),
        (b'{"action": "open", "collateral": 1e309}', 400),
        (open_body(leverage="101"), 422),
        (open_body(ts=bench.clock.now_ns() // 10**6 - 6_000), 422),
        (b"{" + b" " * 16_384, 413),
    ]
    for n, (fields, status) in enumerate(refusals):
        told, answer = await bench.send(f"msg_{n:08d}", fields)
        assert told == status, answer
        assert answer["error"]["code"].startswith("E-")
        assert answer["trace_id"]
    assert await bench.stored() == 0
    assert bench.sink.keys == []


async def test_a_body_at_the_cap_passes_the_cap(bench: DoorBench) -> None:
    body = encode(open_body())
    body += b" " * (bench.door.limits.max_body - len(body))
    assert (await bench.send(ID, body))[0] == 202


async def test_over_the_rate_is_told_when_to_come_back(pool: Pool) -> None:
    async with open_door(pool, DoorLimits(rate_per_s=2, burst=3)) as bench:
        for n in range(3):
            assert (await bench.send(f"msg_{n:08d}", open_body()))[0] == 202
        refused = await bench.deliver("msg_00000009", open_body())
        assert refused.status == 429
        assert error_of(refused)["code"] == "E-RATE"
        assert dict(refused.headers)["retry-after"] == "1"
        assert dict(refused.headers)["ratelimit-remaining"] == "0"
        bench.clock.advance(SECOND)
        assert (await bench.send("msg_00000009", open_body()))[0] == 202


async def test_bad_signatures_do_not_use_up_the_providers_rate(pool: Pool) -> None:
    async with open_door(pool, DoorLimits(rate_per_s=1, burst=1)) as bench:
        for _ in range(5):
            assert (await bench.send(ID, open_body(), secret=OTHER_SECRET))[0] == 401
        assert (await bench.send(ID, open_body()))[0] == 202


async def test_one_floods_and_the_other_is_served(pool: Pool) -> None:
    async with open_door(pool, DoorLimits(rate_per_s=1, burst=5)) as bench:
        other = await bench.providers.create("other")
        await bench.providers.add_key(other, "key_other", OTHER_SECRET, 1)
        await bench.keys.refresh()
        flood = [bench.send(f"msg_{n:08d}", open_body()) for n in range(50)]
        quiet = [
            bench.send(f"msg_{n:08d}", open_body(), secret=OTHER_SECRET, key_id="key_other")
            for n in range(5)
        ]
        answers = await asyncio.gather(*flood, *quiet)
        assert [status for status, _ in answers[50:]] == [202] * 5
        assert Counter(status for status, _ in answers[:50]) == {202: 5, 429: 45}


async def test_an_address_is_slowed_before_anything_is_hashed(pool: Pool) -> None:
    async with open_door(pool, DoorLimits(source_rate_per_s=1, source_burst=2)) as bench:
        answers = [bench.door.refuse_early([], source="10.0.0.1") for _ in range(3)]
        assert answers[:2] == [None, None]
        assert answers[2] is not None
        assert answers[2].status == 429
        assert bench.door.refuse_early([], source="10.0.0.2") is None


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        (b"Content-Length", b"16384", None),
        (b"Content-Length", b"16385", 413),
        (b"content-length", b"9" * 40, 413),
        (b"Content-Encoding", b"gzip", 415),
        (b"Content-Encoding", b"identity", None),
        (b"Content-Type", b"application/json; charset=utf-8", None),
        (b"Content-Type", b"text/plain", None),
        (b"Content-Type", b"application/x-www-form-urlencoded", None),
        (b"Content-Type", b"multipart/form-data; boundary=x", 415),
        (b"Content-Type", b"Application/XML", 415),
        (b"Content-Type", b"image/png\xff", 415),
    ],
)
async def test_heads_that_need_no_body(
    bench: DoorBench, name: bytes, value: bytes, status: int | None
) -> None:
    refused = bench.door.refuse_early([(name, value)], source="10.0.0.1")
    assert (None if refused is None else refused.status) == status


async def test_what_became_of_a_signal(bench: DoorBench) -> None:
    await bench.send(ID, open_body())
    bench.clock.advance(1_500)
    status, told = await bench.show(ID)
    assert status == 200
    assert told["status"] == "received"
    assert told["market"] == "BTC/USD"
    assert told["stages"] == {
        "received": "2026-09-21T14:13:20.000000Z",
        "verified": "2026-09-21T14:13:20.000000Z",
        "committed": "2026-09-21T14:13:20.000000Z",
        "decided": None,
        "sent": None,
        "filled": None,
    }
    assert told["elapsed_us"] == {"verified": 0, "committed": 0}
    assert told["followers"] == {"reached": 0, "outcomes": {}}
    assert told == await bench.receipts.describe(bench.provider_id, ID)


async def test_a_signal_is_shown_to_its_own_provider_only(bench: DoorBench) -> None:
    other = await bench.providers.create("other")
    await bench.providers.add_key(other, "key_other", OTHER_SECRET, 1)
    await bench.keys.refresh()
    await bench.send(ID, open_body())
    assert (await bench.show(ID))[0] == 200
    assert (await bench.show(ID, secret=OTHER_SECRET, key_id="key_other"))[0] == 404
    assert (await bench.show(ID, secret=OTHER_SECRET))[0] == 401
    for odd in ("msg_00000002", "x", "x" * 65, "a.b.c.d.e", "\x00" * 9, "\ud800" * 9, ""):
        assert (await bench.show(odd))[0] == 404


async def test_naughty_strings_in_every_field_get_an_answer(
    bench: DoorBench, data_dir: Path
) -> None:
    naughty = json.loads((data_dir / "text" / "blns.json").read_text())
    texts = ("action", "market", "side", "leverage", "collateral", "size", "entry", "tp", "sl")
    texts += ("trail", "max_slip_pct", "guard_price", "group", "note", "id", "ts", "seq")
    before = await bench.stored()
    accepted = 0
    for n, text in enumerate(naughty):
        bodies = [open_body(**{field: text}) for field in texts] + [open_body(**{text: "1"})]
        for m, fields in enumerate(bodies):
            bench.clock.advance(SECOND)
            status, answer = await bench.send(f"msg_{n}_{m:08d}", fields)
            assert status in (202, 400, 422), (text, fields)
            accepted += status == 202
            assert status == 202 or answer["error"]["field"]
    assert await bench.stored() - before == accepted


async def test_secrets_never_show(bench: DoorBench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        replies = [
            await bench.deliver(ID, open_body(note="breakout")),
            await bench.deliver(ID, open_body(leverage="6")),
            await bench.deliver(ID, open_body(), secret=OTHER_SECRET),
            await bench.deliver("msg_00000002", b"not json"),
        ]
    told = caplog.text + repr([record.__dict__ for record in caplog.records])
    told += repr([(reply.body, reply.headers) for reply in replies])
    told += bench.metrics.render().decode() + repr(bench.keys.find(KEY_ID))
    for secret in (SECRET, OTHER_SECRET):
        assert format_secret(secret).removeprefix("whsec_") not in told
        assert repr(secret)[2:-1] not in told
    assert "breakout" not in caplog.text + repr([r.__dict__ for r in caplog.records])


async def test_every_answer_is_counted(bench: DoorBench) -> None:
    await bench.send(ID, open_body())
    await bench.send(ID, open_body())
    await bench.send(ID, open_body(leverage="6"))
    await bench.send(ID, open_body(), secret=OTHER_SECRET)
    text = bench.metrics.render().decode()
    for result in ("accepted", "duplicate", "conflict", "unauthorized"):
        assert f'vanta_signals_total{{result="{result}"}} 1.0' in text
