"""What the command line costs: a whole process, CPU of all that it starts."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ACCORDS = Path(sys.executable).parent / "accords"
RUNS = 7


def cpu(*words: str) -> float:
    """Median seconds of CPU of one `accords` process."""
    spent = []
    for _ in range(RUNS + 1):  # the first warms the caches
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(ACCORDS), *words], stdout=subprocess.DEVNULL, check=True, env=os.environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent[1:])


def bare() -> float:
    """The same for a Python that does nothing: the anchor of this run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(RUNS):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / RUNS


def main() -> None:
    example = Path(__file__).parents[2] / "examples" / "pacs.xml"
    figures = (
        ("accords version, whole process", cpu("version"), "<= 0.2", "Terraform 0.06, xOpera 0.4, SkyPilot 2.3"),
        ("accords validate examples/pacs.xml", cpu("validate", str(example)), "<= 0.3", "Terraform validate 0.05"),
        ("python -c pass, beside them", bare(), "", ""),
    )
    for name, value, goal, anchor in figures:
        print(json.dumps({"name": name, "value": value, "unit": "s CPU", "goal": goal, "anchor": anchor}))


if __name__ == "__main__":
    main()
