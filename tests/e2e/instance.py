"""Starts, kills and talks to a whole instance the way an outsider would."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from standardwebhooks import Webhook

from tests.fakes.envelope import MASTER_KEY
from vanta.sandbox.home import Home

READY_WITHIN_S = 60.0
POLL_S = 0.05


def new_home() -> Path:
    """Make a folder for homes that any user may pass through, as Postgres needs under root."""
    parent = Path(tempfile.mkdtemp(prefix="vanta-test-"))
    parent.chmod(0o711)
    return parent / "home"


@dataclass
class Instance:
    """One `vanta demo` or `vanta run` process on a home of its own."""

    home: Path
    arguments: Sequence[str] = ()
    command: str = "demo"
    environ: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def log_path(self) -> Path:
        return self.home.parent / f"{self.home.name}.log"

    def start(self) -> "Instance":
        """Start and wait until the ready file appears."""
        ready_file = self.home.parent / f"{self.home.name}.ready.json"
        ready_file.unlink(missing_ok=True)
        environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("VANTA_")},
            "VANTA_HOME": str(self.home),
            "VANTA_READY_FILE": str(ready_file),
            "VANTA_PORT": "0",
            "LOG_JSON": "true",
            **({"VANTA_MASTER_KEY": MASTER_KEY} if self.command == "run" else {}),
            **self.environ,
        }
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vanta.cli", self.command, *self.arguments],
                env=environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        give_up = time.monotonic() + READY_WITHIN_S
        while not ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > give_up:
                self.kill()
                tail = self.log_path.read_text(errors="replace")[-4000:]
                raise AssertionError(f"instance did not become ready:\n{tail}")
            time.sleep(POLL_S)
        self.ready = json.loads(ready_file.read_text())
        return self

    def kill(self) -> None:
        """Take it down as a power cut would."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def remove(self) -> None:
        """Kill it and remove what it left."""
        self.kill()
        Home(self.home).remove_sockets()
        shutil.rmtree(self.home.parent, ignore_errors=True)  # its servers may still be ending

    def wait_dead(self) -> int:
        assert self.process is not None
        return self.process.wait(30)

    def cli(
        self, *arguments: str, stdin: str | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line against this instance."""
        return subprocess.run(
            [sys.executable, "-m", "vanta.cli", *arguments],
            env={**os.environ, "VANTA_HOME": str(self.home), "NO_COLOR": "1", **environ},
            capture_output=True,
            text=True,
            input=stdin,
            timeout=60,
            check=False,
        )

    def cli_json(self, *arguments: str) -> Any:
        """Run the command line with --json and return what it printed."""
        done = self.cli("--json", *arguments)
        assert done.stdout, f"exit {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def signed(self, signal_id: str, body: str) -> dict[str, str]:
        """Sign with the public client library, as a provider would."""
        now = datetime.now(UTC)
        return {
            "webhook-id": signal_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.ready["provider_secret"]).sign(signal_id, now, body),
            "vanta-key-id": self.ready["provider_key_id"],
            "content-type": "application/json",
        }

    async def send(
        self, http: aiohttp.ClientSession, signal_id: str, body: dict[str, Any] | str
    ) -> tuple[int, dict[str, Any]]:
        """Post a signed signal; return status and decoded answer."""
        text = body if isinstance(body, str) else json.dumps(body)
        async with http.post(
            self.ready["signals_url"], data=text.encode(), headers=self.signed(signal_id, text)
        ) as response:
            return response.status, await response.json()


def open_signal(**changes: Any) -> dict[str, Any]:
    """Return the body of a small, admissible opening signal."""
    return {
        "action": "open",
        "market": "BTC",
        "side": "long",
        "leverage": "5",
        "collateral": "100",
        **changes,
    }
