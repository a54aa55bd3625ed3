"""How limits are shown: narrow tables for people, exact numbers for programs."""

from collections.abc import Sequence
from typing import Any, Final

from vanta.control.limit_rows import DAY_NS, Ledger, LimitRow
from vanta.domain import exact
from vanta.domain.command import Table
from vanta.domain.market import Catalogue
from vanta.domain.ports import Preview
from vanta.domain.units import E6, format_usd
from vanta.store.ceilings import PendingLimit


def tables(rows: Sequence[LimitRow], now_ns: int) -> tuple[Table, ...]:
    """Lay out what is used of each, left, and again when; then what is asked anew of each order."""
    counted = tuple(
        (_name(r), _used(r), _left(r), _again(r, now_ns)) for r in rows if r.used is not None
    )
    asked = tuple((_name(r), shown_limit(r)) for r in rows if r.used is None)
    both = (
        Table(columns=("Limit", "Used", "Left", "Again"), rows=counted),
        Table(columns=("Limit", "Set"), rows=asked),
    )
    return tuple(table for table in both if table.rows)


def would_be(rows: Sequence[LimitRow]) -> Table:
    """Lay out what a trade would bring each to."""
    found = tuple((_name(r), _then(r), shown_limit(r)) for r in rows if r.used is not None)
    return Table(columns=("Limit", "Would be", "Of"), rows=found)


NS: Final = 10**9
SECONDS_SHOWN: Final = 100
_CENTI_E10: Final = 10**6  # 0.01 %
_BIG_E6: Final = 99_999 * E6  # from here on in thousands: tables are narrow
_SHORT: Final = {
    "liq_buffer_pct": "Liq. buffer",
    "opens_per_minute": "Opens/min",
    "trades_per_day": "Trades/day",
    "volume_hour_usd": "Volume/hour",
    "volume_day_usd": "Volume/day",
    "copies_per_minute": "Copies/min",
    "messages_per_minute": "Msgs/min",
    "max_losses_in_row": "Loss streak",
}


def _name(row: LimitRow) -> str:
    return _SHORT.get(row.key, row.title)


def _used(row: LimitRow) -> str:
    # Rounded up: what is used is never shown smaller than it is.
    return "-" if row.used is None else _rounded(row.used, row.unit, up=True)


def _left(row: LimitRow) -> str:
    return "-" if row.left is None else _rounded(row.left, row.unit, up=False)


def _then(row: LimitRow) -> str:
    # To two decimals, rounded up, beside a limit that is shown exactly.
    step = {"ratio_e10": _CENTI_E10, "usd_e6": 10**4}.get(row.unit, 1)
    return _short(_whole(row.used or 0, step, up=True) * step, row.unit)


def _rounded(value: int, unit: str, *, up: bool) -> str:
    match unit:
        case "usd_e6" if value < _BIG_E6:
            return f"${_whole(value, E6, up=up):,}"
        case "usd_e6":
            return f"${_whole(value, 1000 * E6, up=up):,}k"
        case "ratio_e10":
            return _short(_whole(value, _CENTI_E10, up=up) * _CENTI_E10, unit)
        case _:
            return _short(value, unit)


def _whole(value: int, unit: int, *, up: bool) -> int:
    return -(-value // unit) if up else value // unit


def _again(row: LimitRow, now_ns: int) -> str:
    """Say when some of it is free again: `22s`, `14:00` (UTC), or a later day."""
    if not row.used or not row.resets_at_ns:
        return "-"
    wait_s = _whole(row.resets_at_ns - now_ns, NS, up=True)
    if wait_s < SECONDS_SHOWN:
        return f"{max(0, wait_s)}s"
    minute_ns = _whole(row.resets_at_ns, 60 * NS, up=True) * 60 * NS
    at = exact.iso(minute_ns) or ""
    return at[11:16] if minute_ns - now_ns <= DAY_NS else at[5:10]


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
    return [f"{p.key} is looser from {_minute(p.due_ns)}" for p in pending]


def _minute(at_ns: int) -> str:
    return f"{(exact.iso(at_ns) or '')[:16].replace('T', ' ')} UTC"


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
