"""Fixtures of the engine's integration tests."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.quotes import FakeQuotes


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    """Quotes under the test's control."""
    return FakeQuotes(clock)
