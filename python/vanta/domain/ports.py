"""Ports: where there are several of a kind, and where one room needs another."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from vanta._core import Exposure, Quote
from vanta.domain.intent import Intent
from vanta.domain.order import Order, OrderEvent
from vanta.domain.policy import Policy, User, UserBreaker
from vanta.domain.position import Position
from vanta.domain.system import Notice, SystemState
from vanta.domain.verdict import Verdict


class Clock(Protocol):
    """Time as an argument: the system's in production, a manual one in tests."""

    def now_ns(self) -> int:
        """Wall clock, Unix nanoseconds."""
        ...

    def mono_ns(self) -> int:
        """Monotonic nanoseconds for ages."""
        ...


class Tick(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One observation of a source, at the core's scale or as the feed's own mantissa text."""

    market_ix: int
    source_ix: int
    value: int | str
    expo: int = -10
    conf: int | str | None = None
    publish_ns: int
    seq: int | None = None
    session_open: bool | None = None


class PriceSink(Protocol):
    """Where sources put what they saw."""

    def ticks(self, batch: Sequence[Tick]) -> None:
        """Offer observations in arrival order; never blocks."""
        ...

    def head(self, source_ix: int, head_ns: int) -> None:
        """Tell how new the block is that a push source was read at."""
        ...

    def sequencer(self, *, up: bool, since_ns: int) -> None: ...

    def withdraw(self, market_ix: int, source_ix: int) -> None: ...


class FeedSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the price book must know of one (market, source)."""

    market_ix: int
    source_ix: int
    kind: str  # "stream" | "push"
    group: int
    primary: bool = False
    expo: int = -10
    interval_ns: int = 1_000_000_000
    max_age_ns: int = 0
    heartbeat_ns: int = 0
    deviation_e10: int = 0
    conf_required: bool = False


class PriceSource(Protocol):
    """A feed of prices: one task, restarted by its supervisor when it ends or fails."""

    name: str

    def feeds(self) -> Sequence[FeedSpec]: ...

    async def run(self, sink: PriceSink) -> None:
        """Read for ever; raise when the connection is lost and cannot be regained here."""
        ...


class Quotes(Protocol):
    """Read side of the price feed."""

    def quote(self, market_ix: int) -> Quote: ...


class Executor(Protocol):
    """A way to a venue. Results come as `OrderEvent`s through the sink it was built with."""

    async def execute_many(self, orders: Sequence[Order]) -> None: ...


EventSink = Callable[[Sequence[OrderEvent]], Awaitable[None]]
"""The ledger's `apply`."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a ticket shows: the same numbers `submit` would decide on, reserving nothing."""

    verdict: Verdict
    quote_e10: int
    quality: int
    entry_e10: int = 0
    notional_e6: int = 0
    required_e6: int = 0
    open_fee_e6: int = 0
    close_fee_e6: int = 0
    spread_cost_e6: int = 0
    liquidation_e10: int = 0
    safe_line_e10: int = 0
    worst_loss_e6: int = 0
    equity_e6: int = 0


class Desk(Protocol):
    """The engine as the ways in see it."""

    async def submit(self, intent: Intent) -> Order:
        """Turn an intent into an order, once. Same key, same order (`duplicate=True`)."""
        ...

    async def preview(self, intent: Intent) -> Preview: ...

    def quote(self, market_ix: int) -> Quote: ...

    def exposure(self, user_id: int) -> Exposure: ...

    def policy(self, user_id: int) -> Policy:
        """Return the limits in force."""
        ...

    def protected_by(self, position: Position) -> str: ...

    async def settled(self, order_id: int, timeout_s: float) -> Order:
        """Wait until the order is terminal or the time is up; return it as it is then."""
        ...


class Books(Protocol):
    """The engine's memory of who has what, to look at."""

    def open_positions(self) -> list[Position]: ...

    def policy(self, user_id: int) -> Policy:
        """Return the limits in force."""
        ...

    def exposure(self, user_id: int) -> Exposure:
        """Return the account at the last marks. Raises `NotFoundError` for who has none."""
        ...

    def breaker(self, user_id: int) -> UserBreaker | None:
        """Return the user's open breaker; None when it is closed."""
        ...


class LimitsBook(Protocol):
    """The engine's memory of limits; the stores are written first, then it reads again."""

    async def ensure(self, user_id: int) -> User:
        """Raises `NotFoundError` for who is not there or has no account."""
        ...

    def policy(self, user_id: int) -> Policy:
        """Return the limits in force."""
        ...

    def ceiling(self) -> Policy: ...

    def exposure(self, user_id: int) -> Exposure: ...

    def breaker(self, user_id: int) -> UserBreaker | None:
        """Return the user's open breaker."""
        ...

    async def reread_limits(self, user_id: int) -> None:
        """Take over one user's limits and breaker at once."""
        ...

    async def reread_ceiling(self) -> None:
        """Take over the system's ceiling at once, for all users."""
        ...


class SignalSink(Protocol):
    """Where the door hands committed signals: the engine's fan-out."""

    def offer(self, keys: Sequence[tuple[int, str]]) -> None:
        """(provider_id, signal_id) of durable signals; a lost offer is found by the sweeper."""
        ...


class CrashPoint(Protocol):
    """A named place where a drill may kill the process."""

    def __call__(self, name: str) -> None: ...


class Envelope(Protocol):
    """Encrypts single values for the database; each is bound to where it stands."""

    def seal(self, secret: bytes, *, subject: bytes, family: str, purpose: str) -> bytes:
        """Return a record that opens only for the same subject, family and purpose."""
        ...

    def unseal(self, record: bytes, *, subject: bytes, family: str, purpose: str) -> bytes:
        """Raises `SealError` for a foreign, changed or unknown record."""
        ...

    def fingerprint(self, secret: bytes, *, subject: bytes) -> bytes:
        """Return 32 bytes that are equal for equal secrets of one subject, for UNIQUE columns."""
        ...


BeforeSend = Callable[[Order], str]
"""Asked by an executor just before a byte leaves: "" = go, else why not, code first."""


class Shut(msgspec.Struct, frozen=True, kw_only=True):
    """Why a door takes nothing now, and when to come again."""

    code: str
    text: str
    retry_after_s: int


class SignalPermit(Protocol):
    """Asked by the signal door before it stores."""

    def __call__(self, *, takes_risk: bool) -> Shut | None:
        """None lets the signal in."""
        ...


class SystemControls(Protocol):
    """The switches of the whole system, as the rooms see them."""

    @property
    def state(self) -> SystemState:
        """What is in force now."""
        ...

    def held_by(self) -> Sequence[str]:
        """Name the stops that no command can lift."""
        ...

    async def apply(
        self,
        edit: Callable[[SystemState], SystemState],
        by: str,
        *,
        action: str,
        trace_id: str,
        notice: Notice | None = None,
    ) -> bool:
        """Change the state with its audit row and notice; False when the database took none.

        What restricts is in force at once either way, what loosens only when this is True.
        """
        ...
