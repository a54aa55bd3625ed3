"""From a command line to an exit code.

Nothing heavy is imported before a command is known: each command names its module, which is loaded
only when it runs.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from vanta.cli.context import Context
from vanta.cli.exits import CliError, Exit
from vanta.cli.output import Output
from vanta.cli.parser import parse
from vanta.domain.errors import ConfigError, InputError, NotRunningError
from vanta.settings import process_environment

_INPUT_EXITS: Final = {"E-SYM": Exit.NOT_FOUND}


def run(given: Sequence[str], environ: Mapping[str, str] | None) -> int:
    """Run one command and return its exit code; never raises and never shows a trace."""
    env = process_environment() if environ is None else environ
    output = Output(sys.stdout, sys.stderr, env, as_json="--json" in given)
    try:
        return _run(given, env, output)
    except SystemExit as stop:  # argparse after --help
        return stop.code if isinstance(stop.code, int) else Exit.FAILURE
    except KeyboardInterrupt:
        output.say("Interrupted.")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has seen enough; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


def _run(argv: Sequence[str], environ: Mapping[str, str], output: Output) -> int:
    try:
        args = parse(argv)
        module, _, function = args.run.partition(":")
        command = getattr(importlib.import_module(module), function)
        code: int = command(Context(args, environ, output))
        output.flush()
    except BrokenPipeError:
        raise
    except Exception as error:
        return output.fail(_explained(error))
    else:
        return code


def _explained(error: Exception) -> CliError:
    match error:
        case CliError():
            return error
        case InputError():
            return CliError(
                _INPUT_EXITS.get(error.code, Exit.USAGE),
                error.code,
                str(error),
                more={"field": error.field, "value": error.value, "limit": error.limit},
            )
        case ConfigError():
            return CliError(Exit.CONFIG, "E-CONFIG", str(error))
        case NotRunningError():
            return CliError(Exit.NOT_RUNNING, "E-NOT-RUNNING", str(error))
        case OSError():
            return CliError(Exit.FAILURE, "E-FAILED", f"{type(error).__name__}: {error}")
        case _:
            # Most likely a server of another version: its answer has not the fields we know.
            return CliError(
                Exit.FAILURE,
                "E-INTERNAL",
                f"This command failed inside ({type(error).__name__}: {error}).",
                hint="Compare `vanta version` with `vanta status --json`; `vanta doctor` may help.",
            )
