"""Commands of the master key: make one, move all rows to a new one, open every row."""

import asyncio
from pathlib import Path

import msgspec

from vanta.cli.context import Context
from vanta.cli.exits import Exit
from vanta.domain.errors import InputError
from vanta.domain.master_key import format_key, new_key


def new(context: Context) -> int:
    """Make a key: printed alone on stdout, or written to a new file of mode 0600."""
    out = context.output
    if context.args.out is None:
        text = format_key(new_key())
        if out.as_json:
            out.document({"master_key": text})
        else:
            out.line(text)
        return Exit.OK
    if not context.args.out or "\0" in context.args.out:
        raise InputError("E-ARG", field="--out", value=context.args.out, limit="a new file")
    from vanta.keys.source import RawKey, write_keys  # noqa: PLC0415  # brings the store

    path = Path(context.args.out).expanduser().absolute()
    raw = RawKey(key=new_key())
    write_keys(path, (raw,), new=True)
    if out.as_json:
        out.document({"path": str(path), "key": raw.id})
    else:
        out.say(f"Made the key {raw.id} in {path}. Keep a copy where no backup of the database is.")
    return Exit.OK


def rotate(context: Context) -> int:
    """Move every sealed row to a new key; exit 1 when rows do not open."""
    from vanta.cli.keywork import rotate_keys  # noqa: PLC0415  # brings the store

    done = asyncio.run(rotate_keys(context.settings(), _Progress(context)))
    out = context.output
    if out.as_json:
        out.document(
            {
                "key": done.key.id,
                "version": done.key.version,
                "moved": done.moved,
                "retired": done.retired,
                "broken": done.broken,
            }
        )
    else:
        out.line(f"All new rows are sealed under {done.key.id} (version {done.key.version}).")
        out.line(f"moved {done.moved}, retired {', '.join(done.retired) or 'none'}")
        if done.retired:
            out.say("Keep the old key as long as you keep backups from before.")
        for name in done.broken:
            out.line(f"does not open: {name}", "bad")
    return Exit.FAILURE if done.broken else Exit.OK


class _Progress:
    """Writes to stderr how far it is, at each percent."""

    def __init__(self, context: Context) -> None:
        self._output = context.output
        self._last = -1

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // max(1, total)
        if percent != self._last:
            self._last = percent
            self._output.say(f"{done} of {total} rows")


def verify(context: Context) -> int:
    """Open every sealed row; exit 1 when one does not open."""
    from vanta.cli.keywork import verify_keys  # noqa: PLC0415  # brings the store

    found = asyncio.run(verify_keys(context.settings()))
    out = context.output
    if out.as_json:
        out.document(msgspec.to_builtins(found))
    else:
        out.table(
            ("KEY", "VERSION", "ROWS"),
            [(key.id, str(key.version), str(key.rows)) for key in found.keys],
        )
        for line in found.failed:
            out.line(f"does not open: {line}", "bad")
        if not found.failed:
            out.say("Every row opens.")
    return Exit.FAILURE if found.failed else Exit.OK
