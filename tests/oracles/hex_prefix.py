"""Hex-prefix paths of the state trie, in as many lines as the rule has.

Vanta keeps no trie and reads no proof, so nothing of it is checked by these vectors: they are run
against this oracle so that every file that may lie in a vector folder has somebody who reads it.
"""


def hex_prefix(nibbles: list[int], terminated: bool) -> str:
    """Return the path as hex digits: a flag, a 0 to fill an even path up, and the nibbles."""
    odd = len(nibbles) % 2
    flag = 2 * terminated + odd
    return "".join(f"{nibble:x}" for nibble in [flag, *([] if odd else [0]), *nibbles])
