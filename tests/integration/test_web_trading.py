"""POST endpoints: one intent each, strict bodies, one order a key."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.web_desk import WebBench, trade, web_bench
from vanta.domain.enums import Action, Side, Source
from vanta.domain.errors import InputError
from vanta.domain.units import E6, E10
from vanta.store.pool import Pool


@pytest.fixture
async def bench(pool: Pool, clock: ManualClock) -> AsyncIterator[WebBench]:
    async with web_bench(pool, clock) as opened:
        yield opened


class TestOpen:
    async def test_fill_answers_200_with_order_and_position(self, bench: WebBench) -> None:
        status, answer = await bench.open(tp="63000", sl="60500.5", slippage="0.5%", key="k-1")
        assert status == 200
        assert answer["order"]["state"] == "FILLED"
        assert answer["order"]["verdict"] == {
            "ok": True,
            "reasons": [],
            "nearest_collateral": None,
            "adjusted": [],
            "card": [],
        }
        assert answer["position"]["collateral"] == "100"
        assert answer["position"]["entry"] == "61240"
        assert answer["position"]["mark"] == "61240"
        assert answer["position"]["protected_by"] == "Vanta stop"
        assert answer["idempotency_key"] == "k-1"
        [intent] = bench.desk.submitted
        assert (intent.user_id, intent.source, intent.ref) == (bench.trader.id, Source.WEB, "k-1")
        assert (intent.action, intent.market_ix, intent.side) == (Action.OPEN, 0, Side.LONG)
        assert (intent.collateral_e6, intent.leverage_e10) == (100 * E6, 10 * E10)
        assert intent.take_profit_e10 == 63_000 * E10
        assert intent.stop_loss_e10 == 605_005 * E10 // 10
        assert intent.max_slippage_e10 == E10 // 200
        assert intent.trace_id == answer["trace_id"]

    async def test_refusal_answers_409_with_the_whole_verdict(self, bench: WebBench) -> None:
        bench.desk.outcome = "refuse"
        status, answer = await bench.open()
        assert status == 409
        assert answer["error"]["code"] == "E-RISK-POS"
        verdict = answer["order"]["verdict"]
        assert verdict["nearest_collateral"] == "95"
        assert verdict["reasons"] == [
            {
                "code": "E-RISK-POS",
                "rule": "POSITION_SIZE",
                "text": "Trade exceeds max size: 12,000.00 of 10,000.00 USD.",
                "value": "12000",
                "limit": "10000",
                "unit": "usd",
                "resets_at": None,
            },
            {
                "code": "E-RATE",
                "rule": "OPENS_PER_MINUTE",
                "text": "5 opens in the last minute.",
                "value": "6",
                "limit": "5",
                "unit": "count",
                "resets_at": "2026-09-21T14:13:42.000000Z",
            },
        ]

    async def test_no_end_in_time_answers_202_and_says_do_not_resend(self, bench: WebBench) -> None:
        bench.desk.outcome = "pend"
        status, answer = await bench.open(key="k-1")
        assert status == 202
        assert answer["error"]["code"] == "E-UNKNOWN"
        assert "Do not resend" in answer["error"]["text"]
        assert answer["order"]["state"] == "CREATED"

    async def test_no_of_the_venue_answers_409_with_its_words(self, bench: WebBench) -> None:
        bench.desk.outcome = "reject"
        status, answer = await bench.open()
        assert status == 409
        assert answer["error"]["code"] == "E-VENUE"
        assert "stop too near" in answer["error"]["text"]

    async def test_header_of_the_cli_names_the_source(self, bench: WebBench) -> None:
        await bench.call("POST", "/api/v1/trades", json=trade(), headers={"X-Vanta-Client": "cli"})
        assert bench.desk.submitted[0].source is Source.CLI

    async def test_user_header_picks_the_user(self, bench: WebBench) -> None:
        await bench.open(user=bench.other.id)
        assert bench.desk.submitted[0].user_id == bench.other.id

    async def test_preview_reserves_and_stores_nothing(self, bench: WebBench) -> None:
        status, answer = await bench.call("POST", "/api/v1/preview", json=trade())
        assert status == 200
        assert answer["preview"]["required"] == "100.6"
        assert bench.desk.submitted == []
        assert await bench.order_count() == 0


class TestKeys:
    async def test_the_same_key_makes_one_order_however_often_sent(self, bench: WebBench) -> None:
        answers = await asyncio.gather(*(bench.open(key="once") for _ in range(20)))
        ids = {answer["order"]["id"] for _, answer in answers}
        assert len(ids) == 1
        assert await bench.order_count() == 1
        again = await bench.open(key="once")
        assert again[0] == 200
        assert again[1]["order"]["duplicate"] is True

    async def test_the_same_key_with_other_terms_is_told_apart(self, bench: WebBench) -> None:
        await bench.open(key="once")
        status, answer = await bench.open(key="once", collateral="200")
        assert status == 409
        assert answer["error"]["code"] == "E-DUP"
        assert answer["order"]["intent"]["collateral"] == "100"
        assert await bench.order_count() == 1

    async def test_a_repeat_of_an_open_end_is_told_as_one(self, bench: WebBench) -> None:
        bench.desk.outcome = "pend"
        assert (await bench.open(key="once"))[1]["order"]["duplicate"] is False
        status, again = await bench.open(key="once")
        assert (status, again["order"]["duplicate"]) == (202, True)

    async def test_without_a_key_each_request_is_its_own_order(self, bench: WebBench) -> None:
        await bench.open()
        await bench.open()
        assert await bench.order_count() == 2

    async def test_malformed_key(self, bench: WebBench) -> None:
        for key in ("", " ", "a b", "x" * 65, "k\u00e9y", "a/b", "<script>"):
            status, answer = await bench.open(key=key)
            assert status == 422, key
            assert answer["error"]["field"] == "Idempotency-Key"
        assert await bench.order_count() == 0


class TestClose:
    async def opened(self, bench: WebBench, user: int | None = None) -> int:
        _, answer = await bench.open(user=user)
        bench.desk.submitted.clear()
        return int(answer["position"]["id"])

    async def test_whole(self, bench: WebBench) -> None:
        position = await self.opened(bench)
        status, answer = await bench.call("POST", f"/api/v1/positions/{position}/close")
        assert status == 200
        assert answer["position"]["open"] is False
        assert answer["position"]["realised"] == "12.34"
        [intent] = bench.desk.submitted
        assert (intent.action, intent.position_id) == (Action.CLOSE, position)
        assert intent.portion_e10 == E10

    async def test_share(self, bench: WebBench) -> None:
        position = await self.opened(bench)
        status, answer = await bench.call(
            "POST", f"/api/v1/positions/{position}/close", json={"portion": "50%"}
        )
        assert status == 200
        assert answer["position"]["collateral"] == "50"
        assert bench.desk.submitted[0].portion_e10 == E10 // 2

    async def test_share_out_of_range(self, bench: WebBench) -> None:
        position = await self.opened(bench)
        for portion in ("0", "100.00000001%", "-1", "1e1", "half", ""):
            status, answer = await bench.call(
                "POST", f"/api/v1/positions/{position}/close", json={"portion": portion}
            )
            assert (status, answer["error"]["field"]) == (422, "portion")
        assert bench.desk.submitted == []

    async def test_foreign_and_missing_positions_look_the_same(self, bench: WebBench) -> None:
        foreign = await self.opened(bench, user=bench.other.id)
        missing = foreign + 1000
        answers = []
        for position in (foreign, missing):
            status, answer = await bench.call("POST", f"/api/v1/positions/{position}/close")
            assert status == 404
            answers.append(answer["error"]["text"].replace(f"#{position}", "#N"))
        assert answers[0] == answers[1]
        assert bench.desk.submitted == []

    async def test_malformed_id(self, bench: WebBench) -> None:
        for text in ("abc", "-1", "1.5", "9" * 19, "%F0%9F%92%A9", "0x1"):
            status, _ = await bench.call("POST", f"/api/v1/positions/{text}/close")
            assert status == 422, text


class TestBadBodies:
    async def test_bad_field_answers_422_and_writes_nothing(self, bench: WebBench) -> None:
        for changes in ({"collateral": "NaN"}, {"leverage": 10}, {"market": "BCT"}, {"side": ""}):
            status, answer = await bench.open(**changes)
            assert status == 422
            assert answer["error"]["field"] in changes
        assert await bench.order_count() == 0

    async def test_broken_json_answers_400(self, bench: WebBench) -> None:
        status, answer = await bench.call("POST", "/api/v1/trades", data=b'{"market":')
        assert (status, answer["error"]["code"]) == (400, "E-ARG")

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_oversize_body(self, chunked: bool, bench: WebBench) -> None:
        body = b'{"market": "' + b"x" * 20_000 + b'"}'

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        status, answer = await bench.call(
            "POST", "/api/v1/trades", data=chunks() if chunked else body
        )
        assert (status, answer["error"]["limit"]) == (413, "16384 bytes")

    async def test_oversize_body_is_refused_before_anything_reads_it(self, bench: WebBench) -> None:
        status, _ = await bench.call("GET", "/api/v1/positions", data=b"x" * 20_000)
        assert status == 413

    async def test_encoded_body(self, bench: WebBench) -> None:
        status, _ = await bench.call(
            "POST",
            "/api/v1/trades",
            data=gzip.compress(json.dumps(trade()).encode()),
            headers={"Content-Encoding": "gzip"},
        )
        assert status == 415


class TestTrouble:
    async def test_database_away_answers_503_and_says_so(self, bench: WebBench) -> None:
        bench.desk.outcome = asyncpg.ConnectionDoesNotExistError("connection was closed")
        status, answer = await bench.open(key="k-1")
        assert (status, answer["error"]["code"]) == (503, "E-UNKNOWN")
        assert answer["idempotency_key"] == "k-1"

    async def test_database_away_for_a_look(self, bench: WebBench) -> None:
        await bench.pool.close()
        status, answer = await bench.call("GET", "/api/v1/positions", user=bench.trader.id)
        assert (status, answer["error"]["code"]) == (503, "E-BUSY")

    async def test_what_the_engine_cannot_store_is_an_argument(self, bench: WebBench) -> None:
        bench.desk.outcome = InputError("E-ARG", field="ref", value="x", limit="less")
        status, answer = await bench.open()
        assert (status, answer["error"]["field"]) == (422, "ref")

    async def test_value_that_no_column_holds_is_our_fault_and_not_an_open_end(
        self, bench: WebBench
    ) -> None:
        async with bench.pool.acquire() as conn:
            with pytest.raises(asyncpg.DataError) as caught:
                await conn.fetchval("SELECT $1::integer", 2**40)
        bench.desk.outcome = caught.value
        status, answer = await bench.open()
        assert (status, answer["error"]["code"]) == (500, "E-INTERNAL")

    async def test_surprise_answers_500_without_details(self, bench: WebBench) -> None:
        bench.desk.outcome = RuntimeError("password=hunter2")
        status, answer = await bench.open()
        assert (status, answer["error"]["code"]) == (500, "E-INTERNAL")
        assert "hunter2" not in json.dumps(answer)
        assert "Traceback" not in json.dumps(answer)
