"""`vanta security`: PIN and code of the acting user. Secrets come from the terminal or stdin."""

import sys
from typing import Any

from vanta.cli.admin import hidden, line_of_stdin, reply_of, run, show
from vanta.cli.client import Client
from vanta.cli.context import Context
from vanta.cli.exits import CliError, Exit


def status(context: Context) -> int:
    """Show what is set and whether a proof counts."""
    return run(context, "security", [])


def lock(context: Context) -> int:
    """End the proof now."""
    return run(context, "lock", [])


def pin(context: Context) -> int:
    """Set a PIN; the one that is set is asked for first.

    From stdin: the new PIN on the first line, and on a second one the PIN that is set.
    """
    client = context.client()
    needs_old = _needs_proof(_state(client))
    body: dict[str, Any] = {}
    if context.args.pin_stdin:
        body["pin"] = line_of_stdin("PIN")
        old = sys.stdin.readline().rstrip("\r\n")
        if needs_old and old:
            body["old"] = old
    elif not sys.stdin.isatty():
        raise _no_terminal("--pin-stdin")
    else:
        if needs_old:
            body["old"] = hidden("PIN that is set: ")
        body["pin"] = hidden("New PIN: ")
        if hidden("The new PIN again: ") != body["pin"]:
            raise CliError(Exit.USAGE, "E-ARG", "The two are not the same. Nothing was changed.")
    show(context.output, reply_of(client, "/api/v1/security/pin", body))
    return Exit.OK


def totp(context: Context) -> int:
    """Set up codes of an authenticator: show the secret once, then ask for a code of it."""
    client = context.client()
    if context.args.code_stdin:
        body = {"code": line_of_stdin("code")}
        show(context.output, reply_of(client, "/api/v1/security/totp", body))
        return Exit.OK
    if sys.stdin.isatty() and _needs_proof(_state(client)):
        reply_of(client, "/api/v1/step-up", {"pin": hidden("PIN that is set: ")})
    begun = reply_of(client, "/api/v1/security/totp", {})
    out = context.output
    if out.as_json:
        out.document(begun)
        return Exit.OK
    out.say(begun["title"])
    out.line(f"secret {begun['data']['secret']}")
    out.line(begun["data"]["uri"])
    if not sys.stdin.isatty():
        out.say("Then: vanta security totp --code-stdin")
        return Exit.OK
    body = {"code": hidden("Code: ").replace(" ", "")}
    show(out, reply_of(client, "/api/v1/security/totp", body))
    return Exit.OK


def _state(client: Client) -> dict[str, Any]:
    state: dict[str, Any] = reply_of(client, "/api/v1/commands/security", {})["data"]
    return state


def _needs_proof(state: dict[str, Any]) -> bool:
    return bool(state["pin"]) and state["proved_until"] is None


def _no_terminal(flag: str) -> CliError:
    return CliError(Exit.USAGE, "E-ARG", f"This is no terminal: pass {flag}.")
