"""The whole web application on a control world, and the command line against it."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.fakes.control_world import ControlWorld
from vanta.app import doors
from vanta.cli import main
from vanta.supervise import Supervisor

TOKEN = "operator-token-of-the-tests"


class ControlHttp:
    """Calls the API as the operator; `cli` runs the command line in a thread."""

    def __init__(self, world: ControlWorld, client: TestClient[Any, Any], home: Path) -> None:
        self.world = world
        self.client = client
        self._home = home
        known = {
            "http_url": f"http://127.0.0.1:{client.server.port}",
            "token": TOKEN,
            "pid": os.getpid(),
        }
        (home / "instance.json").write_text(json.dumps(known))

    async def call(
        self,
        method: str,
        path: str,
        *,
        user: int | str | None = None,
        token: str | None = TOKEN,
        **kwargs: Any,
    ) -> tuple[int, Any]:
        """Make one call; return status and the decoded answer."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if user is not None:
            headers["X-Vanta-User"] = str(user)
        async with self.client.request(method, path, headers=headers, **kwargs) as response:
            assert response.content_type == "application/json", await response.text()
            return response.status, await response.json()

    async def run(
        self, text: str, *, user: int | str | None = None, **more: str
    ) -> tuple[int, Any]:
        """POST a command as it would be typed."""
        name, *args = text.split()
        body = {"args": args, **more}
        return await self.call("POST", f"/api/v1/commands/{name}", user=user, json=body)

    async def cli(self, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
        """Run the command line; return exit code, stdout and stderr."""
        code = await asyncio.to_thread(main, list(argv), {"VANTA_HOME": str(self._home)})
        told = capsys.readouterr()
        return code, told.out, told.err

    async def cli_json(self, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, Any]:
        code, out, err = await self.cli(capsys, "--json", *argv)
        assert err == ""
        return code, json.loads(out)


@asynccontextmanager
async def control_http(world: ControlWorld, home: Path) -> AsyncIterator[ControlHttp]:
    """Serve the application on a free loopback port."""
    signal_door = doors.SignalDoor(
        settings=world.settings,
        stores=world.stores,
        trading=world.trading,
        catalogue=world.catalogue,
        clock=world.clock,
        metrics=world.metrics,
    )
    app = doors.web_application(
        settings=world.settings,
        stores=world.stores,
        prices=world.prices,
        trading=world.trading,
        signal_door=signal_door,
        control=world.control,
        bot=None,
        catalogue=world.catalogue,
        checks=world.checks,
        supervisor=Supervisor(world.clock, world.metrics, rng=random.Random(1)),
        metrics=world.metrics,
        clock=world.clock,
        token=TOKEN,
        chat_url="",
        simulated=True,
    )
    server: TestServer[web.Request] = TestServer(app, host="127.0.0.1")
    async with TestClient(server) as client:
        yield ControlHttp(world, client, home)
