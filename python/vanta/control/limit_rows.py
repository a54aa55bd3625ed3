"""The ledger of limits: of each, what is used, what is left, and when it is free again. Pure."""

from typing import Final, Protocol

import msgspec

from vanta._core import Exposure
from vanta.domain.intent import Intent
from vanta.domain.limits import LIMITS, Limit, value_of
from vanta.domain.policy import Policy, UserBreaker
from vanta.domain.ports import Preview
from vanta.domain.units import ONE_E10

DAY_NS: Final = 86_400 * 10**9


class Window(Protocol):
    """What is used of one rolling window."""

    @property
    def value(self) -> int: ...

    @property
    def frees_at_ns(self) -> int:
        """When the first of it leaves; 0 = nothing is used."""
        ...


class Windows(Protocol):
    """What the counters know of a user."""

    @property
    def opens_minute(self) -> Window: ...

    @property
    def trades_day(self) -> Window: ...

    @property
    def volume_hour_e6(self) -> Window: ...

    @property
    def volume_day_e6(self) -> Window: ...

    @property
    def copies_minute(self) -> Window: ...

    @property
    def messages_minute(self) -> Window: ...


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. `used` None: it is asked anew of each order, or nobody could tell."""

    key: str
    rule: str
    title: str
    unit: str
    limit: int = 0
    markets: tuple[int, ...] = ()  # of the allow-list; none = all
    used: int | None = None
    resets_at_ns: int = 0  # when some of it is free again by waiting; 0 = not by waiting
    is_floor: bool = False
    is_own: bool = False

    @property
    def left(self) -> int | None:
        return None if self.used is None or self.is_floor else max(0, self.limit - self.used)


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """A user's limits in force, in the published order."""

    user_id: int
    rows: tuple[LimitRow, ...]
    breaker: UserBreaker | None = None
    at_ns: int = 0

    def row(self, key: str) -> LimitRow:
        """Return the row of a limit. Raises `KeyError`."""
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(key)


class _Used(msgspec.Struct, frozen=True):
    value: int | None = None
    resets_at_ns: int = 0


def ledger(
    user_id: int,
    policy: Policy,
    now: Exposure,
    *,
    windows: Windows | None,
    breaker: UserBreaker | None,
    now_ns: int,
) -> Ledger:
    """Build the ledger; `windows` None when the counters do not answer."""
    used = _used(now, windows, breaker, now_ns)
    rows = tuple(_row(limit, policy, used.get(limit.key, _Used())) for limit in LIMITS)
    return Ledger(user_id=user_id, rows=rows, breaker=breaker, at_ns=now_ns)


def _row(limit: Limit, policy: Policy, used: _Used) -> LimitRow:
    value = value_of(policy, limit)
    is_list = isinstance(value, tuple)
    return LimitRow(
        key=limit.key,
        rule=limit.rule,
        title=limit.title,
        unit=limit.unit,
        limit=0 if isinstance(value, tuple) else value,
        markets=value if isinstance(value, tuple) else (),
        used=None if is_list else used.value,
        resets_at_ns=used.resets_at_ns,
        is_floor=limit.is_floor,
        is_own=limit.is_own,
    )


def _used(
    now: Exposure, windows: Windows | None, breaker: UserBreaker | None, now_ns: int
) -> dict[str, _Used]:
    midnight_ns = (now_ns // DAY_NS + 1) * DAY_NS
    lost_e6 = max(0, -now.day_pnl_e6)
    start_e6 = now.day_start_equity_e6
    # Rounded up, as the rule does: a loss is never shown smaller than it is.
    lost = -(-lost_e6 * ONE_E10 // start_e6) if start_e6 > 0 else ONE_E10 * (lost_e6 > 0)
    streak = breaker.losses if breaker is not None and breaker.losses else now.losses_in_row

    def window(core: int, counter: Window | None, end_ns: int = 0) -> _Used:
        # Two count the same opens; one that restarted may have missed some.
        value = core if counter is None else max(core, counter.value)
        frees_ns = end_ns if counter is None else counter.frees_at_ns or end_ns
        return _Used(value, frees_ns if value else 0)

    of = windows or _Nobody()
    used = {
        "max_daily_loss_pct": _Used(lost, midnight_ns if lost else 0),
        "opens_per_minute": window(now.opens_last_minute, of.opens_minute),
        "trades_per_day": window(now.trades_today, of.trades_day, midnight_ns),
        "volume_hour_usd": window(now.volume_hour_e6, of.volume_hour_e6),
        "volume_day_usd": window(now.volume_day_e6, of.volume_day_e6, midnight_ns),
        "max_losses_in_row": _Used(streak, breaker.until_ns if breaker is not None else 0),
    }
    if windows is not None:
        used["copies_per_minute"] = window(0, windows.copies_minute)
        used["messages_per_minute"] = window(0, windows.messages_minute)
    return used


class _Nobody:
    """Counters that do not answer."""

    opens_minute = trades_day = volume_hour_e6 = volume_day_e6 = None


def after(before: Ledger, intent: Intent, preview: Preview) -> Ledger:
    """Return what the ledger would say once an open were admitted."""
    risk = ONE_E10
    if preview.equity_e6 > 0:
        risk = -(-preview.worst_loss_e6 * ONE_E10 // preview.equity_e6)
    would = {
        "max_leverage": intent.leverage_e10,
        "max_position_usd": preview.notional_e6,
        "max_account_risk_pct": risk,
        "max_slippage_pct": intent.max_slippage_e10,
    }
    more = {
        "opens_per_minute": 1,
        "trades_per_day": 1,
        "volume_hour_usd": preview.notional_e6,
        "volume_day_usd": preview.notional_e6,
    }
    rows = []
    for row in before.rows:
        used = would.get(row.key, row.used)
        if used is not None:
            used += more.get(row.key, 0)
        rows.append(msgspec.structs.replace(row, used=used))
    return msgspec.structs.replace(before, rows=tuple(rows))
