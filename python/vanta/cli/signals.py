"""Commands of a signal provider: sign and send, and ask what became of a signal."""

import json
import secrets
import sys
from typing import Any, Final

from vanta.cli import figures as f
from vanta.cli.client import Client, failure
from vanta.cli.context import Context, row_id
from vanta.cli.exits import CliError, Exit
from vanta.cli.instance import Instance
from vanta.clock import SystemClock
from vanta.domain.errors import InputError
from vanta.domain.units import (
    parse_percent_e10,
    parse_price_e10,
    parse_ratio_e10,
    parse_usd_e6,
)
from vanta.domain.webhook_signature import KEY_ID, MESSAGE_ID, headers, parse_secret

_FIELDS: Final = ("market", "side", "leverage", "collateral", "tp", "sl")
_EXITS: Final = {401: Exit.CONFIG, 422: Exit.REFUSED, 503: Exit.FAILURE}
MAX_SECRET_CHARS: Final = 1_000


def send(context: Context) -> int:
    """Sign one signal and send it; print its receipt."""
    args = context.args
    body = json.dumps(_fields(context), separators=(",", ":")).encode()
    message_id = args.id if args.id is not None else "sig_" + secrets.token_hex(12)
    if not MESSAGE_ID.fullmatch(message_id):
        raise InputError(
            "E-ARG", field="--id", value=message_id, limit="8 to 64 of A-Z a-z 0-9 _ -"
        )
    if args.key_id is not None and not KEY_ID.fullmatch(args.key_id):
        raise InputError(
            "E-ARG", field="--key-id", value=args.key_id, limit="1 to 64 of A-Z a-z 0-9 _ -"
        )
    given = _given_secret(context)
    client = context.client()
    key_id, secret = _credentials(context, client.instance, given)
    signed = headers(
        secret=_parsed(secret),
        key_id=key_id,
        message_id=message_id,
        timestamp=SystemClock().now_ns() // 10**9,
        body=body,
    )
    signed["Content-Type"] = "application/json"
    status, receipt = _deliver(client, signed, body, message_id)
    if status not in (200, 202):
        error = failure(status, receipt)
        if status in _EXITS and error.exit_code is not Exit.NOT_FOUND:
            error.exit_code = _EXITS[status]
        if status == 401:
            error.text = str((receipt.get("error") or {}).get("text", "Not accepted."))
            error.hint = "Check key id, secret and this machine's clock."
        raise error
    out = context.output
    if out.as_json:
        out.document(receipt)
        return Exit.OK
    out.say("Accepted." if status == 202 else "Sent before: this is the first receipt.")
    _flat(context, receipt)
    out.say(f"Look: vanta signal show {message_id}")
    return Exit.OK


def show(context: Context) -> int:
    """Show the stages of a signal and what followers did."""
    args = context.args
    if not MESSAGE_ID.fullmatch(args.id):
        raise InputError("E-ARG", field="ID", value=args.id, limit="8 to 64 of A-Z a-z 0-9 _ -")
    provider = None if args.provider is None else row_id(args.provider, field="--provider")
    client = context.client()
    if provider is None:
        provider = client.instance.provider_id or None
    if provider is None:
        raise CliError(
            Exit.USAGE, "E-ARG", "I need the provider's number.", hint="Pass --provider ID."
        )
    found = client.get(f"/api/v1/signals/{provider}/{args.id}")
    if context.output.as_json:
        context.output.document(found)
    else:
        _story(context, found)
    return Exit.OK


def _story(context: Context, found: dict[str, Any]) -> None:
    """Write a signal's way stage by stage, then what it led to."""
    out = context.output
    rest = dict(found)
    stages, elapsed = rest.pop("stages", None), rest.pop("elapsed_us", None)
    if not isinstance(stages, dict) or not isinstance(elapsed, dict):
        _flat(context, found)
        return
    followers, skipped = rest.pop("followers", None), rest.pop("skipped", None)
    orders = rest.pop("orders", None)
    _flat(context, rest)
    out.table(
        ("STAGE", "AT (UTC)", "AFTER"),
        [
            (name, f.clock(at), f"+{elapsed[name] / 1000:.3f} ms" if name in elapsed else f.NONE)
            for name, at in stages.items()
        ],
    )
    for name, value in (("followers", followers), ("skipped", skipped), ("orders", orders)):
        if value:
            _flat(context, {name: value})


def _fields(context: Context) -> dict[str, Any]:
    args = context.args
    fields: dict[str, Any] = {"action": args.action}
    for name in _FIELDS:
        text = getattr(args, name)
        if text is None:
            continue
        match name:
            case "leverage":
                text = text.removesuffix("x")
                parse_ratio_e10(text, field="--leverage")
            case "collateral":
                parse_usd_e6(text, field="--collateral")
            case "tp" | "sl" if text != "none":
                parse_price_e10(text, field=f"--{name}")
            case "side":
                text = text.lower()
                if text not in ("long", "short"):
                    raise InputError("E-ARG", field="--side", value=text, limit="long or short")
            case _:
                pass
        fields[name] = text
    if args.portion is not None:
        parse_percent_e10(args.portion, field="--portion")
        fields["size"] = args.portion.removesuffix("%") + "%"
    return fields


def _given_secret(context: Context) -> str:
    if context.args.secret_stdin:
        text = sys.stdin.readline(MAX_SECRET_CHARS).strip()
        if not text:
            raise CliError(Exit.CONFIG, "E-CONFIG", "There was no secret on stdin.")
        return text
    return context.environ.get("VANTA_PROVIDER_SECRET", "")


def _credentials(context: Context, instance: Instance, given: str) -> tuple[str, str]:
    key_id = (
        context.args.key_id
        or context.environ.get("VANTA_PROVIDER_KEY_ID", "")
        or instance.provider_key_id
    )
    if not key_id:
        raise CliError(
            Exit.CONFIG, "E-CONFIG", "I need the key id.", hint="Pass --key-id or start a demo."
        )
    # The demo's own secret belongs to the demo's own key only.
    secret = given or (instance.provider_secret if key_id == instance.provider_key_id else "")
    if not secret:
        raise CliError(
            Exit.CONFIG,
            "E-CONFIG",
            f"I have no secret for the key {key_id}.",
            hint="Put it into VANTA_PROVIDER_SECRET, or pass --secret-stdin.",
        )
    return key_id, secret


def _parsed(secret: str) -> bytes:
    try:
        return parse_secret(secret)
    except InputError as error:
        raise CliError(
            Exit.CONFIG, "E-CONFIG", f"The secret is not usable: it needs {error.limit}."
        ) from None


def _deliver(
    client: Client, signed: dict[str, str], body: bytes, message_id: str
) -> tuple[int, dict[str, Any]]:
    try:
        return client.call("POST", "/v1/signals", headers=signed, body=body, key=message_id)
    except CliError as error:
        if error.exit_code is Exit.UNKNOWN:
            error.text = "The connection broke; not known yet whether the signal was accepted."
            error.hint = f"The same command with --id {message_id} never makes a second signal."
            error.more = {"id": message_id}
        raise


def _flat(context: Context, found: dict[str, Any], indent: str = "") -> None:
    """Write an object as aligned lines, objects inside it indented, lists of objects as tables."""
    out = context.output
    width = max((len(name) for name in found), default=0)
    for name, value in found.items():
        if isinstance(value, dict) and value:
            out.line(f"{indent}{name}")
            _flat(context, value, indent + "  ")
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            headers_of = list(dict.fromkeys(key for row in value for key in row))
            out.line(f"{indent}{name}")
            out.table(
                [h.upper().replace("_", " ") for h in headers_of],
                [[_cell(row.get(h)) for h in headers_of] for row in value],
            )
        else:
            out.line(f"{indent}{name.ljust(width)}  {_cell(value)}")


def _cell(value: Any) -> str:
    if value is None or value in ({}, []):
        return f.NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
