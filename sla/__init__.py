"""Service level agreements, judged. `evaluate` is pure; `probes` does the I/O; the metrics are a table."""

from __future__ import annotations

from sla.evaluate import evaluate
from sla.metrics import KNOWN, METRICS, Metric, Origin, metric
from sla.model import (
    Agreement,
    Business,
    Comparison,
    Guarantee,
    Objective,
    Sample,
    Verdict,
    VerdictState,
    Watch,
)

__all__ = [
    "KNOWN",
    "METRICS",
    "Agreement",
    "Business",
    "Comparison",
    "Guarantee",
    "Metric",
    "Objective",
    "Origin",
    "Sample",
    "Verdict",
    "VerdictState",
    "Watch",
    "evaluate",
    "metric",
]
