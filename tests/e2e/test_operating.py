"""An operator's hands on a whole instance: claim, stop, resume, modes, from shell, API and chat."""

import fcntl
import json
import os
import pty
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from tests.e2e.conftest import Start
from tests.e2e.instance import Instance

PIN = "correct-48291"
OPEN = ("trade", "open", "BTC", "long", "--collateral", "100", "--leverage", "5")
WITHIN_S = 30.0


def claimed(start: Start) -> Instance:
    """Start a demo and make its trader super admin with the owner code, over the chat page."""
    demo = start("--seed", "7")
    code = demo.cli_json("init")["owner_code"]
    said = say(demo, f"/start {code}")
    assert said == 200
    give_up = time.monotonic() + WITHIN_S
    while not demo.cli_json("admin", "users").get("done"):
        assert time.monotonic() < give_up, demo.cli_json("admin", "users")
        time.sleep(0.1)
    assert demo.cli("security", "pin", "--pin-stdin", stdin=f"{PIN}\n").returncode == 0
    return demo


def say(demo: Instance, text: str) -> int:
    """Send a message as the browser does."""
    url = demo.ready["chat_url"]
    body = json.dumps({"text": text, "client_id": "c1"}).encode()
    headers = {"Origin": url.rstrip("/"), "Content-Type": "application/json"}
    with urllib.request.urlopen(  # loopback
        urllib.request.Request(f"{url}api/send", data=body, headers=headers)
    ) as answer:
        status: int = answer.status
        return status


def api(demo: Instance, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """POST as the operator's own program."""
    known = json.loads((demo.home / "instance.json").read_text())
    request = urllib.request.Request(
        known["http_url"] + path,
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {known['token']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def at_a_terminal(
    demo: Instance, arguments: Sequence[str], typed: Sequence[str]
) -> tuple[int, str]:
    """Run the command line at a terminal of its own, typing each answer after a prompt."""
    master, slave = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "vanta.cli", *arguments],
        env={**os.environ, "VANTA_HOME": str(demo.home), "NO_COLOR": "1"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=take_terminal,  # noqa: PLW1509  # two system calls, no lock
    )
    os.close(slave)
    seen, waiting = b"", list(typed)
    try:
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:  # the other end is gone
                break
            if not chunk:
                break
            seen += chunk
            if waiting and chunk.rstrip().endswith((b"]", b":")) and chunk.endswith(b" "):
                os.write(master, waiting.pop(0).encode() + b"\n")
        return process.wait(WITHIN_S), seen.decode()
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_stop_refuses_everywhere_the_same_and_outlives_a_kill(start: Start) -> None:
    demo = claimed(start)
    before = demo.cli_json(*OPEN)
    assert before["order"]["state"] == "FILLED"
    position = before["position"]["id"]
    stopped = demo.cli("admin", "emergency_stop", "a", "drill", "--yes")
    assert stopped.returncode == 0, stopped.stderr

    body = {"market": "BTC", "side": "long", "collateral": "100", "leverage": "5"}
    status, refused = api(demo, "/api/v1/trades", body)
    told = demo.cli_json(*OPEN)
    assert (status, told["exit_code"]) == (409, 5)
    ours = [(r["code"], r["text"]) for r in refused["order"]["verdict"]["reasons"]]
    assert ours == [(r["code"], r["text"]) for r in told["order"]["verdict"]["reasons"]]
    assert "E-STOPPED" in [code for code, _ in ours]
    why = demo.cli_json("why", str(told["order"]["id"]))
    assert [(r["code"], r["text"]) for r in why["order"]["verdict"]["reasons"]] == ours
    assert demo.cli("trade", "close", str(position)).returncode == 0  # the way out stays open

    demo.kill()
    demo.start()
    assert demo.cli(*OPEN).returncode == 5
    assert "E-STOPPED" in demo.cli(*OPEN).stderr

    resumed = demo.cli("admin", "emergency_resume", "--yes", "--pin-stdin", stdin=f"{PIN}\n")
    assert resumed.returncode == 0, resumed.stderr
    mode = demo.cli_json("admin", "execution_mode")
    assert mode["data"]["effective"] == "DRY"
    assert demo.cli(*OPEN).returncode == 0
    assert demo.cli("audit", "verify").returncode == 0


def test_at_a_terminal_and_never_live(start: Start) -> None:
    demo = claimed(start)
    code, seen = at_a_terminal(demo, ["admin", "emergency_stop", "all"], [PIN, "y"])
    assert code == 0, seen
    assert "closing is blocked" in seen
    assert PIN not in seen
    code, seen = at_a_terminal(demo, ["admin", "emergency_resume"], ["n"])
    assert code == 5, seen
    code, seen = at_a_terminal(demo, ["admin", "emergency_resume"], ["y"])
    assert code == 0, seen
    code, seen = at_a_terminal(demo, ["admin", "execution_mode", "LIVE"], ["LIVE"])
    assert code == 5, seen
    assert "people who asked for LIVE" in seen or "Nobody has asked for LIVE" in seen
    assert "only simulates" in seen
    assert demo.cli("admin", "execution_mode", "DRY").returncode == 0
    assert PIN not in demo.log_path.read_text(errors="replace")
