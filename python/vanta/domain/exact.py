"""Values as programs read them: exact decimal strings in human units, times as ISO 8601 UTC.

And the why-card, which stands on the same values.
"""

from datetime import UTC, datetime
from typing import Any, Final

from vanta.domain.units import format_scaled
from vanta.domain.verdict import Reason, Verdict

UNITS: Final = {
    "usd_e6": ("usd", 6),
    "price_e10": ("price", 10),
    "ratio_e10": ("ratio", 10),
    "leverage_e10": ("leverage", 10),
    "ns": ("seconds", 9),
    "count": ("count", 0),
}
"""Name and decimals of a scaled number, by its unit."""


def usd(value_e6: int) -> str:
    """Render e6 exactly."""
    return format_scaled(value_e6, decimals=6)


def ratio(value_e10: int) -> str:
    """Render an e10 price, leverage or ratio exactly."""
    return format_scaled(value_e10, decimals=10)


def optional(value_e10: int) -> str | None:
    """Render an e10 value whose 0 means none."""
    return ratio(value_e10) if value_e10 else None


def number(value: int, unit: str) -> str:
    """Render a scaled number of a known unit exactly; one without a unit as it is."""
    return format_scaled(value, decimals=UNITS.get(unit, ("none", 0))[1])


def iso(at_ns: int) -> str | None:
    """Render a Unix time in microseconds; None for 0."""
    if not at_ns:
        return None
    whole, rest = divmod(at_ns, 10**9)
    at = datetime.fromtimestamp(whole, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def reason(found: Reason) -> dict[str, Any]:
    """Render one rule that said no."""
    unit, _ = UNITS.get(found.unit, ("none", 0))
    has_number = found.unit != "none"
    return {
        "code": found.code,
        "rule": found.rule,
        "text": found.text,
        "value": number(found.value, found.unit) if has_number else None,
        "limit": number(found.limit, found.unit) if has_number else None,
        "unit": unit,
        "resets_at": iso(found.resets_at_ns),
    }


def verdict(found: Verdict) -> dict[str, Any]:
    """Render a yes or a no with its reasons, what was made smaller and the nearest yes."""
    nearest = found.nearest_collateral_e6
    return {
        "ok": found.ok,
        "reasons": [reason(r) for r in found.reasons],
        "adjusted": [reason(r) for r in found.adjusted],
        "nearest_collateral": usd(nearest) if nearest else None,
        "card": list(card(found)),
    }


def card(found: Verdict) -> tuple[str, ...]:
    """Word a verdict for people, the same lines wherever an order is explained.

    Under each sentence stand the rule and its numbers as programs read them.
    """
    lines: list[str] = []
    for place, no in enumerate(found.reasons, start=1):
        lines += (f"{place}. {no.text} {no.code}", f"   {facts(no)}")
    for cut in found.adjusted:
        lines += (f"Made smaller: {cut.text} {cut.code}", f"   {facts(cut)}")
    if found.nearest_collateral_e6:
        lines.append(f"Nearest size that passes: {usd(found.nearest_collateral_e6)} USDC")
    return tuple(lines)


def facts(found: Reason) -> str:
    """Say a reason's rule, number, limit and reset in one line."""
    said = reason(found)
    numbers = ""
    if said["value"] is not None:
        numbers = f" {said['value']} of {said['limit']} {said['unit']}"
    resets = f", resets {said['resets_at']}" if said["resets_at"] else ""
    return f"{said['rule']}{numbers}{resets}"
