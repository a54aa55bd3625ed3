"""Receipts, and what became of a signal: told to its provider and to the operator alike.

A provider learns how many followers acted and why others did not, never whose money it was: order
numbers and states, refusal codes, no amounts and no texts (they carry the follower's numbers).
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vanta.domain.enums import OrderState
from vanta.domain.market import Catalogue
from vanta.domain.order import Order
from vanta.domain.signal import decode_signal
from vanta.store.signals import SignalRecord, Signals
from vanta.webhook.commit import Committed

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MAX_ORDERS: Final = 500


def receipt(signal_id: str, committed: Committed) -> dict[str, Any]:
    """Render the receipt: the same bytes for every delivery of one signal."""
    return {
        "status": "accepted",
        "signal_id": signal_id,
        "received_at": iso(committed.received_ns),
        "trace_id": committed.trace_id,
    }


def iso(ns: int) -> str | None:
    """Render Unix nanoseconds as ISO 8601 with microseconds; None for 0 = has not happened."""
    if ns == 0:
        return None
    at = _EPOCH + timedelta(microseconds=ns // 1_000)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Receipts:
    """Reads a signal's way from the stores."""

    def __init__(self, *, signals: Signals, catalogue: Catalogue) -> None:
        self._signals = signals
        self._catalogue = catalogue

    async def describe(self, provider_id: int, signal_id: str) -> dict[str, Any] | None:
        """Tell what became of a provider's signal; None when it has none by that id."""
        record = await self._signals.get(provider_id, signal_id)
        if record is None:
            return None
        orders = await self._signals.orders_of(provider_id, signal_id)
        signal = decode_signal(record.body)
        stages = {
            "received": record.received_ns,
            "verified": record.verified_ns,
            "committed": record.committed_ns,
            "decided": record.decided_ns,
            "sent": await self._signals.first_sent_ns(provider_id, signal_id),
            "filled": min(
                (o.updated_ns for o in orders if o.state is OrderState.FILLED), default=0
            ),
        }
        return {
            "signal_id": record.signal_id,
            "provider_id": record.provider_id,
            "status": str(record.status),
            "trace_id": record.trace_id,
            "seq": record.seq,
            "action": signal.action,
            "market": self._symbol(signal.market_ix),
            "deliveries": record.deliveries,
            "expires_at": iso(record.expires_ns),
            "stages": {name: iso(ns) for name, ns in stages.items()},
            "elapsed_us": _elapsed_us(record, stages),
            **_outcomes(orders),
        }

    def _symbol(self, market_ix: int | None) -> str | None:
        known = {market.ix: market.symbol for market in self._catalogue}
        return None if market_ix is None else known.get(market_ix)


def _elapsed_us(record: SignalRecord, stages: dict[str, int]) -> dict[str, int]:
    """Microseconds from receipt to each stage that has happened."""
    return {
        name: (ns - record.received_ns) // 1_000
        for name, ns in stages.items()
        if ns and name != "received"
    }


def _outcomes(orders: list[Order]) -> dict[str, Any]:
    skipped = Counter(
        (reason.code, reason.rule)
        for order in orders
        if order.state is OrderState.REFUSED
        for reason in order.verdict.reasons
    )
    return {
        "followers": {
            "reached": len({order.intent.user_id for order in orders}),
            "outcomes": dict(Counter(str(order.state) for order in orders)),
        },
        "skipped": [
            {"code": code, "rule": rule, "orders": count}
            for (code, rule), count in skipped.most_common()
        ],
        "orders": [{"id": order.id, "state": str(order.state)} for order in orders[:MAX_ORDERS]],
    }
