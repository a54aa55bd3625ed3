"""What a provider is told of its followers: how many, how far, why not. Never whose money."""

import json

import pytest

from tests.fakes.door import DoorBench, open_door
from tests.fakes.signals import open_body
from tests.integration.store_rows import draft, intent
from vanta.domain.enums import OrderState, Source
from vanta.domain.intent import SignalRef
from vanta.domain.units import E6
from vanta.domain.verdict import Reason, Verdict
from vanta.store.pool import Pool
from vanta.store.signals import SignalStatus
from vanta.store.users import Users
from vanta.webhook.receipts import iso

ID = "msg_00000001"
MS = 10**6
SECRET_SUM = 4_242


def test_times_keep_their_microseconds() -> None:
    assert iso(1_790_000_000_123_456_789) == "2026-09-21T14:13:20.123456Z"
    assert iso(1_790_000_000_000_000_000) == "2026-09-21T14:13:20.000000Z"
    assert iso(0) is None


async def test_the_whole_way_of_a_signal(pool: Pool) -> None:
    async with open_door(pool) as bench:
        users = [await Users(pool).create(f"follower {n}", "trader", now_ns=1) for n in range(3)]
        await bench.send(ID, open_body(seq=7))
        at = bench.clock.now_ns()
        poor = Reason(
            code="E-BAL",
            rule="BALANCE",
            text=f"You have {SECRET_SUM}.00 USDC free; this needs 5,000.00.",
            value=SECRET_SUM * E6,
            limit=5_000 * E6,
            unit="usd_e6",
        )
        refused = Verdict(reasons=(poor,))
        states = [
            (OrderState.CREATED, Verdict()),
            (OrderState.CREATED, Verdict()),
            (OrderState.REFUSED, refused),
        ]
        orders = await bench.orders.insert_many(
            [
                draft(
                    intent(
                        user.id,
                        f"{bench.provider_id}:{ID}",
                        source=Source.SIGNAL,
                        collateral_e6=SECRET_SUM * E6,
                        signal=SignalRef(provider_id=bench.provider_id, signal_id=ID),
                    ),
                    state=state,
                    verdict=verdict,
                    created_ns=at + 1 * MS,
                )
                for user, (state, verdict) in zip(users, states, strict=True)
            ]
        )
        await bench.signals.decided(
            None, [(bench.provider_id, ID)], at + 2 * MS, SignalStatus.ACCEPTED
        )
        await bench.orders.mark_sent([orders[1].id], at + 3 * MS)
        await bench.orders.mark_sent([orders[0].id], at + 9 * MS)  # came again after a restart
        async with pool.acquire() as conn, conn.transaction():
            await bench.orders.finish(conn, orders[1].id, OrderState.FILLED, at + 640 * MS)

        status, told = await bench.show(ID)
        assert status == 200
        assert told["status"] == "accepted"
        assert told["seq"] == 7
        assert told["elapsed_us"] == {
            "verified": 0,
            "committed": 0,
            "decided": 2_000,
            "sent": 3_000,
            "filled": 640_000,
        }
        assert told["stages"]["filled"] == "2026-09-21T14:13:20.640000Z"
        assert told["followers"] == {
            "reached": 3,
            "outcomes": {"SENT": 1, "FILLED": 1, "REFUSED": 1},
        }
        assert told["skipped"] == [{"code": "E-BAL", "rule": "BALANCE", "orders": 1}]
        assert told["orders"] == [
            {"id": orders[0].id, "state": "SENT"},
            {"id": orders[1].id, "state": "FILLED"},
            {"id": orders[2].id, "state": "REFUSED"},
        ]
        assert str(SECRET_SUM) not in json.dumps(told)
        assert "follower" not in json.dumps(told).replace("followers", "")


@pytest.fixture
async def silent(pool: Pool) -> DoorBench:
    async with open_door(pool) as bench:
        return bench


async def test_describing_needs_no_running_door(silent: DoorBench) -> None:
    assert await silent.receipts.describe(silent.provider_id, ID) is None
