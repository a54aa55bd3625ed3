"""The checks of `vanta doctor`. Each looks at one thing and says how to fix it."""

import asyncio
import errno
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from vanta import _core
from vanta.cli.instance import FILE_NAME, find
from vanta.domain.errors import ConfigError, NotRunningError
from vanta.sandbox.binaries import postgres_bin, redis_server
from vanta.settings import Settings

OLDEST: Final = (3, 11)
NEWEST: Final = (3, 13)
NEEDED_MB: Final = 200
ADVISED_MB: Final = 1_000
REACH_S: Final = 3.0
_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{3,}", re.ASCII)


class Finding(msgspec.Struct, frozen=True):
    """What a check saw. `level` is ok, warn or fail."""

    name: str
    level: str
    text: str
    fix: str = ""
    is_config: bool = False


def python() -> Finding:
    """Check the interpreter."""
    here = sys.version_info[:2]
    text = sys.version.split()[0]
    if OLDEST <= here <= NEWEST:
        return Finding("python", "ok", text)
    level = "fail" if here < OLDEST else "warn"
    return Finding("python", level, text, "Use Python 3.11 to 3.13, then `make setup`.")


def core(now_ns: int) -> list[Finding]:
    """Check the Rust core, and the clock against the time the core was built."""
    found = []
    if _core.build_profile == "release":
        found.append(Finding("core", "ok", f"{_core.__version__}, release build"))
    else:
        found.append(
            Finding(
                "core",
                "warn",
                f"{_core.__version__}, {_core.build_profile} build: slow",
                "Build for release with `make setup`.",
            )
        )
    built_ns = Path(_core.__file__).stat().st_mtime_ns
    if now_ns < built_ns - 60 * 10**9:
        found.append(
            Finding(
                "clock",
                "fail",
                "this machine's clock is behind the time the core was built",
                "Set the clock (NTP): signatures and price ages depend on it.",
            )
        )
    else:
        found.append(Finding("clock", "ok", "after the build of the core"))
    return found


def home(path: Path) -> list[Finding]:
    """Check that state can be written and that there is room for it."""
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(nearest))
        with tempfile.TemporaryFile(dir=nearest):
            pass
        free_mb = shutil.disk_usage(nearest).free // 10**6
    except OSError as error:
        return [
            Finding(
                "home",
                "fail",
                f"{path} cannot be written: {error.strerror or error}",
                "Set VANTA_HOME to a folder of yours.",
                is_config=True,
            )
        ]
    found = [Finding("home", "ok", str(path))]
    fix = "Free some room, or set VANTA_HOME to another disk."
    if free_mb < NEEDED_MB:
        found.append(Finding("disk", "fail", f"{free_mb} MB free, needs {NEEDED_MB}", fix))
    elif free_mb < ADVISED_MB:
        found.append(Finding("disk", "warn", f"{free_mb} MB free", fix))
    else:
        found.append(Finding("disk", "ok", f"{free_mb:,} MB free"))
    file = path / FILE_NAME
    if file.exists() and file.stat().st_mode & 0o077:
        found.append(
            Finding("token file", "warn", f"{file} is readable by others", f"Run: chmod 600 {file}")
        )
    return found


def postgres(settings: Settings) -> Finding:
    """Check the configured database, or the programs of the embedded one."""
    if settings.postgres_dsn is None:
        return embedded(
            settings,
            "postgres",
            "VANTA_POSTGRES_DSN",
            lambda: postgres_bin(for_other_user=False) / "postgres",
        )
    dsn = settings.postgres_dsn.reveal()

    async def reach() -> str:
        import asyncpg  # noqa: PLC0415  # loaded only where one is configured

        connection = await asyncpg.connect(dsn)
        try:
            return f"server {await connection.fetchval('SHOW server_version')}"
        finally:
            await connection.close()

    return _reached("postgres", reach, "Start the server, or correct VANTA_POSTGRES_DSN.")


def database_role(settings: Settings) -> list[Finding]:
    """Check that the process may act as a role that cannot rewrite records."""
    if settings.postgres_dsn is None:
        return []
    dsn = settings.postgres_dsn.reveal()
    from vanta.store.app_role import ROLE, role_for  # noqa: PLC0415  # brings asyncpg

    async def bounded() -> str:
        async with asyncio.timeout(REACH_S):
            return await role_for(dsn)

    try:
        role = asyncio.run(bounded())
    except Exception:
        return []  # told by the check of the database itself
    if role:
        return [Finding("database role", "ok", f"{role}, without rights to change records")]
    return [
        Finding(
            "database role",
            "warn",
            "the process acts as the owner of the tables; triggers alone keep the records",
            f'Once, as a superuser: CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO "OUR LOGIN".',
        )
    ]


def redis(settings: Settings) -> Finding:
    """Check the configured Redis, or the program of the embedded one."""
    if settings.redis_url is None:
        return embedded(settings, "redis", "VANTA_REDIS_URL", redis_server)
    url = settings.redis_url.reveal()

    async def reach() -> str:
        from redis.asyncio import Redis  # noqa: PLC0415  # loaded only where one is configured

        client = Redis.from_url(url, socket_connect_timeout=REACH_S)
        try:
            info = await client.info("server")
            return f"server {info['redis_version']}"
        finally:
            await client.aclose()

    return _reached("redis", reach, "Start the server, or correct VANTA_REDIS_URL.")


def embedded(settings: Settings, name: str, variable: str, program: Callable[[], Path]) -> Finding:
    """Check that an embedded server may be used and that its program can run."""
    if settings.is_production and not settings.allow_embedded:
        return Finding(
            name,
            "fail",
            f"production refuses the embedded one and {variable} is not set",
            f"Set {variable}, or VANTA_ALLOW_EMBEDDED=1 if you must.",
            is_config=True,
        )
    try:
        path = program()
    except ConfigError as error:
        return Finding(name, "fail", str(error), "Run `make setup`.")
    if not os.access(path, os.X_OK):
        return Finding(name, "fail", f"{path} cannot be executed", f"Run: chmod +x {path}")
    return Finding(name, "ok", f"embedded, {path}")


def _reached(name: str, reach: Callable[[], Awaitable[str]], fix: str) -> Finding:
    async def bounded() -> str:
        async with asyncio.timeout(REACH_S):
            return await reach()

    try:
        return Finding(name, "ok", asyncio.run(bounded()))
    except Exception as error:
        # Drivers put addresses and sometimes passwords into their texts: only the kind is told.
        return Finding(name, "fail", f"does not answer ({type(error).__name__})", fix)


def master_key(settings: Settings) -> Finding:
    """Check that a master key is configured and, in a file, readable by its owner alone."""
    from vanta.keys.configured import configured_source, sandbox_key  # noqa: PLC0415  # the store
    from vanta.keys.source import FileKeys  # noqa: PLC0415

    fix = "Make one with `vanta key new --out FILE` and set VANTA_MASTER_KEY_FILE."
    source = configured_source(settings)
    if source is None and settings.postgres_dsn is None:
        path = sandbox_key(settings.home)
        if not path.exists():
            text = "none set: `vanta demo` makes one, `vanta run` refuses to start"
            return Finding("master key", "ok", text)
        source = FileKeys(path, name="the sandbox's master key")
    if source is None:
        return Finding("master key", "fail", "none is set", fix, is_config=True)
    if not isinstance(source, FileKeys):
        return Finding("master key", "ok", f"{source.name} is set")
    try:
        newest = asyncio.run(source.newest())
    except ConfigError as error:
        return Finding("master key", "fail", str(error), fix, is_config=True)
    return Finding("master key", "ok", f"{newest.id} first in {source.name}")


def telegram(settings: Settings) -> Finding:
    """Check the shape of the bot token; nothing is sent."""
    if settings.telegram_token is None:
        return Finding("telegram", "ok", "no token: the local chat page is used")
    if _TOKEN.fullmatch(settings.telegram_token.reveal()):
        return Finding("telegram", "ok", "token set")
    return Finding(
        "telegram",
        "fail",
        "VANTA_TELEGRAM_TOKEN does not look like a bot token",
        "Take it from BotFather: digits, a colon, letters.",
        is_config=True,
    )


def instance(path: Path) -> Finding:
    """Look for the running instance."""
    try:
        found = find(path)
    except NotRunningError as error:
        return Finding("instance", "warn", str(error))
    return Finding("instance", "ok", f"process {found.pid} at {found.http_url}")


def ports(settings: Settings, *, is_running: bool) -> list[Finding]:
    """Check that the ports are free, unless our own instance holds them."""
    moves = settings.port_is_default
    found = [_port("web port", settings, settings.port, "VANTA_PORT", is_running, moves=moves)]
    if settings.port:
        moves = not settings.chat_port
        port = settings.chat_port or settings.port + 1
        found.append(_port("chat port", settings, port, "VANTA_CHAT_PORT", is_running, moves=moves))
    return found


def _port(
    name: str, settings: Settings, port: int, variable: str, is_running: bool, *, moves: bool
) -> Finding:
    """`moves`: nobody asked for this very port, so a taken one gives way to the next."""
    host = settings.host
    if port == 0:
        return Finding(name, "ok", "any free one")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE and is_running:
            return Finding(name, "ok", f"{port} in use, this home's instance is running")
        if error.errno == errno.EADDRINUSE and moves:
            return Finding(name, "ok", f"{port} in use, the next free one will be taken")
        return Finding(
            name,
            "fail",
            f"{host}:{port}: {error.strerror or error}",
            f"Stop what uses it, or set {variable} (0 = any free one).",
        )
    except OverflowError:
        return Finding(name, "fail", f"{port} is no port", f"Set {variable} to 1-65535.")
    return Finding(name, "ok", f"{port} free")
