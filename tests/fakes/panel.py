"""The secure panel on a real store: a browser with the page open, and real PINs and codes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import argon2
import pyotp
from aiohttp.test_utils import TestClient

from tests.fakes.clock import ManualClock
from tests.fakes.envelope import TestEnvelope
from tests.fakes.web_desk import web_bench
from vanta.control.credentials_desk import CredentialsDesk
from vanta.control.handlers.security import SecurityCommands
from vanta.control.step_up import StepUp
from vanta.store.credentials import Credentials
from vanta.store.pool import Pool
from vanta.web.panel import Panel

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PIN = "correct horse 7"
Json = dict[str, Any]


class Browser:
    """The panel of one person; `session` is what its page holds in memory."""

    def __init__(
        self, client: TestClient[Any, Any], step_up: StepUp, clock: ManualClock, user_id: int
    ) -> None:
        self.client = client
        self.step_up = step_up
        self.clock = clock
        self.user_id = user_id
        self.session = ""
        self.proved: list[int] = []
        self.origin = str(client.make_url("")).rstrip("/")

    async def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Json]:
        sent = {"Origin": self.origin, "Content-Type": "application/json"}
        if self.session:
            sent["Authorization"] = f"Bearer {self.session}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        async with self.client.post(f"/panel/api/{path}", data=data, headers=sent) as answer:
            return answer.status, await answer.json()

    async def enter(self) -> Json:
        """Open the panel with a fresh ticket."""
        _, answer = await self.post("open", {"ticket": await self.step_up.invite(self.user_id)})
        self.session = answer["session"]
        return answer

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(self.clock.now_ns() // 10**9)


@asynccontextmanager
async def browsing(pool: Pool, clock: ManualClock) -> AsyncIterator[Browser]:
    step_up = StepUp(pool=pool, clock=clock, session_s=600, envelope=TestEnvelope(), hasher=CHEAP)
    rows = Credentials(pool)
    proved: list[int] = []
    panel = Panel(
        credentials=CredentialsDesk(step_up),
        redeem=step_up.redeem,
        state=SecurityCommands(step_up=step_up, credentials=rows, clock=clock).describe,
        proved=proved.append,
        clock=clock,
    )
    async with web_bench(pool, clock, more=panel.routes()) as bench:
        browser = Browser(bench.client, step_up, clock, bench.trader.id)
        browser.proved = proved
        yield browser
