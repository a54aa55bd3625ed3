"""The engine's memory of who has what: users, limits, open positions and the risk book.

Loaded from Postgres at start, then moved only by committed fills. Everything here is a copy; when
a commit's outcome is in doubt, `resync` reads the truth again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import numpy as np

from vanta import _core, logs
from vanta.domain.enums import CLOSING, Action, FillKind, Mode, Quality
from vanta.domain.errors import NotFoundError
from vanta.domain.market import Catalogue
from vanta.domain.order import Fill, Order
from vanta.domain.policy import Account, Policy, User, UserBreaker
from vanta.domain.ports import Clock
from vanta.domain.position import Position
from vanta.domain.roles import Standing
from vanta.engine import breakers, risk_rows
from vanta.engine.limits import LimitsInForce
from vanta.metrics import Metrics
from vanta.store.accounts import Accounts
from vanta.store.day_pnl import DAY_NS, DayPnl, day_of
from vanta.store.orders import Orders
from vanta.store.positions import Positions
from vanta.store.users import Users
from vanta.supervise import beat

_log = logs.get(__name__)

REFRESH_EVERY: Final = 5  # seconds between looks at policies


class AccountBook:
    """Users, limits, positions and cash of all users of this process."""

    def __init__(
        self,
        *,
        risk: _core.RiskBook,
        catalogue: Catalogue,
        users: Users,
        accounts: Accounts,
        limits: LimitsInForce,
        positions: Positions,
        orders: Orders,
        day_pnl: DayPnl,
        clock: Clock,
        metrics: Metrics,
        cool_off_ns: int = breakers.COOL_OFF_NS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.risk = risk
        self._catalogue = catalogue
        self._users_store = users
        self._accounts_store = accounts
        self._limits = limits
        self._breakers = breakers.Breakers(clock)
        self._cool_off_ns = cool_off_ns
        self._positions_store = positions
        self._orders_store = orders
        self._day_pnl = day_pnl
        self._clock = clock
        self._metrics = metrics
        self._sleep = sleep
        self._users: dict[int, User] = {}
        self._positions: dict[int, Position] = {}
        self._of_user: dict[int, dict[int, Position]] = {}
        self.doubted: set[int] = set()  # users whose last commit is not known
        self._unreserved: dict[int, int] = {}  # opens under way without a reservation -> user
        self._reservations: dict[int, int] = {}  # order id -> risk book handle
        self._day = 0

    # --- start ----------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read everything from the store. Call once, before anything is submitted."""
        now_ns = self._clock.now_ns()
        risk_rows.declare_markets(self.risk, self._catalogue)
        await self._limits.load()
        accounts = [await self._spent(account) for account in await self._accounts_store.all()]
        # Somebody without an account cannot trade; `ensure` finds out when one was opened.
        with_account = {account.user_id for account in accounts}
        self._users = {u.id: u for u in await self._users_store.all() if u.id in with_account}
        positions = await self._positions_store.all_open()
        margin: dict[int, int] = {}
        for position in positions:
            margin[position.user_id] = margin.get(position.user_id, 0) + position.collateral_e6
        self._day = now_ns // DAY_NS
        starts = {
            a.user_id: await self._day_start(
                a.user_id, a.cash_e6 + margin.get(a.user_id, 0), self._day
            )
            for a in accounts
        }
        self._load_users(accounts, starts)
        for account in accounts:
            self._breakers.take(account)
        for position in positions:
            self._remember(position)
            self._set_position(position)
        await self._load_opens(now_ns)
        self._metrics.open_positions.set(len(self._positions))

    async def _load_opens(self, now_ns: int) -> None:
        # Windows reach back an hour or to 00:00 UTC, whichever is longer.
        since_ns = min(now_ns - 3600 * 10**9, now_ns // DAY_NS * DAY_NS)
        rows = [
            r for r in await self._orders_store.opens_since(since_ns) if r.user_id in self._users
        ]
        if rows:
            self.risk.load_opens(
                np.array([r.user_id for r in rows], dtype=np.uint32),
                at_ns=np.array([r.at_ns for r in rows], dtype=np.int64),
                notional_e6=np.array([r.notional_e6 for r in rows], dtype=np.int64),
            )

    def _load_users(self, accounts: Sequence[Account], starts: dict[int, int]) -> None:
        if not accounts:
            return
        risk_rows.load_users(self.risk, accounts, starts, self.policy)
        for account in accounts:
            self.risk.start_day(
                account.user_id,
                day_start_ns=self._day * DAY_NS,
                equity_e6=starts[account.user_id],
            )

    async def _day_start(self, user_id: int, equity_e6: int, day: int) -> int:
        row = await self._day_pnl.start(user_id, Mode.DRY, day_of(day * DAY_NS), equity_e6)
        return equity_e6 if row.start_equity_e6 is None else row.start_equity_e6

    # --- reading --------------------------------------------------------------------------------

    async def ensure(self, user_id: int) -> User:
        """Return the user, reading one that appeared since the start.

        Raises `NotFoundError` when there is no such user or it has no account.
        """
        if (known := self._users.get(user_id)) is not None:
            return known
        user = await self._users_store.get(user_id)
        account = await self._accounts_store.get(user_id)
        await self._limits.reread(user_id)
        start_e6 = await self._day_start(user_id, account.cash_e6, self._day)
        # Another task may have read the same user meanwhile and already moved its cash.
        if user_id not in self._users:
            self._load_users([account], {user_id: start_e6})
            self._breakers.take(account)
            self._users[user_id] = user
        return user

    def user(self, user_id: int) -> User:
        """Return a loaded user. Raises `NotFoundError`."""
        if (user := self._users.get(user_id)) is None:
            raise NotFoundError(f"no user {user_id}")
        return user

    def policy(self, user_id: int) -> Policy:
        """Return the user's limits, each the stricter of its own and the system's ceiling."""
        return self._limits.of(user_id)

    def ceiling(self) -> Policy:
        """Return what no user's limits exceed."""
        return self._limits.ceiling

    def breaker(self, user_id: int) -> UserBreaker | None:
        """Return a user's open breaker; None when it is closed."""
        return self._breakers.of(user_id)

    def is_market_open(self, market_ix: int) -> bool:
        """Tell whether the venue takes orders on a market now."""
        return self._catalogue[market_ix].is_open

    def position(self, position_id: int) -> Position | None:
        """Return an open position."""
        return self._positions.get(position_id)

    def positions_of(self, user_id: int) -> list[Position]:
        """Return a user's open positions, oldest first."""
        return sorted(self._of_user.get(user_id, {}).values(), key=lambda p: p.id)

    def open_positions(self) -> list[Position]:
        """Return all open positions."""
        return list(self._positions.values())

    def exposure(self, user_id: int) -> _core.Exposure:
        """Return the account at the last marks. Raises `NotFoundError`."""
        self.user(user_id)
        return self.risk.exposure(user_id, now_ns=self._clock.now_ns())

    # --- reservations ---------------------------------------------------------------------------

    def hold(self, order: Order) -> None:
        """Remember an order under way and the reservation it lives on."""
        if order.reservation:
            self._reservations[order.id] = order.reservation
        elif order.intent.action is Action.OPEN and order.id not in self._reservations:
            # Of an earlier process: its cash is not set aside, so its user must wait for its end.
            self._unreserved[order.id] = order.intent.user_id

    def drop(self, order_id: int) -> None:
        """Forget an ended order; give back its reservation when nothing came of it."""
        self._unreserved.pop(order_id, None)
        self.risk.release(self._reservations.pop(order_id, 0))

    def is_in_doubt(self, user_id: int) -> bool:
        """Tell whether a user's account is not fully known, so that it must not open."""
        return user_id in self.doubted or user_id in self._unreserved.values()

    # --- changes --------------------------------------------------------------------------------

    def streak(self, fill: Fill, before: breakers.Streak | None) -> breakers.Streak:
        """Count a fill to its user's losses in a row; `before` is what earlier fills made of them.

        Without `before`, what is committed counts.
        """
        user_id = fill.user_id
        if before is None:
            losses = self.exposure(user_id).losses_in_row
            before = breakers.Streak(losses=losses, breaker=self.breaker(user_id))
        limit = self.policy(user_id).max_losses_in_row
        return breakers.after(fill, before, limit=limit, cool_off_ns=self._cool_off_ns)

    def apply(self, fill: Fill, position: Position, account: Account) -> None:
        """Take over a committed fill, the position it left and the account's streak."""
        self._remember(position)
        self.risk.apply_fill(
            fill.user_id,
            position_id=position.id,
            market_ix=position.market_ix,
            is_long=position.side.is_long,
            entry_e10=position.entry_e10,
            collateral_e6=position.collateral_e6,
            leverage_e10=position.leverage_e10,
            cash_delta_e6=fill.cash_delta_e6,
            realised_e6=fill.pnl_e6 - fill.fee_e6,
            is_close=fill.kind is not FillKind.OPEN,
            at_ns=fill.at_ns,
            reservation=self._reservations.pop(fill.order_id, 0),
        )
        self._breakers.take(account)
        if self.exposure(fill.user_id).losses_in_row != account.losses_in_row:
            self._load_again(fill.user_id, account.losses_in_row)  # a breaker spent the streak
        self._metrics.open_positions.set(len(self._positions))

    def replace(self, position: Position, order_id: int) -> None:
        """Take over a position whose money is booked already, and end the order's reservation."""
        self._remember(position)
        self._set_position(position, reservation=self._reservations.pop(order_id, 0))

    async def resync(self, user_id: int) -> None:
        """Read one user's cash and positions again: a commit's outcome was in doubt."""
        if user_id not in self._users:
            return
        account = await self._accounts_store.get(user_id)
        fresh = {p.id: p for p in await self._positions_store.open_of(user_id)}
        stale = dict(self._of_user.get(user_id, {}))
        start_e6 = self.exposure(user_id).day_start_equity_e6
        self._load_users([account], {user_id: start_e6})
        self._breakers.take(account)
        for position_id, old in stale.items():
            if position_id not in fresh:
                gone = await self._positions_store.get(position_id)
                self._remember(gone)
                self._set_position(gone if not gone.is_open else old)
        for position in fresh.values():
            self._remember(position)
            self._set_position(position)
        _log.warning("account.resynced", user_id=user_id, positions=len(fresh))

    def on_quotes(self, quotes: Sequence[_core.Quote]) -> None:
        """Value positions at the newest usable prices."""
        usable = [q for q in quotes if q.price_e10 > 0 and Quality(q.quality) in CLOSING]
        if usable:
            self.risk.set_marks(
                np.array([q.market_ix for q in usable], dtype=np.uint16),
                price_e10=np.array([q.price_e10 for q in usable], dtype=np.int64),
            )

    async def run(self) -> None:
        """Roll the day at 00:00 UTC and take over changed limits."""
        turns = 0
        while True:
            await self._sleep(1.0)
            beat()
            await self.roll_day()
            turns += 1
            if turns % REFRESH_EVERY == 0:
                await self.refresh()

    async def roll_day(self) -> None:
        """Pin every user's equity when a UTC day has begun."""
        day = self._clock.now_ns() // DAY_NS
        if day <= self._day:
            return
        for user_id in list(self._users):
            # The equity now, or that of the day's first fill when one was faster than this look.
            equity_e6 = self.exposure(user_id).day_start_equity_e6
            start_e6 = await self._day_start(user_id, equity_e6, day)
            self.risk.start_day(user_id, day_start_ns=day * DAY_NS, equity_e6=start_e6)
        self._day = day  # last: when the store fails in between, all are asked again
        _log.info("account.day_started", day=day, users=len(self._users))

    async def reread(self, user_id: int) -> None:
        """Take over one user's role, standing and wishes at once, also of one that is new."""
        if user_id in self._users:
            self._users[user_id] = await self._users_store.get(user_id)
        else:
            with contextlib.suppress(NotFoundError):  # no account yet
                await self.ensure(user_id)

    async def refresh(self) -> None:
        """Take over users, roles and limits that were changed in the store."""
        unknown = []
        for user in await self._users_store.all():
            if user.id in self._users:
                self._users[user.id] = user
            elif user.standing == Standing.ACTIVE:
                unknown.append(user.id)
        for user_id in unknown:
            with contextlib.suppress(NotFoundError):  # no account yet
                await self.ensure(user_id)
        await self.reread_ceiling()

    async def reread_limits(self, user_id: int) -> None:
        """Take over one user's limits and breaker at once."""
        if user_id not in self._users:
            return
        if await self._limits.reread(user_id):
            await self._take_limits(user_id)
        self._breakers.take(await self._accounts_store.get(user_id))

    async def reread_ceiling(self) -> None:
        """Take over the system's ceiling at once, for all users."""
        changed = await self._limits.reread_all(self._users)
        for user_id in changed:
            await self._take_limits(user_id)
        if changed:
            _log.info("account.limits_changed", users=len(changed))

    async def _take_limits(self, user_id: int) -> None:
        losses = self.exposure(user_id).losses_in_row
        self._load_again(user_id, losses)
        if losses >= self.policy(user_id).max_losses_in_row:
            account = await self._spent(await self._accounts_store.get(user_id))
            self._breakers.take(account)
            self._load_again(user_id, account.losses_in_row)

    async def _spent(self, account: Account) -> Account:
        """Open the breaker of an account whose streak is at its limit by now."""
        streak = breakers.due(
            account.losses_in_row,
            limit=self.policy(account.user_id).max_losses_in_row,
            now_ns=self._clock.now_ns(),
            cool_off_ns=self._cool_off_ns,
        )
        if streak.breaker is None:
            return account
        return await self._accounts_store.trip(account.user_id, streak.breaker)

    def _load_again(self, user_id: int, losses_in_row: int) -> None:
        """Bring limits and streak into the risk book; cash and day stay as it has them."""
        now = self.exposure(user_id)
        account = Account(
            user_id=user_id, cash_e6=now.cash_e6, deposited_e6=0, losses_in_row=losses_in_row
        )
        self._load_users([account], {user_id: now.day_start_equity_e6})

    def _remember(self, position: Position) -> None:
        mine = self._of_user.setdefault(position.user_id, {})
        if position.is_open:
            self._positions[position.id] = position
            mine[position.id] = position
        else:
            self._positions.pop(position.id, None)
            mine.pop(position.id, None)

    def _set_position(self, position: Position, *, reservation: int = 0) -> None:
        self.risk.apply_fill(
            position.user_id,
            position_id=position.id,
            market_ix=position.market_ix,
            is_long=position.side.is_long,
            entry_e10=position.entry_e10,
            collateral_e6=position.collateral_e6,
            leverage_e10=position.leverage_e10,
            cash_delta_e6=0,
            realised_e6=0,
            is_close=False,
            at_ns=self._clock.now_ns(),
            reservation=reservation,
        )
