"""`vanta admin …`: every command of people and operators, as in the chat.

The running instance knows the commands; this side only asks what is missing: a yes, a word, a PIN.
What is typed here goes into the body of one request and nowhere else.
"""

import getpass
import sys
from collections.abc import Sequence
from typing import Any, Final

from vanta.cli.client import Client, failure
from vanta.cli.context import Context
from vanta.cli.exits import CliError, Exit
from vanta.cli.output import Output
from vanta.domain.errors import InputError

MAX_ROUNDS: Final = 5  # a proof, a yes or a word, and what their asking may turn up
MAX_SECRET: Final = 200
_EXITS: Final = {"E-SYM": Exit.NOT_FOUND, "E-UNKNOWN": Exit.UNKNOWN}
_RULES: Final = {"NOT_FOUND": Exit.NOT_FOUND, "ARGUMENT": Exit.USAGE}


def admin(context: Context) -> int:
    """Run a command, or list them all."""
    words: list[str] = context.args.words
    if not words:
        return _listing(context)
    return run(context, words[0], words[1:])


def limits(context: Context) -> int:
    """Show what is left of each limit, or what a trade would meet."""
    return run(context, "limits", context.args.words)


def run(context: Context, name: str, words: Sequence[str]) -> int:
    """Run one command to its end, asking for what it asks for.

    Raises `CliError`: 5 for a refusal or for what could not be given, 2 for words that were not
    understood, 3 for what is not there.
    """
    for word in (name, *words):
        if "\0" in word or any("\ud800" <= c <= "\udfff" for c in word):
            raise InputError("E-ARG", field="word", value=ascii(word), limit="text in UTF-8")
    client = context.client()
    answers = Answers(context, client)
    token: str = context.args.token or ""
    word = (context.args.word or "") if token else ""
    body: dict[str, Any] = {"args": list(words), "token": token, "word": word}
    reply: dict[str, Any] = {}
    for _ in range(MAX_ROUNDS):
        reply = ask(client, name, body)
        if reply["need"] == "nothing" or not answers.give(reply, body):
            break
    if not reply["done"]:
        raise _refusal(reply)
    show(context.output, reply)
    return Exit.OK


def ask(client: Client, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a command once; return the reply, whatever it says.

    Raises `CliError` when there was none.
    """
    if not name.isascii() or not name.replace("_", "a").isalnum():
        raise InputError("E-ARG", field="command", value=name, limit="a name such as users")
    return _sent(client, f"/api/v1/commands/{name}", body)


def reply_of(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a body and return the reply that it is done. Raises `CliError` for every other."""
    reply = _sent(client, path, body)
    if not reply["done"]:
        raise _refusal(reply)
    return reply


def _sent(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    status, reply = client.send("POST", path, body)
    if "need" not in reply:
        raise failure(status, reply)
    return reply


class Answers:
    """What a command may ask for, from the flags or from the person at the terminal."""

    def __init__(self, context: Context, client: Client) -> None:
        self._args = context.args
        self._output = context.output
        self._client = client
        self._may_ask = sys.stdin.isatty() and not context.output.as_json
        self._proved = False

    def give(self, reply: dict[str, Any], body: dict[str, Any]) -> bool:
        """Put what is missing into the next request; False when it cannot be given."""
        match reply["need"]:
            case "confirm":
                return self._confirm(reply, body)
            case "word":
                return self._word(reply, body)
            case "step_up":
                return self._step_up(reply)
        return False

    def _confirm(self, reply: dict[str, Any], body: dict[str, Any]) -> bool:
        is_yes = self._args.yes
        if not is_yes and self._may_ask:
            _tell(self._output, reply)
            is_yes = _prompt("Go on? [y/N] ").strip().lower() in ("y", "yes")
        body["token"] = reply["token"]
        return bool(is_yes)

    def _word(self, reply: dict[str, Any], body: dict[str, Any]) -> bool:
        word = self._args.word
        if word is None and self._may_ask:
            _tell(self._output, reply)
            word = _prompt(f"Type {reply['word']} to go on: ").strip()
        elif body["word"]:
            return False  # it was sent and is not the one
        body["token"], body["word"] = reply["token"], word or ""
        return bool(word)

    def _step_up(self, reply: dict[str, Any]) -> bool:
        if self._proved:
            return False
        proof = self._proof(reply)
        if proof is None:
            return False
        reply_of(self._client, "/api/v1/step-up", proof)
        self._proved = True
        return True

    def _proof(self, reply: dict[str, Any]) -> dict[str, str] | None:
        if self._args.pin_stdin:
            return {"pin": line_of_stdin("PIN")}
        if self._args.code_stdin:
            return {"code": line_of_stdin("code")}
        if not self._may_ask:
            return None
        _tell(self._output, reply)
        if pin := hidden("PIN (empty: a code instead): "):
            return {"pin": pin}
        code = hidden("Code: ").replace(" ", "")
        return {"code": code} if code else None


def line_of_stdin(what: str) -> str:
    """Read a secret from stdin. Raises `CliError` 4 when there is none."""
    text = sys.stdin.readline(MAX_SECRET).rstrip("\r\n")
    if not text:
        raise CliError(Exit.CONFIG, "E-CONFIG", f"There was no {what} on stdin.")
    return text


def hidden(prompt: str) -> str:
    """Ask without showing what is typed."""
    try:
        return getpass.getpass(prompt, stream=sys.stderr)
    except EOFError:
        return ""


def _prompt(text: str) -> str:
    sys.stderr.write(text)
    sys.stderr.flush()
    return sys.stdin.readline(MAX_SECRET)


def show(out: Output, reply: dict[str, Any]) -> None:
    """Write a reply: JSON whole, else its words and tables."""
    if out.as_json:
        out.document(reply)
        return
    out.line(reply["title"], "bold")
    for line in reply["lines"]:
        out.line(line)
    for table in reply["tables"]:
        out.line()
        headers = [name.upper() for name in table["columns"]]
        out.table(headers, table["rows"], left=_words(table["rows"], len(headers)))


def _words(rows: Sequence[Sequence[str]], columns: int) -> int:
    """Count the columns before those that hold only numbers, which lean right."""
    first = columns
    while first > 1 and all(row[first - 1][:1] in "0123456789$+-" for row in rows):
        first -= 1
    return first


def _tell(out: Output, reply: dict[str, Any]) -> None:
    # Before a question: not data, so not on stdout.
    for line in (reply["title"], *reply["lines"]):
        out.say(line)


def _refusal(reply: dict[str, Any]) -> CliError:
    """Turn a reply that is no yes into the error of this command."""
    reasons = reply["reasons"]
    if not reasons:
        text = "\n".join((reply["title"], *reply["lines"]))
        hint = _what_is_missing(reply)
        return CliError(Exit.REFUSED, "E-CONFIRM", text, hint=hint, document=reply)
    first = reasons[0]
    exit_code = _EXITS.get(first["code"]) or _RULES.get(first["rule"], Exit.REFUSED)
    texts = [reason["text"] for reason in reasons]
    if len(texts) > 1:
        texts = [f"{number}. {text}" for number, text in enumerate(texts, start=1)]
    hint = _what_is_missing(reply)
    return CliError(exit_code, first["code"], "\n".join(texts), hint=hint, document=reply)


def _what_is_missing(reply: dict[str, Any]) -> str:
    match reply["need"]:
        case "confirm":
            return "At a terminal you are asked; elsewhere pass --yes."
        case "word":
            return f"At a terminal you are asked; elsewhere pass --word {reply['word']}."
        case "step_up":
            return "At a terminal you are asked; elsewhere pass --pin-stdin or --code-stdin."
        case "second_person":
            return "The other person says: vanta admin agree ID"
    return ""


def _listing(context: Context) -> int:
    out = context.output
    found = context.client().get("/api/v1/commands")
    if out.as_json:
        out.document(found)
        return Exit.OK
    out.say(f"Commands of #{found['user_id']} ({found['role']}). Another person: --user ID.")
    rows = [
        (f"{c['name']} {c['usage']}".strip(), c["summary"], c["group"]) for c in found["commands"]
    ]
    out.table(("COMMAND", "WHAT IT DOES", "GROUP"), rows, left=3)
    return Exit.OK
