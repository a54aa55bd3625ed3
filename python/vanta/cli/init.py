"""`vanta init`: a home, and the one-time code that makes its owner super admin."""

from datetime import UTC, datetime

from vanta.cli import instance
from vanta.cli.context import Context
from vanta.cli.exits import Exit
from vanta.clock import SystemClock
from vanta.domain.errors import NotRunningError
from vanta.keys.configured import sandbox_key
from vanta.sandbox.home import Home
from vanta.settings import Settings
from vanta.store import owner_file


def init(context: Context) -> int:
    """Make the home and print a fresh owner code, which ends the one before it.

    Works with and without a running instance: whoever may write here owns the instance.
    """
    settings = context.settings()
    home = Home(settings.home)
    home.make()
    code = owner_file.new_code()
    ends_ns = owner_file.write(home.path, code, now_ns=SystemClock().now_ns())
    ends = datetime.fromtimestamp(ends_ns // 10**9, UTC)
    steps = _next_steps(settings, code)
    out = context.output
    if out.as_json:
        out.document(
            {
                "home": str(home.path),
                "owner_code": code,
                "expires_at": ends.isoformat(),
                "master_key": _has_master_key(settings),
                "next": steps,
            }
        )
        return Exit.OK
    out.line(code)
    out.say(f"This is the owner code of {home.path}. It is shown once and works once.")
    out.say(f"It ends {ends:%Y-%m-%d %H:%M} UTC; `vanta init` makes another.")
    for number, step in enumerate(steps, 1):
        out.say(f"{number}. {step}")
    return Exit.OK


def _has_master_key(settings: Settings) -> bool:
    return _is_key_named(settings) or sandbox_key(settings.home).is_file()


def _is_key_named(settings: Settings) -> bool:
    file = settings.master_key_file
    named = settings.master_key is not None or bool(settings.kms_key_id)
    return named or (file is not None and file.is_file())


def _runs(settings: Settings) -> bool:
    try:
        instance.find(settings.home)
    except NotRunningError:
        return False
    return True


def _next_steps(settings: Settings, code: str) -> list[str]:
    steps = []
    own = sandbox_key(settings.home)
    if not _has_master_key(settings):
        file = settings.master_key_file or settings.home / "master.key"
        steps.append(
            f"No master key yet: vanta key new --out {file}, then set VANTA_MASTER_KEY_FILE={file} "
            "(`vanta demo` makes its own)."
        )
    elif not _is_key_named(settings):
        steps.append(
            f"`vanta demo` has its master key in {own}. `vanta run` takes only one that is named, "
            f"as in VANTA_MASTER_KEY_FILE={own}."
        )
    if settings.telegram_token is None:
        steps.append("Without VANTA_TELEGRAM_TOKEN the chat is the page that `vanta demo` shows.")
    if not _runs(settings):
        steps.append("Start it: vanta demo, or vanta run with your own servers.")
    steps.append(f"Send the bot, in your private chat: /start {code}")
    steps.append("Within an hour set your PIN: /security in the chat.")
    return steps
