"""Long-lived tasks, restarted with jittered backoff; one failing never stops the others."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from vanta import logs
from vanta.domain.ports import Clock
from vanta.metrics import Metrics

_log = logs.get(__name__)

FIRST_DELAY_S: Final = 0.2
MAX_DELAY_S: Final = 30.0
CANCEL_AGAIN_S: Final = 2.0  # time for a task to clean up before it is cancelled once more
STEADY_NS: Final = 60 * 10**9  # a run this long ends a streak of failures

TaskFactory = Callable[[], Awaitable[None]]


class TaskState:
    """What is known of one supervised task; read by /status."""

    __slots__ = ("failures", "last_error", "name", "restarts", "running")

    def __init__(self, name: str) -> None:
        self.name = name
        self.running = False
        self.restarts = 0
        self.failures = 0
        self.last_error = ""


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

    def add(self, name: str, factory: TaskFactory) -> None:
        """Register a task; `factory` is called anew for each run."""
        if name in self._factories:
            raise ValueError(f"task {name!r} is already supervised")
        self._factories[name] = factory
        self.states[name] = TaskState(name)

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
                "last_error": state.last_error,
            }
            for name, state in self.states.items()
        }

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
        while True:
            started_ns = self._clock.mono_ns()
            state.running = True
            try:
                await factory()
                state.last_error = "ended"
                _log.warning("task.ended", task=name)
            except Exception as error:
                state.last_error = f"{type(error).__name__}: {error}"[:200]
                _log.exception("task.failed", task=name)
            finally:
                state.running = False
            if self._stopping:
                return  # a failure on the way out can swallow the cancellation
            steady = self._clock.mono_ns() - started_ns >= STEADY_NS
            state.failures = 1 if steady else state.failures + 1
            state.restarts += 1
            self._metrics.task_restarts.labels(task=name).inc()
            await self._sleep(self._delay_s(state.failures))

    def _delay_s(self, failures: int) -> float:
        ceiling = min(MAX_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 10))
        return self._rng.uniform(ceiling / 2, ceiling)
