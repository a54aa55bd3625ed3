"""`vanta doctor`: what is missing, and how to fix it."""

import msgspec

from vanta.cli import checks
from vanta.cli.checks import Finding
from vanta.cli.context import Context
from vanta.cli.exits import Exit
from vanta.clock import SystemClock
from vanta.domain.errors import ConfigError
from vanta.settings import Settings

_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
_STYLES = {"ok": "", "warn": "loss", "fail": "bad"}


def doctor(context: Context) -> int:
    """Check this machine and this home; exit 0, 4 when a setting is wrong, else 1."""
    now_ns = SystemClock().now_ns()
    found = [checks.python(), *checks.core(now_ns)]
    config_fails = False
    try:
        settings = context.settings()
    except ConfigError as error:
        config_fails = True
        found += [
            Finding("settings", "fail", complaint, "Correct the variable and start again.")
            for complaint in str(error).split("; ")
        ]
    else:
        found.append(Finding("settings", "ok", "valid"))
        found += _of_settings(settings)
        config_fails = any(f.level == "fail" and f.is_config for f in found)
    failed = [f for f in found if f.level == "fail"]
    exit_code = Exit.CONFIG if config_fails else Exit.FAILURE if failed else Exit.OK
    _tell(context, found, exit_code)
    return exit_code


def _of_settings(settings: Settings) -> list[Finding]:
    instance = checks.instance(settings.home)
    return [
        *checks.home(settings.home),
        checks.postgres(settings),
        *checks.database_role(settings),
        checks.redis(settings),
        checks.master_key(settings),
        checks.telegram(settings),
        instance,
        *checks.ports(settings, is_running=instance.level == "ok"),
    ]


def _tell(context: Context, found: list[Finding], exit_code: Exit) -> None:
    out = context.output
    if out.as_json:
        out.document(
            {"findings": [msgspec.structs.asdict(f) for f in found], "exit_code": int(exit_code)}
        )
        return
    width = max(len(f.name) for f in found)
    for f in found:
        mark = out.paint(_MARKS[f.level], _STYLES[f.level])
        out.raw_line(f"{mark}  {f.name.ljust(width)}  ", f.text)
        if f.fix and f.level != "ok":
            out.line(f"{' ' * (width + 8)}{f.fix}")
    fails = sum(f.level == "fail" for f in found)
    warns = sum(f.level == "warn" for f in found)
    out.say(
        "Everything is in place."
        if not fails and not warns
        else f"{fails} to fix, {warns} to look at."
    )
