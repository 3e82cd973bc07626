"""One guarantee, its samples and the time -> a verdict. Pure: the time is an argument, nothing is remembered.

The historic broker counted a missing measurement as success (cords.md 4.3); here it is `unknown`. The comparison
states the desired condition: true is met.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping

from sla.model import Comparison, Guarantee, Sample, Verdict, VerdictState

MICROSECONDS = 1_000_000

_COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.GR: operator.gt,
    Comparison.LS: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GE: operator.ge,
}

_WORDS: Mapping[Comparison, str] = {
    Comparison.EQ: "equal to",
    Comparison.NE: "other than",
    Comparison.GR: "greater than",
    Comparison.LS: "less than",
    Comparison.LE: "at most",
    Comparison.GE: "at least",
}


def evaluate(guarantee: Guarantee, samples: Iterable[Sample], now: int) -> Verdict:
    """Judge the newest sample of the guarantee's metric, target and location inside its window.

    `now` is UTC microseconds. The verdict's evidence is that sample; without one it is unknown.
    """
    newest = _newest(guarantee, samples, now)
    if newest is None:
        reason = f"no {guarantee.metric} of {guarantee.target} in the last {guarantee.window} s"
        return Verdict(guarantee.name, guarantee.target, VerdictState.UNKNOWN, now, reason)
    objective = guarantee.objective
    holds = _COMPARE[objective.comparison](newest.value, objective.value)
    words = f"{_WORDS[objective.comparison]} {_number(objective.value)}"
    reason = f"{guarantee.metric} of {guarantee.target} is {_number(newest.value)}, promised {words}"
    state = VerdictState.MET if holds else VerdictState.VIOLATED
    return Verdict(guarantee.name, guarantee.target, state, now, reason, (newest,))


def _newest(guarantee: Guarantee, samples: Iterable[Sample], now: int) -> Sample | None:
    oldest = now - guarantee.window * MICROSECONDS
    fitting = (
        sample
        for sample in samples
        if sample.metric == guarantee.metric
        and sample.target == guarantee.target
        and sample.location == guarantee.location
        and oldest <= sample.at <= now
    )
    return max(fitting, key=lambda sample: sample.at, default=None)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"
