"""A guarantee is judged by its newest sample, and a missing one is neither good nor bad."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla import Comparison, Guarantee, Objective, Sample, VerdictState, evaluate

NOW = 1_000_000_000
SECOND = 1_000_000


def echo(**changes: object) -> Guarantee:
    fields: dict[str, object] = {
        "name": "answers",
        "metric": "dicom:echo",
        "objective": Objective(Comparison.EQ, 1.0),
        "target": "pacs",
        "period": 5,
        "window": 10,
    }
    return Guarantee(**{**fields, **changes})  # type: ignore[arg-type]


def sample(value: float, seconds_ago: float = 0, **changes: object) -> Sample:
    fields = {"metric": "dicom:echo", "target": "pacs", "value": value, "at": NOW - int(seconds_ago * SECOND)}
    return Sample(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_guarantee_whose_newest_sample_holds_is_met() -> None:
    verdict = evaluate(echo(), [sample(0, 4), sample(1, 1)], NOW)
    assert verdict.state is VerdictState.MET
    assert verdict.evidence == (sample(1, 1),)
    assert verdict.reason == "dicom:echo of pacs is 1, promised equal to 1"


def test_a_guarantee_whose_newest_sample_does_not_hold_is_violated() -> None:
    assert evaluate(echo(), [sample(1, 4), sample(0, 1)], NOW).state is VerdictState.VIOLATED


def test_no_sample_inside_the_window_is_unknown_and_says_so() -> None:
    verdict = evaluate(echo(), [sample(1, 10.5)], NOW)
    assert verdict.state is VerdictState.UNKNOWN
    assert verdict.reason == "no dicom:echo of pacs in the last 10 s"
    assert verdict.evidence == ()


@pytest.mark.parametrize(
    "changes", [{"metric": "tcp:connect"}, {"target": "pacs-db"}, {"location": "PACS@104"}, {"at": NOW + 1}]
)
def test_a_sample_of_something_else_is_no_evidence(changes: dict[str, object]) -> None:
    assert evaluate(echo(), [sample(1, **changes)], NOW).state is VerdictState.UNKNOWN


@pytest.mark.parametrize(
    ("comparison", "value", "holds"),
    [
        (Comparison.EQ, 5, True),
        (Comparison.NE, 5, False),
        (Comparison.GR, 5, False),
        (Comparison.GE, 5, True),
        (Comparison.LS, 5, False),
        (Comparison.LE, 5, True),
        (Comparison.LS, 4, True),
        (Comparison.GR, 6, True),
    ],
)
def test_every_comparison_states_the_desired_condition(comparison: Comparison, value: float, holds: bool) -> None:
    verdict = evaluate(echo(objective=Objective(comparison, 5)), [sample(value)], NOW)
    assert (verdict.state is VerdictState.MET) is holds


@given(st.lists(st.builds(sample, st.floats(0, 10), st.floats(0, 30))), st.randoms())
def test_the_order_in_which_samples_come_does_not_matter_when_their_times_differ(samples: list[Sample], random) -> None:  # type: ignore[no-untyped-def]
    unique = list({one.at: one for one in samples}.values())
    shuffled = unique[:]
    random.shuffle(shuffled)
    assert evaluate(echo(), unique, NOW) == evaluate(echo(), shuffled, NOW)
