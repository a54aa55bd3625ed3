"""Decimal units of ethers: text of a unit to wei, and wei to `<unit>_format`."""

from typing import Any

from tests.vectors.files import Family, Row
from vanta.domain.wei import DECIMALS, format_decimals, parse_decimals

SATOSHI = {"satoshi": 8}
"""A unit of another chain that the file uses to ask for eight decimals."""


def rows(content: Any) -> list[Row]:
    listed = content.items() if isinstance(content, dict) else enumerate(content)
    return [(str(row.get("name", name)), row) for name, row in listed]


def check(row: Any) -> None:
    wei = int(row["wei"])
    units = set(row) - {"name", "wei", "comment"}
    assert units, "no unit"
    for field in units:
        unit = field.removesuffix("_format")
        decimals = (DECIMALS | SATOSHI)[unit]
        if field.endswith("_format"):
            assert format_decimals(wei, decimals=decimals) == row[field], field
        else:
            assert parse_decimals(row[field], decimals=decimals) == wei, field


FAMILIES = (Family(r"units?([.\-_].*)?\.json(\.gz)?", rows, check),)
