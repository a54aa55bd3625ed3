"""One hidden price path per market: a pure function of seed and step, with random access.

The path is a random walk built by midpoint displacement: over each interval of 2**k steps the
middle is moved by a hashed normal draw whose size grows with the square root of the interval.
Asking for step 10,000,000 costs the same as asking for step 1, so a restart continues where the
market would be without replaying it. Integers only: the same seed gives the same market on every
machine.
"""

from math import isqrt
from typing import Final

E10: Final = 10**10
_MASK: Final = 2**64 - 1
LEVELS: Final = 20  # the widest interval; beyond it the path wanders around its start for ever
_SHOCK_BLOCK: Final = 1200
_SHOCK_LIFE: Final = 3 * _SHOCK_BLOCK


def mix(seed: int, *parts: int) -> int:
    """Hash integers to 64 well-spread bits (the finaliser of splitmix64, once a part)."""
    h = seed & _MASK
    for part in parts:
        h = (h + 0x9E3779B97F4A7C15 + (part & _MASK)) & _MASK
        h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & _MASK
        h ^= h >> 31
    return h


def normal(h: int, sigma: int) -> int:
    """Turn 64 hashed bits into a nearly normal draw: four uniforms, summed; within 3.5 sigma."""
    total = (h & 0xFFFF) + (h >> 16 & 0xFFFF) + (h >> 32 & 0xFFFF) + (h >> 48)
    return sigma * (total - 131_070) // 37_837


class Walk:
    """The hidden path of one market.

    `sigma_e10` is the standard deviation of the relative move over `minute_steps` steps.
    """

    def __init__(self, seed: int, *, start_e10: int, sigma_e10: int, minute_steps: int) -> None:
        self._seed = seed
        self._start = start_e10
        # Sigma of one step, kept 2**20 times too large so that integer rounding does not eat it.
        self._sigma = (sigma_e10 << 30) // isqrt(minute_steps << 20)
        self._shock = sigma_e10 * 2
        self._knots: list[tuple[int, int]] = [(-1, 0)] * (LEVELS + 1)
        self._blocks: dict[int, tuple[int, int]] = {}

    def mid(self, step: int) -> int:
        """Price e10 at `step` >= 0."""
        x = self.offset_e10(step)
        # The first terms of exp(x): a fall and the rise that undoes it have the same size in logs.
        return self._start * (E10 + x + x * x // (2 * E10)) // E10

    def offset_e10(self, step: int) -> int:
        """Log price relative to the start, e10."""
        top = 1 << LEVELS
        cell, rest = divmod(step, top)
        left, right = self._top(cell), self._top(cell + 1)
        total = left + (right - left) * rest // top
        for level in range(1, LEVELS + 1):
            width = 1 << level
            i = step >> level
            at = step & (width - 1)
            knot = self._knots[level]
            if knot[0] != i:
                size = self._sigma * isqrt(width << 20) >> 11
                knot = self._knots[level] = (i, normal(mix(self._seed, level, i), size))
            hat = min(at, width - at)
            total += knot[1] * hat >> (level - 1)
        return (total >> 20) + self._shocks(step)

    def _top(self, i: int) -> int:
        return normal(mix(self._seed, 0, i), self._sigma << (LEVELS // 2)) // 2

    def _shocks(self, step: int) -> int:
        # News: about every fourth minute the price jumps within one step, then the jump fades.
        total = 0
        block = step // _SHOCK_BLOCK
        for b in range(max(0, block - 3), block + 1):
            known = self._blocks.get(b)
            if known is None:
                known = self._blocks[b] = self._draw_shock(b)
                self._blocks.pop(b - 8, None)
            since = step - known[0]
            if 0 <= since < _SHOCK_LIFE:
                total += known[1] * (_SHOCK_LIFE - since) // _SHOCK_LIFE
        return total

    def _draw_shock(self, block: int) -> tuple[int, int]:
        h = mix(self._seed, 99, block)
        if h & 3:
            return (0, 0)
        size = self._shock // 2 + self._shock * (h >> 8 & 0xFF) // 512
        at = block * _SHOCK_BLOCK + (h >> 32) % _SHOCK_BLOCK
        return (at, size if h >> 4 & 1 else -size)
