"""The alert rules: what they read is exported, each says what it means, and promtool agrees."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from vanta.metrics import Metrics
from vanta.store.sealed import SealedBox

FOLDER: Final = Path(__file__).resolve().parents[2] / "docker" / "prometheus"
PROMTOOL: Final = shutil.which("promtool")
METRIC: Final = re.compile(r"\bvanta_[a-z_]+\b")
SELECTED: Final = re.compile(r"\b(vanta_[a-z_]+)\{([^}]*)\}")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def exported() -> dict[str, set[str]]:
    """Return the label names of every sample that our metrics can make."""
    found = {}
    for metric in vars(Metrics()).values():
        if isinstance(metric, MetricWrapperBase):
            [told] = metric.describe()
            suffix = "_total" if told.type == "counter" else ""
            found[told.name + suffix] = set(metric._labelnames)
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_reads_what_is_exported_and_says_what_it_means(rule: dict[str, Any]) -> None:
    known = exported()
    expr = rule["expr"]
    told = [*METRIC.findall(expr)]
    assert set(told) <= set(known), "a metric that nobody exports"
    assert told or re.match(r"up\{|changes\(process_start_time_seconds\{", expr)
    for name, labels in SELECTED.findall(expr):
        asked = set(re.findall(r"(\w+)\s*[=!]", labels))
        assert asked <= known[name], f"a label that {name} has not"
    words = rule["annotations"]
    for label in re.findall(r"\$labels\.(\w+)", f"{words['summary']} {words['description']}"):
        possible = set().union(*(known[name] for name in told)) | {"instance"}
        assert label in possible
    assert words["summary"]
    assert words["description"]
    assert rule["labels"]["severity"] in {"page", "warn"}


def test_every_rule_is_tried_firing_and_quiet() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    tried: dict[str, set[bool]] = {}
    for test in tests:
        for case in test["alert_rule_test"]:
            tried.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    assert tried == {rule["alert"]: {True, False} for rule in rules()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
        ("check", "config", "prometheus.yml"),
    ],
    ids=" ".join,
)
@pytest.mark.skipif(PROMTOOL is None, reason="promtool (of Prometheus) is not on PATH")
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [PROMTOOL or "", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_of_a_counted_failure_is_an_increase() -> None:
    """`increase` of a series that began with its first event is nothing: it must stand at 0."""
    metrics = Metrics()
    SealedBox(metrics)
    told = metrics.render().decode()
    counted = {
        name for rule in rules() for name in re.findall(r"(?:increase|rate)\((\w+)", rule["expr"])
    }
    by_task = {"vanta_task_restarts_total"}  # made with each task, see `Supervisor.add`
    assert counted > by_task
    for name in counted - by_task:
        assert re.search(rf"^{name}(\{{.*\}})? 0\.0$", told, re.MULTILINE), name
