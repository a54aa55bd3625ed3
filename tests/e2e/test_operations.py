"""What an operator sees: health, metrics, one instance a home, a clean end."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.instance import Instance


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.status, response.read().decode()


def test_health_status_and_metrics(demo: Instance) -> None:
    base = demo.ready["http_url"]
    assert get(demo.ready["health_url"])[0] == 200
    status, body = get(f"{base}/readyz")
    assert status == 200, body
    families = {
        line.split()[2]
        for line in get(f"{base}/metrics")[1].splitlines()
        if line.startswith("# TYPE vanta_")
    }
    assert len(families) >= 10
    assert json.loads(get(f"{base}/status")[1])["mode"] == "DRY"


def test_the_ready_file_has_what_scripts_need(demo: Instance) -> None:
    assert set(demo.ready) == {
        "chat_url",
        "http_url",
        "signals_url",
        "health_url",
        "provider_key_id",
        "provider_secret",
        "trader_id",
        "pid",
    }
    assert demo.ready["provider_secret"].startswith("whsec_")
    assert demo.process is not None
    assert demo.ready["pid"] == demo.process.pid
    assert "token" not in demo.ready


def test_one_instance_a_home(demo: Instance) -> None:
    second = demo.cli("demo", "--port", "0")
    assert second.returncode == 4
    assert "in use" in second.stderr


def test_sigterm_ends_cleanly_and_the_cli_says_so(start: Callable[..., Instance]) -> None:
    instance = start("--seed", "7")
    assert instance.stop() == 0
    gone = instance.cli("status")
    assert gone.returncode == 6
    assert "make run" in gone.stderr


def test_without_network_it_says_so_and_refuses_opens(start: Callable[..., Instance]) -> None:
    instance = start(
        command="run",
        VANTA_PRICE_SOURCES="chainlink",
        VANTA_RPC_URLS="http://127.0.0.1:1",
        ADMIN_USER_IDS="5",
        VANTA_TELEGRAM_TOKEN="123456:" + "A" * 35,
    )
    assert "no usable price yet" in instance.log_path.read_text()
    with pytest.raises(urllib.error.HTTPError) as failing:
        get(f"{instance.ready['http_url']}/readyz")
    assert failing.value.code == 503
    assert json.loads(failing.value.read())["failing"] == ["price_feeds", "chain", "telegram"]
    refused = instance.cli("trade", "open", "BTC", "long", "--collateral", "100", "--leverage", "5")
    assert refused.returncode == 5
    assert "E-STALE" in refused.stderr
    assert instance.process is not None
    instance.process.send_signal(signal.SIGINT)
    assert instance.wait_dead() == 0


def test_a_demo_admits_the_people_of_a_real_bot(start: Callable[..., Instance]) -> None:
    """Under a real token nobody is the chat page's trader."""
    instance = start(ADMIN_USER_IDS="4242")
    assert instance.cli_json("risk")["user_id"] == instance.ready["trader_id"]
    operator = instance.cli_json("risk", "--user", "2")
    assert (operator["role"], operator["account"]["cash"]) == ("admin", "10000")


@pytest.mark.parametrize(
    ("arguments", "environ", "named"),
    [
        (["demo"], {"ENVIRONMENT": "production"}, "ENVIRONMENT=production"),
        (["run"], {"ENVIRONMENT": "production"}, "VANTA_POSTGRES_DSN"),
        (["demo"], {"VANTA_PORT": "http"}, "VANTA_PORT"),
        (["demo"], {"DEFAULT_EXECUTION_MODE": "LIVE"}, "DEFAULT_EXECUTION_MODE"),
    ],
)
def test_a_wrong_setting_refuses_to_start(
    arguments: list[str], environ: dict[str, str], named: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vanta.cli", *arguments],
        env={**os.environ, "VANTA_HOME": str(tmp_path / "home"), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_the_audit_log_of_a_running_demo_is_checked_from_outside(demo: Instance) -> None:
    found = demo.cli_json("audit", "verify")
    assert found["ok"]
    assert demo.cli("audit", "verify", "--expect", found["head"]).returncode == 0
