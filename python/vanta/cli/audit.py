"""`vanta audit`: who did what; and `verify`: the chain of it, straight from the database.

The check goes not through the running process: what that process may have done is checked too.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from vanta.cli.admin import run
from vanta.cli.context import Context
from vanta.cli.exits import CliError, Exit
from vanta.domain.errors import InputError, NotRunningError
from vanta.settings import Settings

if TYPE_CHECKING:
    from vanta.store.audit_chain import Chain, Link
    from vanta.store.highwater import Mark


def audit(context: Context) -> int:
    """Show acts, or check the chain."""
    words: list[str] = context.args.words
    if words == ["verify"]:
        return verify(context)
    if context.args.expect is not None:
        limit = "the form vanta audit verify --expect SEQ:HASH"
        raise InputError("E-ARG", field="--expect", value=context.args.expect, limit=limit)
    return run(context, "audit", words)


def verify(context: Context) -> int:
    """Check every row; exit 0, or 1 with the first place that does not hold."""
    from vanta.store.audit_chain import Link  # noqa: PLC0415  # brings asyncpg

    expect = context.args.expect
    expected = None if expect is None else Link.parse(expect, field="--expect")
    chain, witness = asyncio.run(_verify(context.settings(), expected))
    _tell(context, chain, witness)
    return Exit.OK if chain.broken is None else Exit.FAILURE


def _dsn(settings: Settings) -> str:
    from vanta.sandbox.home import Home  # noqa: PLC0415  # only where nothing is configured
    from vanta.sandbox.stack import running_postgres  # noqa: PLC0415

    if settings.postgres_dsn is not None:
        return settings.postgres_dsn.reveal()
    found = running_postgres(Home(settings.home))
    if found is None:
        raise NotRunningError(
            f"No database: VANTA_POSTGRES_DSN is not set, and none runs with the home "
            f"{settings.home}. Start one with `make run` or `vanta demo`."
        )
    return found


async def _verify(settings: Settings, expected: "Link | None") -> "tuple[Chain, str]":
    """Check the chain; return with it what it was compared with, empty for nothing."""
    import asyncpg  # noqa: PLC0415  # loaded only by commands that need it

    from vanta.store.audit import Audit  # noqa: PLC0415
    from vanta.store.audit_chain import Link  # noqa: PLC0415
    from vanta.store.highwater import FILE_NAME, HighWater  # noqa: PLC0415
    from vanta.store.pool import open_pool  # noqa: PLC0415

    path = settings.home / FILE_NAME
    # Read before the rows are: what it tells of must be among them.
    mark = _noted(path) if expected is None else None
    witness = "" if expected is None else "--expect"
    try:
        pool = await open_pool(_dsn(settings), min_size=1, max_size=1)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        # Drivers put addresses and sometimes passwords into their texts: only the kind is told.
        raise CliError(
            Exit.NOT_RUNNING,
            "E-NOT-RUNNING",
            f"The database does not answer ({type(error).__name__}).",
            hint="`vanta doctor` looks at VANTA_POSTGRES_DSN.",
        ) from None
    try:
        name = await HighWater(pool).known_name() if mark is not None else ""
        if mark is not None and mark.audit_hash and mark.database == name:
            witness = str(path)
            expected = Link(seq=mark.audit_seq, hash=bytes.fromhex(mark.audit_hash))
        return await Audit(pool).verify(expected), witness
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        raise CliError(
            Exit.CONFIG,
            "E-CONFIG",
            "This database has no chained audit log.",
            hint="Start this version of Vanta on it once: that brings it up to date.",
        ) from None
    finally:
        await pool.close()


def _noted(path: Path) -> "Mark | None":
    from vanta.store.highwater import UNREADABLE, read_note  # noqa: PLC0415

    try:
        return read_note(path)
    except UNREADABLE as error:
        raise CliError(
            Exit.FAILURE,
            "E-NOTE",
            f"The note of the last head, {path}, cannot be read ({type(error).__name__}).",
            hint="Give a head that was kept: `vanta audit verify --expect SEQ:HASH`.",
        ) from None


def _tell(context: Context, chain: "Chain", witness: str) -> None:
    out, broken = context.output, chain.broken
    if out.as_json:
        out.document(
            {
                "ok": broken is None,
                "rows": chain.rows,
                "head": str(chain.head),
                "compared_with": witness or None,
                "broken": broken and {"seq": broken.seq, "kind": broken.kind, "text": broken.text},
            }
        )
        return
    if broken is None:
        out.line(f"The chain holds: {chain.rows} rows.")
        out.line(f"head {chain.head}")
        if witness:
            out.say(f"It has the head that {witness} tells of.")
        out.say("Keep the head elsewhere; check later with `vanta audit verify --expect HEAD`.")
        return
    out.line(f"The chain is broken at row {broken.seq} ({broken.kind}): {broken.text}.", "bad")
    out.line(f"{chain.rows} rows hold before it, up to {chain.head}")
    if witness:
        out.say(f"Compared with the head that {witness} tells of.")
