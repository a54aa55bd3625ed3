"""`vanta emergency-stop` and `vanta emergency-resume`: the switch that needs nothing to be running.

The stop is a file in the home. A running instance sees it within a quarter of a second, a start
finds it, and neither Telegram, Redis nor Postgres is asked. No setting is read but the home.
"""

import os
import time
from pathlib import Path
from typing import Any, Final

from vanta.cli import admin
from vanta.cli.client import Client
from vanta.cli.context import Context
from vanta.cli.exits import CliError, Exit
from vanta.cli.instance import find
from vanta.domain.errors import NotRunningError
from vanta.domain.system import REASON_LIMIT, STOP_FILE, Stop, stop_text
from vanta.engine.stop_file import StopFile
from vanta.settings import home_of

OBEYS_WITHIN_S: Final = 3.0
SEEN_WITHIN_S: Final = 1.0  # it looks each quarter of a second
ASK_EVERY_S: Final = 0.1


def stop(context: Context) -> int:
    """Write the stop file, and say whether a running instance obeys.

    Raises `CliError` 3 when there is no such home, 1 when the file cannot be written.
    """
    home = _home(context)
    level = Stop.ALL if context.args.all else Stop.OPENS
    reason = " ".join((context.args.reason or "").split())[:REASON_LIMIT]
    path = home / STOP_FILE
    stands, old_reason = _standing(path)
    if stands.level > level.level:
        level, reason = stands, old_reason  # a stop never loosens another
    else:
        _put(path, level, reason)
    if context.output.as_json:
        told = {"stop": level.value, "reason": reason, "file": str(path)}
        context.output.document({**told, "instance": _obeys(home, level)})
        return Exit.OK
    what = "all trading, closes too" if level is Stop.ALL else "all new trades"
    context.output.line(f"{path} stops {what}, as long as it is there.")
    context.output.flush()  # before anybody is asked
    context.output.line(_WORDS[_obeys(home, level)])
    context.output.line("`vanta emergency-resume` removes it; the mode is DRY then.")
    return Exit.OK


def resume(context: Context) -> int:
    """Remove the stop file; ask a running instance to lift its own stop too.

    Raises `CliError` 5 when that is refused, 1 when the file cannot be removed, `NotRunningError`
    when there was no file either.
    """
    home = _home(context)
    path = home / STOP_FILE
    stood = _standing(path)[0] is not Stop.NONE
    _remove(path)
    if stood:
        context.output.say(f"{path} is removed.")
    try:
        left = _left(Client(find(home)))
    except (NotRunningError, CliError) as error:
        if not stood:
            raise
        context.output.say(f"{error} A stop that was set by command stays until it is resumed.")
        left = Stop.NONE
    if left is not Stop.NONE:
        return admin.run(context, "emergency_resume", [])
    if context.output.as_json:
        context.output.document({"stop": Stop.NONE.value, "file": str(path), "removed": stood})
    else:
        words = "No file stops any more; the mode is DRY." if stood else "Nothing is stopped."
        context.output.line(words)
    return Exit.OK


_WORDS: Final = {
    "obeys": "The running instance obeys.",
    "silent": "The running instance did not say so yet; it looks at the file by itself.",
    "none": "No instance is running; the next start finds it.",
}


def _home(context: Context) -> Path:
    home = home_of(context.environ, is_root=os.geteuid() == 0)
    if not home.is_dir():
        raise CliError(
            Exit.NOT_FOUND,
            "E-ARG",
            f"There is no Vanta at {home}: nothing was stopped.",
            hint="Name the folder of the instance with --home or VANTA_HOME.",
        )
    return home


def _standing(path: Path) -> tuple[Stop, str]:
    """Read what stands there as a running instance reads it."""
    file = StopFile(path)
    file.look()
    return file.stop, file.reason


def _put(path: Path, level: Stop, reason: str) -> None:
    """Write the file. Raises `CliError` that says what is in force all the same."""
    try:
        _write(path, stop_text(level, reason))
    except OSError as error:
        stands = _standing(path)[0]
        where = {
            Stop.NONE: "Nothing is stopped by it",
            Stop.OPENS: "As it is it stops new trades only",
            Stop.ALL: "As it is it stops all trading",
        }[stands]
        text = f"{path} cannot be written: {error.strerror}. {where}."
        hint = "Make room for it and ask again; ending the process stops everything."
        raise CliError(Exit.FAILURE, "E-FAILED", text, hint=hint) from None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        text = f"{path} cannot be removed: {error.strerror}. It goes on stopping."
        raise CliError(Exit.FAILURE, "E-FAILED", text, hint="Remove it by hand.") from None


def _write(path: Path, text: str) -> None:
    """Put the file there whole and on the disk: a power cut must not lift a stop."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)  # whoever runs the instance must be able to read which stop it is
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _obeys(home: Path, level: Stop) -> str:
    """Ask a running instance until it has seen the file, a short while."""
    give_up = time.monotonic() + OBEYS_WITHIN_S
    while True:
        try:
            if _in_force(Client(find(home))).level >= level.level:
                return "obeys"
        except NotRunningError:
            return "none"
        except CliError:
            return "silent"
        if time.monotonic() > give_up:
            return "silent"
        time.sleep(ASK_EVERY_S)


def _left(client: Client) -> Stop:
    """Return the stop that is in force without the file, once an instance has seen it go."""
    give_up = time.monotonic() + SEEN_WITHIN_S
    while (left := _in_force(client)) is not Stop.NONE and time.monotonic() < give_up:
        time.sleep(ASK_EVERY_S)
    return left


def _in_force(client: Client) -> Stop:
    """Return the stop that an instance says is in force. Raises `CliError` when it says nothing."""
    reply: dict[str, Any] = admin.ask(client, "mode", {"args": [], "token": "", "word": ""})
    try:
        return Stop(reply["data"]["state"]["stop"])
    except (KeyError, TypeError, ValueError):
        text = "The running instance did not tell its state."
        raise CliError(Exit.FAILURE, "E-FAILED", text) from None
