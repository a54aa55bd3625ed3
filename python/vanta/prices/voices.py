"""How each invented source hears the hidden market: lag, noise, silences and lies."""

from typing import Final

import msgspec

from vanta.prices.walk import E10, mix, normal

STEP_NS: Final = 50_000_000
MINUTE_STEPS: Final = 1200
BLOCK_STEPS: Final = 400  # a silence or a lie is drawn once per block of 20 s
PPM: Final = 1_000_000


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """One source as a character. Probabilities are per block of 20 s, in millionths."""

    name: str
    period_steps: int
    lag_steps: int  # how old the price is that it tells
    latency_ns: int  # how long its message travels
    noise_e10: int  # sigma of its relative error
    conf_e10: int = 0  # relative half-spread it claims; 0 = claims none
    silent_ppm: int = 0
    spike_ppm: int = 0
    bias_ppm: int = 0
    primary: bool = False


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """An on-chain feed: speaks when the price leaves a cell of `deviation_e10`, or at heartbeat."""

    name: str
    block_steps: int
    heartbeat_blocks: int
    deviation_e10: int
    latency_ns: int


VOICES: Final = (
    Voice(
        name="sim:oracle",
        period_steps=8,
        lag_steps=1,
        latency_ns=40_000_000,
        noise_e10=300_000,
        conf_e10=2_000_000,
        silent_ppm=4_000,
        spike_ppm=2_000,
        primary=True,
    ),
    Voice(
        name="sim:oracle-b",
        period_steps=10,
        lag_steps=3,
        latency_ns=120_000_000,
        noise_e10=600_000,
        conf_e10=4_000_000,
        silent_ppm=20_000,
        spike_ppm=20_000,
        bias_ppm=8_000,
    ),
    Voice(
        name="sim:alpha",
        period_steps=4,
        lag_steps=0,
        latency_ns=25_000_000,
        noise_e10=500_000,
        conf_e10=500_000,
        silent_ppm=15_000,
        spike_ppm=15_000,
        bias_ppm=5_000,
    ),
    Voice(
        name="sim:beta",
        period_steps=6,
        lag_steps=1,
        latency_ns=60_000_000,
        noise_e10=800_000,
        conf_e10=800_000,
        silent_ppm=30_000,
        spike_ppm=30_000,
        bias_ppm=15_000,
    ),
    Voice(
        name="sim:gamma",
        period_steps=14,
        lag_steps=6,
        latency_ns=180_000_000,
        noise_e10=1_500_000,
        silent_ppm=60_000,
        spike_ppm=40_000,
        bias_ppm=30_000,
    ),
)
PUSH: Final = Push(
    name="sim:chain",
    block_steps=40,
    heartbeat_blocks=30,
    deviation_e10=20_000_000,
    latency_ns=300_000_000,
)


def speaks(voice: Voice, seed: int, step: int) -> bool:
    """Tell whether the voice says anything at `step` (its period, its phase, its silences)."""
    if (step + seed) % voice.period_steps:
        return False
    block, at = divmod(step, BLOCK_STEPS)
    h = mix(seed, 1, block)
    return h % PPM >= voice.silent_ppm or at >= 60 + (h >> 32) % (BLOCK_STEPS - 60)


def heard(voice: Voice, seed: int, step: int, mid_e10: int) -> int:
    """What the voice makes of the true price at `step`, e10; now and then a lie."""
    price = mid_e10 * (E10 + normal(mix(seed, 2, step), voice.noise_e10)) // E10
    block, at = divmod(step, BLOCK_STEPS)
    h = mix(seed, 3, block)
    begin = (h >> 32) % (BLOCK_STEPS - 120)
    if h % PPM < voice.spike_ppm:
        # One tick: a finger that slipped by 5 to 60 %, by a factor of ten, or to nothing.
        if begin <= at < begin + voice.period_steps:
            return _slip(h >> 44, price)
    elif h % PPM < voice.spike_ppm + voice.bias_ppm and begin <= at < begin + 120:
        # Six seconds: a believable lie of 0.8 to 1.8 %, small enough to pass as a move.
        bias = 80_000_000 + (h >> 44 & 0xFFFF) * 100_000_000 // 0xFFFF
        return price * (E10 + (bias if h >> 62 & 1 else -bias)) // E10
    return price


def _slip(h: int, price: int) -> int:
    kind = h & 7
    if kind == 0:
        return price * 10
    if kind == 1:
        return 0
    share = 5 + (h >> 4 & 0xFF) * 55 // 255
    return price * (100 + (share if h >> 3 & 1 else -share)) // 100
