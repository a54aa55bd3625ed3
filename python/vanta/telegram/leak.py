"""Recognise a message that looks like a private key or a seed phrase. Pure.

Better one message too many deleted than one key kept: nobody writes twelve bare lower-case words to
a trading bot by accident.
"""

import re
from typing import Final

_HEX_KEY: Final = re.compile(r"(?<![0-9a-fA-F])(?:0x)?[0-9a-fA-F]{64}(?![0-9a-fA-F])", re.ASCII)
_BASE58: Final = r"[1-9A-HJ-NP-Za-km-z]"
# Solana keypairs (64 bytes), extended private keys, and wallet import format.
_BASE58_KEY: Final = re.compile(
    rf"(?<!{_BASE58})(?:{_BASE58}{{86,88}}|[xyz]prv{_BASE58}{{107}}|[5KL]{_BASE58}{{50,51}})"
    rf"(?!{_BASE58})",
    re.ASCII,
)
_BYTES_KEY: Final = re.compile(r"\[\s*(?:[0-9]{1,3}\s*,\s*){31,63}[0-9]{1,3}\s*\]", re.ASCII)
_PHRASE_LENGTHS: Final = (24, 21, 18, 15, 12)
_NUMBERING: Final = re.compile(r"\b[0-9]{1,2}[.):]?\s+", re.ASCII)
_PIN: Final = re.compile(r"\s*[0-9]{4,12}\s*", re.ASCII)
_PHRASE_WORD: Final = re.compile(r"[a-z]{3,8}", re.ASCII)


def looks_secret(text: str) -> bool:
    """Tell whether `text` holds something shaped like a key or a seed phrase."""
    if _HEX_KEY.search(text) or _BASE58_KEY.search(text) or _BYTES_KEY.search(text):
        return True
    bare = _NUMBERING.sub(" ", text.lower()).replace(",", " ").split()
    run = longest = 0
    for word in bare:
        run = run + 1 if _PHRASE_WORD.fullmatch(word) else 0
        longest = max(longest, run)
    # A phrase is nearly all of its message; a sentence has short words and stops in it.
    return longest >= min(_PHRASE_LENGTHS) and longest >= len(bare) - 4


def looks_pin(text: str) -> bool:
    """Tell whether `text` is 4 to 12 digits and nothing else."""
    return _PIN.fullmatch(text) is not None
