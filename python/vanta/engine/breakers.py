"""Users' breakers: while one is open its user only reduces. Memory of what the accounts say.

n-th loss in a row, or the person ─► open ─► cool-off ─► closed, and the streak starts from zero
"""

from typing import Final

import msgspec

from vanta.domain.enums import FillKind
from vanta.domain.order import Fill
from vanta.domain.policy import Account, UserBreaker
from vanta.domain.ports import Clock

COOL_OFF_NS: Final = 3_600 * 10**9


class Streak(msgspec.Struct, frozen=True, kw_only=True):
    """Losses in a row, and the breaker they have opened."""

    losses: int
    breaker: UserBreaker | None = None


def after(fill: Fill, before: Streak, *, limit: int, cool_off_ns: int = COOL_OFF_NS) -> Streak:
    """Count a fill; the loss that makes the streak reach `limit` opens the breaker.

    While it is open nothing counts, so that it closes on a streak of zero.
    """
    if fill.kind is FillKind.OPEN:
        return before
    if before.breaker is not None or fill.pnl_e6 - fill.fee_e6 >= 0:
        return Streak(losses=0, breaker=before.breaker)
    return due(before.losses + 1, limit=limit, now_ns=fill.at_ns, cool_off_ns=cool_off_ns)


def due(losses: int, *, limit: int, now_ns: int, cool_off_ns: int = COOL_OFF_NS) -> Streak:
    """Hold a streak against its limit: at the limit the breaker opens and the streak is spent."""
    if losses < limit:
        return Streak(losses=losses)
    return Streak(
        losses=0,
        breaker=UserBreaker(until_ns=now_ns + cool_off_ns, losses=losses, limit=limit),
    )


class Breakers:
    """Open breakers by user. What is left of one runs on the monotonic clock.

    So a wall clock that is set back or forth neither holds a breaker longer nor ends it sooner.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[int, tuple[UserBreaker, int]] = {}  # and its end in monotonic ns

    def take(self, account: Account) -> None:
        """Take over what the account's row says."""
        stored_ns = account.breaker_until_ns
        known = self._open.get(account.user_id)
        if known is not None and known[0].until_ns == stored_ns:
            return
        left_ns = stored_ns - self._clock.now_ns()
        if left_ns <= 0:
            self._open.pop(account.user_id, None)
            return
        breaker = UserBreaker(
            until_ns=stored_ns, losses=account.breaker_losses, limit=account.breaker_limit
        )
        self._open[account.user_id] = (breaker, self._clock.mono_ns() + left_ns)

    def of(self, user_id: int) -> UserBreaker | None:
        """Return a user's open breaker with the instant it closes at; None when closed."""
        known = self._open.get(user_id)
        if known is None:
            return None
        breaker, end_ns = known
        left_ns = end_ns - self._clock.mono_ns()
        if left_ns <= 0:
            return None
        return msgspec.structs.replace(breaker, until_ns=self._clock.now_ns() + left_ns)
