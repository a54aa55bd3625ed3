"""`vanta replay`: what the price book makes of a recorded file, without starting anything."""

import hashlib
import json
from typing import Any

from vanta.cli.context import Context
from vanta.cli.exits import CliError, Exit
from vanta.cli.service import recorded_file, speed_of
from vanta.domain.errors import ConfigError, InputError


def replay(context: Context) -> int:
    """Play a file through the price book; print quality counts and rejects per source.

    The report holds no times of this run, so its checksum is equal on every machine; with
    --expect a different one is a divergence.
    """
    args = context.args
    path = recorded_file(args.file, field="FILE")
    speed = speed_of(args.speed)
    if args.expect is not None and not _is_digest(args.expect):
        raise InputError("E-ARG", field="--expect", value=args.expect, limit="64 hex digits")
    from vanta import app  # noqa: PLC0415  # the whole house; the other commands do without

    try:
        report: dict[str, Any] = app.replay_report(path, speed=speed)
    except (ConfigError, ValueError) as error:
        raise CliError(
            Exit.USAGE,
            "E-ARG",
            f"This is not a recorded market: {error}.",
            hint="Needed: CSV with the header ts_ns,market,source,price,conf, plain or .gz.",
        ) from None
    canonical = json.dumps(report, sort_keys=True, separators=(",", ":"))
    checksum = hashlib.sha256(canonical.encode()).hexdigest()
    _tell(context, {**report, "checksum": checksum})
    if args.expect is None or args.expect.lower() == checksum:
        return Exit.OK
    text = f"This run's checksum {checksum} is not the expected {args.expect.lower()}."
    # With --json the report is already the one document on stdout: the rest is talk.
    context.output.say(f"{text} The file, the price rules or their constants changed. [E-DIVERGED]")
    return Exit.DIVERGED


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text)


def _tell(context: Context, report: dict[str, Any]) -> None:
    out = context.output
    if out.as_json:
        out.document(report)
        return
    for name, value in report.items():
        if isinstance(value, dict) and value:
            out.line()
            _matrix(context, name, value)
        elif not isinstance(value, dict):
            out.line(f"{name.replace('_', ' ')}: {value}")


def _matrix(context: Context, name: str, rows: dict[str, Any]) -> None:
    """Write {row: {column: count}} as a table, {row: count} as two columns."""
    title = name.replace("_", " ").upper()
    if all(isinstance(v, dict) for v in rows.values()):
        columns = list(dict.fromkeys(c for row in rows.values() for c in row))
        context.output.table(
            (title, *columns),
            [(row, *(str(rows[row].get(c, 0)) for c in columns)) for row in rows],
        )
    else:
        context.output.table((title, "COUNT"), [(row, str(rows[row])) for row in rows])
