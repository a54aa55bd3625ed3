"""Rows for the tests of the store: short ways to make what a table asks for."""

import hashlib
from typing import Any

import msgspec

from tests.fakes.clock import ManualClock
from tests.fakes.envelope import TestEnvelope
from vanta.domain.enums import Action, FillKind, Mode, OrderState, Side, Source
from vanta.domain.intent import Intent
from vanta.domain.order import Fill
from vanta.domain.position import Position
from vanta.domain.units import E6, E10
from vanta.domain.verdict import Verdict
from vanta.sandbox.seed import Seeded, seed
from vanta.store.orders import OrderDraft
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.signals import SignalRow

T0 = 1_790_000_000 * 10**9


async def seeded(pool: Pool) -> Seeded:
    return await seed(pool, ManualClock(T0), Providers(pool, TestEnvelope()))


def signal(provider_id: int, signal_id: str, body: bytes = b"{}", **changes: Any) -> SignalRow:
    row = SignalRow(
        provider_id=provider_id,
        signal_id=signal_id,
        key_id="pulse-1",
        trace_id="feed",
        body=body,
        body_hash=hashlib.sha256(body).digest(),
        received_ns=T0,
        verified_ns=T0 + 1,
        committed_ns=T0 + 2,
    )
    return msgspec.structs.replace(row, **changes)


def intent(user_id: int, ref: str, **changes: Any) -> Intent:
    made = Intent(
        user_id=user_id,
        source=Source.CLI,
        ref=ref,
        action=Action.OPEN,
        trace_id="feed",
        market_ix=1,
        side=Side.LONG,
        collateral_e6=200 * E6,
        leverage_e10=25 * E10,
    )
    return msgspec.structs.replace(made, **changes)


def draft(wish: Intent, **changes: Any) -> OrderDraft:
    made = OrderDraft(
        intent=wish,
        mode=Mode.DRY,
        state=OrderState.CREATED,
        verdict=Verdict(),
        created_ns=T0,
        quote_e10=61_000 * E10,
        quote_as_of_ns=T0 - 5,
        reservation=7,
    )
    return msgspec.structs.replace(made, **changes)


def position(user_id: int, **changes: Any) -> Position:
    made = Position(
        id=0,
        venue="paper",
        mode=Mode.DRY,
        user_id=user_id,
        market_ix=1,
        index=0,
        side=Side.LONG,
        entry_e10=61_000 * E10,
        collateral_e6=200 * E6,
        leverage_e10=25 * E10,
        liquidation_e10=59_000 * E10,
        opened_ns=T0,
    )
    return msgspec.structs.replace(made, **changes)


def fill(user_id: int, order_id: int = 0, **changes: Any) -> Fill:
    made = Fill(
        chain="paper",
        tx_hash=b"\x07" * 32,
        ordinal=0,
        order_id=order_id,
        user_id=user_id,
        mode=Mode.DRY,
        kind=FillKind.OPEN,
        market_ix=1,
        side=Side.LONG,
        position_id=0,
        price_e10=61_000 * E10,
        mark_e10=60_999 * E10,
        collateral_e6=200 * E6,
        leverage_e10=25 * E10,
        notional_e6=5_000 * E6,
        fee_e6=3 * E6,
        pnl_e6=0,
        cash_delta_e6=-203 * E6,
        at_ns=T0,
    )
    return msgspec.structs.replace(made, **changes)
