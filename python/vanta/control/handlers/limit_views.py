"""How limits are shown: narrow tables for people, exact numbers for programs."""

from collections.abc import Sequence
from typing import Any, Final

from vanta.control.limit_rows import Ledger, LimitRow
from vanta.domain import exact
from vanta.domain.command import Table
from vanta.domain.market import Catalogue
from vanta.domain.ports import Preview
from vanta.domain.units import format_usd
from vanta.store.ceilings import PendingLimit


def table(rows: Sequence[LimitRow]) -> Table:
    """Lay out used and limit of each, narrow enough for a phone."""
    return Table(
        columns=("Limit", "Used", "Of"),
        rows=tuple((_SHORT.get(r.key, r.title), _used(r), shown_limit(r)) for r in rows),
    )


def lefts(rows: Sequence[LimitRow]) -> list[str]:
    """Say of each that is used what is left, and when waiting gives some of it back."""
    return [_left(row) for row in rows if row.used and row.left is not None]


def _left(row: LimitRow) -> str:
    left = (row.left or 0) // 10**6 * 10**6 if row.unit == "ratio_e10" else row.left or 0
    text = f"{_SHORT.get(row.key, row.title)}: {_short(left, row.unit)} left"
    more = exact.iso(row.resets_at_ns)
    return text if more is None else f"{text}, more from {more[11:19]} UTC"


_SHORT: Final = {
    "liq_buffer_pct": "Liq. buffer",
    "opens_per_minute": "Opens/min",
    "trades_per_day": "Trades/day",
    "volume_hour_usd": "Volume/hour",
    "volume_day_usd": "Volume/day",
    "copies_per_minute": "Copies/min",
    "messages_per_minute": "Messages/min",
    "max_losses_in_row": "Loss streak",
}


def _used(row: LimitRow) -> str:
    if row.used is None:
        return "-"
    # Two decimals, rounded up: what is used is never shown smaller than it is.
    step = {"ratio_e10": 10**6, "usd_e6": 10**4}.get(row.unit, 1)
    return _short(-(-row.used // step) * step, row.unit)


def shown_limit(row: LimitRow, catalogue: Catalogue | None = None) -> str:
    """Render a limit in few characters."""
    if row.unit != "markets":
        return _short(row.limit, row.unit)
    if not row.markets:
        return "all"
    if catalogue is None:
        return str(len(row.markets))
    return ",".join(m.base for m in catalogue if m.ix in row.markets)


def _short(value: int, unit: str) -> str:
    match unit:
        case "usd_e6":
            return "$" + format_usd(value).removesuffix(".00")
        case "leverage_e10":
            return exact.ratio(value) + "x"
        case "ratio_e10":
            return f"{exact.ratio(value * 100)}%"
        case _:
            return str(value)


def waiting(pending: Sequence[PendingLimit]) -> list[str]:
    """Say what becomes looser, and when."""
    return [f"{p.key} is looser from {(exact.iso(p.due_ns) or '')[:16]} UTC" for p in pending]


def described_row(row: LimitRow) -> dict[str, Any]:
    """Render a row for programs: exact decimal strings."""
    unit, _ = exact.UNITS.get(row.unit, (row.unit, 0))
    is_number = row.unit != "markets"
    return {
        "key": row.key,
        "rule": row.rule,
        "unit": unit,
        "used": None if row.used is None else exact.number(row.used, row.unit),
        "limit": exact.number(row.limit, row.unit) if is_number else None,
        "left": None if row.left is None else exact.number(row.left, row.unit),
        "resets_at": exact.iso(row.resets_at_ns),
        "markets": list(row.markets) if not is_number else None,
    }


def described(found: Ledger, pending: Sequence[PendingLimit]) -> dict[str, Any]:
    """Render the ledger for programs."""
    breaker = found.breaker
    return {
        "user_id": found.user_id,
        "limits": [described_row(row) for row in found.rows],
        "breaker_until": None if breaker is None else exact.iso(breaker.until_ns),
        "pending": [{"key": p.key, "due_at": exact.iso(p.due_ns)} for p in pending],
    }


def described_preview(found: Preview) -> dict[str, Any]:
    """Render what a trade would come to, for programs."""
    return {
        "quote": exact.optional(found.quote_e10),
        "entry": exact.optional(found.entry_e10),
        "notional": exact.usd(found.notional_e6),
        "required": exact.usd(found.required_e6),
        "liquidation": exact.optional(found.liquidation_e10),
        "worst_loss": exact.usd(found.worst_loss_e6),
        "equity": exact.usd(found.equity_e6),
    }
