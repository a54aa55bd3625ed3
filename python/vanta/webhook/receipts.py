"""Receipts and what became of a signal, for its provider and for the operator."""

from typing import Any

from vanta.webhook.commit import Committed


def receipt(signal_id: str, committed: Committed) -> dict[str, Any]:
    return {}


class Receipts:
    async def describe(self, provider_id: int, signal_id: str) -> dict[str, Any] | None:
        return None
