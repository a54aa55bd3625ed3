"""What the documents and the landing page tell a newcomer to type works as it stands there."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.instance import Instance

ROOT = Path(__file__).parents[2]
WITHIN_S = 30


def test_the_signal_example_of_the_operations_guide(demo: Instance, tmp_path: Path) -> None:
    [example] = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL
    )
    (tmp_path / "ready.json").write_text(json.dumps(demo.ready))
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout)
    assert receipt["status"] == "accepted"
    shown = demo.cli_json("signal", "show", receipt["signal_id"])
    assert shown["trace_id"] == receipt["trace_id"]
    lines = [json.loads(line) for line in demo.log_path.read_text().splitlines() if line[:1] == "{"]
    mine = {line["event"] for line in lines if line.get("trace_id") == receipt["trace_id"]}
    assert "signal.accepted" in mine


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"
)
def test_the_curl_example_of_the_landing_page(demo: Instance) -> None:
    with urllib.request.urlopen(f"{demo.ready['http_url']}/", timeout=WITHIN_S) as response:
        page = response.read().decode()
    example = html.unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)[-1])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example],
        env={
            **os.environ,
            "VANTA_PROVIDER_SECRET": demo.ready["provider_secret"],
            "VANTA_PROVIDER_KEY_ID": demo.ready["provider_key_id"],
        },
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "accepted"


def test_every_command_of_the_readme_names_tests_that_are_there() -> None:
    rows = re.findall(
        r"^\| .+ \| `pytest (.+)` \|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert len(rows) >= 15
    for row in rows:
        for path in (word for word in re.split(r"\s*-k ", row)[0].split()):
            assert list(ROOT.glob(path)), f"README names {path}, which is not there"
