"""No secret shows anywhere: planted ones, through normal work and failures, in every spelling."""

import base64
import json
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pyotp
import pytest

from tests.conftest import Servers
from tests.e2e.instance import Instance, new_home, open_signal
from tests.fakes.keyed import keeper_of
from tests.fakes.planted import Planted, dump, spellings
from tests.fakes.sleeper import eventually
from vanta.clock import SystemClock
from vanta.control.step_up import StepUp
from vanta.domain.master_key import format_key, new_key
from vanta.domain.webhook_signature import format_secret
from vanta.keys.source import TextKeys
from vanta.store.pool import Pool
from vanta.store.providers import Providers

OPERATOR = 4242
KEY_ID = "planted-1"


def word() -> str:
    return secrets.token_hex(12)


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("after", range(3))
def test_the_scan_finds_a_secret_inside_longer_base64(before: int, after: int) -> None:
    secret = secrets.token_bytes(24)
    text = base64.b64encode(b"x" * before + secret + b"y" * after)
    assert Planted({"it": secret}).found({"here": b"..." + text + b"..."}) == ["it in here"]
    assert all(Planted({"it": secret}).found({"here": form}) for form in spellings(secret))
    assert not Planted({"it": secret}).found({"here": secrets.token_bytes(4_000)})


class Stage:
    """An instance with planted secrets, and everything it says to anybody."""

    def __init__(self, pool: Pool, dsn: str, redis_url: str) -> None:
        self.pool = pool
        self.dsn = dsn
        self.said: dict[str, bytes] = {}
        self.master = new_key()
        self.provider_secret = secrets.token_bytes(32)
        telegram, hermes, rpc, password = word(), word(), word(), word()
        self.planted = Planted(
            {
                "master key": self.master,
                "provider secret": self.provider_secret,
                "telegram token": telegram.encode(),
                "hermes key": hermes.encode(),
                "rpc key": rpc.encode(),
                "database password": password.encode(),
            }
        )
        self.instance = Instance(
            home=new_home(),
            command="run",
            environ={
                "VANTA_POSTGRES_DSN": dsn.replace("unused", password),
                "VANTA_REDIS_URL": redis_url,
                "VANTA_MASTER_KEY": format_key(self.master),
                "VANTA_TELEGRAM_TOKEN": f"1234567:{telegram}planted0000",
                "VANTA_PRICE_SOURCES": "pyth,chainlink",
                "VANTA_HERMES_URL": "http://127.0.0.1:1",
                "VANTA_HERMES_KEY": hermes,
                "VANTA_RPC_URLS": f"http://127.0.0.1:1/v2/{rpc}",
                "SUPER_ADMIN_IDS": str(OPERATOR),
                "LOG_LEVEL": "debug",
            },
        )

    async def start(self) -> None:
        self.instance.start()
        about = json.loads((self.instance.home / "instance.json").read_text())
        self.token = about["token"]
        self.planted.add("operator token", self.token)

    async def ask(
        self, http: aiohttp.ClientSession, method: str, path: str, **given: Any
    ) -> tuple[int, bytes]:
        url = self.instance.ready["http_url"] + path
        async with http.request(method, url, **given) as answer:
            body = await answer.read()
            self.said[f"{method} {path} {len(self.said)}"] = body + str(answer.headers).encode()
            return answer.status, body

    async def operate(
        self, http: aiohttp.ClientSession, method: str, path: str, body: Any = None
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.ask(http, method, path, headers=headers, json=body)

    async def panel(
        self, http: aiohttp.ClientSession, path: str, body: Any, session: str = ""
    ) -> tuple[int, bytes]:
        url = self.instance.ready["http_url"]
        headers = {"Origin": url, "Authorization": f"Bearer {session}"}
        async with http.post(f"{url}/panel/api/{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.read()  # shows a new code's secret to its owner

    async def scan(self) -> list[str]:
        log = self.instance.log_path.read_bytes()
        assert len(log) > 2_000
        stored = await dump(self.dsn)
        assert len(stored) > 20
        return self.planted.found({**self.said, **stored, "log and stdout": log})


@pytest.fixture
async def stage(pool: Pool, database_dsn: str, servers: Servers) -> AsyncIterator[Stage]:
    made = Stage(pool, database_dsn, servers.redis_url)
    yield made
    made.instance.remove()


@pytest.mark.timeout(300)  # it starts the house three times
async def test_nothing_planted_shows(stage: Stage) -> None:
    clock = SystemClock()
    await stage.start()
    source = TextKeys(format_key(stage.master), name="VANTA_MASTER_KEY")
    keeper = keeper_of(stage.pool, clock, source)
    await keeper.open(register=False)
    providers = Providers(stage.pool, keeper.box)
    provider_id = await providers.create("planted", now_ns=1)
    await providers.add_key(provider_id, KEY_ID, stage.provider_secret, 1)
    async with aiohttp.ClientSession() as http:
        await signals(stage, http)
        await proofs(stage, http, clock)
        await looks(stage, http)
        await broken_database(stage, http)
    command_line(stage)
    limits = Path(f"/proc/{stage.instance.process.pid}/limits").read_text()  # type: ignore[union-attr]
    (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core")]
    assert core[4:6] == ["0", "0"]
    assert stage.instance.stop() == 0
    refused_starts(stage)
    assert await stage.scan() == []


async def signals(stage: Stage, http: aiohttp.ClientSession) -> None:
    """Right, wrong and unreadable deliveries."""
    ready = stage.instance.ready
    ready["provider_secret"] = format_secret(stage.provider_secret)
    ready["provider_key_id"] = KEY_ID
    body = json.dumps(open_signal())

    async def send(signal_id: str, text: str, **changed: str) -> int:
        headers = {**stage.instance.signed(signal_id, text), **changed}
        return (await stage.ask(http, "POST", "/v1/signals", data=text, headers=headers))[0]

    deadline = time.monotonic() + 30
    while (status := await send(f"sig_{word()}", body)) == 401 and time.monotonic() < deadline:
        pass  # the door reads keys every second
    assert status == 202
    assert await send("sig_planted2", body, **{"webhook-signature": "v1,AAAA"}) == 401
    assert await send("sig_planted3", body, **{"vanta-key-id": "nobody"}) == 401
    assert await send("sig_planted4", '{"action": ') == 400
    assert await send("sig_planted5", json.dumps(open_signal(leverage="-1"))) == 400


async def proofs(stage: Stage, http: aiohttp.ClientSession, clock: SystemClock) -> None:
    """PIN and code: set, right and wrong."""
    user_id = await stage.pool.fetchval("SELECT id FROM users WHERE telegram_id = $1", OPERATOR)
    pin, wrong_pin = word(), word()
    stage.planted.add("pin", pin)
    stage.planted.add("wrong pin", wrong_pin)
    ticket = await StepUp(pool=stage.pool, clock=clock, session_s=600, envelope=None).invite(
        user_id
    )
    stage.planted.add("panel ticket", ticket)
    _, opened = await stage.panel(http, "open", {"ticket": ticket})
    session = json.loads(opened)["session"]
    stage.planted.add("panel session", session)
    assert (await stage.panel(http, "pin", {"pin": pin, "again": pin}, session))[0] == 200
    assert (await stage.panel(http, "prove", {"pin": pin}, session))[0] == 200
    status, made = await stage.panel(http, "totp", {}, session)
    assert status == 200, made
    secret = json.loads(made)["data"]["secret"]
    stage.planted.add("totp secret", secret)
    code = pyotp.TOTP(secret).now()
    status, said = await stage.panel(http, "totp/confirm", {"code": code}, session)
    assert status == 200, said
    assert await stage.pool.fetchval("SELECT totp IS NOT NULL FROM credentials")
    path = "/api/v1/step-up"
    assert (await stage.operate(http, "POST", path, {"pin": wrong_pin}))[0] in (403, 422)
    assert (await stage.operate(http, "POST", path, {"pin": pin, "code": wrong_pin}))[0] == 422
    assert (await stage.operate(http, "POST", path, {"pin": pin}))[0] == 200
    assert (await stage.operate(http, "POST", path, {"pni": pin}))[0] in (400, 422)


async def looks(stage: Stage, http: aiohttp.ClientSession) -> None:
    """Everything that shows state, with the token, without it and with another."""
    for path in ("/metrics", "/status", "/readyz", "/healthz", "/", "/nowhere", "/panel"):
        await stage.ask(http, "GET", path)
    assert (await stage.ask(http, "GET", "/api/v1/status"))[0] == 401
    wrong = {"Authorization": f"Bearer {stage.token}x"}
    assert (await stage.ask(http, "GET", "/api/v1/status", headers=wrong))[0] == 401
    for path in ("/api/v1/status", "/api/v1/risk", "/api/v1/commands", "/api/v1/orders/9"):
        await stage.operate(http, "GET", path)
    for name in ("status", "system_status", "audit", "security", "users", "nonsense"):
        await stage.operate(http, "POST", f"/api/v1/commands/{name}", {"args": []})


async def broken_database(stage: Stage, http: aiohttp.ClientSession) -> None:
    """Rows that do not open, a table that is gone, and every connection cut."""
    await stage.pool.execute(
        "UPDATE credentials SET totp = substring(totp FROM 1 FOR octet_length(totp) - 1)"
    )
    status, _ = await stage.operate(http, "POST", "/api/v1/step-up", {"code": "123456"})
    assert status in (403, 422, 428)  # that code only; nothing failed inside
    await stage.pool.execute(
        "UPDATE provider_secrets SET secret = substring(secret FROM 1 FOR octet_length(secret) - 1)"
    )
    await eventually(lambda: b"seal.failed" in stage.instance.log_path.read_bytes())
    owner = await asyncpg.connect(stage.dsn)
    await owner.execute("ALTER TABLE orders RENAME TO orders_gone")
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query !~ 'lock'"
    )
    for path in ("/api/v1/orders", "/api/v1/status", "/metrics", "/readyz"):
        await stage.operate(http, "GET", path)
    await owner.execute("ALTER TABLE orders_gone RENAME TO orders")
    await owner.close()


def command_line(stage: Stage) -> None:
    """What the commands print, and what they say when they fail."""
    environ = stage.instance.environ
    for number, words in enumerate((("status",), ("doctor",), ("key", "verify"), ("admin",))):
        done = stage.instance.cli(*words, **environ)
        stage.said[f"vanta {' '.join(words)} {number}"] = (done.stdout + done.stderr).encode()


def refused_starts(stage: Stage) -> None:
    """Settings that are wrong are named, not repeated."""
    other = format_key(new_key())
    good = stage.instance.environ
    for environ, named in (
        ({"VANTA_MASTER_KEY": other}, "VANTA_MASTER_KEY"),
        ({"VANTA_MASTER_KEY": good["VANTA_MASTER_KEY"][:-3]}, "VANTA_MASTER_KEY"),
        ({"VANTA_POSTGRES_DSN": good["VANTA_POSTGRES_DSN"].replace("p", "q", 1)}, "POSTGRES"),
    ):
        done = stage.instance.cli("run", **{**good, **environ})
        assert done.returncode == 4, done.stderr
        assert named in done.stderr
        assert other not in done.stderr
        stage.said[f"refused {named} {len(stage.said)}"] = (done.stdout + done.stderr).encode()
