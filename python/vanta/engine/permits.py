"""Permits: whether the system lets an intent through now. Asked twice, at two moments.

    admission        all reasons, told with the other refusals
    just before      a byte leaves: the executor asks again, for things change on the way
    the signal door  before a signal is stored

Only taking risk needs a permit of mode, maintenance, clock and canary. Reducing goes on until all
is stopped, and what the venue did by itself is a fact.
"""

from collections.abc import Callable
from typing import Final

from vanta.domain.enums import Action, Mode, Source
from vanta.domain.errors import NotFoundError
from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.domain.policy import User
from vanta.domain.ports import Clock, Shut
from vanta.domain.system import Stop, SystemState
from vanta.domain.verdict import Reason
from vanta.engine import verdicts
from vanta.engine.canary import Canary
from vanta.engine.mode import Modes
from vanta.engine.switches import Switches

STOPPED_RETRY_S: Final = 30
LEAST_RETRY_S: Final = 5  # it goes on until it is switched off, also when its time is up
MOST_RETRY_S: Final = 3_600


class Permits:
    """Answers from memory; never waits."""

    def __init__(
        self,
        *,
        switches: Switches,
        modes: Modes,
        clock_suspect: Callable[[], bool],
        user: Callable[[int], User],
        clock: Clock,
        canary: Canary | None = None,
    ) -> None:
        self._switches = switches
        self._modes = modes
        self._clock_suspect = clock_suspect
        self._user = user
        self._clock = clock
        self._canary = canary

    def reasons(self, intent: Intent) -> list[Reason]:
        """Return why an intent may not be admitted. Raises `NotFoundError` for an unknown user."""
        if intent.source is Source.VENUE:
            return []
        state = self._switches.state
        reasons = self._against(intent, state)
        if intent.action is Action.OPEN and state.maintenance:
            reasons.append(verdicts.maintenance(state, self._clock.now_ns()))
        return reasons

    def before_send(self, order: Order) -> str:
        """Return why an admitted order may not go out any more; "" lets it go.

        Maintenance lets go what was admitted before it.
        """
        if order.intent.source is Source.VENUE:
            return ""
        reasons = self._against(order.intent, self._switches.state)
        if order.intent.action is Action.OPEN and self._clock_suspect():
            reasons.append(verdicts.clock_suspect())
        return f"{reasons[0].code}: {reasons[0].text}" if reasons else ""

    def wished(self, user_id: int, link: str) -> Mode:
        """Return what a signal asks for in a follower's name; `link` is the wish of the link."""
        try:
            return self._modes.wished(self._user(user_id).mode, link)
        except NotFoundError:
            return Mode.DRY  # nobody whose wish is known

    def clock_suspect(self) -> bool:
        """Tell whether nothing that is dated can be trusted now."""
        return self._clock_suspect()

    def holds_stops(self) -> bool:
        """Tell whether crossed triggers have to wait, armed as they are."""
        return self._switches.state.stop is Stop.ALL or self._clock_suspect()

    def holds_signals(self) -> bool:
        """Tell whether committed signals have to wait undecided."""
        return self._switches.state.stop is Stop.ALL

    def signal(self, *, takes_risk: bool) -> Shut | None:
        """Tell the door why a signal cannot be taken now."""
        state = self._switches.state
        if state.stop is Stop.ALL or (state.stop is Stop.OPENS and takes_risk):
            reason = verdicts.stopped(state)
            return Shut(code=reason.code, text=reason.text, retry_after_s=STOPPED_RETRY_S)
        if state.maintenance:
            now_ns = self._clock.now_ns()
            reason = verdicts.maintenance(state, now_ns)
            wait_s = _wait_s(state.maintenance_until_ns, now_ns)
            return Shut(code=reason.code, text=reason.text, retry_after_s=wait_s)
        return None

    def _against(self, intent: Intent, state: SystemState) -> list[Reason]:
        reasons: list[Reason] = []
        takes_risk = intent.action is Action.OPEN
        is_live = intent.mode is Mode.LIVE
        if takes_risk and is_live:
            user = self._user(intent.user_id)
            effective, why = self._modes.effective(intent.mode, user.mode)
            # Asked LIVE and not LIVE: refuse, never trade something else than was asked for.
            if effective is not intent.mode:
                reasons.append(verdicts.mode(intent.mode, effective, why))
        if state.stop is Stop.ALL or (state.stop is Stop.OPENS and takes_risk):
            reasons.append(verdicts.stopped(state))
        if takes_risk and is_live and self._canary is not None:
            reasons += self._canary.reasons(intent)
        return reasons


def _wait_s(until_ns: int, now_ns: int) -> int:
    if not until_ns:
        return STOPPED_RETRY_S
    left_s = -((now_ns - until_ns) // 10**9)
    return min(max(left_s, LEAST_RETRY_S), MOST_RETRY_S)
