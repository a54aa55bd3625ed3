"""The web room on a real store, with a desk that answers as it is told."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.fakes.clock import ManualClock
from tests.fakes.signals import CATALOGUE
from vanta import _core
from vanta.control.handlers.limit_views import described
from vanta.control.limit_rows import ledger
from vanta.domain.enums import Action, FillKind, Mode, OrderState
from vanta.domain.intent import Intent
from vanta.domain.order import Fill, Order
from vanta.domain.policy import Policy, User
from vanta.domain.ports import Preview
from vanta.domain.position import Position
from vanta.domain.sources import SourceNames
from vanta.domain.system import SystemState
from vanta.domain.units import E6, E10
from vanta.domain.verdict import Reason, Verdict
from vanta.metrics import Metrics
from vanta.store.accounts import Accounts
from vanta.store.day_pnl import DayPnl, day_of
from vanta.store.fills import Fills
from vanta.store.markets import Markets
from vanta.store.orders import OrderDraft, Orders
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.positions import Positions
from vanta.store.users import Users
from vanta.web import Api, middlewares, routes
from vanta.web.api import Stores

TOKEN = "operator-token-of-the-tests"
BTC_E10 = 61_240 * E10
REFUSAL = Verdict(
    reasons=(
        Reason(
            code="E-RISK-POS",
            rule="POSITION_SIZE",
            text="Trade exceeds max size: 12,000.00 of 10,000.00 USD.",
            value=12_000 * E6,
            limit=10_000 * E6,
            unit="usd_e6",
        ),
        Reason(
            code="E-RATE",
            rule="OPENS_PER_MINUTE",
            text="5 opens in the last minute.",
            value=6,
            limit=5,
            unit="count",
            resets_at_ns=1_790_000_022_000_000_000,
        ),
    ),
    nearest_collateral_e6=95 * E6,
)


class FakeDesk:
    """Implements `Desk`. `outcome`: fill, refuse, reject, pend, or an exception to raise."""

    def __init__(self, pool: Pool, clock: ManualClock) -> None:
        self.pool = pool
        self.clock = clock
        self.orders = Orders(pool)
        self.positions = Positions(pool)
        self.fills = Fills(pool)
        self.outcome: str | Exception = "fill"
        self.submitted: list[Intent] = []
        self.previewed: list[Intent] = []
        self.verdict = Verdict()
        self.limits = Policy()
        self.book = _core.PriceBook(_core.AggregateConfig())
        self.risk = _core.RiskBook()
        for market in CATALOGUE:
            self.book.add_market(market.ix, min_price_e10=1, max_price_e10=10**17)
            for source in (0, 1, 2):
                self.book.add_feed(market.ix, source, kind="stream", group=source)
        self.book.set_clock_offset(0, now_wall_ns=0, now_mono_ns=0)

    def price(self, price_e10: int) -> None:
        """Let three sources agree on a price of every market, now."""
        for market in CATALOGUE:
            for source in (0, 1, 2):
                self.book.update(
                    market.ix,
                    source,
                    value=price_e10,
                    publish_ns=self.clock.now_ns(),
                    recv_wall_ns=self.clock.now_ns(),
                    recv_mono_ns=self.clock.mono_ns(),
                )

    def quote(self, market_ix: int) -> _core.Quote:
        return self.book.quote(
            market_ix, now_wall_ns=self.clock.now_ns(), now_mono_ns=self.clock.mono_ns()
        )

    def exposure(self, user_id: int) -> _core.Exposure:
        return self.risk.exposure(user_id, now_ns=self.clock.now_ns())

    def policy(self, user_id: int) -> Policy:
        return self.limits

    def protected_by(self, position: Position) -> str:
        return "Vanta stop" if position.stop_loss_e10 else "Vanta buffer"

    async def preview(self, intent: Intent) -> Preview:
        self.previewed.append(intent)
        return Preview(
            verdict=self.verdict,
            quote_e10=BTC_E10,
            quality=0,
            entry_e10=BTC_E10,
            notional_e6=1_000 * E6,
            required_e6=100_600_000,
        )

    async def submit(self, intent: Intent) -> Order:
        self.submitted.append(intent)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        refused = self.outcome == "refuse"
        draft = OrderDraft(
            intent=intent,
            mode=Mode.DRY,
            state=OrderState.REFUSED if refused else OrderState.CREATED,
            verdict=REFUSAL if refused else Verdict(),
            created_ns=self.clock.now_ns(),
            quote_e10=BTC_E10,
            quote_as_of_ns=self.clock.now_ns(),
        )
        [order] = await self.orders.insert_many([draft])
        if not order.duplicate and not refused and self.outcome != "pend":
            await self._finish(order)
        return order

    async def settled(self, order_id: int, timeout_s: float) -> Order:
        return await self.orders.by_id(order_id)

    async def _finish(self, order: Order) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            if self.outcome == "reject":
                await self.orders.finish(
                    conn, order.id, OrderState.REJECTED, self.clock.now_ns(), "stop too near"
                )
                return
            position = await self._position(conn, order.intent)
            await self.fills.insert(conn, _fill(order, position, self.clock.now_ns()))
            await self.orders.finish(
                conn, order.id, OrderState.FILLED, self.clock.now_ns(), "", position.id
            )

    async def _position(self, conn: Any, intent: Intent) -> Position:
        if intent.action is Action.CLOSE:
            found = await self.positions.lock(conn, intent.position_id)
            assert found is not None
            left = found.collateral_e6 - found.collateral_e6 * intent.portion_e10 // E10
            changed = msgspec.structs.replace(
                found,
                collateral_e6=left,
                closed_ns=0 if left else self.clock.now_ns(),
                realised_e6=12_340_000,
                version=found.version + 1,
            )
            return await self.positions.update(conn, changed)
        assert intent.side is not None
        return await self.positions.insert(
            conn,
            Position(
                id=0,
                venue="paper",
                mode=Mode.DRY,
                user_id=intent.user_id,
                market_ix=intent.market_ix,
                index=0,
                side=intent.side,
                entry_e10=BTC_E10,
                collateral_e6=intent.collateral_e6,
                leverage_e10=intent.leverage_e10,
                liquidation_e10=BTC_E10 * 915 // 1000,
                take_profit_e10=intent.take_profit_e10,
                stop_loss_e10=intent.stop_loss_e10,
                opened_ns=self.clock.now_ns(),
            ),
        )


def _fill(order: Order, position: Position, at_ns: int) -> Fill:
    return Fill(
        chain="paper",
        tx_hash=hashlib.sha256(str(order.id).encode()).digest(),
        ordinal=0,
        order_id=order.id,
        user_id=order.intent.user_id,
        mode=Mode.DRY,
        kind=FillKind.CLOSE if order.intent.action is Action.CLOSE else FillKind.OPEN,
        market_ix=position.market_ix,
        side=position.side,
        position_id=position.id,
        price_e10=BTC_E10,
        mark_e10=BTC_E10,
        collateral_e6=position.collateral_e6,
        leverage_e10=position.leverage_e10,
        notional_e6=1_000 * E6,
        fee_e6=600_000,
        pnl_e6=0,
        cash_delta_e6=-100_600_000,
        at_ns=at_ns,
    )


class WebBench:
    """Everything a test of the web room looks at."""

    def __init__(self, pool: Pool, clock: ManualClock, trader: User, other: User) -> None:
        self.pool = pool
        self.clock = clock
        self.trader = trader
        self.other = other
        self.desk = FakeDesk(pool, clock)
        self.metrics = Metrics()
        self.checks: dict[str, tuple[bool, str]] = {"postgres": (True, ""), "prices": (True, "")}
        self.hangs: asyncio.Event | None = None
        self.described: Mapping[str, Any] | None = None
        self.names = SourceNames()
        for name in ("alpha", "beta", "gamma"):
            self.names.ix(name)
        self.client: TestClient[web.Request, web.Application]

    def api(self, *, host: str = "127.0.0.1") -> Api:
        """Build the room."""
        pool = self.pool

        async def postgres() -> tuple[bool, str]:
            return self.checks["postgres"]

        async def prices() -> tuple[bool, str]:
            return self.checks["prices"]

        async def describe(provider_id: int, signal_id: str) -> Mapping[str, Any] | None:
            return self.described if (provider_id, signal_id) == (7, "sig_00000001") else None

        async def limits(user_id: int) -> Mapping[str, Any]:
            desk, now_ns = self.desk, self.clock.now_ns()
            policy, now = desk.policy(user_id), desk.exposure(user_id)
            return described(
                ledger(user_id, policy, now, windows=None, breaker=None, now_ns=now_ns), ()
            )

        return Api(
            desk=self.desk,
            quotes=self.desk,
            stores=Stores(
                users=Users(pool),
                accounts=Accounts(pool),
                policies=Policies(pool),
                positions=Positions(pool),
                orders=Orders(pool),
                fills=Fills(pool),
                day_pnl=DayPnl(pool),
            ),
            catalogue=CATALOGUE,
            names=self.names,
            checks={"postgres": postgres, "prices": prices},
            describe_signal=describe,
            limits=limits,
            feed_status=lambda: [{"market": "BTC/USD", "sources": []}],
            task_status=lambda: {"feed": {"running": True, "last_error": "OSError: dsn"}},
            mode=lambda: "DRY",
            system=SystemState,
            metrics=self.metrics,
            clock=self.clock,
            token=TOKEN,
            host=host,
            chat_url="http://127.0.0.1:8081/",
            settle_s=0.05,
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        user: int | str | None = None,
        key: str | None = None,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> tuple[int, Any]:
        """Make one call; return status and the decoded answer."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if user is not None:
            sent["X-Vanta-User"] = str(user)
        if key is not None:
            sent["Idempotency-Key"] = key
        async with self.client.request(method, path, headers=sent, **kwargs) as response:
            assert response.content_type == "application/json", await response.text()
            return response.status, await response.json()

    async def open(self, *, user: int | None = None, key: str | None = None, **changes: Any) -> Any:
        """POST a good trade with changes; return (status, answer)."""
        return await self.call("POST", "/api/v1/trades", user=user, key=key, json=trade(**changes))

    async def order_count(self) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM orders")
        return count

    async def day(self, realised_e6: int) -> None:
        """Give the trader a day of profit."""
        async with self.pool.acquire() as conn:
            await DayPnl(self.pool).add(
                conn, self.trader.id, Mode.DRY, day_of(self.clock.now_ns()), realised_e6, 600_000, 2
            )


def trade(**changes: Any) -> dict[str, Any]:
    """A good body of POST /api/v1/trades; a change to None leaves the field out."""
    body = {"market": "BTC", "side": "long", "collateral": "100", "leverage": "10", **changes}
    return {name: value for name, value in body.items() if value is not None}


@asynccontextmanager
async def web_bench(
    pool: Pool,
    clock: ManualClock,
    *,
    host: str = "127.0.0.1",
    more: Sequence[web.RouteDef] = (),
) -> AsyncIterator[WebBench]:
    """Serve the room, and `more` of it, on a free loopback port."""
    users, accounts = Users(pool), Accounts(pool)
    trader = await users.create("demo", "trader", now_ns=clock.now_ns())
    other = await users.create("other", "trader", now_ns=clock.now_ns())
    for user in (trader, other):
        await accounts.open(user.id, 10_000 * E6)
    await Markets(pool).upsert(list(CATALOGUE))
    bench = WebBench(pool, clock, trader, other)
    load_users(bench.desk.risk, [trader.id, other.id])
    bench.desk.price(BTC_E10)
    api = bench.api(host=host)
    app = web.Application(middlewares=middlewares(api))

    async def broken(_request: web.Request) -> web.Response:
        raise ZeroDivisionError("a secret detail")

    app.add_routes([*routes(api), *more, web.get("/broken", broken)])
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        bench.client = client
        yield bench


def load_users(risk: _core.RiskBook, ids: list[int]) -> None:
    """Put users with the default policy and 10,000 of cash into a risk book."""
    import numpy as np  # noqa: PLC0415

    def column(value: int) -> Any:
        return np.full(len(ids), value, dtype=np.int64)

    risk.load_users(
        np.array(ids, dtype=np.uint32),
        cash_e6=column(10_000 * E6),
        day_start_equity_e6=column(10_000 * E6),
        losses_in_row=column(0),
        max_leverage_e10=column(50 * E10),
        max_position_e6=column(10_000 * E6),
        max_account_risk_e10=column(E10 // 10),
        liquidation_buffer_e10=column(E10 // 20),
        max_daily_loss_e10=column(E10 // 5),
        opens_per_minute=column(5),
        trades_per_day=column(50),
        volume_hour_e6=column(10_000 * E6),
        volume_day_e6=column(50_000 * E6),
        max_losses_in_row=column(10),
    )
