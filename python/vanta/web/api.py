"""What the handlers of this room need, passed in whole by the composition root."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from vanta.checks import Check
from vanta.domain.errors import NotFoundError
from vanta.domain.market import Catalogue, Market
from vanta.domain.order import Order
from vanta.domain.policy import User
from vanta.domain.ports import Clock, Desk, Quotes
from vanta.domain.position import Position
from vanta.domain.sources import SourceNames
from vanta.domain.system import SystemState
from vanta.metrics import Metrics
from vanta.web import render
from vanta.web.answers import ApiError

if TYPE_CHECKING:
    from vanta.store.accounts import Accounts
    from vanta.store.day_pnl import DayPnl
    from vanta.store.fills import Fills
    from vanta.store.orders import Orders
    from vanta.store.policies import Policies
    from vanta.store.positions import Positions
    from vanta.store.users import Users

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Describe = Callable[[int, str], Awaitable[Mapping[str, Any] | None]]
Limits = Callable[[int], Awaitable[Mapping[str, Any]]]

SETTLE_S: Final = 5.0
MAX_SMALL_ID: Final = 2**31 - 1  # users and providers


class Stores:
    """The aggregates this room reads."""

    def __init__(
        self,
        *,
        users: "Users",
        accounts: "Accounts",
        policies: "Policies",
        positions: "Positions",
        orders: "Orders",
        fills: "Fills",
        day_pnl: "DayPnl",
    ) -> None:
        self.users = users
        self.accounts = accounts
        self.policies = policies
        self.positions = positions
        self.orders = orders
        self.fills = fills
        self.day_pnl = day_pnl


class Api:
    """Everything a handler may use.

    `token` is the operator's bearer token; `host` the address the server is bound to (a loopback
    address switches the check of the Host header on); `mode` tells the effective mode,
    `system` what operators have switched;
    `feed_status` and `task_status` return JSON-able details for /status; `checks` are the readiness
    checks by part; `describe_signal(provider_id, signal_id)` tells what became of it, or None;
    `limits(user_id)` what is used and left of a user's limits.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        quotes: Quotes,
        stores: Stores,
        catalogue: Catalogue,
        names: SourceNames,
        checks: Mapping[str, Check],
        describe_signal: Describe,
        limits: Limits,
        feed_status: Callable[[], Any],
        task_status: Callable[[], Mapping[str, Mapping[str, Any]]],
        mode: Callable[[], str],
        system: Callable[[], SystemState],
        metrics: Metrics,
        clock: Clock,
        token: str,
        host: str,
        chat_url: str = "",
        simulated: bool = True,
        settle_s: float = SETTLE_S,
    ) -> None:
        if len(token) < 16:
            raise ValueError("operator token: needs at least 16 characters")
        self.desk = desk
        self.quotes = quotes
        self.stores = stores
        self.catalogue = catalogue
        self.names = names
        self.checks = dict(checks)
        self.describe_signal = describe_signal
        self.limits = limits
        self.feed_status = feed_status
        self.task_status = task_status
        self.mode = mode
        self.system = system
        self.metrics = metrics
        self.clock = clock
        self.token = token
        self.host = host
        self.chat_url = chat_url
        self.simulated = simulated
        self.settle_s = settle_s
        self.started_mono_ns = clock.mono_ns()

    async def user(self, header: str | None) -> User:
        """Return the user of an `X-Vanta-User` header; without one the owner.

        The owner is the first active super admin; until there is one, the first user.

        Raises `ApiError` 422 for a malformed id and 404 for an unknown one.
        """
        if header is None:
            users = self.stores.users
            if (found := await users.owner() or await users.first()) is not None:
                return found
            raise ApiError(
                404,
                "E-ARG",
                "There is no user yet. Start `vanta run` with your Telegram id in "
                "ADMIN_USER_IDS; `vanta demo` brings a trader of its own.",
            )
        user_id = whole_id(header, field="X-Vanta-User")
        try:
            if user_id <= MAX_SMALL_ID:
                return await self.stores.users.get(user_id)
        except NotFoundError:
            pass  # told below, as an id beyond the column is
        raise ApiError(404, "E-ARG", f"No user {user_id}.", field="X-Vanta-User", value=header)

    async def position(self, user: User, position_id: int) -> Position:
        """Return a position of `user`; another user's does not exist for them.

        Raises `ApiError` 404.
        """
        try:
            found = await self.stores.positions.get(position_id)
        except NotFoundError:
            found = None
        if found is None or found.user_id != user.id:
            raise ApiError(
                404,
                "E-ARG",
                f"No position #{position_id}. Look: GET /api/v1/positions or `vanta positions`.",
                field="position",
                value=str(position_id),
            )
        return found

    async def order(self, user: User, order_id: int) -> Order:
        """Return an order of `user`; another user's does not exist for them.

        Raises `ApiError` 404.
        """
        try:
            found = await self.stores.orders.by_id(order_id)
        except NotFoundError:
            found = None
        if found is None or found.intent.user_id != user.id:
            raise ApiError(
                404,
                "E-ARG",
                f"No order #{order_id}. Look: GET /api/v1/orders or `vanta orders`.",
                field="order",
                value=str(order_id),
            )
        return found

    def quote(self, market: Market) -> dict[str, Any]:
        """Render a market's quote, sources by name."""
        return render.quote(self.quotes.quote(market.ix), market, self.names.name)


def whole_id(text: str, *, field: str) -> int:
    """Parse a database id from a path or header.

    Raises `ApiError` 422.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ApiError(
            422,
            "E-ARG",
            f"I did not get {field}: ids are whole numbers such as 12.",
            field=field,
            value=text,
            limit="a whole number",
        )
    return int(text)
