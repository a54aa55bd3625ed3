"""The door's numbers in one value, so that tests and settings give them the same way."""

import msgspec

from vanta.domain.policy import CEILING


class DoorLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Defaults are the published ones. A value equal to a limit passes."""

    max_body: int = 16_384
    body_timeout_s: float = 5.0  # a sender that drips bytes is cut off
    clock_window_s: int = 30
    future_s: int = 1  # how far ahead an event time may lie
    entry_max_age_s: int = 5
    exit_max_age_s: int = 600
    rate_per_s: int = 200  # per provider
    burst: int = 1_000
    source_rate_per_s: int = 5_000  # per address, before anything is hashed
    source_burst: int = 20_000
    max_collateral_e6: int = CEILING.max_position_e6  # per follower and signal
    max_leverage_e10: int = CEILING.max_leverage_e10
    linger_s: float = 0.002
    max_batch: int = 512
    max_pending: int = 8_192
    commit_timeout_s: float = 3.0
