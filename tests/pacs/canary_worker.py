"""`accords work` in which every secret that is generated is the canary: what is looked for everywhere afterwards.

Run by the test of the canary as a process of its own: python canary_worker.py CANARY
"""

from __future__ import annotations

import sys

from broker.settings import load
from broker.worker import run

if __name__ == "__main__":
    run(load(), secret=lambda: sys.argv[1])
