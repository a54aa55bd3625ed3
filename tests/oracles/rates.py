"""Rate counters as slow and obvious as they can be: every window is summed anew.

Instants are microseconds: an open is dated at the next full one, now is the last full one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vanta.domain.enums import Source
from vanta.store.counters import Excess, Grant, OpenAsk, Usage, Used

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000


@dataclass
class Row:
    at: int
    amount: int
    is_copy: bool


@dataclass
class SlowRates:
    """Everything that was ever counted, by user and key; messages by user."""

    rows: dict[int, dict[str, Row]] = field(default_factory=dict)
    messages: dict[int, list[int]] = field(default_factory=dict)

    def take(self, asks: Sequence[OpenAsk], now_ns: int) -> list[Grant]:
        return [self._one(ask, now_ns) for ask in asks]

    def give_back(self, asks: Sequence[OpenAsk]) -> None:
        for ask in asks:
            self.rows.get(ask.user_id, {}).pop(ask.key, None)

    def message(self, user_id: int, limit: int, now_ns: int) -> int:
        now, told = now_ns // 1_000, self.messages.setdefault(user_id, [])
        if sum(now - at < MINUTE for at in told) < limit:
            told.append(-(-now_ns // 1_000))
            return 0
        newest = sorted(told)[-limit:] if limit else []
        return ((newest[0] if newest else now) + MINUTE - now) * 1_000

    def usage(self, user_id: int, now_ns: int) -> Usage:
        now = now_ns // 1_000
        rows = list(self.rows.get(user_id, {}).values())
        minute = [row for row in rows if now - row.at < MINUTE]
        hour = [row for row in rows if now - row.at < HOUR]
        today = [row for row in rows if row.at >= now - now % DAY]
        told = [Row(at, 0, False) for at in self.messages.get(user_id, []) if now - at < MINUTE]
        copies = [row for row in minute if row.is_copy]
        return Usage(
            Used(len(minute), first(minute, MINUTE)),
            Used(len(today), tomorrow(today)),
            Used(sum(row.amount for row in hour), first(hour, HOUR)),
            Used(sum(row.amount for row in today), tomorrow(today)),
            Used(len(copies), first(copies, MINUTE)),
            Used(len(told), first(told, MINUTE)),
        )

    def _one(self, ask: OpenAsk, now_ns: int) -> Grant:
        mine = self.rows.setdefault(ask.user_id, {})
        if ask.key in mine:
            return Grant()
        now, policy, is_copy = now_ns // 1_000, ask.policy, ask.source is Source.COPY
        rows = sorted(mine.values(), key=lambda row: row.at)
        failed = [
            *_count("OPENS_PER_MINUTE", rows, policy.opens_per_minute, now),
            *_count("TRADES_PER_DAY", rows, policy.trades_per_day, now),
            *_volume("VOLUME_HOUR", rows, ask.notional_e6, policy.volume_hour_e6, now),
            *_volume("VOLUME_DAY", rows, ask.notional_e6, policy.volume_day_e6, now),
        ]
        if is_copy:
            copies = [row for row in rows if row.is_copy]
            failed += _count("COPIES_PER_MINUTE", copies, policy.copies_per_minute, now)
        if failed:
            return Grant(tuple(failed))
        mine[ask.key] = Row(-(-now_ns // 1_000), ask.notional_e6, is_copy)
        return Grant(counted=True)


def first(rows: Sequence[Row], span: int) -> int:
    return (min(row.at for row in rows) + span) * 1_000 if rows else 0


def tomorrow(rows: Sequence[Row]) -> int:
    return min(leaves("TRADES_PER_DAY", row) for row in rows) * 1_000 if rows else 0


def leaves(rule: str, row: Row) -> int:
    """Say when a row stops counting for a rule."""
    if rule.endswith("DAY"):
        return row.at - row.at % DAY + DAY
    return row.at + (HOUR if rule == "VOLUME_HOUR" else MINUTE)


def _within(rule: str, rows: Sequence[Row], now: int) -> list[Row]:
    return [row for row in rows if now < leaves(rule, row)]


def _count(rule: str, rows: Sequence[Row], limit: int, now: int) -> list[Excess]:
    counted = _within(rule, rows, now)
    if len(counted) + 1 <= limit:
        return []
    # One more fits when only limit - 1 of them are left.
    resets = sorted(leaves(rule, row) for row in counted)[-limit] if limit else 0
    return [Excess(rule, len(counted) + 1, limit, resets * 1_000)]


def _volume(rule: str, rows: Sequence[Row], amount: int, limit: int, now: int) -> list[Excess]:
    left = _within(rule, rows, now)
    used = sum(row.amount for row in left)
    if used + amount <= limit:
        return []
    resets = 0
    if amount <= limit:
        while used + amount > limit:
            oldest = left.pop(0)
            used -= oldest.amount
            resets = leaves(rule, oldest)
    return [Excess(rule, used_before(rows, rule, now) + amount, limit, resets * 1_000)]


def used_before(rows: Sequence[Row], rule: str, now: int) -> int:
    return sum(row.amount for row in _within(rule, rows, now))
