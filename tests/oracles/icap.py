"""The IBAN-like text of an address (ICAP), slowly: base 36 and a remainder of 97."""


def icap(address: bytes) -> str:
    """`XE`, two check digits, and the address in base 36, at least 30 digits."""
    digits, value = "", int.from_bytes(address, "big")
    while value:
        value, digit = divmod(value, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    digits = digits.rjust(30, "0")
    return f"XE{98 - _as_number(digits + 'XE00') % 97:02d}{digits}"


def _as_number(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text))
