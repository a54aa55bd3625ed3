"""Commands that start Vanta, and the version."""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from vanta import _core
from vanta.cli.context import Context
from vanta.cli.exits import CliError, Exit
from vanta.domain.errors import ConfigError, InputError
from vanta.domain.units import E6, parse_scaled


def demo(context: Context) -> int:
    """Start everything in one process, with embedded stores and a simulated market."""
    args = context.args
    seed = None if args.seed is None else whole(args.seed, field="--seed", high=2**63 - 1)
    port = None if args.port is None else whole(args.port, field="--port", high=65_535)
    replay = None if args.replay is None else recorded_file(args.replay, field="--replay")
    speed = speed_of(args.speed)
    settings = context.settings()
    from vanta import app  # noqa: PLC0415  # the whole house; the other commands do without

    return _serve(
        lambda: app.demo(
            settings, seed=seed, replay=replay, speed=speed, fresh=args.fresh, port=port
        )
    )


def run(context: Context) -> int:
    """Start with the configured stores."""
    settings = context.settings()
    from vanta import app  # noqa: PLC0415

    return _serve(lambda: app.run(settings))


def _serve(start: Callable[[], int]) -> int:
    try:
        return start()
    except ConfigError:
        raise
    except Exception:
        # A service that dies leaves its trace in the log, where operators look for it.
        from vanta import logs  # noqa: PLC0415  # loaded by then

        logs.get(__name__).exception("process.failed")
        return Exit.FAILURE


def version(context: Context) -> int:
    """Show what is installed."""
    python = sys.version.split()[0]
    if context.output.as_json:
        context.output.document(
            {"vanta": _core.__version__, "core_build": _core.build_profile, "python": python}
        )
    else:
        context.output.line(
            f"vanta {_core.__version__} (core: {_core.build_profile} build), Python {python}"
        )
    return Exit.OK


def whole(text: str, *, field: str, high: int) -> int:
    """Parse a whole number from 0 to `high`.

    Raises `InputError`.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= high):
        raise InputError("E-ARG", field=field, value=text, limit=f"a whole number from 0 to {high}")
    return int(text)


def speed_of(text: str) -> Fraction:
    """Parse a playing speed above 0: 2 plays twice as fast as recorded.

    Raises `InputError`.
    """
    micro = parse_scaled(text.removesuffix("x"), decimals=6, field="--speed")
    if not 0 < micro <= 1_000_000 * E6:
        raise InputError("E-ARG", field="--speed", value=text, limit="more than 0, at most 1000000")
    return Fraction(micro, E6)


def recorded_file(text: str, *, field: str) -> Path:
    """Return an existing file.

    Raises `CliError` 3 when there is none.
    """
    try:
        path = Path(text).expanduser()
        found = path.is_file()
    except (OSError, ValueError, RuntimeError):
        found = False
    if not text or not found:
        raise CliError(
            Exit.NOT_FOUND,
            "E-ARG",
            f'No file "{text[:200]}" for {field}.',
            hint="Recorded files are CSV (ts_ns,market,source,price,conf), plain or .gz.",
        )
    return path
