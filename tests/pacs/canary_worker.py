"""`accords work` in which every secret that is generated is the canary: what is looked for everywhere afterwards.

Run as a process of its own by the test of the canary, which has to know it and to be shown by nothing.
"""

from __future__ import annotations

from broker.settings import load
from broker.worker import run

CANARY = "canary-Vq3xN8rT-sings"

if __name__ == "__main__":
    run(load(), secret=lambda: CANARY)
