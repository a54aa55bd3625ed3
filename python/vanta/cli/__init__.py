"""The `vanta` command: a thin client of a running instance, and the way to start one."""

import sys
from collections.abc import Mapping, Sequence

from vanta.cli.exits import CliError, Exit
from vanta.cli.output import Output


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run one command and return its exit code; never raises and never shows a trace."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        # Everything else stands on the Rust core: only here its absence can still be told.
        from vanta.cli.command import run  # noqa: PLC0415
    except ImportError as error:
        if error.name != "vanta._core":
            raise
        output = Output(sys.stdout, sys.stderr, {"NO_COLOR": "1"}, as_json="--json" in given)
        text = f"The Rust core cannot be loaded: {error}."
        hint = "Build it with `make setup`."
        return output.fail(CliError(Exit.FAILURE, "E-CORE", text, hint=hint))
    return run(given, environ)
