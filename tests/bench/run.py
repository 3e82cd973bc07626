"""`make bench`: every figure beside its goal and its anchor.

Each bench_*.py prints JSON lines {"name", "value", "unit", "goal", "anchor"}; they run one after the other, so that
none disturbs another, and prints a table. Machines are noisy: ratios and CPU time are what to trust.

    python tests/bench/run.py [NAME …]      only these: cli, demo, deploy, http, manifests, memory, walk, workers
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COLUMNS = ("name", "value", "unit", "goal", "anchor")


def main(names: Sequence[str]) -> int:
    """0 when every benchmark ran; a figure that misses its goal is shown, not hidden, and fails nothing."""
    failed = []
    rows: list[dict[str, Any]] = []
    for script in sorted(HERE.glob("bench_*.py")):
        name = script.stem.removeprefix("bench_")
        if names and name not in names:
            continue
        ran = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=False)
        rows += [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        if ran.returncode:
            failed.append(name)
    sys.stdout.write("\n".join(table(rows)) + "\n")
    if failed:
        sys.stderr.write(f"did not run to their end: {', '.join(failed)}\n")
    return 1 if failed else 0


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The figures as aligned text."""
    cells = [COLUMNS, *(tuple(_cell(row.get(column)) for column in COLUMNS) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value if value is not None else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
