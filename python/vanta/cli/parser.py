"""The commands and their arguments. Each names the function that runs it, loaded on demand."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from vanta.cli.exits import CliError, Exit


class Parser(argparse.ArgumentParser):
    """Tells a wrong command line in our own words and lets the caller exit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise CliError(
            Exit.USAGE,
            "E-ARG",
            f"I did not get this command line: {message}.",
            hint=f"See `{self.prog} --help`.",
        )


def _common() -> argparse.ArgumentParser:
    # SUPPRESS keeps a flag given before the command from being reset by the command's default.
    common = Parser(add_help=False)
    group = common.add_argument_group("everywhere")
    group.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON document on stdout"
    )
    group.add_argument(
        "--user",
        metavar="ID",
        default=argparse.SUPPRESS,
        help="act for this user, else for the owner",
    )
    group.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="folder of the instance (default: VANTA_HOME, else the platform's state folder)",
    )
    return common


def build() -> Parser:
    """Build the whole tree."""
    common = _common()
    parser = Parser(
        prog="vanta",
        description="Trade, look and operate. Everything is DRY: simulated fills, no real money.",
        epilog="exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 config, 5 refused, "
        "6 not running, 7 outcome unknown, 8 venue refused, 9 divergence, 130 interrupted",
        parents=[common],
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)

    def add(name: str, text: str, run: str, into: Any = commands) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = into.add_parser(
            name, help=text, description=text, parents=[common]
        )
        made.set_defaults(run=f"vanta.cli.{run}")
        return made

    demo = add("demo", "Start everything with its own database and market.", "service:demo")
    demo.add_argument("--seed", metavar="N", help="repeat a market exactly")
    demo.add_argument("--replay", metavar="FILE", help="play a recorded file as the market")
    demo.add_argument("--speed", metavar="X", default="1", help="how fast to play, 1 = as recorded")
    demo.add_argument("--fresh", action="store_true", help="forget the state of earlier runs")
    demo.add_argument("--port", metavar="P", help="port of the web server (default 8080)")
    add("init", "Make the home, and the one-time code of its owner.", "init:init")
    add("run", "Start with the configured database and Redis.", "service:run")
    add("version", "Show versions and the build of the core.", "service:version")
    add("status", "Show mode, health, feed and stores.", "looking:status")
    add("markets", "List the markets and the venue's limits.", "looking:markets")
    price = add("price", "Show quotes with their quality.", "looking:price")
    price.add_argument("symbols", metavar="SYMBOL", nargs="*")
    _trades(add)
    add("positions", "List open positions at the current price.", "looking:positions")
    orders = add("orders", "List the newest orders, refusals included.", "looking:orders")
    orders.add_argument("--limit", metavar="N", default="20")
    why = add("why", "Tell why an order went as it did.", "looking:why")
    why.add_argument("id", metavar="ID")
    pnl = add("pnl", "Show profit and loss per UTC day.", "looking:pnl")
    pnl.add_argument("--days", metavar="N", default="30")
    add("risk", "Show the account, its limits and what is left of them.", "looking:risk")
    limits = add("limits", "Show what is left of each limit.", "admin:limits")
    limits.add_argument(
        "words", metavar="WHAT-IF", nargs="*", help="what a trade would meet: BTC 100 25x"
    )
    _answers(limits)
    _signals(add)
    _control(add)
    _keys(add)
    _emergency(add)
    add("doctor", "Say what is missing and how to fix it.", "doctor:doctor")
    replay = add("replay", "Play a file through the price book and count.", "replay:replay")
    replay.add_argument("file", metavar="FILE")
    replay.add_argument("--speed", metavar="X", default="1", help="scale the recorded times")
    replay.add_argument(
        "--expect", metavar="SHA256", help="checksum of an earlier run; exit 9 when it differs"
    )
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read a command line.

    Raises `CliError` 2.
    """
    parser = build()
    args = parser.parse_args(argv)
    for name, value in vars(args).items():
        # argparse takes `--leverage=--` for an empty list instead of a text.
        if isinstance(value, list) and name not in ("symbols", "words"):
            parser.error(f"--{name} needs a value")
    return args


def _trades(add: Any) -> None:
    trade = add("trade", "Open and close positions.", "trading:open_trade")
    kinds = trade.add_subparsers(metavar="open|close", required=True, parser_class=Parser)
    opened = add("open", "Open a position.", "trading:open_trade", kinds)
    opened.add_argument("market", metavar="MARKET")
    opened.add_argument("side", metavar="long|short")
    opened.add_argument("--collateral", metavar="USDC", required=True)
    opened.add_argument("--leverage", metavar="N", required=True)
    opened.add_argument("--tp", metavar="PRICE", help="take profit")
    opened.add_argument("--sl", metavar="PRICE", help="stop loss")
    opened.add_argument("--slippage", metavar="PERCENT", help="bound, e.g. 0.5%% (default 1%%)")
    opened.add_argument("--dry-run", action="store_true", help="print the plan and send nothing")
    opened.add_argument("--idempotency-key", metavar="KEY", help="the same key makes one order")
    closed = add("close", "Close a position or a share of it.", "trading:close_trade", kinds)
    closed.add_argument("id", metavar="ID")
    closed.add_argument("--portion", metavar="PERCENT", help="share to close (default 100%%)")
    closed.add_argument("--slippage", metavar="PERCENT")
    closed.add_argument("--idempotency-key", metavar="KEY")


def _emergency(add: Any) -> None:
    stop = add(
        "emergency-stop",
        "Stop new trades by a file in the home; works with nothing else running.",
        "emergency:stop",
    )
    stop.add_argument("--all", action="store_true", help="everything: closing is blocked too")
    stop.add_argument("--reason", metavar="TEXT", help="what people are told")
    resume = add(
        "emergency-resume",
        "Remove that file, and lift a running instance's stop; the mode is DRY then.",
        "emergency:resume",
    )
    _answers(resume)


def _control(add: Any) -> None:
    admin = add(
        "admin",
        "Run a command of people and operators, as in the chat; without one list them all. It acts "
        "for the owner, or for --user ID. A PIN or code is asked at the terminal or read from "
        "stdin, never from the command line.",
        "admin:admin",
    )
    admin.add_argument("words", metavar="COMMAND", nargs="*", help="such as: users, block 7 spam")
    _answers(admin)
    audit = add(
        "audit",
        "Show who did what, newest first: the last N acts, those of `user ID`, or of an action. "
        "`audit verify` computes the chain of the log anew, straight from the database; exit 1 "
        "when it does not hold. Keep the printed head elsewhere: whoever may write files of the "
        "database can rewrite the whole chain, but not what you have noted.",
        "audit:audit",
    )
    audit.add_argument("words", metavar="verify | N | user ID | ACTION", nargs="*")
    audit.add_argument(
        "--expect", metavar="SEQ:HASH", help="a head noted earlier, which must still be in it"
    )
    _answers(audit)

    _security(add)


def _security(add: Any) -> None:
    text = (
        "PIN and codes of the owner, or of --user ID: they open what can cost money. They are "
        "asked at the terminal or read from stdin, never from the command line."
    )
    security = add("security", text, "security:status")
    _answers(security)
    kinds = security.add_subparsers(metavar="pin|totp|lock", parser_class=Parser)
    pin = add("pin", "Set a PIN; changing it needs the one that is set.", "security:pin", kinds)
    pin.add_argument(
        "--pin-stdin",
        action="store_true",
        help="read the new PIN from stdin, and from a second line the PIN that is set",
    )
    totp = add("totp", "Set up codes of an authenticator.", "security:totp", kinds)
    totp.add_argument(
        "--code-stdin", action="store_true", help="read a code of the shown secret from stdin"
    )
    lock = add("lock", "End a proof now.", "security:lock", kinds)
    for command in (pin, totp, lock):
        command.set_defaults(yes=False, word=None, token=None)


def _answers(command: argparse.ArgumentParser) -> None:
    command.add_argument("--yes", action="store_true", help="confirm without being asked")
    command.add_argument("--word", metavar="WORD", help="the word a command asks for, such as LIVE")
    command.add_argument("--token", metavar="TOKEN", help="of an earlier answer, to go on with it")
    stdin = command.add_mutually_exclusive_group()
    stdin.add_argument("--pin-stdin", action="store_true", help="read the PIN from stdin")
    stdin.add_argument("--code-stdin", action="store_true", help="read a one-time code from stdin")


def _signals(add: Any) -> None:
    signal = add("signal", "Send a signed signal, or ask after one.", "signals:send")
    kinds = signal.add_subparsers(metavar="send|show", required=True, parser_class=Parser)
    send = add(
        "send",
        "Sign and send a signal. The secret comes from VANTA_PROVIDER_SECRET, from stdin with "
        "--secret-stdin, or from a running demo; never from the command line.",
        "signals:send",
        kinds,
    )
    send.add_argument("--action", metavar="ACTION", default="open")
    send.add_argument("--market", metavar="MARKET")
    send.add_argument("--side", metavar="long|short")
    send.add_argument("--leverage", metavar="N")
    send.add_argument("--collateral", metavar="USDC")
    send.add_argument("--portion", metavar="PERCENT", help="share of a reduce")
    send.add_argument("--tp", metavar="PRICE")
    send.add_argument("--sl", metavar="PRICE")
    send.add_argument("--id", metavar="ID", help="webhook id; the same id makes one signal")
    send.add_argument("--key-id", metavar="KEY")
    send.add_argument("--secret-stdin", action="store_true", help="read whsec_… from stdin")
    show = add("show", "Show what became of a signal.", "signals:show", kinds)
    show.add_argument("id", metavar="ID")
    show.add_argument("--provider", metavar="ID", help="number of the provider (demo: its own)")


def _keys(add: Any) -> None:
    key = add("key", "Make, change and check the master key.", "keys:verify")
    kinds = key.add_subparsers(metavar="new|rotate|verify", required=True, parser_class=Parser)
    new = add("new", "Make a master key: on stdout, or into a new file.", "keys:new", kinds)
    new.add_argument("--out", metavar="FILE", help="write it there, mode 0600; never overwrites")
    add("rotate", "Move all rows to a new key, beside a running Vanta.", "keys:rotate", kinds)
    add("verify", "Open every sealed row and count them per key.", "keys:verify", kinds)
