"""Long-lived tasks, restarted with jittered backoff; one failing never stops the others.

A task that fails again and again is called failing: it is started for ever, but at the slowest
pace, and health says so. A task may tell that it is alive (`beat`); one that was expected to and
has not is called silent.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from typing import Final

from vanta import logs
from vanta.domain.ports import Clock
from vanta.metrics import Metrics

_log = logs.get(__name__)

FIRST_DELAY_S: Final = 0.2
MAX_DELAY_S: Final = 30.0
ESSENTIAL_DELAY_S: Final = 2.0  # without it no position is closed: never far from its next start
CANCEL_AGAIN_S: Final = 2.0  # time for a task to clean up before it is cancelled once more
STEADY_NS: Final = 60 * 10**9  # a run this long ends a streak of failures
WELL_NS: Final = 10 * 10**9  # a run this long: whatever it was, it is over for now
BUDGET: Final = 5  # restarts within the window that make a task a failing one
WINDOW_NS: Final = 600 * 10**9
SILENT_AFTER_S: Final = 15.0

TaskFactory = Callable[[], Awaitable[None]]

_START: Final = "start"
_current: ContextVar["TaskState | None"] = ContextVar("vanta_task", default=None)


def beat(part: str = "") -> None:
    """Say that the task this runs in is alive and at work; costs nothing outside of one.

    `part` tells several loops of one task apart: the task is as old as its oldest part.
    """
    if (state := _current.get()) is not None:
        state.beat(part)


def rest(part: str = "") -> None:
    """Say that the task waits for work, however long that takes; `beat` when it has come."""
    if (state := _current.get()) is not None:
        state.rest(part)


class TaskState:
    """What is known of one supervised task; read by /status and /readyz."""

    __slots__ = (
        "_clock", "_heard", "_restart_times", "_started_ns", "essential", "failing", "failures",
        "last_error", "name", "restarts", "running", "silent_after_s",
    )  # fmt: skip

    def __init__(
        self, name: str, clock: Clock, *, silent_after_s: float | None, essential: bool
    ) -> None:
        self.name = name
        self.essential = essential
        self.silent_after_s = silent_after_s
        self.running = False
        self.restarts = 0
        self.failures = 0
        self.failing = False
        self.last_error = ""
        self._clock = clock
        self._started_ns = clock.mono_ns()
        self._heard: dict[str, int] = {}  # by part: when it last said that it is at work
        self._restart_times: deque[int] = deque(maxlen=BUDGET)

    def beat(self, part: str) -> None:
        """Note a sign of life."""
        self._heard.pop(_START, None)
        self._heard[part] = self._clock.mono_ns()

    def rest(self, part: str) -> None:
        """Note that silence means nothing until the next beat."""
        self._heard.pop(_START, None)
        self._heard.pop(part, None)

    def started(self) -> None:
        """Note the begin of a run."""
        self.running = True
        self._started_ns = self._clock.mono_ns()
        self._heard = {_START: self._started_ns}

    def stopped(self) -> None:
        """Note that it is down: not silent, but not there."""
        self.running = False
        self._heard.clear()

    def ended(self, why: str) -> None:
        """Count the end of a run as a failure."""
        now_ns = self._clock.mono_ns()
        self.last_error = why
        self.failures = 1 if now_ns - self._started_ns >= STEADY_NS else self.failures + 1
        self.restarts += 1
        self._restart_times.append(now_ns)
        spent = len(self._restart_times) == BUDGET
        self.failing = spent and now_ns - self._restart_times[0] <= WINDOW_NS

    def age_s(self) -> float:
        """Return how long its oldest part has not been heard; 0 while all rest."""
        now_ns = self._clock.mono_ns()
        return (now_ns - min(self._heard.values(), default=now_ns)) / 1e9

    def trouble(self) -> str:
        """Say what is wrong with the task; empty when nothing is."""
        is_well = self.running and self._clock.mono_ns() - self._started_ns >= WELL_NS
        if self.failing and not is_well:
            return f"failing, {self.restarts} restarts"
        if self.is_silent():
            return f"silent for {self.age_s():.0f} s"
        return ""

    def is_silent(self) -> bool:
        """Tell whether a sign of life is overdue."""
        return self.silent_after_s is not None and self.age_s() > self.silent_after_s


class Supervisor:
    """Runs named tasks for ever inside one task group."""

    def __init__(
        self,
        clock: Clock,
        metrics: Metrics,
        *,
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        cancel_again_s: float = CANCEL_AGAIN_S,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._rng = rng
        self._sleep = sleep
        self._cancel_again_s = cancel_again_s
        self._factories: dict[str, TaskFactory] = {}
        self.states: dict[str, TaskState] = {}
        self._stopping = False

    def add(
        self,
        name: str,
        factory: TaskFactory,
        *,
        silent_after_s: float | None = None,
        essential: bool = False,
    ) -> None:
        """Register a task; `factory` is called anew for each run.

        `silent_after_s`: the task beats, and is silent when it has not for so long. `essential`:
        positions depend on it, so even when failing it is started again within two seconds.
        """
        if name in self._factories:
            raise ValueError(f"task {name!r} is already supervised")
        self._factories[name] = factory
        state = TaskState(name, self._clock, silent_after_s=silent_after_s, essential=essential)
        self.states[name] = state
        m = self._metrics
        m.task_restarts.labels(task=name)  # 0 from the start, so that the first one shows
        m.task_troubled.labels(task=name).set_function(lambda: bool(state.trouble()))
        if silent_after_s is not None:
            m.task_heartbeat_age_seconds.labels(task=name).set_function(state.age_s)

    async def run(self) -> None:
        """Run all tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._keep(name, factory), name=name)
                for name, factory in self._factories.items()
            ]
            try:
                await asyncio.Event().wait()
            finally:
                self._stopping = True
                await self._end(tasks)

    def status(self) -> dict[str, dict[str, object]]:
        """Describe every task in JSON values."""
        return {
            name: {
                "running": state.running,
                "restarts": state.restarts,
                "trouble": state.trouble(),
                "last_error": state.last_error,
            }
            for name, state in self.states.items()
        }

    def troubles(self) -> dict[str, str]:
        """Return what is wrong by task; empty when all is well."""
        return {name: told for name, state in self.states.items() if (told := state.trouble())}

    async def _end(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        # One cancellation is not enough: a client library in the middle of an exchange may turn
        # it into an error of its own, and the task's loop would go on for ever.
        left = {task for task in tasks if not task.done()}
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=self._cancel_again_s)
            if left:
                _log.warning("task.cancelled_again", tasks=sorted(t.get_name() for t in left))

    async def _keep(self, name: str, factory: TaskFactory) -> None:
        state = self.states[name]
        _current.set(state)
        while True:
            was_failing = state.failing
            state.started()
            try:
                await factory()
                why = "ended"
                _log.warning("task.ended", task=name)
            except asyncio.CancelledError:
                # A library's own task may have been cancelled, which nobody meant for this one.
                if is_cancelled():
                    raise
                why = "cancelled from within"
                _log.warning("task.cancelled_within", task=name)
            except Exception as error:
                why = f"{type(error).__name__}: {error}"[:200]
                _log.exception("task.failed", task=name)
            finally:
                state.stopped()
            if self._stopping:
                return  # a failure on the way out can swallow the cancellation
            state.ended(why)
            if state.failing and not was_failing:
                _log.error("task.failing", task=name, restarts=state.restarts, error=why)
            self._metrics.task_restarts.labels(task=name).inc()
            await self._sleep(self._delay_s(state))

    def _delay_s(self, state: TaskState) -> float:
        longest = ESSENTIAL_DELAY_S if state.essential else MAX_DELAY_S
        ceiling = min(longest, FIRST_DELAY_S * 2.0 ** min(state.failures - 1, 10))
        if state.failing:
            ceiling = longest
        return self._rng.uniform(ceiling / 2, ceiling)


def is_cancelled() -> bool:
    """Tell whether somebody has asked the present task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
