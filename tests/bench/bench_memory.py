"""Memory of all rows, the agents' door and a worker, idle: proportional set size of all processes together."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from installation import installation

SETTLES = 10.0
"""Seconds until start-up's garbage is gone and every periodic pass has run once."""


def main() -> None:
    with installation({"fake": {"driver": "fake"}}) as running:
        time.sleep(SETTLES)
        megabytes = sum(map(proportional, running.tree())) / 1024
    figure = {"name": "all rows, the door and a worker, idle", "value": megabytes, "unit": "MB (PSS)"}
    print(json.dumps({**figure, "goal": "<= 150", "anchor": "IM 108 MB in one process"}))


def proportional(pid: int) -> int:
    """KiB."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
