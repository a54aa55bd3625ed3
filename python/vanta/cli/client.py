"""HTTP to the running instance, and how its answers become exit codes."""

import http.client
import json
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from vanta.cli.exits import CliError, Exit
from vanta.cli.instance import Instance
from vanta.domain.errors import NotRunningError

TIMEOUT_S: Final = 15.0  # the server itself waits 5 s for a fill

_EXITS: Final = {
    400: Exit.USAGE,
    401: Exit.CONFIG,
    403: Exit.REFUSED,
    404: Exit.NOT_FOUND,
    409: Exit.REFUSED,
    410: Exit.REFUSED,
    413: Exit.USAGE,
    415: Exit.USAGE,
    422: Exit.USAGE,
    429: Exit.REFUSED,
}
_CODES: Final = {
    "E-SYM": Exit.NOT_FOUND,
    "E-VENUE": Exit.VENUE,
    "E-LAND": Exit.VENUE,
    "E-UNKNOWN": Exit.UNKNOWN,
}


class Client:
    """Calls one instance as its operator."""

    def __init__(self, instance: Instance, *, user: str | None = None) -> None:
        self.instance = instance
        self._user = user

    def get(self, path: str, query: list[tuple[str, str]] | None = None) -> dict[str, Any]:
        """Read; raises `CliError` for every answer but 200."""
        target = path + ("?" + urlencode(query) if query else "")
        status, body = self.call("GET", target, headers=self._headers())
        if status != 200:
            raise failure(status, body)
        return body

    def post(self, path: str, body: dict[str, Any], *, key: str = "") -> dict[str, Any]:
        """Write; raises `CliError` for every answer but 200.

        With a `key`, a lost answer is an unknown outcome that the same key may ask for again.
        """
        status, answer = self.send("POST", path, body, key=key)
        if status != 200:
            raise failure(status, answer, key=key)
        return answer

    def send(
        self, method: str, path: str, body: dict[str, Any], *, key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Send a JSON body as the operator; return status and JSON object. Raises as `call`."""
        headers = self._headers()
        if key:
            headers["Idempotency-Key"] = key
        return self.call(method, path, headers=headers, body=json.dumps(body).encode(), key=key)

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: dict[str, str],
        body: bytes | None = None,
        key: str = "",
    ) -> tuple[int, dict[str, Any]]:
        """Send one request; return status and JSON object.

        Raises `NotRunningError` when nobody listens, `CliError` when the answer was lost.
        """
        where = urlsplit(self.instance.http_url)
        connection = http.client.HTTPConnection(
            where.hostname or "127.0.0.1", where.port, timeout=TIMEOUT_S
        )
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NotRunningError(
                    f"Nothing answers at {self.instance.http_url} ({type(error).__name__}). "
                    "Start one with `make run` or `vanta demo`."
                ) from None
            try:
                connection.request(method, target, body=body, headers=headers)
                response = connection.getresponse()
                raw = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise _lost(error, key) from None
        finally:
            connection.close()
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CliError(
                Exit.UNKNOWN if key else Exit.FAILURE,
                "E-UNKNOWN" if key else "E-FAILED",
                f"{self.instance.http_url} answered {response.status} without JSON.",
                hint=_again(key),
            )
        return response.status, answer

    def _headers(self) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self.instance.token}",
            "Content-Type": "application/json",
            "X-Vanta-Client": "cli",
        }
        if self._user is not None:
            headers["X-Vanta-User"] = self._user
        return headers


def failure(status: int, answer: dict[str, Any], *, key: str = "") -> CliError:
    """Turn an answer that is not a plain yes into the error of this command."""
    told = answer.get("error")
    told = told if isinstance(told, dict) else {}
    code = str(told.get("code", "E-FAILED"))
    text = str(told.get("text", f"The server answered {status}."))
    exit_code = _CODES.get(code) or _EXITS.get(status, Exit.FAILURE)
    hint = ""
    if status == 401:
        text, hint = (
            "The running instance does not know this home's token.",
            "It was probably started with another VANTA_HOME; pass --home.",
        )
    elif key and status >= 500:
        # The request may have been stored before the server failed: never call that a plain no.
        exit_code, hint = Exit.UNKNOWN, _again(key)
    elif exit_code is Exit.UNKNOWN:
        hint = "Look with `vanta orders` and `vanta why ID`."
    return CliError(exit_code, code, text, hint=hint, document=answer)


def _lost(error: Exception, key: str) -> CliError:
    name = type(error).__name__
    if not key:
        return CliError(Exit.FAILURE, "E-FAILED", f"The connection broke ({name}).")
    return CliError(
        Exit.UNKNOWN,
        "E-UNKNOWN",
        f"The connection broke ({name}); not known yet whether this filled.",
        hint=_again(key),
        more={"idempotency_key": key},
    )


def _again(key: str) -> str:
    if not key:
        return ""
    return (
        f"The same command with --idempotency-key {key} never makes a second order and tells "
        "what became of the first."
    )
