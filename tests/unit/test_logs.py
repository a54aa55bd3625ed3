"""Logs: one event, one line; JSON for machines; the trace id on every line."""

import logging

import orjson
import pytest

from vanta import logs


@pytest.fixture(autouse=True)
def restore_root():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_line_carries_event_fields_and_trace(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True, level="info")
    with logs.bind_trace("abc123"):
        logs.get("vanta.test").info("order.filled", order_id=7)
    line = orjson.loads(capsys.readouterr().err)
    assert line["event"] == "order.filled"
    assert line["order_id"] == 7
    assert line["trace_id"] == "abc123"
    assert line["level"] == "info"


def test_foreign_text_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=False, level="info")
    logs.get("vanta.test").info("door.refused", value="x\n00:00:00 erro fake.event")
    assert capsys.readouterr().err.count("\n") == 1


def test_trace_ends_with_its_block(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True, level="info")
    with logs.bind_trace("one"):
        pass
    logs.get("vanta.test").info("later")
    assert "trace_id" not in orjson.loads(capsys.readouterr().err)
