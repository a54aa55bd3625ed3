"""Health, readiness, metrics and status: what a probe, a scraper and an operator read."""

import asyncio
import sys
from typing import Any, Final

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from vanta import _core, logs
from vanta.checks import run_checks
from vanta.domain import exact
from vanta.domain.units import format_scaled
from vanta.web.answers import json_answer
from vanta.web.api import Api

_log = logs.get(__name__)

CHECK_TIMEOUT_S: Final = 2.0
COUNTS_FOR_NS: Final = 10**9  # /status needs no token, so counting is not repeated at will


class Operations:
    """Endpoints without a token: they name parts and counts, never accounts."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._counts: dict[str, int] = {}
        self._counted_ns = 0
        self._counting = asyncio.Lock()

    async def healthz(self, _request: web.Request) -> web.Response:
        """GET /healthz: the process answers."""
        return json_answer({"status": "alive"})

    async def readyz(self, _request: web.Request) -> web.Response:
        """GET /readyz and /health: 200, or 503 with the failing parts."""
        parts = await self.parts()
        failing = [name for name, part in parts.items() if not part["ok"]]
        return json_answer(
            {"status": "failing" if failing else "ready", "failing": failing, "parts": parts},
            status=503 if failing else 200,
        )

    async def metrics(self, _request: web.Request) -> web.Response:
        """GET /metrics: Prometheus text."""
        return web.Response(
            body=self._api.metrics.render(),
            headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
        )

    async def status(self, _request: web.Request) -> web.Response:
        """GET /status: for everybody, so without the texts of errors."""
        found = await self.summary()
        for task in found["tasks"].values():
            task.pop("last_error", None)
        return json_answer(found)

    async def full_status(self, _request: web.Request) -> web.Response:
        """GET /api/v1/status: the same with what the operator may read."""
        return json_answer(await self.summary())

    async def parts(self) -> dict[str, dict[str, Any]]:
        """Run all readiness checks at once, each under a time limit."""
        return {
            name: {"ok": ok, "detail": detail}
            for name, (ok, detail) in (await run_checks(self._api.checks, CHECK_TIMEOUT_S)).items()
        }

    async def summary(self) -> dict[str, Any]:
        """Gather mode, versions, uptime, feed, counts and stores."""
        api = self._api
        system = api.system()
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self.parts())
            counting = group.create_task(self._count())
        parts = looking.result()
        uptime_ns = api.clock.mono_ns() - api.started_mono_ns
        return {
            "status": "ready" if all(p["ok"] for p in parts.values()) else "failing",
            "mode": api.mode(),
            "stop": system.stop.value,
            "maintenance": system.maintenance,
            "simulated": api.simulated,
            "version": _core.__version__,
            "core": {"build": _core.build_profile},
            "python": sys.version.split()[0],
            "now": exact.iso(api.clock.now_ns()),
            "uptime_s": format_scaled(uptime_ns, decimals=9, places=1),
            "parts": parts,
            "markets": [api.quote(m) for m in api.catalogue],
            "feed": api.feed_status(),
            "tasks": {name: dict(task) for name, task in api.task_status().items()},
            "counts": counting.result(),
            "chat_url": api.chat_url or None,
        }

    async def _count(self) -> dict[str, int]:
        async with self._counting:
            now_ns = self._api.clock.mono_ns()
            if not self._counted_ns or now_ns - self._counted_ns >= COUNTS_FOR_NS:
                try:
                    async with asyncio.timeout(CHECK_TIMEOUT_S):
                        self._counts = {
                            "users": len(await self._api.stores.users.all()),
                            "open_positions": len(await self._api.stores.positions.all_open()),
                        }
                except Exception as error:
                    # The status page is most wanted when a store is away: say so and show the rest.
                    _log.warning("web.count_failed", error=type(error).__name__)
                    self._counts = {}
                self._counted_ns = now_ns
            return self._counts
