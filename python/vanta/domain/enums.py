"""The closed sets of the domain. Values are what the database and the wire carry."""

from enum import IntEnum, StrEnum


class Side(StrEnum):
    LONG = "long"
    SHORT = "short"

    @property
    def is_long(self) -> bool:
        return self is Side.LONG


class Source(StrEnum):
    """Where an intent came from; stored on each order."""

    TELEGRAM = "manual_command"
    CLI = "cli"
    WEB = "web"
    SIGNAL = "signal"
    TPSL = "tpsl"
    COPY = "copy_trade"
    ADMIN = "admin"
    VENUE = "venue"  # a fill the venue made on its own: a liquidation


BY_HAND = frozenset({Source.TELEGRAM, Source.CLI, Source.WEB, Source.ADMIN})
"""Sources behind which a person sits at the moment of the wish."""


class Action(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    SET_STOPS = "set_stops"


class Mode(StrEnum):
    DRY = "DRY"
    LIVE = "LIVE"


class OrderState(StrEnum):
    REFUSED = "REFUSED"  # our own no; terminal
    CREATED = "CREATED"  # admitted and durable, not yet handed to the venue
    SENT = "SENT"
    FILLED = "FILLED"
    REJECTED = "REJECTED"  # the venue's no; terminal
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"  # never re-sent; resolved by asking the venue

    @property
    def is_terminal(self) -> bool:
        return self not in (OrderState.CREATED, OrderState.SENT, OrderState.UNKNOWN)


class FillKind(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    LIQUIDATION = "liquidation"


class TriggerKind(StrEnum):
    TAKE_PROFIT = "tp"
    STOP_LOSS = "sl"
    BUFFER = "buffer"  # close at the safe line, before the venue liquidates


class Quality(IntEnum):
    """Quality of a quote; the order is that of `_core.QUALITIES` (a test compares them)."""

    GOOD = 0
    DEGRADED = 1
    SINGLE = 2
    FALLBACK = 3
    STALE = 4
    CONFLICT = 5
    CLOSED = 6
    CLOCK_SUSPECT = 7
    NONE = 8


class Breaker(IntEnum):
    """State of a market's price breaker; the order is that of `_core.BREAKERS`."""

    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2


OPENING = frozenset({Quality.GOOD, Quality.DEGRADED})
"""Qualities on which new risk may be taken."""
TRIGGERING = frozenset({Quality.GOOD, Quality.DEGRADED})
"""Qualities on which a stop may fire."""
CLOSING = frozenset({Quality.GOOD, Quality.DEGRADED, Quality.SINGLE, Quality.FALLBACK})
"""Qualities on which a user's own close goes without further ado."""
