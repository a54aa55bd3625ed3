"""Whole instances to break."""

from tests.e2e.conftest import start

__all__ = ["start"]
