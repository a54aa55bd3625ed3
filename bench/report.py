"""Print what the benches of one run say, as ratios against what a user would pick instead.

    python bench/report.py bench/results/python.json [--check]

`gates.toml` names the rows: which benchmark is ours, which are the peers, what ratio must and what
ratio should be reached, and which wall stands behind (the part of the time nobody can remove). A
benchmark that does `per` operations a call says so in its `extra_info`. With `--check` the exit
code is 1 when a ratio that must be reached is not, or a row has no figure.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

GATES = Path(__file__).resolve().parent / "gates.toml"


def figures(path: Path) -> dict[str, float]:
    """Median nanoseconds per operation, by benchmark (`file.py::name`)."""
    found = {}
    for bench in json.loads(path.read_text())["benchmarks"]:
        name = bench["fullname"].rsplit("/", 1)[-1]
        found[name] = bench["stats"]["median"] * 1e9 / bench["extra_info"].get("per", 1)
    return found


def figure(found: dict[str, float], pattern: str) -> float | None:
    """Look the one figure up that the pattern names; `[` and `]` stand for themselves."""
    literal = pattern.replace("[", "[[]")
    hits = [value for name, value in found.items() if fnmatchcase(name, literal)]
    if len(hits) > 1:
        raise SystemExit(f"{GATES.name}: {pattern} names {len(hits)} benchmarks, must be one")
    return hits[0] if hits else None


def human(ns: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def lines(row: dict[str, Any], found: dict[str, float]) -> Iterator[tuple[str, bool]]:
    """Yield a row's lines, each with whether it holds what must hold."""
    ours = figure(found, row["ours"])
    shown = human(ours) if ours is not None else "not measured"
    yield f"{row['operation']}: {shown} (wall: {row['wall']})", ours is not None
    for peer in row["peers"]:
        theirs = figure(found, peer["bench"])
        if ours is None or theirs is None:
            yield f"    {peer['name']}: not measured", False
            continue
        ratio = theirs / ours
        must, aim = peer["must"], peer.get("aim")
        verdict = "aim reached" if aim and ratio >= aim else "reached" if ratio >= must else "BELOW"
        wanted = f"must {must:g}x" + (f", aim {aim:g}x" if aim else "")
        yield (
            f"    {peer['name']}: {human(theirs)} = {ratio:,.1f}x ({wanted}): {verdict}",
            (ratio >= must),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.results)
    held = True
    for row in tomllib.loads(GATES.read_text())["row"]:
        for text, holds in lines(row, found):
            print(text)
            held = held and holds
    return 0 if held or not asked.check else 1


if __name__ == "__main__":
    sys.exit(main())
